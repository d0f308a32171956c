/*
 * A network of ours beside the private Tor network: the guard's node with [tor] and [transport] and each subscriber's `ptg connect --tor`
 * in processes of their own, that may be killed; the authority and the other relays' nodes in this one. Started for paid.ts; gone with
 * its folder.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { units } from '../../core/wire/field.ts';
import { account as accountShape } from '../../core/wire/guard.ts';
import { defaultParameters } from '../../core/wire/parameters.ts';
import { systemClock } from '../../host/clock.ts';
import { readConfig } from '../../host/config.ts';
import { systemEntropy } from '../../host/entropy.ts';
import { createLog } from '../../host/log.ts';
import { freePorts } from '../../lab/ports.ts';
import { download } from '../../lab/testbed/tor/download.ts';
import type { TorNetwork } from '../../lab/testbed/tor/network.ts';
import { torPrograms, until } from '../../lab/testbed/tor/process.ts';
import { createWorld, type World } from '../../lab/world.ts';
import { connectSpec, nodeSpec, type NodeSpec } from '../../node/spec.ts';
import { startNode, type NodeOptions } from '../../node/start.ts';
import { specText } from '../../node/write.ts';
import { linksShape } from '../../cli/relay-text.ts';
import { ptgJson, startPtg, type Running } from '../cli/ptg.ts';
import { later } from '../harness/later.ts';

export const MIB = 1_048_576;
/** What a subscriber may have used and not signed, in this network; and what the transport asks for at once. */
export const UNSIGNED_MAX = 8 * MIB;
export const PORTION = MIB;
export const PRICE = 1_000_000_000n;
/** Of a GiB through guard, middle and an exit at twice the price. */
const PER_GIB = 4n * PRICE;

const shown = z.object({ accounts: z.array(z.object({ account: accountShape, signed: units }).loose()) });
const status = z.object({ sessions: z.int(), rails: z.array(z.object({ spent: units, unsigned: units }).loose()) }).loose();
const event = z.object({ event: z.string() }).loose();

export interface Connected {
  readonly run: Running;
  readonly socksPort: number;
  /** Of the client's end. */
  readonly transportPort: number;
  readonly controlPort: number;
  /** Of that name, in order. */
  events(name: string): z.infer<typeof event>[];
  log(): Promise<string>;
}

export type PaidNetwork = Awaited<ReturnType<typeof openPaidNetwork>>;

