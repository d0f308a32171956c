/*
 * `ptg up`: a whole network on this machine, running on the real clock, for somebody who watches. Draws it, starts it, lets its
 * subscribers deposit and use it, and shows what happens: in the second interval one guard does not pay, and its creditors contest.
 * With `once` until those contests are decided.
 */
import { join } from 'node:path';
import { mkdir } from 'node:fs/promises';
import { scheduleOf, type Schedule } from '../../core/rule/interval.ts';
import type { Parameters } from '../../core/wire/parameters.ts';
import type { Network } from '../../core/wire/network.ts';
import { systemClock } from '../../host/clock.ts';
import { systemEntropy } from '../../host/entropy.ts';
import { writeFileAtomically } from '../../host/files.ts';
import { createLog } from '../../host/log.ts';
import { createWriteStream } from 'node:fs';
import { z } from 'zod';
import { ok, type Result } from '../../core/refusal.ts';
import type { Clock, Entropy } from '../../host/ports.ts';
import { drawFrom } from '../../tor/chance.ts';
import {
  callLocal,
  intervalReport,
  need,
  readContests,
  readEarnings,
  readGuardFlags,
  readIous,
  totalsReport,
  type IouLine,
  type Report,
} from '../report.ts';
import { createWorld, type World } from '../world.ts';
import { audit, type AuditLine } from './audit.ts';
import { planUp, type UpPlan } from './plan.ts';
import { look, type Snapshot } from './snapshot.ts';
import { runTraffic } from './traffic.ts';
import { clockLine, docketTable, happenings, money, screen, settlementTable } from './view.ts';

export interface UpOptions {
  /** Where local networks are kept, and the file that names the newest. */
  readonly folder: string;
  readonly newest: string;
  /** A Tor consensus, plain or gzip; null for the one that the project carries. */
  readonly consensus: Uint8Array | null;
  readonly relays: number;
  readonly once: boolean;
  /** Progress, for a person; null where nobody reads it. */
  readonly say: ((text: string) => void) | null;
  /** Set on a terminal: the width, and how to draw a whole screen. */
  readonly draw: { columns(): number; screen(text: string): void } | null;
  /** Becomes true when the person wants it to end. */
  readonly ended: () => boolean;
}

export interface UpOutcome extends Report {
  readonly network: Network;
  readonly authorities: readonly string[];
  /** Every wallet explained; `difference` is zero where the books are right. */
  readonly audit: readonly AuditLine[];
}

const anything = z.unknown();
/** Intervals that are shown whole: one that goes well, and one in which a guard defaults. */
const INTERVALS = 2;
const DEFAULTED = 1;
/** Happenings kept for the screen. */
const RECENT_MAX = 50;

export async function runUp(options: UpOptions): Promise<Result<UpOutcome>> {
  const clock = systemClock();
  const entropy = systemEntropy();
  const plan = planUp(options.consensus, options.relays, drawFrom(entropy));
  if (!plan.ok) return plan;
  const networkId = `local-${Buffer.from(entropy.bytes(4)).toString('hex')}`;
  const home = join(options.folder, networkId);
  await mkdir(home, { recursive: true, mode: 0o700 });
  // The nodes' start takes longer the more they are; the consensus that everybody is in comes at a slot of its own.
  const { consensusSec } = plan.value.parameters;
  const genesis = Math.ceil((clock.now() + 10 + options.relays / 4) / consensusSec) * consensusSec;
  const parameters: Parameters = { ...plan.value.parameters, genesis };
  const log = createWriteStream(join(home, 'log'), { flags: 'a' });
  options.say?.(openingWords(plan.value, options, home));
  const world = await createWorld({
    home,
    inMemory: false,
    networkId,
    parameters,
    relays: plan.value.relays,
    subscribers: plan.value.subscribers.map(({ name, purse }) => ({ name, purse })),
    clock,
    entropy: () => entropy,
    log: (name) => createLog({ clock, write: (line) => void log.write(`${name} ${line}`) }),
  });
  try {
    await writeFileAtomically(options.newest, `${networkId}\n`);
    return ok(await watch({ options, plan: plan.value, parameters, world, clock, entropy }));
  } finally {
    await world.stop();
    await new Promise((resolve) => log.end(resolve));
  }
}

