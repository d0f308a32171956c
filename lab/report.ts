/*
 * What a local network settled, read from its roles as their operators would: the output of `ptg scenario` and of
 * `ptg up --once --json` (design §9). Amounts are bigint here and decimal strings when printed.
 */
import { z } from 'zod';
import { bookPage } from '../core/local/messages.ts';
import { hasFlag } from '../core/wire/consensus.ts';
import { hex32, interval as intervalField, signedUnits, units } from '../core/wire/field.ts';
import { account as accountShape, type Account } from '../core/wire/guard.ts';
import { docketPage, type DocketPage } from '../core/wire/verdict.ts';
import { railTermsOf, scaledValue, valueFloor } from '../core/rule/price.ts';
import { refusalLines } from '../host/config.ts';
import type { RoleName } from '../host/ports.ts';
import type { Result } from '../core/refusal.ts';
import type { RunningNode } from '../node/start.ts';
import type { World } from './world.ts';

export interface IouLine {
  readonly issuer: string;
  readonly holder: string;
  readonly relayBytes: bigint;
  readonly exitBytes: bigint;
  readonly value: bigint;
}
export interface PaymentLine {
  readonly from: string;
  readonly to: string;
  readonly amount: bigint;
}
export interface ContestLine {
  readonly contestant: string;
  readonly accused: string;
  readonly amount: bigint;
  /** The case's state now. */
  readonly outcome: string;
}
export interface IntervalReport {
  readonly ious: readonly IouLine[];
  readonly payments: readonly PaymentLine[];
  readonly carried: readonly PaymentLine[];
  readonly contests: readonly ContestLine[];
  readonly guardFlags: readonly string[];
}
export interface Report {
  readonly intervals: readonly IntervalReport[];
  readonly relays: readonly {
    readonly name: string;
    readonly received: bigint;
    readonly paid: bigint;
    readonly net: bigint;
    readonly usageIncome: bigint;
  }[];
  readonly subscribers: readonly {
    readonly name: string;
    readonly deposited: bigint;
    readonly spent: bigint;
    readonly balance: bigint;
  }[];
}

/** What one interval's report is made from. */
export interface Settled {
  readonly ious: readonly IouLine[];
  readonly earnings: Earnings;
  readonly contests: readonly Contested[];
  readonly guardFlags: readonly string[];
}

const ANSWER_MAX = 8 * 1024 * 1024;

/** Calls a node's own role; a refusal is a bug of the run. */
export async function callLocal<T>(
  node: RunningNode,
  role: RoleName,
  path: string,
  body: unknown,
  shape: z.ZodType<T>,
): Promise<T> {
  return need(await node.http.local(role, path, body, shape, { answerMax: ANSWER_MAX, deadlineMs: 60_000 }));
}

export function need<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(refusalLines(result.refusal));
  return result.value;
}

/** The IOUs of a closed interval, as their holders hold them: one for each link that carried a circuit; their value on that rail. */
export async function readIous(world: World, interval: number, rail = 'ledger'): Promise<IouLine[]> {
  const lines: IouLine[] = [];
  for (const [holder, node] of world.relays) {
    let after: string | null = null;
    do {
      const page: z.infer<typeof bookPage> = await callLocal(node, 'relay', '/relay/book', { interval, after }, bookPage);
      for (const { peer, held } of page.lines) {
        if (held === null || (held.body.relayBytes === 0n && held.body.exitBytes === 0n)) continue;
        const { relayBytes, exitBytes } = held.body;
        const value = valueOf(node, interval, rail, held.body);
        lines.push({ issuer: world.relayName(peer), holder, relayBytes, exitBytes, value });
      }
      after = page.next;
    } while (after !== null);
  }
  return lines.sort(byText((one) => `${one.issuer}\0${one.holder}`));
}

function valueOf(node: RunningNode, interval: number, rail: string, traffic: { relayBytes: bigint; exitBytes: bigint }): bigint {
  const terms = node.view.terms(interval);
  const prices = terms === null ? null : railTermsOf(terms, rail);
  if (terms === null || prices === null) throw new Error(`no terms of interval ${interval}`);
  return valueFloor(terms, scaledValue(terms, prices, traffic));
}

const earningsShape = z.object({
  lines: z.array(
    z.object({
      interval: intervalField,
      peer: hex32,
      state: z.string(),
      carryOut: signedUnits,
      received: units,
      paid: units,
      net: signedUnits,
    }),
  ),
});
type EarningsLine = z.infer<typeof earningsShape>['lines'][number];
/** By relay. */
export type Earnings = ReadonlyMap<string, readonly EarningsLine[]>;