export async function openPaidNetwork(running: () => TorNetwork) {
  const home = mkdtempSync(join(tmpdir(), 'ptg-paid-'));
  const guardPorts: Record<string, number> = {};
  const started: Running[] = [];
  const guardRuns: Running[] = [];
  const logged = new Map<string, string>();
  const homeOf = (name: string): string => join(home, name);
  /** The guard's process that was started last. */
  const guard = {
    run: null as unknown as Running,
    async start(): Promise<void> {
      guard.run = await startGuard();
    },
  };
  const [first, second] = await freePorts(2);
  Object.assign(guardPorts, { guard: first, middle: second });
  const relay = { payouts: 'auto', opening: 1_000_000_000n, bandwidth: 10_000_000 } as const;
  const flags = { ...defaultParameters.flags, runningSec: 180, uptimeHalfLifeSec: 60, stableMtbfSec: 0 };
  const world: World = await createWorld({
    ...{ home, inMemory: false, networkId: 'paid', clock: systemClock() },
    parameters: {
      ...defaultParameters,
      ...{ genesis: systemClock().now(), consensusSec: 3, intervalSec: 86_400, iouTickSec: 2, skewSec: 5, graceSec: 10 },
      flags: { ...flags, guardUptimeThousandths: 0, guardKnownSec: 0 },
      exitRatio: [2n, 1n],
      rails: { ledger: { price: PRICE, quantum: 1n, dust: 0n } },
    },
    relays: [
      { ...relay, name: 'guard', exit: false, guard: true, takesSubscribers: true, family: 'twins' },
      { ...relay, name: 'middle', exit: false, guard: true, takesSubscribers: true, family: 'twins' },
      { ...relay, name: 'exit', exit: true, guard: false, takesSubscribers: false, family: null },
    ],
    subscribers: ['ann', 'bob', 'eve'].map((name) => ({ name, purse: 10_000_000_000n })),
    entropy: () => systemEntropy(),
    log: (name) => {
      const write = (line: string): void => void logged.set(name, `${logged.get(name) ?? ''}${line}`);
      return createLog({ clock: systemClock(), level: 'debug', write });
    },
    start: async (name, given) => startNode(beside(name, given)),
  });
  await until(() => hasGuards(), 'two guards in the consensus');
  // From here on as their owners run it.
  await world.stopNode('guard');
  await specOf('guard', (spec) => besideTor('guard', spec));
  await guard.start();
  await until(() => hasGuards(), 'the guard to be listed again');
  for (const [name, amount] of [
    ['ann', 8_000_000_000n],
    ['bob', 240_000_000n],
  ] as const) {
    await act(name, 'subscribe', { guard: world.relayId('guard') });
    await act(name, 'deposit', { amount });
    await until(async () => (await balanceHere(name)) === amount, 'the deposit');
  }
  for (const name of ['ann', 'bob', 'eve']) await world.stopNode(name);

  return {
    ...{ world, guard, homeOf, specOf, accountOf, guardStatus, connect, end, fetchFile, held, agreed, sameTally },
    /** Where the guard's transport listens. */
    port: guardPorts['guard'] as number,
    /** All that a relay's node has logged and printed. */
    logOf: (name: string): string =>
      name === 'guard' ? guardRuns.map((one) => `${one.stdout()}${one.stderr()}`).join('') : (logged.get(name) ?? ''),
    async close(): Promise<void> {
      for (const one of started) await end(one, 'SIGTERM');
      await world.stop();
      rmSync(home, { recursive: true, force: true, maxRetries: 5 });
    },
  };

  /** A relay of the plan with the tor of that name: middle and exit are metered, guard and middle take subscribers. */
  function beside(name: string, given: NodeOptions): NodeOptions {
    const { spec, home: folder, network, parameters, keys, clock, entropy, log } = given;
    const own = { home: folder, network, keys, clock, entropy, log, ...(parameters === undefined ? {} : { parameters }) };
    return { ...own, spec: spec.relay === undefined ? spec : besideTor(name, spec) };
  }

  function besideTor(name: string, spec: NodeSpec): NodeSpec {
    const { control, fingerprint, orPort } = running().node(name);
    const taking = {
      listen: `127.0.0.1:${guardPorts[name] ?? 0}`,
      orPort: `127.0.0.1:${orPort}`,
      unsignedBytesMax: UNSIGNED_MAX,
    };
    return nodeSpec.parse({
      ...spec,
      relay: { ...spec.relay, fingerprint: fingerprint.toLowerCase() },
      tor: { control: `${control.host}:${control.port}`, meter: 'circuits', lookSec: 2 },
      ...(spec.roles.includes('guard') ? { transport: taking } : {}),
      guard: { ...spec.guard, lowBalanceThousandths: 500 },
    });
  }
  async function specOf(name: string, change: (spec: NodeSpec) => NodeSpec): Promise<NodeSpec> {
    const file = join(homeOf(name), 'ptg.toml');
    const read = await readConfig(file, nodeSpec);
    if (!read.ok) throw new Error(read.refusal.about);
    const spec = change(read.value);
    writeFileSync(file, specText(spec));
    return spec;
  }

  async function startGuard(): Promise<Running> {
    const run = startPtg(['run', '--home', homeOf('guard')]);
    started.push(run);
    guardRuns.push(run);
    await until(() => run.stdout().includes('running '), 'the guard to run').catch((thrown: Error) => {
      throw new Error(`${thrown.message}\n${run.stderr()}`);
    });
    return run;
  }

  async function hasGuards(): Promise<boolean> {
    await world.authority.view.refresh();
    const relays = world.authority.view.consensus()?.body.relays ?? [];
    return relays.filter((one) => one.flags.includes('Guard')).length === 2;
  }

  async function act(name: string, path: string, body: object): Promise<unknown> {
    const { node } = world.subscribers.get(name) as { node: Awaited<ReturnType<typeof startNode>> };
    await node.view.refresh();
    const answer = await node.http.local('client', `/client/${path}`, body, z.unknown());
    if (!answer.ok) throw new Error(`${path}: ${answer.refusal.code} ${answer.refusal.about}`);
    return answer.value;
  }

  async function balanceHere(name: string): Promise<bigint | undefined> {
    return shown.parse(await act(name, 'balance', {})).accounts[0]?.account.balance;
  }

  /** As the folder's owner sees it, when nothing of it runs. */
  async function accountOf(name: string) {
    const [one] = shown.parse(await ptgJson(['balance', '--home', homeOf(name)])).accounts;
    if (one === undefined) throw new Error(`${name} has an account`);
    return one;
  }

  async function guardStatus(): Promise<z.infer<typeof status>> {
    const shape = z.object({ guard: status }).loose();
    return shape.parse(await ptgJson(['status', '--home', homeOf('guard')])).guard;
  }

  /** `ptg connect` with a tor of its own, that knows no authorities but the private network's. */
  async function connect(name: string, isUp = true, more: object = {}): Promise<Connected> {
    const tor = torPrograms()?.tor ?? '';
    const [transport, control, socksPort] = (await freePorts(3)) as [number, number, number];
    const include = join(homeOf(name), 'own.torrc');
    writeFileSync(include, `${['TestingTorNetwork 1', ...running().authorityLines, ...aloneLines].join('\n')}\n`);
    const ports = { transport: `127.0.0.1:${transport}`, control: `127.0.0.1:${control}`, proxy: `127.0.0.1:${socksPort}` };
    await specOf(name, (spec) => ({ ...spec, connect: connectSpec.parse({ ...ports, include, ...more }) }));
    const run = startPtg(['connect', '--json', '--tor', tor, '--home', homeOf(name)]);
    started.push(run);
    later(() => end(run, 'SIGTERM'));
    const events = (of: string) =>
      run
        .stdout()
        .split('\n')
        .filter((line) => line.startsWith('{'))
        .map((line) => event.parse(JSON.parse(line)))
        .filter((one) => one.event === of);
    const log = () => readFile(join(homeOf(name), 'tor', 'notice.log'), 'utf8').catch(() => '');
    const told = async () => `\n${run.stdout()}${run.stderr()}${(await log()).slice(-2000)}`;
    if (isUp) {
      const boots = (text: string): number => text.split('Bootstrapped 100%').length;
      const before = boots(await log());
      await until(async () => boots(await log()) > before || run.child.exitCode !== null, 'tor to be bootstrapped').catch(
        async (thrown: Error) => {
          throw new Error(`${thrown.message}${await told()}`);
        },
      );
      if (run.child.exitCode !== null) throw new Error(`ptg connect ended${await told()}`);
    }
    return { run, socksPort, transportPort: transport, controlPort: control, events, log };
  }

  async function end(run: Running, signal: NodeJS.Signals): Promise<void> {
    if (run.child.exitCode === null && run.child.signalCode === null) run.child.kill(signal);
    await run.ended;
  }

  /** What the holder's node has certified by the issuer. */
  async function held(issuer: string, holder: string): Promise<{ readonly relayBytes: bigint; readonly exitBytes: bigint }> {
    const answer = await world.relays.get(holder)?.http.local('relay', '/relay/links', undefined, linksShape);
    if (answer?.ok !== true) throw new Error(`${holder} tells its links`);
    const link = answer.value.links.find(({ peer }) => peer === world.relayId(issuer));
    return link?.held ?? { relayBytes: 0n, exitBytes: 0n };
  }

  function fetchFile(socksPort: number, user: string, size: number, onBytes?: (count: number) => void): Promise<void> {
    const { exitPort: filePort } = running();
    return download({ socksPort, filePort, user, size, ...(onBytes === undefined ? {} : { onBytes }) });
  }

  /** When nothing is under way any more: what both have signed, once it is all that was spent. */
  async function agreed(name: string, atLeast: bigint): Promise<bigint> {
    let last = '';
    let signed = 0n;
    const rests = async (): Promise<boolean> => {
      const one = await accountOf(name);
      signed = one.signed;
      last = `spent ${one.account.spent}, signed ${one.signed}`;
      return one.account.spent === one.signed && one.signed >= atLeast;
    };
    await until(rests, 'both to have signed all').catch((thrown: Error) => {
      throw new Error(`${thrown.message}: ${last}\n${guard.run.stderr().slice(-2000)}`);
    });
    return signed;
  }

  /** When nothing is under way any more: what the guard holds as signed of all its subscribers is what these have signed. */
  async function sameTally(name: string, atLeast: bigint): Promise<void> {
    let last = '';
    // Who is looked at signs what it had left.
    const signedByOthers = async (): Promise<bigint> =>
      (await Promise.all(subscribed.filter((one) => one !== name).map(accountOf))).reduce((sum, one) => sum + one.signed, 0n);
    const isSame = async (): Promise<boolean> => {
      const others = await signedByOthers();
      const [rail] = (await guardStatus()).rails;
      const { signed } = await accountOf(name);
      const held = (rail?.spent ?? 0n) - (rail?.unsigned ?? 0n) - others;
      last = `the guard holds ${held}, the client ${signed}`;
      return held === signed && signed >= atLeast;
    };
    await until(isSame, 'the same last tally at both ends').catch((thrown: Error) => {
      throw new Error(`${thrown.message}: ${last}`);
    });
  }
}

/** Of bytes through guard, middle and exit. */
export const cost = (bytes: number): bigint => (BigInt(bytes) * PER_GIB) / 2n ** 30n;

const subscribed = ['ann', 'bob'];

/** Nothing of it leaves this machine. */
const aloneLines = [
  'OutboundBindAddress 127.0.0.1',
  'SafeLogging 0',
  'ShutdownWaitLength 0',
  'GeoIPFile /dev/null',
  'GeoIPv6File /dev/null',
];
