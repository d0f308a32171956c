/*
 * A paid guard and its subscriber beside a private Tor network, as their owners run them: `ptg run` with [tor] and [transport], `ptg
 * connect --tor` at the other end, each in a process of its own; the authority and the nodes of middle and exit in this one. The network
 * in; where the subscriber's tor takes connections, and the processes, out. Called by tor-ways.ts.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { units } from '../core/wire/field.ts';
import { account as accountShape } from '../core/wire/guard.ts';
import { defaultParameters } from '../core/wire/parameters.ts';
import { systemClock } from '../host/clock.ts';
import { readConfig } from '../host/config.ts';
import { systemEntropy } from '../host/entropy.ts';
import { silentLog } from '../host/log.ts';
import { freePorts } from '../lab/ports.ts';
import type { TorNetwork } from '../lab/testbed/tor/network.ts';
import { readIfThere, until } from '../lab/testbed/tor/process.ts';
import { createWorld, type World } from '../lab/world.ts';
import { connectSpec, nodeSpec, type NodeSpec } from '../node/spec.ts';
import { startNode, type NodeOptions } from '../node/start.ts';
import { specText } from '../node/write.ts';
import { startPtg, type Running } from '../test/cli/ptg.ts';

const PRICE = 1_000_000_000n;
/** Of a GiB through guard, middle and an exit at twice the price. */
const PER_GIB = 4n * PRICE;
const GIB = 2n ** 30n;
const USER = 'user';
const MEASURED_BYTES = 64 * 1_048_576;

export interface Paid {
  readonly socksPort: number;
  /** Both ends: the guard's node, and the client's. */
  readonly ends: readonly number[];
  /** The subscriber's tor. */
  readonly tor: number;
  /** Fails where the guard has not charged for so many bytes at least. */
  charged(bytes: number): Promise<void>;
  stop(): Promise<void>;
}

/** `bytesMax`: what will be carried at most. */
export async function startPaid(tor: string, network: TorNetwork, root: string, bytesMax: number): Promise<Paid> {
  const home = join(root, 'ptg');
  const [listen, transport, control, socksPort] = (await freePorts(4)) as [number, number, number, number];
  // Twice: cells are larger than what they carry.
  const purse = costOf(bytesMax) * 2n + PRICE;
  const runs: Running[] = [];
  const world = await createWorld({
    ...planOf(home, purse, bytesMax),
    start: async (name, given) => startNode(beside(network, name, given, listen)),
  });
  const stop = async (): Promise<void> => {
    for (const run of runs.reverse()) await end(run);
    await world.stop();
  };
  try {
    await until(() => hasGuard(world), 'the guard in the consensus', 120);
    await deposit(world, purse);
    await world.stopNode(USER);
    await world.stopNode('guard');
    await specIn(home, 'guard', (spec) => besideTor(network, 'guard', spec, listen));
    const guard = startPtg(['run', '--home', join(home, 'guard')]);
    runs.push(guard);
    await until(() => runsStill(guard) && guard.stdout().includes('running '), 'the guard to run', 120);
    await until(() => hasGuard(world), 'the guard to be listed again', 120);

    const include = join(home, USER, 'own.torrc');
    writeFileSync(include, `${['TestingTorNetwork 1', ...network.authorityLines, ...aloneLines].join('\n')}\n`);
    const at = { transport: `127.0.0.1:${transport}`, control: `127.0.0.1:${control}`, proxy: `127.0.0.1:${socksPort}` };
    await specIn(home, USER, (spec) => ({ ...spec, connect: connectSpec.parse({ ...at, include }) }));
    const client = startPtg(['connect', '--json', '--tor', tor, '--home', join(home, USER)]);
    runs.push(client);
    const folder = join(home, USER, 'tor');
    const isUp = () => runsStill(client) && readIfThere(join(folder, 'notice.log')).includes('Bootstrapped 100%');
    await until(isUp, 'the subscriber’s tor', 180);
    const wanted = (bytes: number) => `a charge for ${bytes} bytes; the guard has charged ${spentIn(client)}`;
    return {
      socksPort,
      ends: [pidOf(guard), pidOf(client)],
      tor: Number(readIfThere(join(folder, 'pid'))),
      charged: async (bytes) => {
        await until(() => spentIn(client) >= costOf(bytes), 'the charge', 90).catch((thrown: Error) => {
          throw new Error(`${wanted(bytes)}\n${client.stdout()}${client.stderr()}${guard.stderr().slice(-2000)}`, {
            cause: thrown,
          });
        });
      },
      stop,
    };
  } catch (thrown) {
    const said = runs.map((run) => `${run.stdout()}${run.stderr()}`.slice(-2000)).join('\n');
    await stop();
    throw new Error(`${(thrown as Error).message}\n${said}`, { cause: thrown });
  }
}

