/*
 * A private Tor network on loopback: three authorities, a guard, a middle, an exit and a client whose circuits go that way. No tor
 * starts without the DirAuthority lines of this network, so that nothing leaves the machine; each is stopped by its process id. With
 * CI=true a missing tor is a failure; elsewhere the stage says why it is skipped.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';

export interface TorNode {
  readonly name: string;
  readonly folder: string;
  /** Upper-case hex, as Tor writes it. */
  readonly fingerprint: string;
  readonly control: { readonly host: string; readonly port: number };
  readonly controlSocket: string;
  readonly orPort: number;
  readonly socksPort: number;
  start(): Promise<void>;
  stop(): Promise<void>;
}

export interface TorNetwork {
  readonly names: readonly string[];
  node(name: string): TorNode;
  /** To which the exit lets traffic go. */
  readonly exitPort: number;
  /** The end of each node's log. */
  logs(): string;
  stop(): Promise<void>;
}

export interface TorPrograms {
  readonly tor: string;
  readonly gencert: string;
}

/** From the system's package, or where bin/tor.sh puts it; null when there is none. */
export function torPrograms(): TorPrograms | null {
  const own = process.env['PTG_TOR_FOLDER'] ?? join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'ptg/tor');
  for (const root of ['/', own]) {
    const programs = { tor: join(root, 'usr/bin/tor'), gencert: join(root, 'usr/bin/tor-gencert') };
    if (existsSync(programs.tor) && existsSync(programs.gencert)) return programs;
  }
  return null;
}

const AUTHORITIES = ['a1', 'a2', 'a3'] as const;
const RELAYS = ['guard', 'middle', 'exit'] as const;
const NAMES = [...AUTHORITIES, ...RELAYS, 'client'] as const;
type Name = (typeof NAMES)[number];

interface Ports {
  readonly or: number;
  readonly dir: number;
  readonly control: number;
  readonly socks: number;
}

interface Made {
  readonly name: Name;
  readonly folder: string;
  readonly ports: Ports;
  readonly fingerprint: string;
  /** Of an authority: the fingerprint of its identity certificate. */
  readonly v3ident: string;
}

