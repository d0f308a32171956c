/*
 * One operator's node: its specification and the machine's ports in; the roles it names running, their endpoints open, out.
 * Composition only. Called by `ptg run`, and by lab once for each node of a local network.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { signingKey } from '../core/crypto/keys.ts';
import { invariant } from '../core/refusal.ts';
import type { Network } from '../core/wire/network.ts';
import type { Parameters } from '../core/wire/parameters.ts';
import { openDatabase } from '../host/db/open.ts';
import { createHttpClient, type ClosableHttpClient, type HttpClientOptions } from '../host/http/client.ts';
import { serveLocal } from '../host/http/local.ts';
import { serve } from '../host/http/serve.ts';
import { networkMigrations } from '../host/network/migrations.ts';
import { senderKeyIn } from '../host/network/sealing.ts';
import { openNetworkView, type RunningView } from '../host/network/view.ts';
import type { Clock, Database, Entropy, Log, Migration, Ports, Role, RoleName } from '../host/ports.ts';
import { shutDown } from '../host/shutdown.ts';
import { openBitcoin } from './bitcoin.ts';
import { directoryTorBeside } from './directory-tor.ts';
import { silentTraffic } from './silent.ts';
import { openTorMeter } from './tor.ts';
import type { DirectoryTor } from '../tor/authority/directory-tor.ts';
import type { ClientTransport, GuardTransport, Meter } from '../tor/meter.ts';
import { openClientEnd, openGuardEnd, type OpenClientEnd, type OpenGuardEnd } from './transport.ts';
import type { Keys } from './keys.ts';
import { startRole, type Parts } from './roles.ts';
import { runs, type ConnectSpec, type NodeSpec } from './spec.ts';

export interface NodeOptions {
  readonly spec: NodeSpec;
  /** The data folder: databases, keys, sockets. */
  readonly home: string;
  readonly network: Network;
  /** Of a node with the directory role. */
  readonly parameters?: Parameters;
  readonly keys: Keys;
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly log: Log;
  /** Databases that are gone when the process ends. */
  readonly inMemory?: boolean;
  /** What opens databases and makes calls: SQLite, PostgreSQL and HTTP, where nothing else is given. */
  readonly openDatabase?: typeof openDatabase;
  readonly createHttpClient?: (options: HttpClientOptions) => ClosableHttpClient;
  /** Where traffic is seen; without them the node sees none. */
  readonly meter?: Meter;
  /** Of a client: the transport's end for the user's own tor is opened. */
  readonly connect?: ConnectSpec;
  readonly guardTransport?: GuardTransport;
  readonly clientTransport?: ClientTransport;
}

export interface RunningNode {
  /** Hex of the relay's identity, where the node runs a relay. */
  readonly id: string | null;
  /** `http://host:port` of the open endpoints, or null where the node has none. */
  readonly url: string | null;
  readonly view: RunningView;
  readonly roles: readonly Role[];
  /** The ends of the transport that are open here. */
  readonly guardEnd: OpenGuardEnd | null;
  readonly clientEnd: OpenClientEnd | null;
  /** Calls one of its own roles. */
  readonly http: Ports['http'];
  busy(): boolean;
  nextDue(): number | null;
  stop(): Promise<void>;
}

/** In this order, since guard calls settlement and relay, and settlement calls relay. */
const order: readonly RoleName[] = ['ledger', 'directory', 'settlement', 'guard', 'client', 'relay'];

