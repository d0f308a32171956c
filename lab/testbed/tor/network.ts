/*
 * A private Tor network on loopback: three authorities and the relays of a plan in; running, listed in Tor's own consensus, and with
 * room for clients, out. No tor starts without the DirAuthority lines of this network, so that nothing leaves the machine; each is
 * stopped by its process id. Called by the testbeds and by the stage test:tor.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../../../host/clock.ts';
import { freePorts } from '../../ports.ts';
import { readIfThere, runToEnd, torProcess, until, type TorPrograms } from './process.ts';
import {
  authorityLines,
  bandwidthsText,
  controlSocket,
  exitLines,
  folderLines,
  networkLines,
  noExitLines,
  relayLines,
  type AuthorityLine,
  type Ports,
} from './torrc.ts';

export interface TorRelayPlan {
  readonly name: string;
  readonly exit: boolean;
  /** Started before the others: only the older two thirds of all relays are Stable, which a guard has to be. */
  readonly isFirst: boolean;
}

export interface TorNode {
  readonly name: string;
  readonly folder: string;
  /** Upper-case hex, as Tor writes it. Empty of a client. */
  readonly fingerprint: string;
  readonly control: { readonly host: string; readonly port: number };
  readonly controlSocket: string;
  readonly orPort: number;
  readonly socksPort: number;
  start(): Promise<void>;
  stop(): Promise<void>;
  reload(): void;
}

export interface TorClient extends TorNode {
  /** With these lines in its torrc besides those of its ports; returns when it is bootstrapped. */
  begin(lines: readonly string[]): Promise<void>;
  /** With a torrc that says all but `networkLines`, which it includes. */
  beginBy(torrc: string): Promise<void>;
  readonly networkLines: readonly string[];
}

export interface TorNetwork {
  readonly names: readonly string[];
  node(name: string): TorNode;
  readonly authorities: readonly TorNode[];
  /** `DirAuthority` lines, for a torrc that is written elsewhere. */
  readonly authorityLines: readonly string[];
  /** To which the exits let traffic go. */
  readonly exitPort: number;
  /** A client that is not started yet; it keeps what it knows in `folder`, if not in one of the network's. */
  addClient(name: string, folder?: string): Promise<TorClient>;
  /** A relay's flags in Tor's consensus, as its first authority has it; none where it is not listed. */
  flagsOf(name: string): Promise<readonly string[]>;
  /** The end of each node's log. */
  logs(): string;
  stop(): Promise<void>;
}

const AUTHORITIES = ['a1', 'a2', 'a3'] as const;

/** Keys are there already: what others have to know of a relay before it starts. */
export interface PreparedTorNetwork {
  readonly names: readonly string[];
  readonly authorities: readonly TorNode[];
  node(name: string): TorNode;
  /** Stops all that runs. */
  stop(): Promise<void>;
  /** Authorities first, then relays: who asks before there is a consensus waits long before it asks again. */
  start(linesOf?: (name: string) => readonly string[]): Promise<TorNetwork>;
}