/** Authorities first, then relays, then the client: who asks before there is a consensus waits long before it asks again. */
export async function startTorNetwork(programs: TorPrograms): Promise<TorNetwork> {
  const root = mkdtempSync(join(tmpdir(), 'ptg-tor-'));
  const ports = await freePorts(NAMES.length * 4 + 1);
  const exitPort = ports.pop() as number;
  const made = await Promise.all(NAMES.map((name, at) => makeNode(programs, root, name, portsAt(ports, at))));
  const nodes = new Map(made.map((one) => [one.name as string, torNode(programs, one, torrcOf(one, made, exitPort, root))]));
  const node = (name: string): TorNode => nodes.get(name) ?? fail(`no node ${name}`);
  const logs = (): string =>
    made.map((one) => `--- ${one.name}\n${readIfThere(join(one.folder, 'notice.log')).slice(-1500)}`).join('\n');
  const stop = async (): Promise<void> => {
    await Promise.all([...nodes.values()].map((one) => one.stop()));
    rmSync(root, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    await Promise.all(AUTHORITIES.map((name) => node(name).start()));
    await until(() => AUTHORITIES.every((name) => hasLogged(node(name), 'Published ns consensus')), 'the first consensus', 90);
    // The guard has to be Stable, which the younger third of all relays is not.
    await node('guard').start();
    const { dir } = (made[0] as Made).ports;
    await until(async () => /^r guard /m.test(await consensusAt(dir)), 'the guard in the consensus', 90);
    await Promise.all(['middle', 'exit'].map((name) => node(name).start()));
    await until(async () => flagsAreSet(await consensusAt(dir)), 'all relays in the consensus', 120);
    await startClient(node('client'));
  } catch (thrown) {
    const said = logs();
    await stop();
    throw new Error(`${(thrown as Error).message}\n${said}`, { cause: thrown });
  }
  return { names: NAMES, node, exitPort, logs, stop };
}

/**
 * A client that met its guard a moment too early takes it for down, and asks again only after minutes: then it begins anew, without
 * its memory.
 */
async function startClient(client: TorNode): Promise<void> {
  const isUp = () => hasLogged(client, 'Bootstrapped 100%');
  for (let tries = 1; tries <= CLIENT_TRIES; tries += 1) {
    await client.start();
    const failed = await until(isUp, 'the client to be bootstrapped', CLIENT_SEC).then(
      () => null,
      (thrown: Error) => thrown,
    );
    if (failed === null) return;
    if (tries === CLIENT_TRIES) throw failed;
    await client.stop();
    for (const name of readdirSync(client.folder))
      if (name === 'state' || name.startsWith('cached-')) rmSync(join(client.folder, name));
  }
}

const CLIENT_TRIES = 6;
const CLIENT_SEC = 20;

/** Asks again until it holds; fails with the words of what did not come. */
export async function until(holds: () => boolean | Promise<boolean>, what: string, seconds: number): Promise<void> {
  const end = Date.now() + seconds * 1000;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`waited ${seconds} s in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

function torNode(programs: TorPrograms, { name, folder, ports, fingerprint }: Made, torrc: string): TorNode {
  const file = join(folder, 'torrc');
  writeFileSync(file, torrc);
  let child: ChildProcess | null = null;
  return {
    name,
    folder,
    fingerprint,
    control: { host: '127.0.0.1', port: ports.control },
    controlSocket: controlSocket(folder),
    orPort: ports.or,
    socksPort: ports.socks,
    async start() {
      const args = ['--defaults-torrc', '/dev/null', '-f', file, '--quiet'];
      const started = spawn(programs.tor, args, { stdio: 'ignore' });
      child = started;
      await until(
        () => {
          if (started.exitCode !== null) throw new Error(`tor ${name} ended with ${started.exitCode}`);
          return readIfThere(join(folder, 'pid')).trim() === String(started.pid);
        },
        `tor ${name} to start`,
        30,
      );
    },
    async stop() {
      const running = child;
      child = null;
      if (running === null || running.exitCode !== null || running.signalCode !== null) return;
      const ended = new Promise((resolve) => running.once('exit', resolve));
      running.kill('SIGTERM');
      const patience = setTimeout(() => running.kill('SIGKILL'), 10_000);
      await ended;
      clearTimeout(patience);
    },
  };
}

async function makeNode(programs: TorPrograms, root: string, name: Name, ports: Ports): Promise<Made> {
  const folder = join(root, name);
  const keys = join(folder, 'keys');
  mkdirSync(keys, { recursive: true, mode: 0o700 });
  let v3ident = '';
  if (isAuthority(name)) {
    const args = ['--create-identity-key', '--passphrase-fd', '0', '-m', '12', '-a', `127.0.0.1:${ports.dir}`];
    const names = ['-i', 'authority_identity_key', '-s', 'authority_signing_key', '-c', 'authority_certificate'];
    await run(programs.gencert, [...args, ...names], keys, 'passphrase\n');
    v3ident = /^fingerprint ([0-9A-F]{40})$/m.exec(readFileSync(join(keys, 'authority_certificate'), 'utf8'))?.[1] ?? '';
  }
  const torrc = join(folder, 'keys.torrc');
  const dummy = `DirAuthority x orport=1 v3ident=${'0'.repeat(40)} 127.0.0.1:1 ${'0'.repeat(40)}`;
  const lines = ['TestingTorNetwork 1', dummy, 'DisableNetwork 1', `DataDirectory ${folder}`, `ORPort ${ports.or}`];
  writeFileSync(torrc, [...lines, `Nickname ${name}`, ''].join('\n'));
  await run(programs.tor, ['--defaults-torrc', '/dev/null', '-f', torrc, '--list-fingerprint', '--quiet'], folder, '');
  const fingerprint = readFileSync(join(folder, 'fingerprint'), 'utf8').trim().split(' ').slice(1).join('');
  return { name, folder, ports, fingerprint, v3ident };
}

/** reference/tor.md §1: what was seen to work. */
function torrcOf({ name, folder, ports }: Made, all: readonly Made[], exitPort: number, root: string): string {
  const authorities = all.filter((one) => isAuthority(one.name));
  const fingerprintOf = (other: Name): string => `$${all.find((one) => one.name === other)?.fingerprint ?? ''}`;
  const common = [
    'TestingTorNetwork 1',
    ...authorities.map(
      (one) =>
        `DirAuthority ${one.name} orport=${one.ports.or} v3ident=${one.v3ident} 127.0.0.1:${one.ports.dir} ${one.fingerprint}`,
    ),
    ...[`DataDirectory ${folder}`, `PidFile ${folder}/pid`, `ControlPort 127.0.0.1:${ports.control}`],
    ...[`ControlSocket ${controlSocket(folder)}`, 'CookieAuthentication 1'],
    ...[`Log notice file ${folder}/notice.log`, 'SafeLogging 0', 'ShutdownWaitLength 0', 'OutboundBindAddress 127.0.0.1'],
    ...['GeoIPFile /dev/null', 'GeoIPv6File /dev/null'],
  ];
  const relay = [`Nickname ${name}`, 'Address 127.0.0.1', `ORPort 127.0.0.1:${ports.or}`, 'SocksPort 0', 'AssumeReachable 1'];
  const path = ['EntryNodes', 'MiddleNodes', 'ExitNodes'].map((option, at) => `${option} ${fingerprintOf(RELAYS[at] as Name)}`);
  const lines =
    name === 'client'
      ? [`SocksPort 127.0.0.1:${ports.socks}`, 'ConfluxEnabled 0', ...path]
      : isAuthority(name)
        ? [...relay, `DirPort 127.0.0.1:${ports.dir}`, ...AUTHORITY, 'ExitPolicy reject *:*']
        : name === 'exit'
          ? [...relay, ...exitLines(exitPort, root)]
          : [...relay, 'ExitPolicy reject *:*'];
  return [...common, ...lines, ''].join('\n');
}

const AUTHORITY = [
  ...['AuthoritativeDirectory 1', 'V3AuthoritativeDirectory 1', 'ContactInfo nobody@example.org'],
  ...['TestingV3AuthInitialVotingInterval 10 seconds', 'TestingV3AuthInitialVoteDelay 2 seconds'],
  ...['TestingV3AuthInitialDistDelay 2 seconds', 'V3AuthVotingInterval 10 seconds', 'V3AuthVoteDelay 2 seconds'],
  ...['V3AuthDistDelay 2 seconds', 'AuthDirListMiddleOnly 1', 'TestingDirAuthVoteGuard *', 'TestingDirAuthVoteExit *'],
];

/** An exit that never touches a real resolver. A whole port: a narrower policy is in no microdescriptor. */
function exitLines(exitPort: number, root: string): string[] {
  const resolv = join(root, 'resolv.conf');
  writeFileSync(resolv, 'nameserver 127.0.0.1\n');
  const dns = ['ServerDNSDetectHijacking 0', 'ServerDNSTestAddresses', 'ServerDNSAllowBrokenConfig 1'];
  return ['ExitRelay 1', `ExitPolicy accept *:${exitPort}`, 'ExitPolicy reject *:*', ...dns, `ServerDNSResolvConfFile ${resolv}`];
}

function controlSocket(folder: string): string {
  return join(folder, 'control.sock');
}

function isAuthority(name: Name): boolean {
  return (AUTHORITIES as readonly string[]).includes(name);
}

function hasLogged({ folder }: TorNode, words: string): boolean {
  return readIfThere(join(folder, 'notice.log')).includes(words);
}

async function consensusAt(dirPort: number): Promise<string> {
  try {
    const answer = await fetch(`http://127.0.0.1:${dirPort}/tor/status-vote/current/consensus`);
    return answer.ok ? await answer.text() : '';
  } catch {
    return '';
  }
}

