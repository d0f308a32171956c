/*
 * What the balance settlement time and the end of the payment window do to the pairs of an interval. Called by the stages `bst`,
 * `lapse` and `forget`; the operator's approval by http.ts.
 */
import { ok, type Result } from '../../core/refusal.ts';
import type { Schedule } from '../../core/rule/interval.ts';
import { noCarry } from '../../core/rule/net.ts';
import type { Contest } from '../../core/wire/contest.ts';
import type { Tx } from '../../host/ports.ts';
import { reckoned, reckonNow } from '../agree/write.ts';
import { claimOf, contestUnpaid, owedAtOnce } from '../contest/file.ts';
import { readCasesIn } from '../contest/store.ts';
import type { Income } from '../income/flow.ts';
import { readUnexplained, type Arrived } from '../income/store.ts';
import { fetchLetters } from '../letter/flow.ts';
import { pollSec, publishedFallback, scheduleFor, type Office } from '../office.ts';
import { movePair } from '../pair/flow.ts';
import { unfinished, type PairState } from '../pair/decide.ts';
import { isUnasked, type Pair, type PairFigures } from '../pair/pair.ts';
import { dropIous, hasPairsOf, readFiguresById, readFiguresIn, readFiguresOf, readPair } from '../pair/store.ts';
import { takeAtFallback } from '../receipt/flow.ts';

/**
 * The stage `bst`. Null when every pair has what it is paid by; else when to look again. Of who was away until the window was over
 * the operator decides: what it owes goes to the fallback, and waits for its word. So it does after a restore while the counterpart has
 * not said what it holds: a settlement may have been signed, and paid, that these books have lost.
 */
export async function settleBalances(office: Office, interval: number, now: number): Promise<number | null> {
  const schedule = scheduleFor(office, interval);
  if (schedule === null) return null;
  const { database } = office.ports;
  const isLate = now >= schedule.paymentEnd;
  const silent = await database.transaction((tx) => hasPairsOf(tx, interval, unsigned));
  const reached = silent && !isLate ? await fetchLetters(office) : 0;
  return database.transaction(async (tx) => {
    let waiting = false;
    for (const { peer } of await readFiguresOf(tx, interval, unsigned)) {
      const pair = await readPair(tx, interval, peer);
      if (pair === null) continue;
      if (isWorthWaiting(pair, reached > 0, schedule, now)) waiting = true;
      else await useFallback(office, tx, pair, isLate || pair.recall ? 'manual' : office.payouts);
    }
    for (const pair of isLate ? [] : await readFiguresOf(tx, interval, ['agreed'])) {
      await movePair(office, tx, pair, { kind: 'bst', payouts: office.payouts });
    }
    await office.schedule(tx, 'payments', now);
    return waiting ? Math.min(now + pollSec(office), halfOf(schedule)) : null;
  });
}

/** Not by me as debtor. */
const unsigned: readonly PairState[] = ['open', 'stated'];

/**
 * The fallback is for the silent. Who has stated is at work; and who could have fetched a destination may not use the
 * fallback. Until
 * half of the window.
 */
function isWorthWaiting(pair: Pair, mailboxAnswered: boolean, schedule: Schedule, now: number): boolean {
  return now < halfOf(schedule) && (pair.recall || pair.theirs !== null || !mailboxAnswered);
}

function halfOf({ bst, paymentEnd }: Schedule): number {
  return bst + Math.floor((paymentEnd - bst) / 2);
}

/**
 * Rule 9: the net of the last IOUs. A carry needs both signatures, so none is taken in, and the rest under a quantum is
 * dropped.
 */
async function useFallback(office: Office, tx: Tx, pair: Pair, payouts: Office['payouts']): Promise<void> {
  const net = await reckonNow(office, tx, pair, false);
  const published = net === null ? undefined : publishedFallback(office, net.rail, pair.peer);
  const reader = net === null ? undefined : office.rail(net.rail)?.reader;
  if (net === null || net.side !== 'debtor' || net.amount === 0n || published === undefined || reader === undefined) return;
  const destination = reader.fallbackFor(published, pair.id);
  if (!reader.isDestination(destination, net.amount)) return;
  const forgiven = net.forgiven - net.carryOut.amount;
  const changes = { ...reckoned({ ...net, carryOut: noCarry, forgiven }), destination, fallback: true };
  await movePair(office, tx, pair, { kind: 'silent', payouts }, changes);
  office.ports.log.warn('fallback-used', { role: 'settlement', relay: pair.peer, interval: pair.interval });
}

