/*
 * A whole network on one machine: an authority (directory and ledger), relays and subscribers, each a node of its own with its own
 * keys and databases, speaking over HTTP on loopback. A plan in, the running nodes out. Called by scenario and up.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256 } from '../core/crypto/hash.ts';
import { signingKey } from '../core/crypto/keys.ts';
import { invariant } from '../core/refusal.ts';
import type { BitcoinNetwork } from '../core/wire/bitcoin.ts';
import { ledgerDestination, transferIdOf } from '../core/wire/ledger.ts';
import type { Network } from '../core/wire/network.ts';
import type { Parameters } from '../core/wire/parameters.ts';
import { refusalLines } from '../host/config.ts';
import { writeFileAtomically } from '../host/files.ts';
import type { Clock, Entropy, Log } from '../host/ports.ts';
import { keysFrom, keysIn, type KeyName, type Keys } from '../node/keys.ts';
import { nodeSpec, type ConnectSpec, type NodeSpec } from '../node/spec.ts';
import { specText } from '../node/write.ts';
import { startNode, type NodeOptions, type RunningNode } from '../node/start.ts';
import { mint } from '../rail/ledger/mint.ts';
import { freePorts } from './ports.ts';
import { createTrafficSource, type TrafficSource } from './traffic/source.ts';

export interface RelayPlan {
  readonly name: string;
  readonly exit: boolean;
  /** Whether it wants the Guard flag; and whether it takes subscribers. */
  readonly guard: boolean;
  readonly takesSubscribers: boolean;
  /** Bytes a second. */
  readonly bandwidth: number;
  /** Relays of the same family are one operator's. */
  readonly family: string | null;
  readonly payouts: 'auto' | 'manual';
  /** Money on its account before anything happens. */
  readonly opening: bigint;
}

export interface SubscriberPlan {
  readonly name: string;
  /** Money in its own wallet before it deposits. */
  readonly purse: bigint;
}

export interface WorldPlan {
  readonly home: string;
  /** Databases and keys that are gone when the process ends; for scenarios. */
  readonly inMemory: boolean;
  readonly networkId: string;
  readonly parameters: Parameters;
  readonly relays: readonly RelayPlan[];
  readonly subscribers: readonly SubscriberPlan[];
  readonly clock: Clock;
  /** Chance of one node, by its name. */
  readonly entropy: (name: string) => Entropy;
  readonly log: (name: string) => Log;
  readonly databases?: (name: string) => NodeSpec['databases'];
  /** Nodes beside real tors: they see traffic there, and none of the lab's own source. */
  readonly tor?: TorBeside;
  /** Settles in Bitcoin and has no ledger: what stands in [bitcoin] of a relay's ptg.toml. Nobody has an opening balance or a purse. */
  readonly bitcoin?: { readonly rules: BitcoinNetwork; of(relay: string): object };
  /** How a node is started; in this process, with the machine's own ports, where nothing else is said. */
  readonly start?: (name: string, options: NodeOptions) => Promise<RunningNode>;
}

export interface TorBeside {
  /** Of the tor beside a relay, lower-case hex. */
  fingerprint(relay: string): string;
  /** Sections of a node's ptg.toml: of a relay, and of the authority. */
  relay(relay: string): Pick<NodeSpec, 'tor' | 'transport'>;
  readonly authority: Pick<NodeSpec, 'tor'>;
  /** Of a subscriber: the end of the transport for its own tor. */
  connect(subscriber: string): ConnectSpec;
}

export interface World {
  readonly network: Network;
  readonly source: TrafficSource;
  readonly authority: RunningNode;
  readonly relays: ReadonlyMap<string, RunningNode>;
  readonly subscribers: ReadonlyMap<string, { readonly node: RunningNode; readonly key: string }>;
  nodes(): readonly RunningNode[];
  /** The ledger account of a relay or subscriber: for whoever audits it. */
  walletKey(name: string): Promise<string>;
  relayId(name: string): string;
  relayName(id: string): string;
  /** Ends one node, as if its machine had been switched off in order. */
  stopNode(name: string): Promise<void>;
  /** Starts it again with what its disk holds. */
  startNode(name: string): Promise<RunningNode>;
  stop(): Promise<void>;
}

/** No relay's or subscriber's name has a full stop. */
export const authorityName = 'dir.authority';