export async function prepareTorNetwork(
  programs: TorPrograms,
  root: string,
  plan: readonly TorRelayPlan[],
): Promise<PreparedTorNetwork> {
  const names = [...AUTHORITIES, ...plan.map((one) => one.name)];
  const ports = await freePorts(names.length * 4 + 1);
  const exitPort = ports.pop() as number;
  const made = await Promise.all(names.map((name, at) => makeRelay(programs, root, name, portsAt(ports, at))));
  const authorities = made.slice(0, AUTHORITIES.length).map(authorityOf);
  const nodes = new Map(made.map((one) => [one.name, nodeOf(programs, one)]));
  const resolvFile = join(root, 'resolv.conf');
  writeFileSync(resolvFile, 'nameserver 127.0.0.1\n');
  const bandwidths = join(root, 'bandwidths');
  const node = (name: string): TorNode => nodes.get(name) ?? missing(name);
  const exits = plan.filter((one) => one.exit).map(({ name }) => node(name).fingerprint);
  const { dirPort } = authorities[0] as AuthorityLine;
  const linesOf = (folder: string, own: Ports): string[] => [...networkLines(authorities, folder), ...folderLines(folder, own)];
  const torrcOf = ({ name, folder, ports: own }: Made, more: readonly string[]): string => {
    const of = plan.find((one) => one.name === name);
    const kind =
      of === undefined ? authorityLines(own, exits, bandwidths) : of.exit ? exitLines(exitPort, resolvFile) : noExitLines;
    return textOf([...linesOf(folder, own), ...relayLines(name, own), ...kind, ...more]);
  };

  async function addClient(name: string, folder = join(root, name)): Promise<TorClient> {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const own = portsAt(await freePorts(4), 0);
    const client = nodeOf(programs, { name, folder, ports: own, fingerprint: '', v3ident: '' });
    nodes.set(name, client);
    const beginWith = async (lines: readonly string[]): Promise<void> => {
      writeFileSync(join(folder, 'torrc'), textOf(lines));
      await startClient(client);
    };
    const usual = [...linesOf(folder, own), `SocksPort 127.0.0.1:${own.socks}`, 'ConfluxEnabled 0'];
    return {
      ...client,
      networkLines: networkLines(authorities, folder),
      begin: (lines) => beginWith([...usual, ...lines]),
      beginBy: (torrc) => beginWith([`%include ${torrc}`]),
    };
  }

  const logs = (): string =>
    [...nodes.values()].map((one) => `--- ${one.name}\n${readIfThere(logFile(one)).slice(-1500)}`).join('\n');
  const stop = async (): Promise<void> => {
    await Promise.all([...nodes.values()].map((one) => one.stop()));
  };
  const flagsOf = async (name: string): Promise<readonly string[]> => flagsIn(await consensusAt(dirPort), name);

  async function start(linesOf: (name: string) => readonly string[] = () => []): Promise<TorNetwork> {
    writeFileSync(
      bandwidths,
      bandwidthsText(
        systemClock().now(),
        made.map((one) => one.fingerprint),
      ),
    );
    for (const one of made) writeFileSync(join(one.folder, 'torrc'), torrcOf(one, linesOf(one.name)));
    const startAll = (all: readonly TorRelayPlan[]) => Promise.all(all.map(({ name }) => node(name).start()));
    try {
      await Promise.all(AUTHORITIES.map((name) => node(name).start()));
      const haveVoted = () => AUTHORITIES.every((name) => hasLogged(node(name), 'Published ns consensus'));
      await until(haveVoted, 'the first consensus', 90);
      const first = plan.filter((one) => one.isFirst);
      await startAll(first);
      const areListed = async (all: readonly TorRelayPlan[], flag: string): Promise<boolean> => {
        const consensus = await consensusAt(dirPort);
        return all.every(({ name }) => flagsIn(consensus, name).includes(flag));
      };
      if (first.length > 0) await until(() => areListed(first, 'Valid'), 'the guards in the consensus', 90);
      await startAll(plan.filter((one) => !one.isFirst));
      const haveFlags = async (): Promise<boolean> =>
        (await areListed(plan, 'Fast')) &&
        (await areListed(first, 'Guard')) &&
        (await areListed(first, 'Stable')) &&
        (await areListed(
          plan.filter((one) => one.exit),
          'Exit',
        ));
      await until(haveFlags, 'all relays in the consensus', 120);
    } catch (thrown) {
      const said = logs();
      await stop();
      throw new Error(`${(thrown as Error).message}\n${said}`, { cause: thrown });
    }
    return {
      get names() {
        return [...nodes.keys()];
      },
      ...{ node, exitPort, addClient, flagsOf, logs, stop },
      authorities: AUTHORITIES.map(node),
      authorityLines: networkLines(authorities, root).filter((line) => line.startsWith('DirAuthority ')),
    };
  }
  return { names, authorities: AUTHORITIES.map(node), node, stop, start };
}

interface Made {
  readonly name: string;
  readonly folder: string;
  readonly ports: Ports;
  readonly fingerprint: string;
  /** Of an authority: the fingerprint of its identity certificate. */
  readonly v3ident: string;
}

