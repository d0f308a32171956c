/*
 * A small network of running nodes for journeys: relays and subscribers by name in; calls to their roles, traffic, a driven clock and
 * the ledger's own word on every wallet out. A byte through a standard hop costs one unit, one out of an exit one and a half.
 * Whoever opens one stops it.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { scheduleOf, type Schedule } from '../../core/rule/interval.ts';
import { ledgerAccount } from '../../core/wire/ledger.ts';
import { signedUnits } from '../../core/wire/field.ts';
import { defaultParameters, type Parameters } from '../../core/wire/parameters.ts';
import { drivenClock, type DrivenClock } from '../../host/clock.ts';
import { seededEntropy } from '../../host/entropy.ts';
import { silentLog } from '../../host/log.ts';
import type { Log, RoleName } from '../../host/ports.ts';
import { advanceTo, untilIdle } from '../../lab/drive.ts';
import { callLocal, need, readEarnings } from '../../lab/report.ts';
import type { SourceCircuit } from '../../lab/traffic/source.ts';
import { createWorld, type RelayPlan, type World, type WorldPlan } from '../../lab/world.ts';

export interface NetworkOptions {
  readonly relays: readonly (Pick<RelayPlan, 'name'> & Partial<RelayPlan>)[];
  /** Money in their own wallets, by name. */
  readonly subscribers: Readonly<Record<string, bigint>>;
  readonly parameters?: Partial<Parameters>;
  /** Databases and keys on disk, so that a node can be stopped and started. */
  readonly onDisk?: boolean;
  readonly databases?: WorldPlan['databases'];
  readonly log?: (name: string, clock: DrivenClock) => Log;
  /** How a node is started: with another clock, another wire. */
  readonly start?: WorldPlan['start'];
}

export interface TestNetwork {
  readonly home: string;
  readonly world: World;
  readonly clock: DrivenClock;
  readonly parameters: Parameters;
  schedule(interval: number): Schedule;
  advance(until: number): Promise<void>;
  /** To the next tick, and a second more: what it says has arrived. */
  tick(): Promise<void>;
  idle(): Promise<void>;
  /** A node's own role, as its operator calls it; amounts are decimal strings. */
  call<T>(name: string, role: RoleName, path: string, body?: unknown): Promise<T>;
  /** The code of the refusal that it must answer with. */
  refusal(name: string, role: RoleName, path: string, body?: unknown): Promise<string | null>;
  /** An account at a guard, and a deposit credited there. */
  subscribe(name: string, guard: string, deposit: bigint): Promise<void>;
  account(name: string): Promise<AccountShown>;
  open(name: string, path: readonly string[]): Promise<SourceCircuit | null>;
  /** A circuit from its beginning to its end; answers the bytes that it carried. */
  carry(name: string, path: readonly string[], bytes: bigint): Promise<bigint>;
  /** On the ledger. */
  wallet(name: string): Promise<bigint>;
  /** `G→M 2500`, as the payers' own books say, in byte order. */
  paid(interval: number): Promise<string[]>;
  /** The same by those who received. */
  received(interval: number): Promise<string[]>;
  /** What each relay's wallet holds beyond what its books explain. */
  differences(): Promise<Record<string, bigint>>;
  /** The sum of all wallets, less what the mint issued. */
  surplus(): Promise<bigint>;
  stop(): Promise<void>;
}

export interface AccountShown {
  readonly account: Readonly<
    Record<'deposited' | 'unconfirmed' | 'withdrawn' | 'spent' | 'balance' | 'state' | 'destination', string>
  >;
  readonly guard: string;
  readonly by: string;
  readonly fresh: boolean;
  readonly signed: string;
  readonly refused: unknown;
}

const EPOCH = 1_600_000_000;
const hour = 3600;
const opening = 10n ** 12n;
let networks = 0;