function planOf(home: string, purse: bigint, bytesMax: number) {
  const relay = { payouts: 'auto', opening: 1_000_000_000n, bandwidth: 10_000_000, family: null } as const;
  const flags = { ...defaultParameters.flags, runningSec: 600, uptimeHalfLifeSec: 60, stableMtbfSec: 0 };
  return {
    ...{ home, inMemory: false, networkId: 'bench', clock: systemClock() },
    parameters: {
      ...defaultParameters,
      // A node that does nothing else asks for each consensus, and thrice as often for deposits: not the price of what is carried. What
      // is too little to be measured does not wait for it.
      ...{ genesis: systemClock().now(), consensusSec: bytesMax < MEASURED_BYTES ? 3 : 60, intervalSec: 86_400, graceSec: 10 },
      flags: { ...flags, guardUptimeThousandths: 0, guardKnownSec: 0 },
      exitRatio: [2n, 1n] as [bigint, bigint],
      // Nobody is paid before the end of the interval.
      creditStartBytes: 4n * BigInt(bytesMax) + GIB,
      rails: { ledger: { price: PRICE, quantum: 1n, dust: 0n } },
    },
    relays: [
      { ...relay, name: 'guard', exit: false, guard: true, takesSubscribers: true },
      { ...relay, name: 'middle', exit: false, guard: false, takesSubscribers: false },
      { ...relay, name: 'exit', exit: true, guard: false, takesSubscribers: false },
    ],
    subscribers: [{ name: USER, purse }],
    entropy: () => systemEntropy(),
    log: () => silentLog(),
  };
}

/** In this process, too, each relay's node is beside the tor of its name. */
function beside(network: TorNetwork, name: string, given: NodeOptions, listen: number): NodeOptions {
  const { spec, home, network: known, parameters, keys, clock, entropy, log } = given;
  const own = { home, network: known, keys, clock, entropy, log, ...(parameters === undefined ? {} : { parameters }) };
  return { ...own, spec: spec.relay === undefined ? spec : besideTor(network, name, spec, listen) };
}

function besideTor(network: TorNetwork, name: string, spec: NodeSpec, listen: number): NodeSpec {
  const { control, fingerprint, orPort } = network.node(name);
  const transport = { listen: `127.0.0.1:${listen}`, orPort: `127.0.0.1:${orPort}` };
  return nodeSpec.parse({
    ...spec,
    relay: { ...spec.relay, fingerprint: fingerprint.toLowerCase() },
    tor: { control: `${control.host}:${control.port}`, meter: 'circuits' },
    ...(spec.roles.includes('guard') ? { transport } : {}),
  });
}

async function specIn(home: string, name: string, change: (spec: NodeSpec) => NodeSpec): Promise<void> {
  const file = join(home, name, 'ptg.toml');
  const read = await readConfig(file, nodeSpec);
  if (!read.ok) throw new Error(read.refusal.about);
  writeFileSync(file, specText(change(read.value)));
}

async function hasGuard({ authority }: World): Promise<boolean> {
  await authority.view.refresh();
  const relays = authority.view.consensus()?.body.relays ?? [];
  return relays.some((one) => one.flags.includes('Guard')) && relays.filter((one) => one.flags.includes('Running')).length === 3;
}

const shown = z.object({ accounts: z.array(z.object({ account: accountShape }).loose()) });

async function deposit(world: World, amount: bigint): Promise<void> {
  const user = world.subscribers.get(USER);
  if (user === undefined) throw new Error('the subscriber runs');
  const act = async (path: string, body: object): Promise<unknown> => {
    await user.node.view.refresh();
    const answer = await user.node.http.local('client', `/client/${path}`, body, z.unknown());
    if (!answer.ok) throw new Error(`${path}: ${answer.refusal.code} ${answer.refusal.about}`);
    return answer.value;
  };
  await act('subscribe', { guard: world.relayId('guard') });
  await act('deposit', { amount });
  const isThere = async () => shown.parse(await act('balance', {})).accounts[0]?.account.balance === amount;
  await until(isThere, 'the deposit', 120);
}

/** Of the last balance that the guard told. */
function spentIn({ stdout }: Running): bigint {
  const told = stdout()
    .split('\n')
    .filter((line) => line.startsWith('{"') && line.includes('"event":"balance"') && line.endsWith('}'));
  const last = told.at(-1);
  return last === undefined ? 0n : z.object({ spent: units }).loose().parse(JSON.parse(last)).spent;
}

function costOf(bytes: number): bigint {
  return (BigInt(bytes) * PER_GIB) / GIB;
}

function runsStill({ child }: Running): boolean {
  if (child.exitCode !== null || child.signalCode !== null) throw new Error('a process has ended');
  return true;
}

function pidOf({ child }: Running): number {
  if (child.pid === undefined) throw new Error('a process has not begun');
  return child.pid;
}

async function end(run: Running): Promise<void> {
  if (run.child.exitCode === null && run.child.signalCode === null) run.child.kill('SIGTERM');
  await run.ended;
}

/** Nothing of it leaves this machine. */
const aloneLines = [
  ...['OutboundBindAddress 127.0.0.1', 'SafeLogging 0', 'ShutdownWaitLength 0', 'TestingEnableCellStatsEvent 0'],
  ...['GeoIPFile /dev/null', 'GeoIPv6File /dev/null'],
];