interface Run {
  readonly options: UpOptions;
  readonly plan: UpPlan;
  readonly parameters: Parameters;
  readonly world: World;
  readonly clock: Clock;
  readonly entropy: Entropy;
}

/** What is told of the intervals that a run is for. */
interface Kept {
  readonly ious: IouLine[][];
  readonly flags: string[][];
}

async function watch(run: Run): Promise<UpOutcome> {
  const { options, plan, parameters, world, clock } = run;
  const schedules = [...Array(INTERVALS).keys()].map((interval) => scheduleOf(parameters, interval));
  const [begin, end] = [schedules[0]?.start ?? 0, schedules[INTERVALS - 1]?.cutOff ?? 0];
  const subscriberKey = (name: string): string => world.subscribers.get(name)?.key ?? '';
  const traffic = runTraffic(plan, world.source, subscriberKey, world.relayId, drawFrom(run.entropy));
  const subscribed = new Set<string>();
  const toppedUp = new Map<string, bigint>();
  const kept: Kept = { ious: [], flags: [] };
  const recent: string[] = [];
  let seen: Snapshot | null = null;
  /** Intervals whose settlement has been told. */
  let told = 0;

  const show = async (): Promise<void> => {
    const now = await look(world, clock.now());
    const lines = happenings(seen, now).map((line) => `${timeText(now.now, parameters)} ${line}`);
    seen = now;
    recent.push(...lines);
    recent.splice(0, recent.length - RECENT_MAX);
    const title = parametersName(run);
    if (options.draw !== null)
      options.draw.screen(screen({ title, parameters, seen: now, recent, columns: options.draw.columns() }));
    else for (const line of lines) options.say?.(`${line}\n`);
    if (now.now <= scheduleOf(parameters, told).paymentEnd) return;
    if (options.draw === null) options.say?.(`\nInterval ${told} is settled.\n${settlementTable(now.pairs, told)}\n`);
    told += 1;
  };

  for (;;) {
    await nextSecond(clock);
    const now = clock.now();
    if (options.ended()) break;
    if (subscribed.size < plan.subscribers.length) await subscribeSome(run, subscribed);
    if (now >= begin && !(options.once && now >= end)) await traffic.step();
    await show();
    if (seen !== null) await topUp(run, seen, toppedUp);
    await approveAll(world, plan.defaulter);
    await keep(world, schedules, now, kept);
    if (options.once && seen !== null && isDecided(seen, schedules[DEFAULTED], parameters.consensusSec)) break;
  }
  traffic.stop();
  return outcome(run, kept, seen);
}

async function outcome(run: Run, kept: Kept, seen: Snapshot | null): Promise<UpOutcome> {
  const { options, plan, parameters, world } = run;
  const [earnings, contests, now] = [await readEarnings(world), await readContests(world), readGuardFlags(world)];
  const intervals = kept.ious.map((ious, interval) =>
    intervalReport(world, interval, { ious, earnings, contests, guardFlags: kept.flags[interval] ?? now }),
  );
  const books = await audit(world, plan);
  if (seen !== null) options.say?.(closingWords(seen, plan, books, clockLine(parameters, seen)));
  return {
    intervals,
    ...(await totalsReport(world, earnings)),
    network: world.network,
    authorities: world.network.authorities.map((one) => one.key),
    audit: books,
  };
}

/** Each interval's IOUs once its books are closed, and its flags once nobody can contest any more what was paid. */
async function keep(world: World, schedules: readonly Schedule[], now: number, { ious, flags }: Kept): Promise<void> {
  for (const [interval, { booksClose, contestEnd }] of schedules.entries()) {
    if (ious[interval] === undefined && now > booksClose) ious[interval] = await readIous(world, interval);
    if (flags[interval] === undefined && interval !== DEFAULTED && now > contestEnd) flags[interval] = readGuardFlags(world);
  }
}

/** The defaulter's operator: it releases what waits, but what falls due for the second interval it forgets. */
async function approveAll(world: World, name: string): Promise<void> {
  const node = world.relays.get(name);
  if (node === undefined) return;
  const { payouts } = await callLocal(node, 'settlement', '/settlement/payouts', {}, waiting);
  const ids = payouts.filter((one) => one.state === 'manual' && one.interval !== DEFAULTED).map((one) => one.id);
  if (ids.length > 0) await callLocal(node, 'settlement', '/settlement/payouts-approve', { ids }, anything);
}