export async function openNetwork(options: NetworkOptions): Promise<TestNetwork> {
  const home = await mkdtemp(join(tmpdir(), 'ptg-journey-'));
  const clock = drivenClock(EPOCH);
  const parameters = parametersOf(options);
  const relays = options.relays.map(relayPlan);
  const subscribers = Object.entries(options.subscribers).map(([name, purse]) => ({ name, purse }));
  const networkId = `journey-${networks++}`;
  const world = await createWorld({
    ...{ home, networkId, parameters, relays, subscribers, clock, inMemory: options.onDisk !== true },
    entropy: (name) => seededEntropy(`${networkId} ${name} ${clock.now()}`),
    log: (name) => options.log?.(name, clock) ?? silentLog(),
    ...(options.databases === undefined ? {} : { databases: options.databases }),
    ...(options.start === undefined ? {} : { start: options.start }),
  });
  const idle = () => untilIdle(world.nodes);
  const advance = (until: number) => advanceTo(clock, until, world.nodes);
  const nodeOf = (name: string) => {
    const node = world.relays.get(name) ?? world.subscribers.get(name)?.node;
    if (node === undefined) throw new Error(`${name} does not run`);
    return node;
  };
  const ask = (name: string, role: RoleName, path: string, body?: unknown) =>
    nodeOf(name).http.local(role, path, plain(body), z.unknown(), { answerMax: 8 * 1024 * 1024, deadlineMs: 60_000 });
  const call = async <T>(name: string, role: RoleName, path: string, body?: unknown) =>
    need(await ask(name, role, path, body)) as T;
  const wallet = async (name: string) => {
    const url = `${world.network.ledger?.url}/ledger/accounts/${await world.walletKey(name)}`;
    return BigInt(need(await world.authority.http.get(url, ledgerAccount)).balance);
  };
  const moved = async (interval: number, side: 'paid' | 'received') => {
    const lines = [...(await readEarnings(world))].flatMap(([name, all]) =>
      all
        .filter((line) => line.interval === interval && line[side] > 0n)
        .map((line) => ({ name, peer: world.relayName(line.peer), amount: line[side] })),
    );
    const shown = lines.map(({ name, peer, amount }) => `${side === 'paid' ? `${name}→${peer}` : `${peer}→${name}`} ${amount}`);
    return shown.sort();
  };

  // By then every relay is in the consensus, and the terms of the first interval are known.
  await advance(parameters.genesis);
  return {
    ...{ home, world, clock, parameters, advance, idle, call, wallet },
    schedule: (interval) => scheduleOf(parameters, interval),
    async tick() {
      const { genesis, iouTickSec } = parameters;
      await advance(genesis + (Math.floor((clock.now() - genesis) / iouTickSec) + 1) * iouTickSec + 1);
    },
    async refusal(name, role, path, body) {
      const answer = await ask(name, role, path, body);
      return answer.ok ? null : answer.refusal.code;
    },
    async subscribe(name, guard, deposit) {
      await call(name, 'client', '/client/subscribe', { guard });
      await call(name, 'client', '/client/deposit', { amount: deposit });
      await call(name, 'client', '/client/balance', {});
      await idle();
    },
    account: async (name) => (await call<{ accounts: AccountShown[] }>(name, 'client', '/client/balance', {})).accounts[0]!,
    open: (name, path) => world.source.open(planOf(world, name, path)),
    async carry(name, path, bytes) {
      const circuit = await world.source.open(planOf(world, name, path));
      const carried = (await circuit?.carry(bytes)) ?? 0n;
      circuit?.close();
      await idle();
      return carried;
    },
    paid: (interval) => moved(interval, 'paid'),
    received: (interval) => moved(interval, 'received'),
    async differences() {
      const shape = z.object({ wallets: z.array(z.object({ difference: signedUnits })) });
      const found: Record<string, bigint> = {};
      for (const [name, node] of world.relays) {
        const { wallets } = await callLocal(node, 'settlement', '/settlement/reconcile', {}, shape);
        found[name] = wallets.reduce((sum, one) => sum + one.difference, 0n);
      }
      return found;
    },
    async surplus() {
      let sum = 0n;
      for (const { name, opening: amount } of relays) sum += (await wallet(name)) - amount;
      for (const { name, purse } of subscribers) sum += (await wallet(name)) - purse;
      return sum;
    },
    async stop() {
      await world.stop();
      await rm(home, { recursive: true, force: true });
    },
  };
}

function planOf(world: World, name: string, path: readonly string[]) {
  const subscriber = world.subscribers.get(name)?.key;
  if (subscriber === undefined) throw new Error(`${name} does not run`);
  return { subscriber, path: path.map(world.relayId), leavesTor: true };
}

function relayPlan(given: NetworkOptions['relays'][number]): RelayPlan {
  const guard = given.guard ?? false;
  const rest = { exit: false, bandwidth: 100_000_000, family: null, payouts: 'auto', opening } as const;
  return { ...rest, guard, takesSubscribers: guard, ...given };
}

/** As a scenario's (design §9), but for the starting amount. */
function parametersOf({ parameters }: NetworkOptions): Parameters {
  return {
    ...defaultParameters,
    ...{
      genesis: EPOCH + 4 * hour,
      consensusSec: hour,
      intervalSec: 6 * hour,
      iouTickSec: hour,
      graceSec: 600,
      bstOffsetSec: 1800,
    },
    ...{ paymentWindowSec: hour, contestWindowSec: hour, answerWindowSec: hour, appealWindowSec: 2 * hour, startingBytes: 0n },
    ...{ creditStartBytes: 2n ** 40n, exitRatio: [3n, 2n], rails: { ledger: { price: 2n ** 30n, quantum: 1n, dust: 0n } } },
    ...parameters,
  };
}

/** JSON's own form of amounts. */
function plain(body: unknown): unknown {
  if (body === undefined) return undefined;
  return JSON.parse(JSON.stringify(body, (_, value: unknown) => (typeof value === 'bigint' ? value.toString() : value)));
}
