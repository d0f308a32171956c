/*
 * Runs a scenario: a parsed file in; what the roles settled, out. Real roles over HTTP, a database each, the ledger rail, a driven
 * clock. Called by `ptg scenario` and by tests.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { sha256Hex } from '../../core/crypto/hash.ts';
import { UNITS_MAX } from '../../core/limits.ts';
import { invariant, refuser } from '../../core/refusal.ts';
import { chargedBytes } from '../../core/rule/chain.ts';
import { scheduleOf } from '../../core/rule/interval.ts';
import type { Parameters } from '../../core/wire/parameters.ts';
import { drivenClock, type DrivenClock } from '../../host/clock.ts';
import { refusalLines } from '../../host/config.ts';
import { seededEntropy } from '../../host/entropy.ts';
import { createLog, silentLog } from '../../host/log.ts';
import { advanceTo, untilIdle } from '../drive.ts';
import {
  callLocal,
  intervalReport,
  readContests,
  readEarnings,
  readGuardFlags,
  readIous,
  totalsReport,
  type Earnings,
  type IouLine,
  type Report,
} from '../report.ts';
import { createWorld, type RelayPlan, type World } from '../world.ts';
import type { Scenario } from './file.ts';

/** An arbitrary instant; nothing depends on it. */
const EPOCH = 1_600_000_000;
/** Guards and fast relays by any threshold of the directory specification. */
const BANDWIDTH = 100_000_000;
const anything = z.unknown();

type Circuits = Scenario['intervals'][number]['circuits'];

/** Shows only on the way: how much a circuit carries depends on its subscriber's balance. */
export const scenarioRunRefusals = {
  'scenario-bytes': {
    retry: false,
    text: 'the circuits of an interval together carry more bytes than an IOU can say',
    remedy: 'keep the sum of their bytes times their hops below 2^63',
  },
} as const;
const refuse = refuser(scenarioRunRefusals);

export interface ScenarioOptions {
  /** Prints the roles' logs on standard error. */
  readonly verbose?: boolean;
}

export async function runScenario(scenario: Scenario, options: ScenarioOptions = {}): Promise<Report> {
  const home = await mkdtemp(join(tmpdir(), 'ptg-'));
  const { consensusSec } = scenario.parameters;
  const parameters: Parameters = { ...scenario.parameters, genesis: EPOCH + 4 * consensusSec };
  const clock = drivenClock(EPOCH);
  const networkId = `scenario-${sha256Hex(JSON.stringify(scenario, (_, value: unknown) => (typeof value === 'bigint' ? `${value}` : value))).slice(0, 12)}`;
  const world = await createWorld({
    home,
    inMemory: true,
    networkId,
    parameters,
    relays: relayPlans(scenario),
    subscribers: scenario.subscribers.map(({ name, deposit }) => ({ name, purse: deposit })),
    clock,
    entropy: (name) => seededEntropy(`${networkId} ${name}`),
    log: () => (options.verbose === true ? createLog({ clock }) : silentLog()),
  });
  try {
    return await play(scenario, parameters, world, clock);
  } finally {
    await world.stop();
    await rm(home, { recursive: true, force: true });
  }
}

async function play(scenario: Scenario, parameters: Parameters, world: World, clock: DrivenClock): Promise<Report> {
  const advance = (until: number): Promise<void> => advanceTo(clock, until, world.nodes);
  await advance(parameters.genesis - parameters.consensusSec + 1);
  await subscribeAll(scenario, world);
  await advance(parameters.genesis);

  const ious: IouLine[][] = [];
  const flags: string[][] = [];
  // Intervals overlap: what is due of one is decided while the next one runs, or the one after.
  const stations = scenario.intervals.flatMap(({ circuits }, interval) => {
    const { start, booksClose, bst, appealEnd } = scheduleOf(parameters, interval);
    return [
      { at: start, run: () => carryAll(world, parameters, circuits) },
      { at: booksClose, run: async () => void (ious[interval] = await readIous(world, interval)) },
      { at: bst, run: () => releaseAll(scenario, world, interval) },
      { at: appealEnd + parameters.consensusSec, run: async () => void (flags[interval] = await guardsNow(world)) },
    ];
  });
  for (const { at, run } of stations.sort((a, b) => a.at - b.at)) {
    await advance(at);
    await run();
  }

  const earnings = earningsOf(scenario, await readEarnings(world));
  const contests = await readContests(world);
  const intervals = scenario.intervals.map((_, k) =>
    intervalReport(world, k, { ious: ious[k] as IouLine[], earnings, contests, guardFlags: flags[k] as string[] }),
  );
  return { intervals, ...(await totalsReport(world, earnings)) };
}