const waiting = z.object({ payouts: z.array(z.object({ id: z.string(), interval: z.int(), state: z.string() })) });

/** Nobody can contest any more, each contest has its verdict, and the consensus says what follows. */
function isDecided(seen: Snapshot, schedule: Schedule | undefined, consensusSec: number): boolean {
  if (schedule === undefined || seen.now <= schedule.contestEnd) return false;
  const cases = seen.cases.filter((one) => one.interval === DEFAULTED);
  const since = Math.max(schedule.contestEnd, ...cases.map((one) => one.decidedAt ?? Infinity));
  return seen.now > Math.min(since, schedule.appealEnd) + consensusSec;
}

/** Who runs low and has money left deposits once more; `toppedUp` holds how often each has. */
async function topUp(run: Run, seen: Snapshot, toppedUp: Map<string, bigint>): Promise<void> {
  for (const { name, deposit, purse } of run.plan.subscribers) {
    const account = seen.accounts.find((one) => one.name === name);
    const client = run.world.subscribers.get(name);
    const times = toppedUp.get(name) ?? 1n;
    if (account === undefined || client === undefined || account.state === 'open' || deposit * (times + 1n) > purse) continue;
    // The last one is not credited yet.
    if (account.deposited < deposit * times) continue;
    toppedUp.set(name, times + 1n);
    await callLocal(client.node, 'client', '/client/deposit', { amount: deposit }, anything);
  }
}

/** As soon as its guard has the flag, a subscriber subscribes and deposits. */
async function subscribeSome(run: Run, subscribed: Set<string>): Promise<void> {
  for (const { name, guard, deposit } of run.plan.subscribers) {
    const client = run.world.subscribers.get(name);
    if (client === undefined || subscribed.has(name)) continue;
    const { view } = client.node;
    const id = run.world.relayId(guard);
    // The descriptors come after the consensus that names them.
    if (view.entry(id)?.flags.includes('Guard') !== true || view.descriptor(id) === null) continue;
    const opened = await client.node.http.local('client', '/client/subscribe', { guard }, anything, { deadlineMs: 60_000 });
    // On a slow machine the guard may know the consensus later than its subscriber does.
    if (!opened.ok && opened.refusal.retry) continue;
    need(opened);
    await callLocal(client.node, 'client', '/client/deposit', { amount: deposit }, anything);
    subscribed.add(name);
  }
}

function nextSecond(clock: Clock): Promise<void> {
  return new Promise((resolve) => {
    const undo = clock.onWake(() => {
      undo();
      resolve();
    });
  });
}

function parametersName(run: Run): string {
  return `${run.world.network.networkId}, ${run.plan.relays.length} relays, exit price ${run.plan.ratio.n}/${run.plan.ratio.e}`;
}

function timeText(now: number, parameters: Parameters): string {
  const since = now - parameters.genesis;
  return `${since < 0 ? '-' : '+'}${String(Math.abs(since)).padStart(3, '0')} s`;
}

function openingWords(plan: UpPlan, options: UpOptions, home: string): string {
  const source = options.consensus === null ? 'the consensus that the project carries' : 'the consensus given';
  return [
    `A network of ${plan.relays.length} relays, drawn by weight from ${source} (|N|/|E| = ${plan.ratio.n}/${plan.ratio.e}),`,
    `and ${plan.subscribers.length} subscribers: each a node of its own, over HTTP on this machine. It is kept in`,
    `  ${home}`,
    '',
  ].join('\n');
}

function closingWords(seen: Snapshot, plan: UpPlan, books: readonly AuditLine[], clockText: string): string {
  const wrong = books.filter((one) => one.difference !== 0n);
  const verdict =
    wrong.length === 0
      ? `Every unit is accounted for: ${books.map((one) => `${one.what} ${money(one.expected)}`).join(', ')}.`
      : `NOT accounted for: ${wrong.map((one) => `${one.what} ${money(one.difference)}`).join(', ')}.`;
  const docket = seen.cases.length === 0 ? '' : `\nThe docket:\n${docketTable(seen)}`;
  const guard = seen.relays.find((one) => one.name === plan.defaulter);
  const flag =
    guard === undefined || seen.cases.length === 0
      ? ''
      : `${guard.name} ${guard.flags.includes('Guard') ? 'has' : 'does not have'} the Guard flag.\n`;
  return `${docket}${flag}\n${verdict} (${clockText})\n`;
}