/** The stage `lapse`. An unpaid creditor may contest from here on. */
export async function endWindow(office: Office, income: Income, interval: number, now: number): Promise<number | null> {
  const { contestEnd = now, paymentEnd = now, booksClose = now } = scheduleFor(office, interval) ?? {};
  const away = new Set<string>();
  for (const rail of office.rails) {
    const collected = await income.collect(rail);
    // Who cannot see its rail does not say that it was not paid, until half of the time in which that matters has gone by.
    if (!collected.ok && now < paymentEnd + Math.floor((contestEnd - paymentEnd) / 2)) away.add(rail);
  }
  await office.ports.database.transaction(async (tx) => {
    const unpaid: { pair: Pair; body: Contest }[] = [];
    const unexplained = new Map<string, ReadonlyMap<string, Arrived>>();
    for (const rail of office.rails) unexplained.set(rail, await readUnexplained(tx, rail, booksClose));
    for (const { peer, approved, rail, side } of await readFiguresOf(tx, interval, unfinished)) {
      const isUnseen = side === 'creditor' && rail !== null && away.has(rail);
      const pair = approved || isUnseen ? null : await readPair(tx, interval, peer);
      const isPaid = pair !== null && (await takeAtFallback(office, tx, pair, unexplained.get(rail ?? '') ?? new Map())) !== null;
      const ended = pair === null || isPaid ? null : await endPair(office, tx, pair);
      if (ended !== null) unpaid.push(ended);
    }
    await contestUnpaid(office, tx, unpaid);
  });
  return away.size > 0 ? now + pollSec(office) : null;
}

/** What may be contested of it, or null. A carry that the debtor did not sign is owed at once. */
async function endPair(office: Office, tx: Tx, pair: Pair): Promise<{ pair: Pair; body: Contest } | null> {
  // What would be forgiven by the settlement is not asked for because it was not signed.
  const isOwed = (pair.state === 'claimed' || pair.state === 'expecting') && (pair.amount > 0n || pair.carryOut.amount > 0n);
  const body = isOwed && !pair.recall ? await claimOf(office, tx, pair) : null;
  const over = { kind: 'over', zero: body === null && pair.amount === 0n } as const;
  const moved = await movePair(office, tx, pair, over, body === null ? {} : owedAtOnce(pair, body));
  return moved?.state === 'unpaid' && body !== null ? { pair: moved, body } : null;
}

/** The stage `forget`, when no appeal can come any more. */
export async function forgetIous(office: Office, interval: number): Promise<null> {
  await office.ports.database.transaction((tx) => dropIous(tx, interval));
  return null;
}

export type Approval = { readonly ids: readonly string[] } | { readonly all: true };

/**
 * Releases what waits for the operator, and what it is accused of; by its id also what else the window has left behind, which is paid
 * late, and what a restored node could not ask about.
 */
export async function approve(office: Office, approval: Approval): Promise<Result<{ approved: string[] }>> {
  const { database, clock } = office.ports;
  return database.transaction(async (tx) => {
    const approved: string[] = [];
    for (const pair of await approvable(tx, approval)) {
      if (pair.side !== 'debtor' || pair.destination === null || pair.amount === 0n) continue;
      if ((await movePair(office, tx, pair, { kind: 'approved' }, { approved: pair.state === 'lapsed' })) !== null)
        approved.push(pair.id);
    }
    await office.schedule(tx, 'payments', clock.now());
    return ok({ approved });
  });
}

async function approvable(tx: Tx, approval: Approval): Promise<PairFigures[]> {
  const found: PairFigures[] = [];
  if ('all' in approval) {
    found.push(...(await readFiguresIn(tx, ['manual'])).filter((pair) => !isUnasked(pair)));
    for (const { id, part } of await readCasesIn(tx, ['open', 'answered', 'upheld'])) {
      const pair = part === 'accused' ? await readFiguresById(tx, id) : null;
      if (pair?.state === 'lapsed') found.push(pair);
    }
    return found;
  }
  for (const id of approval.ids) {
    const pair = await readFiguresById(tx, id);
    if (pair !== null) found.push(pair);
  }
  return found;
}