function flagsAreSet(consensus: string): boolean {
  const flagsOf = (name: string): string => new RegExp(`^r ${name} .*\\n(?:[^rs].*\\n)*s (.*)$`, 'm').exec(consensus)?.[1] ?? '';
  const has = (name: Name, flag: string): boolean => flagsOf(name).split(' ').includes(flag);
  return has('guard', 'Guard') && has('guard', 'Stable') && has('middle', 'Running') && has('exit', 'Exit');
}

function run(program: string, args: readonly string[], cwd: string, input: string): Promise<void> {
  const child = spawn(program, args, { cwd, stdio: ['pipe', 'ignore', 'pipe'] });
  const said: Buffer[] = [];
  child.stderr.on('data', (chunk: Buffer) => said.push(chunk));
  child.stdin.end(input);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`${program} ended with ${code}: ${Buffer.concat(said).toString('utf8').slice(-500)}`));
    });
  });
}

/** Held all at once, so that none is given twice. */
async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(Array.from({ length: count }, () => listening()));
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

function listening(): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => resolve(server));
  });
}

function portsAt(ports: readonly number[], at: number): Ports {
  const [or, dir, control, socks] = ports.slice(at * 4, at * 4 + 4) as [number, number, number, number];
  return { or, dir, control, socks };
}

function readIfThere(file: string): string {
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}

function fail(what: string): never {
  throw new Error(what);
}