export async function createWorld(plan: WorldPlan): Promise<World> {
  await mkdir(plan.home, { recursive: true, mode: 0o700 });
  const keys = (name: string): Keys =>
    plan.inMemory
      ? keysFrom(sha256('ptg/lab-keys/v1\0', plan.networkId, '\0', name))
      : keysIn(join(plan.home, name, 'keys'), plan.entropy(`${name} keys`));
  const isSubscriber = (name: string): boolean => plan.subscribers.some((one) => one.name === name);
  const walletKey = async (name: string): Promise<string> => {
    const own = isSubscriber(name) ? keysFrom(await keys(name)('account')) : keys(name);
    return signingKey(await own('wallet')).publicKey;
  };
  const publicKey = async (name: string, key: KeyName): Promise<string> => signingKey(await keys(name)(key)).publicKey;

  const ledgerAt = async (url: string) => ({
    ...{ url, logKey: await publicKey(authorityName, 'log') },
    mintKey: await publicKey(authorityName, 'mint'),
  });

  const [authorityPort, ...relayPorts] = await freePorts(1 + plan.relays.length);
  const url = `http://127.0.0.1:${authorityPort}`;
  const network: Network = {
    networkId: plan.networkId,
    authorities: [{ name: 'authority', key: await publicKey(authorityName, 'authority'), url }],
    ledger: plan.bitcoin === undefined ? await ledgerAt(url) : null,
    ...(plan.bitcoin === undefined ? {} : { bitcoin: plan.bitcoin.rules }),
  };
  const ids = new Map<string, string>();
  for (const relay of plan.relays) ids.set(relay.name, await publicKey(relay.name, 'identity'));
  const names = new Map([...ids].map(([name, id]) => [id, name]));
  const source = createTrafficSource();

  const specs = new Map<string, NodeSpec>();
  const put = (name: string, spec: unknown): void => void specs.set(name, nodeSpec.parse(spec));
  const authorityRoles = network.ledger === null ? ['directory'] : ['ledger', 'directory'];
  put(authorityName, {
    ...{ roles: authorityRoles, listen: { port: authorityPort }, url, parameters: 'parameters.json' },
    ...plan.tor?.authority,
  });
  for (const [index, relay] of plan.relays.entries()) {
    const databases = plan.databases?.(relay.name) ?? {};
    const fingerprint = plan.tor?.fingerprint(relay.name);
    const said = { nickname: nicknameOf(plan, relay, ids), family: familyOf(plan, relay, ids), fingerprint };
    const bitcoin = plan.bitcoin === undefined ? {} : { bitcoin: plan.bitcoin.of(relay.name) };
    const beside = { ...plan.tor?.relay(relay.name), ...bitcoin };
    put(relay.name, { ...relaySpec(relay, relayPorts[index] as number, said, databases), ...beside });
  }
  for (const subscriber of plan.subscribers) put(subscriber.name, { roles: ['client'] });
  if (!plan.inMemory) await writeSpecs(plan, network, specs);

  const fromSource = async (name: string): Promise<Pick<NodeOptions, 'meter' | 'guardTransport' | 'clientTransport'>> => {
    const id = ids.get(name);
    if (id !== undefined) return { meter: source.meter(id), guardTransport: source.guardTransport(id) };
    return isSubscriber(name) ? { clientTransport: source.clientTransport(await publicKey(name, 'account')) } : {};
  };
  const running = new Map<string, RunningNode>();
  const start = async (name: string): Promise<RunningNode> => {
    const spec = specs.get(name);
    invariant(spec !== undefined && !running.has(name), `${name} is a node that does not run`);
    const node = await (plan.start ?? startOf)(name, {
      spec,
      home: join(plan.home, name),
      network,
      parameters: plan.parameters,
      keys: keys(name),
      clock: plan.clock,
      entropy: plan.entropy(name),
      log: plan.log(name),
      inMemory: plan.inMemory,
      ...(plan.tor === undefined ? await fromSource(name) : isSubscriber(name) ? { connect: plan.tor.connect(name) } : {}),
    });
    running.set(name, node);
    return node;
  };
  const stopOne = async (name: string): Promise<void> => {
    const node = running.get(name);
    running.delete(name);
    await node?.stop();
  };

  try {
    const authority = await start(authorityName);
    if (network.ledger !== null) await issue(plan, network, authority, await keys(authorityName)('mint'), walletKey);
    await allOf(plan.relays.map(({ name }) => start(name)));
    await allOf(plan.subscribers.map(({ name }) => start(name)));
  } catch (thrown) {
    await Promise.allSettled([...running.keys()].map(stopOne));
    throw thrown;
  }

  const subscriberKeys = new Map<string, string>();
  for (const { name } of plan.subscribers) subscriberKeys.set(name, await publicKey(name, 'account'));
  const get = (name: string): RunningNode => {
    const node = running.get(name);
    invariant(node !== undefined, `${name} runs`);
    return node;
  };
  return {
    network,
    source,
    get authority() {
      return get(authorityName);
    },
    get relays() {
      return new Map(plan.relays.filter(({ name }) => running.has(name)).map(({ name }) => [name, get(name)]));
    },
    get subscribers() {
      return new Map(plan.subscribers.map(({ name }) => [name, { node: get(name), key: subscriberKeys.get(name) as string }]));
    },
    nodes: () => [...running.values()],
    walletKey,
    relayId: (name) => ids.get(name) as string,
    relayName: (id) => names.get(id) ?? id,
    stopNode: stopOne,
    startNode: start,
    async stop() {
      // Whoever pays first, the ledger and the directory last.
      await Promise.all([...running.keys()].filter((name) => name !== authorityName).map(stopOne));
      await stopOne(authorityName);
    },
  };
}

