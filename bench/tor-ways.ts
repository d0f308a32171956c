/*
 * Four ways of a client to the same guard, middle and exit of a private Tor network: with nothing between, through our transport with and
 * without payments, and through obfs4proxy. The work to be done on them in; the network is gone afterwards. Called by tor.ts.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { freePorts } from '../lab/ports.ts';
import { serveFiles } from '../lab/testbed/tor/download.ts';
import { prepareTorNetwork, type TorNetwork, type TorNode } from '../lab/testbed/tor/network.ts';
import { torPrograms, until, type TorPrograms } from '../lab/testbed/tor/process.ts';
import { childrenOf } from './processes.ts';
import { bareControl, type BareControl } from './tor-control.ts';
import { startPaid, type Paid } from './tor-paid.ts';

export type WayName = 'direct' | 'paid' | 'free' | 'obfs4';

export interface Way {
  readonly name: WayName;
  readonly socksPort: number;
  /** Processes of the transport's two ends. */
  readonly ends: readonly number[];
  /** The client's tor. */
  readonly tor: number;
}

export interface Ways {
  readonly all: readonly Way[];
  /** The tors of guard, middle and exit. */
  readonly relays: readonly number[];
  readonly filePort: number;
  /** Whether the relays' tors count cells for the meters: only while the way that is paid is measured. */
  countCells(isPaid: boolean): Promise<void>;
  charged: Paid['charged'];
}

/** What has been opened, in order. */
type Undo = (() => Promise<void> | void)[];

const RELAYS = ['guard', 'middle', 'exit'] as const;
/** A tor of a testing network counts cells for an event that nobody asks of a client. */
const UNCOUNTED = 'TestingEnableCellStatsEvent 0';

/** What stands in the way of measuring, and how to mend it; null where nothing does. */
export function missingTor(): string | null {
  return torPrograms() === null ? 'there is no tor: sh bin/tor.sh puts one into a folder of its own' : null;
}

/** Null where it is not installed. */
export function obfs4Program(): string | null {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  return folders.map((folder) => join(folder, 'obfs4proxy')).find((file) => existsSync(file)) ?? null;
}

/** `bytesMax`: what the paid way will carry at most. */
export async function withWays<T>(bytesMax: number, work: (ways: Ways) => Promise<T>): Promise<T> {
  const programs = torPrograms();
  if (programs === null) throw new Error(missingTor() ?? '');
  const root = mkdtempSync(join(tmpdir(), 'ptg-bench-tor-'));
  const undo: Undo = [() => rmSync(root, { recursive: true, force: true, maxRetries: 5 })];
  try {
    return await work(await open(programs, root, bytesMax, undo));
  } finally {
    for (const one of undo.reverse()) await one();
  }
}

async function open(programs: TorPrograms, root: string, bytesMax: number, undo: Undo): Promise<Ways> {
  const obfs4 = obfs4Program();
  const [obfs4Port] = (await freePorts(1)) as [number];
  const plan = RELAYS.map((name) => ({ name, exit: name === 'exit', isFirst: name === 'guard' }));
  const prepared = await prepareTorNetwork(programs, join(root, 'tor'), plan);
  const network = await prepared.start((name) => (name === 'guard' && obfs4 !== null ? serverLines(obfs4, obfs4Port) : []));
  undo.push(() => network.stop());
  const files = await serveFiles(network.exitPort);
  undo.push(() => files.close());
  const controls: BareControl[] = [];
  for (const name of RELAYS) controls.push(await bareControl(network.node(name)));
  undo.push(() => controls.forEach((one) => one.close()));

  const all = [await direct(network), await free(network, undo)];
  if (obfs4 !== null) all.push(await obfs4Way(network, obfs4, obfs4Port));
  const paid = await startPaid(programs.tor, network, root, bytesMax);
  undo.push(() => paid.stop());
  all.splice(1, 0, { name: 'paid', socksPort: paid.socksPort, ends: paid.ends, tor: paid.tor });
  return {
    all,
    relays: RELAYS.map((name) => pidOf(network.node(name))),
    filePort: network.exitPort,
    async countCells(isPaid) {
      for (const control of controls) await control.ask(`SETCONF TestingEnableCellStatsEvent=${isPaid ? 1 : 0}`);
    },
    charged: paid.charged,
  };
}

async function client(network: TorNetwork, name: WayName, lines: readonly string[], ends: readonly number[]): Promise<Way> {
  const made = await network.addClient(name);
  const path = [`MiddleNodes $${network.node('middle').fingerprint}`, `ExitNodes $${network.node('exit').fingerprint}`];
  await made.begin([UNCOUNTED, ...path, ...lines]);
  return { name, socksPort: made.socksPort, ends, tor: pidOf(made) };
}

function direct(network: TorNetwork): Promise<Way> {
  return client(network, 'direct', [`EntryNodes $${network.node('guard').fingerprint}`], []);
}

async function free(network: TorNetwork, undo: Undo): Promise<Way> {
  const { orPort, fingerprint } = network.node('guard');
  const [guard, own] = [await startEnd(['guard', String(orPort)], undo), await startEnd(['client'], undo)];
  const lines = [
    'UseBridges 1',
    `ClientTransportPlugin paidguard socks5 127.0.0.1:${own.port}`,
    `Bridge paidguard 127.0.0.1:${guard.port} ${fingerprint} guard=${'00'.repeat(32)}`,
  ];
  return client(network, 'free', lines, [guard.pid, own.pid]);
}

/** Says where it listens; ends with its standard input. */
async function startEnd(args: readonly string[], undo: Undo): Promise<{ port: number; pid: number }> {
  const file = fileURLToPath(new URL('tor-free.ts', import.meta.url));
  const child: ChildProcess = spawn(process.execPath, ['--import', 'tsx', file, ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  undo.push(async () => {
    child.stdin?.end();
    await ended;
  });
  const said = (await Promise.race([firstLine(child), ended])) ?? '';
  if (said === '' || child.pid === undefined) throw new Error('an end of the transport did not begin');
  return { ...(JSON.parse(said) as { port: number }), pid: child.pid };
}

function firstLine({ stdout }: ChildProcess): Promise<string> {
  if (stdout === null) throw new Error('its output is piped');
  return new Promise((resolve) => createInterface(stdout).once('line', resolve));
}

/** Both ends are started by the tors beside them. */
async function obfs4Way(network: TorNetwork, program: string, port: number): Promise<Way> {
  const guard = network.node('guard');
  const file = join(guard.folder, 'pt_state', 'obfs4_bridgeline.txt');
  await until(() => existsSync(file) && childrenOf(pidOf(guard), 'obfs4proxy').length > 0, 'obfs4proxy at the guard', 90);
  const args = /^Bridge obfs4 .* (cert=\S+ iat-mode=\d)$/m.exec(readFileSync(file, 'utf8'))?.[1] ?? '';
  const lines = [
    'UseBridges 1',
    `ClientTransportPlugin obfs4 exec ${program}`,
    `Bridge obfs4 127.0.0.1:${port} ${guard.fingerprint} ${args}`,
  ];
  const way = await client(network, 'obfs4', lines, []);
  return { ...way, ends: [...childrenOf(pidOf(guard), 'obfs4proxy'), ...childrenOf(way.tor, 'obfs4proxy')] };
}

function serverLines(program: string, port: number): string[] {
  return ['ExtORPort auto', `ServerTransportPlugin obfs4 exec ${program}`, `ServerTransportListenAddr obfs4 127.0.0.1:${port}`];
}

function pidOf({ folder }: TorNode): number {
  return Number(readFileSync(join(folder, 'pid'), 'utf8'));
}