async function makeRelay(programs: TorPrograms, root: string, name: string, ports: Ports): Promise<Made> {
  const folder = join(root, name);
  const keys = join(folder, 'keys');
  mkdirSync(keys, { recursive: true, mode: 0o700 });
  let v3ident = '';
  if ((AUTHORITIES as readonly string[]).includes(name)) {
    const args = ['--create-identity-key', '--passphrase-fd', '0', '-m', '12', '-a', `127.0.0.1:${ports.dir}`];
    const files = ['-i', 'authority_identity_key', '-s', 'authority_signing_key', '-c', 'authority_certificate'];
    await runToEnd(programs.gencert, [...args, ...files], keys, 'passphrase\n');
    v3ident = /^fingerprint ([0-9A-F]{40})$/m.exec(readFileSync(join(keys, 'authority_certificate'), 'utf8'))?.[1] ?? '';
  }
  // Only to make keys: without the network, and with an authority that does not exist.
  const torrc = join(folder, 'keys.torrc');
  const dummy = `DirAuthority x orport=1 v3ident=${'0'.repeat(40)} 127.0.0.1:1 ${'0'.repeat(40)}`;
  const lines = ['TestingTorNetwork 1', dummy, 'DisableNetwork 1', `DataDirectory ${folder}`, `ORPort ${ports.or}`];
  writeFileSync(torrc, textOf([...lines, `Nickname ${name}`]));
  await runToEnd(programs.tor, ['--defaults-torrc', '/dev/null', '-f', torrc, '--list-fingerprint', '--quiet'], folder, '');
  const fingerprint = readFileSync(join(folder, 'fingerprint'), 'utf8').trim().split(' ').slice(1).join('');
  return { name, folder, ports, fingerprint, v3ident };
}

function authorityOf({ name, ports, v3ident, fingerprint }: Made): AuthorityLine {
  return { name, orPort: ports.or, dirPort: ports.dir, v3ident, fingerprint };
}

function nodeOf(programs: TorPrograms, { name, folder, ports, fingerprint }: Made): TorNode {
  return {
    ...{ name, folder, fingerprint },
    control: { host: '127.0.0.1', port: ports.control },
    controlSocket: controlSocket(folder),
    orPort: ports.or,
    socksPort: ports.socks,
    ...torProcess(programs.tor, folder),
  };
}

/**
 * A client that met its guard a moment too early takes it for down, and asks again only after minutes: then it begins anew, without
 * its memory.
 */
async function startClient(client: TorNode): Promise<void> {
  const isUp = () => hasLogged(client, 'Bootstrapped 100%');
  for (let tries = 1; tries <= CLIENT_TRIES; tries += 1) {
    await client.start();
    const failed = await until(isUp, `${client.name} to be bootstrapped`, CLIENT_SEC).then(
      () => null,
      (thrown: Error) => thrown,
    );
    if (failed === null) return;
    if (tries === CLIENT_TRIES) throw new Error(`${failed.message}\n${readIfThere(logFile(client)).slice(-2000)}`);
    await client.stop();
    for (const name of readdirSync(client.folder))
      if (name === 'state' || name.startsWith('cached-')) rmSync(join(client.folder, name));
  }
}

const CLIENT_TRIES = 6;
const CLIENT_SEC = 20;

function logFile({ folder }: TorNode): string {
  return join(folder, 'notice.log');
}

function hasLogged(node: TorNode, words: string): boolean {
  return readIfThere(logFile(node)).includes(words);
}

async function consensusAt(dirPort: number): Promise<string> {
  try {
    const answer = await fetch(`http://127.0.0.1:${dirPort}/tor/status-vote/current/consensus`);
    return answer.ok ? await answer.text() : '';
  } catch {
    return '';
  }
}

/** Of the `s` line of a relay's entry (dir-spec, consensus). */
function flagsIn(consensus: string, name: string): string[] {
  const line = new RegExp(`^r ${name} .*\\n(?:[^rs].*\\n)*s (.*)$`, 'm').exec(consensus)?.[1];
  return line === undefined ? [] : line.split(' ');
}

function portsAt(ports: readonly number[], at: number): Ports {
  const [or, dir, control, socks] = ports.slice(at * 4, at * 4 + 4) as [number, number, number, number];
  return { or, dir, control, socks };
}

function textOf(lines: readonly string[]): string {
  return `${lines.join('\n')}\n`;
}

function missing(name: string): never {
  throw new Error(`the private Tor network has no ${name}`);
}