export async function startNode(options: NodeOptions): Promise<RunningNode> {
  const { spec, home, network, clock, entropy, log } = options;
  await mkdir(home, { recursive: true, mode: 0o700 });
  const http = (options.createHttpClient ?? createHttpClient)({ networkId: network.networkId, entropy, home });
  const databases: Database[] = [];
  const open = async (name: string, migrations: readonly Migration[], owner: string): Promise<Database> => {
    const url = spec.databases[name as RoleName];
    const file = options.inMemory === true ? ':memory:' : join(home, `${name}.sqlite`);
    const place = url === undefined ? { file } : { url };
    const database = await (options.openDatabase ?? openDatabase)(place, migrations, name, owner);
    databases.push(database);
    return database;
  };
  const id = spec.relay === undefined ? null : signingKey(await options.keys('identity')).publicKey;
  const bitcoin = openBitcoin(options);
  const partsWith = (view: RunningView, { meter, guardEnd, clientEnd }: Traffic, directoryTor: DirectoryTor | null): Parts => ({
    ...options,
    ...(meter === undefined ? {} : { meter }),
    ...(guardEnd === null ? {} : { guardTransport: guardEnd.transport, paidguard: guardEnd.published }),
    ...(clientEnd === null ? {} : { clientTransport: clientEnd.transport }),
    id,
    bitcoin,
    directoryTor,
    silent: silentTraffic(),
    ports: async (role, migrations) => ({
      clock,
      entropy,
      http,
      log,
      network: view,
      database: await open(role, migrations, id === null ? role : `${role} ${id.slice(0, 16)}`),
    }),
  });
  const roles: Role[] = [];
  const listening: { busy(): boolean; close(): Promise<void> }[] = [];
  const others: { close(): Promise<void> }[] = [http, { close: async () => bitcoin?.rpc.close() }];
  const stop = () => shutDown({ servers: listening, roles, others, databases }, log);
  let view: RunningView;
  let traffic: Traffic;
  let url: string | null = null;
  try {
    view = await openNetworkView({ network, clock, http, log, database: await open('network', networkMigrations, 'network') });
    others.unshift(view);
    traffic = await openTraffic(options, view, { listening, others });
    const parts = partsWith(view, traffic, directoryTorOf(options, others));
    for (const name of order) if (runs(spec, name)) roles.push(await startRole(name, parts));
    for (const role of roles) listening.push(await serveLocal(role, { home, log }));
    if (roles.some((role) => role.endpoints.some((endpoint) => endpoint.access !== 'local'))) {
      const sealing = { networkId: network.networkId, entropy, senderKey: senderKeyIn(view) };
      const served = await serve({ roles, ...spec.listen, log, ...sealing });
      listening.unshift(served);
      url = served.url;
      invariant(spec.listen.port === 0 || served.port === spec.listen.port, 'a node listens where it was told to');
    }
  } catch (thrown) {
    // Nothing of a node that does not start keeps running beside the reason.
    await stop();
    throw thrown;
  }

  return {
    id,
    url,
    view,
    roles,
    guardEnd: traffic.guardEnd,
    clientEnd: traffic.clientEnd,
    http,
    busy: () =>
      http.inFlight() > 0 || view.busy() || roles.some((role) => role.busy()) || listening.some((server) => server.busy()),
    nextDue: () => soonest([view.nextDue(), ...roles.map((role) => role.nextDue())]),
    stop,
  };
}

interface Traffic {
  readonly meter: Meter | undefined;
  readonly guardEnd: OpenGuardEnd | null;
  readonly clientEnd: OpenClientEnd | null;
}

interface Closing {
  /** Before the roles, so that what passed last is written down. */
  readonly listening: { busy(): boolean; close(): Promise<void> }[];
  /** After them. */
  readonly others: { close(): Promise<void> }[];
}

/** What a tor beside this node shows: of a relay, of a guard in one process with it, and of a client that is to connect. */
async function openTraffic(options: NodeOptions, view: RunningView, { listening, others }: Closing): Promise<Traffic> {
  const { spec, home, clock, entropy, log, connect } = options;
  const parts = { ...options, networkId: options.network.networkId };
  let guardEnd: OpenGuardEnd | null = null;
  let clientEnd: OpenClientEnd | null = null;
  let meter = options.meter;
  if (meter === undefined && spec.tor !== undefined && runs(spec, 'relay')) {
    const sessionOf = (address: string): string | null => guardEnd?.connectionOf(address) ?? null;
    const beside = openTorMeter({ spec: spec.tor, home, clock, entropy, log, view, sessionOf });
    others.unshift(beside);
    meter = beside;
  }
  const keep = (end: { stop(): Promise<void> }): void => void listening.push({ busy: () => false, close: () => end.stop() });
  if (spec.transport !== undefined && runs(spec, 'guard') && runs(spec, 'relay')) {
    guardEnd = await openGuardEnd(parts, spec.transport, meter ?? null);
    keep(guardEnd);
  }
  if (connect !== undefined && runs(spec, 'client')) {
    clientEnd = await openClientEnd(parts, connect, view);
    keep(clientEnd);
  }
  return { meter, guardEnd, clientEnd };
}

/** Of a directory with a tor beside it; closed with the node. */
function directoryTorOf(options: NodeOptions, others: { close(): Promise<void> }[]): DirectoryTor | null {
  const { spec, home, clock, entropy, log } = options;
  if (spec.tor === undefined || !runs(spec, 'directory')) return null;
  const tor = directoryTorBeside({ spec: spec.tor, home, clock, entropy, log });
  others.unshift(tor);
  return tor;
}

export function soonest(times: readonly (number | null)[]): number | null {
  let best: number | null = null;
  for (const time of times) if (time !== null && (best === null || time < best)) best = time;
  return best;
}