/** Short intervals: carries of the file's may be paid in those that come after. */
function earningsOf(scenario: Scenario, all: Earnings): Earnings {
  const ours = ({ interval }: { readonly interval: number }): boolean => interval < scenario.intervals.length;
  return new Map([...all].map(([name, lines]) => [name, lines.filter(ours)]));
}

async function guardsNow(world: World): Promise<string[]> {
  await world.authority.view.refresh();
  return readGuardFlags(world);
}

/**
 * Opening balances that cover every debt: with the deposits all that the ledger can hold. Whoever is in any `unpaidBy` releases
 * its payouts by hand in the other intervals.
 */
function relayPlans(scenario: Scenario): RelayPlan[] {
  const manual = new Set(scenario.intervals.flatMap((one) => one.unpaidBy));
  const guards = new Set(scenario.subscribers.map((one) => one.guard));
  const deposits = scenario.subscribers.reduce((sum, one) => sum + one.deposit, 0n);
  const opening = (UNITS_MAX - deposits) / BigInt(scenario.relays.length);
  return scenario.relays.map(({ name, exit, guard, family }) => ({
    name,
    exit,
    guard,
    takesSubscribers: guard || guards.has(name),
    bandwidth: BANDWIDTH,
    family,
    payouts: manual.has(name) ? 'manual' : 'auto',
    opening,
  }));
}

async function subscribeAll(scenario: Scenario, world: World): Promise<void> {
  for (const { name, guard, deposit } of scenario.subscribers) {
    const client = world.subscribers.get(name);
    invariant(client !== undefined, `${name} runs`);
    await callLocal(client.node, 'client', '/client/subscribe', { guard: world.relayId(guard), withoutFlag: true }, anything);
    if (deposit > 0n) await callLocal(client.node, 'client', '/client/deposit', { amount: deposit }, anything);
    // Asking for the account lets the guard look at the rail.
    await callLocal(client.node, 'client', '/client/balance', {}, anything);
  }
  await untilIdle(world.nodes);
}

async function carryAll(world: World, parameters: Parameters, circuits: Circuits): Promise<void> {
  let total = 0n;
  for (const { subscriber, path, bytes } of circuits) {
    const key = world.subscribers.get(subscriber)?.key;
    invariant(key !== undefined, `${subscriber} runs`);
    const circuit = await world.source.open({ subscriber: key, path: path.map(world.relayId), leavesTor: true });
    if (circuit === null) continue;
    const carried = await circuit.carry(bytes);
    circuit.close();
    await untilIdle(world.nodes);
    if (carried === 0n && bytes > 0n) continue;
    // No total of the interval, on a link or of a subscriber, is above this: what the wire cannot say, no role could settle.
    total += chargedBytes(carried, parameters.startingBytes, true) * BigInt(Math.max(path.length - 1, 1));
    if (total > UNITS_MAX) throw new Error(refusalLines(refuse('scenario-bytes', `${total}`).refusal));
  }
}

/** `unpaidBy` is by interval; the node's `payouts` is not: in the other intervals its operator approves at the BST. */
async function releaseAll(scenario: Scenario, world: World, interval: number): Promise<void> {
  const unpaid = new Set(scenario.intervals[interval]?.unpaidBy);
  const manual = new Set(scenario.intervals.flatMap((one) => one.unpaidBy));
  for (const [name, node] of world.relays) {
    if (!manual.has(name) || unpaid.has(name)) continue;
    const shape = z.object({ payouts: z.array(z.object({ id: z.string(), interval: z.int(), state: z.string() })) });
    const { payouts } = await callLocal(node, 'settlement', '/settlement/payouts', {}, shape);
    const ids = payouts.filter((one) => one.interval === interval && one.state === 'manual').map((one) => one.id);
    if (ids.length > 0) await callLocal(node, 'settlement', '/settlement/payouts-approve', { ids }, anything);
  }
  await untilIdle(world.nodes);
}
