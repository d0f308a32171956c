/*
 * `ptg status`, settlement's part: what is owed and owing, what waits for whom, and when what happens next. Called by http.ts.
 */
import { ok, type Result } from '../../core/refusal.ts';
import { live } from '../contest/case.ts';
import { shownCase } from '../contest/read.ts';
import { readCasesIn } from '../contest/store.ts';
import { heard, scheduleFor, runningInterval, type Office } from '../office.ts';
import type { PairState } from '../pair/decide.ts';
import { readUndone } from '../income/store.ts';
import { isUnasked, type PairFigures } from '../pair/pair.ts';
import { readFiguresById, readFiguresIn } from '../pair/store.ts';
import { readIntents } from '../payout/store.ts';
import { readNewestInterval } from '../period/store.ts';
import { readOrders } from '../withdraw/store.ts';
import type { Tx } from '../../host/ports.ts';

const shown: readonly PairState[] = [
  ...(['open', 'stated', 'agreed', 'manual', 'due', 'awaiting', 'paying', 'paid'] as const),
  ...(['claimed', 'expecting', 'received', 'unpaid', 'contested', 'lapsed'] as const),
];

export async function showStatus(office: Office): Promise<Result<unknown>> {
  const { database, clock } = office.ports;
  const { pairs, orders, next, cases, undone, intents } = await database.transaction(async (tx) => ({
    pairs: await readFiguresIn(tx, shown),
    orders: [...(await readOrders(tx, 'accepted')), ...(await readOrders(tx, 'sent'))],
    next: await readNewestInterval(tx),
    cases: await readCasesIn(tx, ['asked', ...live]),
    undone: await undoneOf(office, tx),
    intents: (await Promise.all(office.rails.map((rail) => readIntents(tx, rail)))).flat(),
  }));
  const newest = next ?? runningInterval(office);
  const schedules = newest === null ? [] : [newest - 1, newest].flatMap((interval) => momentsOf(office, interval));
  const schedule = next === null ? null : scheduleFor(office, next);
  const states: Partial<Record<PairState, number>> = {};
  const manual = pairs.filter((one) => one.state === 'manual');
  for (const { state } of pairs) states[state] = (states[state] ?? 0) + 1;
  return ok({
    relay: office.me,
    nickname: office.nickname,
    payouts: office.payouts,
    running: runningInterval(office),
    now: clock.now(),
    next: next === null || schedule === null ? null : { interval: next, booksClose: schedule.booksClose, bst: schedule.bst },
    schedules,
    owed: sumOf(pairs, ['claimed', 'expecting', 'received', 'unpaid']),
    owing: sumOf(pairs, ['stated', 'agreed', 'manual', 'due', 'awaiting', 'paying', 'lapsed']),
    awaitingFunds: sumOf(pairs, ['awaiting']),
    needsApproval: manual.filter((one) => !isUnasked(one)).map((one) => one.id),
    needsAnswer: manual.filter(isUnasked).map((one) => one.id),
    contests: cases.map((one) => shownCase(office, one)),
    states,
    ordersOpen: orders.length,
    undone,
    waiting: await waitingOf(office, intents.length),
    downSince: await downSince(office),
  });
}

/** What was final and is in no block any more: `income` that does not count, `payment` of mine that was sent again. */
export interface Undone {
  readonly kind: 'income' | 'payment';
  readonly rail: string;
  readonly amount: bigint;
  readonly payment: string | null;
  readonly interval: number | null;
  readonly peer: string | null;
  readonly nickname: string | null;
}

async function undoneOf(office: Office, tx: Tx): Promise<Undone[]> {
  const nicknameOf = (peer: string) => office.ports.network.descriptor(peer)?.body.nickname ?? null;
  const of = (pair: PairFigures | null) =>
    pair === null
      ? { interval: null, peer: null, nickname: null }
      : { interval: pair.interval, peer: pair.peer, nickname: nicknameOf(pair.peer) };
  const found: Undone[] = [];
  for (const { rail, amount, payment, name } of await readUndone(tx)) {
    found.push({ kind: 'income', rail, amount, payment, ...of(name === null ? null : await readFiguresById(tx, name)) });
  }
  for (const rail of office.rails) {
    for (const { outputs } of await readIntents(tx, rail)) {
      for (const { kind, name, amount } of outputs) {
        const pair = kind === 'settlement' ? await readFiguresById(tx, name) : null;
        // The fee is booked when a batch is final: a receipt may come before that.
        if (pair === null || (pair.state !== 'paid' && pair.state !== 'receipted') || pair.fee === 0n) continue;
        found.push({ kind: 'payment', rail, amount, payment: pair.payment, ...of(pair) });
      }
    }
  }
  return found;
}

/** Each is asked, so that none is shown as down that is back. */
async function downSince(office: Office): Promise<Record<string, number>> {
  await Promise.all(office.ports.rails.map(async ({ wallet }) => heard(office, wallet.rail, await wallet.balance())));
  return Object.fromEntries(office.downSince);
}

/** Batches that are under way, by what they wait for. */
async function waitingOf({ ports }: Office, intents: number): Promise<{ signature: number; confirmations: number }> {
  const unsigned = await Promise.all(ports.rails.map(async ({ wallet }) => (await wallet.signing?.unsigned())?.length ?? 0));
  const signature = unsigned.reduce((sum, one) => sum + one, 0);
  return { signature, confirmations: intents - signature };
}

/** Of the newest two intervals: the earlier may still have its settlement time to come. */
function momentsOf(office: Office, interval: number): { interval: number; booksClose: number; bst: number }[] {
  const schedule = interval < 0 ? null : scheduleFor(office, interval);
  return schedule === null ? [] : [{ interval, booksClose: schedule.booksClose, bst: schedule.bst }];
}

/** By rail. */
function sumOf(pairs: readonly PairFigures[], states: readonly PairState[]): Record<string, bigint> {
  const sums: Record<string, bigint> = {};
  for (const { rail, state, amount } of pairs) {
    if (rail !== null && amount > 0n && states.includes(state)) sums[rail] = (sums[rail] ?? 0n) + amount;
  }
  return sums;
}