/** Every relay's pairs, as its settlement shows them to its operator. */
export async function readEarnings(world: World): Promise<Earnings> {
  const all = new Map<string, readonly EarningsLine[]>();
  for (const [name, node] of world.relays) {
    all.set(name, (await callLocal(node, 'settlement', '/settlement/earnings', { interval: null }, earningsShape)).lines);
  }
  return all;
}

export function readGuardFlags(world: World): string[] {
  const consensus = world.authority.view.consensus();
  const guards = consensus?.body.relays.filter((entry) => hasFlag(entry, 'Guard')) ?? [];
  return guards.map((entry) => world.relayName(entry.id)).sort(byText((name) => name));
}

export interface Contested extends ContestLine {
  readonly case: string;
  readonly interval: number;
  readonly state: string;
  readonly decidedAt: number | null;
}

/** The docket's contests, the newest first. */
export async function readContests(world: World): Promise<readonly Contested[]> {
  const url = `${world.network.authorities[0]?.url ?? ''}/directory/docket`;
  const all: Contested[] = [];
  let before: bigint | null = null;
  do {
    const query: string = before === null ? '' : `?before=${before}`;
    const page: DocketPage = need(await world.authority.http.get(`${url}${query}`, docketPage, { answerMax: ANSWER_MAX }));
    for (const one of page.cases) {
      if (one.interval === null) continue;
      const [contestant, accused] = [world.relayName(one.reporter), world.relayName(one.accused)];
      all.push({ ...one, interval: one.interval, contestant, accused, outcome: one.state });
    }
    before = page.before;
  } while (before !== null);
  return all;
}

/** What was settled of one interval. `contests` of any. */
export function intervalReport(
  world: World,
  interval: number,
  { ious, earnings, contests, guardFlags }: Settled,
): IntervalReport {
  const lines = [...earnings].flatMap(([name, all]) =>
    all.filter((line) => line.interval === interval).map((line) => ({ name, line })),
  );
  const pair = byText((one: PaymentLine) => `${one.from}\0${one.to}`);
  const payments = lines.flatMap(({ name, line }) =>
    line.paid > 0n ? [{ from: name, to: world.relayName(line.peer), amount: line.paid }] : [],
  );
  const carried = lines.flatMap(({ name, line }) =>
    line.carryOut > 0n ? [{ from: world.relayName(line.peer), to: name, amount: line.carryOut }] : [],
  );
  const filed = contests.filter((one) => one.interval === interval);
  return {
    ious,
    payments: payments.sort(pair),
    carried: carried.sort(pair),
    contests: filed
      .map(({ contestant, accused, amount, outcome }) => ({ contestant, accused, amount, outcome }))
      .sort(byText((one) => `${one.contestant}\0${one.accused}`)),
    guardFlags,
  };
}

const balanceShape = z.object({ accounts: z.array(z.object({ guard: hex32, account: accountShape })) });

/** Every subscriber's accounts, asked of its guard now. */
export async function readAccounts(
  world: World,
): Promise<ReadonlyMap<string, readonly { readonly guard: string; readonly account: Account }[]>> {
  const all = new Map<string, readonly { readonly guard: string; readonly account: Account }[]>();
  for (const [name, { node }] of world.subscribers) {
    const answer = await node.http.local('client', '/client/balance', {}, balanceShape, { deadlineMs: 60_000 });
    // Before it has subscribed anywhere.
    const none = !answer.ok && answer.refusal.code === 'client-no-account';
    all.set(name, none ? [] : need(answer).accounts);
  }
  return all;
}

export async function totalsReport(world: World, earnings: Earnings): Promise<Pick<Report, 'relays' | 'subscribers'>> {
  const accounts = await readAccounts(world);
  const usage = new Map<string, bigint>();
  for (const { guard, account } of [...accounts.values()].flat()) {
    const name = world.relayName(guard);
    usage.set(name, (usage.get(name) ?? 0n) + account.spent);
  }
  const relays = [...earnings].map(([name, lines]) => {
    const received = sum(lines.map((line) => line.received));
    const paid = sum(lines.map((line) => line.paid));
    return { name, received, paid, net: received - paid, usageIncome: usage.get(name) ?? 0n };
  });
  const subscribers = [...accounts].map(([name, held]) => ({
    name,
    deposited: sum(held.map(({ account }) => account.deposited)),
    spent: sum(held.map(({ account }) => account.spent)),
    balance: sum(held.map(({ account }) => account.balance)),
  }));
  const byName = byText((one: { name: string }) => one.name);
  return { relays: relays.sort(byName), subscribers: subscribers.sort(byName) };
}

export function sum(amounts: readonly bigint[]): bigint {
  return amounts.reduce((total, amount) => total + amount, 0n);
}

/** In byte order. */
function byText<T>(key: (one: T) => string): (a: T, b: T) => number {
  return (a, b) => Buffer.compare(Buffer.from(key(a)), Buffer.from(key(b)));
}