/** As Promise.all, but a failure is thrown when every one is done: what starts beside it has to be stopped too. */
async function allOf(steps: readonly Promise<unknown>[]): Promise<void> {
  for (const outcome of await Promise.allSettled(steps)) if (outcome.status === 'rejected') throw outcome.reason;
}

function startOf(_name: string, options: NodeOptions): Promise<RunningNode> {
  return startNode(options);
}

interface Said {
  readonly nickname: string;
  readonly family: readonly string[];
  readonly fingerprint: string | undefined;
}

function relaySpec(relay: RelayPlan, port: number, said: Said, databases: NodeSpec['databases']) {
  return {
    roles: ['relay', 'settlement', ...(relay.takesSubscribers ? ['guard'] : [])],
    listen: { port },
    url: `http://127.0.0.1:${port}`,
    relay: { ...said, exit: relay.exit, guard: relay.guard, bandwidth: relay.bandwidth },
    settlement: { payouts: relay.payouts },
    databases,
  };
}

/** Its name; where another has the same but for upper and lower case, which the directory refuses, one that follows from its id. */
function nicknameOf(plan: WorldPlan, relay: RelayPlan, ids: ReadonlyMap<string, string>): string {
  const lower = relay.name.toLowerCase();
  const isShared = plan.relays.some((other) => other !== relay && other.name.toLowerCase() === lower);
  return isShared ? (ids.get(relay.name) as string).slice(0, 40) : relay.name;
}

function familyOf(plan: WorldPlan, relay: RelayPlan, ids: ReadonlyMap<string, string>): string[] {
  const members = plan.relays.filter((other) => relay.family !== null && other.family === relay.family && other !== relay);
  return members.map(({ name }) => ids.get(name) as string).sort();
}

/** What `ptg run`, and every command with `--as`, reads later. */
async function writeSpecs(plan: WorldPlan, network: Network, specs: ReadonlyMap<string, NodeSpec>): Promise<void> {
  const text = (value: unknown): string =>
    `${JSON.stringify(value, (_, inner: unknown) => (typeof inner === 'bigint' ? inner.toString() : inner), 2)}\n`;
  await writeFileAtomically(join(plan.home, 'network.json'), text(network));
  await writeFileAtomically(join(plan.home, 'local-network'), `${plan.networkId}\n`);
  for (const [name, spec] of specs) {
    await mkdir(join(plan.home, name), { recursive: true, mode: 0o700 });
    await writeFileAtomically(join(plan.home, name, 'ptg.toml'), specText({ ...spec, network: '../network.json' }));
  }
  await writeFileAtomically(join(plan.home, authorityName, 'parameters.json'), text(plan.parameters));
}

/** The founder issues what relays and subscribers begin with. */
async function issue(
  plan: WorldPlan,
  network: Network,
  authority: RunningNode,
  mintSeed: Uint8Array,
  walletKey: (name: string) => Promise<string>,
): Promise<void> {
  const outputs: { destination: string; amount: bigint }[] = [];
  const opening = [
    ...plan.relays.map((one) => ({ name: one.name, amount: one.opening })),
    ...plan.subscribers.map((one) => ({ name: one.name, amount: one.purse })),
  ];
  for (const { name, amount } of opening) {
    if (amount > 0n) outputs.push({ destination: ledgerDestination(await walletKey(name), '00'.repeat(16)), amount });
  }
  const mintKey = signingKey(mintSeed);
  for (let first = 0; first < outputs.length; first += 500) {
    const batch = outputs.slice(first, first + 500);
    const issued = await mint(
      { http: authority.http, network, mintKey },
      transferIdOf('opening', `${plan.networkId} ${first}`),
      batch,
    );
    if (!issued.ok) throw new Error(refusalLines(issued.refusal));
  }
}
