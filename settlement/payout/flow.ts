/*
 * Payout: what is due · what the funds cover · was it paid before? · intent · payment · record. One lease a wallet; an intent
 * that was written is repeated until its end is known, and nothing new is begun before. Called by the `payments` job, and for the
 * operator by payout/signing.ts.
 */
import { ok, refuser, type Result } from '../../core/refusal.ts';
import { transferIdOf } from '../../core/wire/ledger.ts';
import { inTurn } from '../../host/in-turn.ts';
import type { Tx } from '../../host/ports.ts';
import { isPaidOtherwise, paidNothing, type BatchPaid, type SentPayment } from '../../rail/rail.ts';
import { endLease, holdLease, takeLease, type Lease } from '../lease/store.ts';
import { heard, ownFallback, parametersFor, publishedFallback, scheduleFor, type Office, type OwnRail } from '../office.ts';
import type { PairState } from '../pair/decide.ts';
import { movePair } from '../pair/flow.ts';
import type { PairFigures } from '../pair/pair.ts';
import { readFiguresById, readFiguresIn, savePair } from '../pair/store.ts';
import { readRecovering } from '../recall/store.ts';
import { readOpenSweeps } from '../sweep/store.ts';
import { readOrder, readOrders, saveOrderState } from '../withdraw/store.ts';
import { coveredBy, inOrder, nextBatch, shuffled, splitFee, type Payable } from './decide.ts';
import { closeBatch, readIntents, saveIntent, type StoredBatch } from './store.ts';

export const payoutRefusals = {
  'payout-unknown': {
    retry: false,
    text: 'no batch of this id waits for a signature',
    remedy: 'see ptg payouts unsigned',
  },
  'payout-busy': {
    retry: true,
    text: 'another process pays with this wallet just now',
    remedy: 'try again in half a minute',
  },
  'payout-hot': {
    retry: false,
    text: 'no wallet of this node is signed elsewhere',
    remedy: 'nothing is to be signed: the node does it itself',
  },
} as const;
const refuse = refuser(payoutRefusals);

export interface Payouts {
  /** Pays what can be paid now. The second at which to come again at the latest, or null. */
  run(rail: string): Promise<number | null>;
  /** Gives up a batch of which nothing is signed: what it was to pay is due again, or too late. */
  void(rail: string, batch: string): Promise<Result<null>>;
}

export function createPayouts(office: Office): Payouts {
  const holder = Buffer.from(office.ports.entropy.bytes(16)).toString('hex');
  // The lease keeps other processes out, and lets in the same one twice.
  const turn = inTurn();
  return {
    run: (rail) => turn(() => runRail(office, holder, rail)),
    void: (rail, batch) => turn(() => voidIntent(office, holder, rail, batch)),
  };
}

async function runRail(office: Office, holder: string, rail: string): Promise<number | null> {
  const own = office.rail(rail);
  if (own === null || !(await office.ports.database.transaction((tx) => hasWork(office, tx, rail)))) return null;
  const run = await withLease(office, holder, rail, (lease) => payRail(office, own, lease));
  return run.until;
}

/** `until`: somebody else has it so long; nothing was done. */
async function withLease<T>(
  office: Office,
  holder: string,
  rail: string,
  work: (lease: Lease) => Promise<T>,
): Promise<{ readonly until: number } | { readonly until: null; readonly done: T }> {
  const { database, clock } = office.ports;
  const taken = await database.transaction((tx) =>
    takeLease(tx, `wallet ${rail}`, holder, { now: clock.now(), sec: leaseSec(office) }),
  );
  if (typeof taken === 'number') return { until: taken };
  try {
    return { until: null, done: await work(taken) };
  } finally {
    await database.transaction((tx) => endLease(tx, taken));
  }
}

/** The rail first: until it has let the batch go, nothing of it may be paid in another way. */
async function voidIntent(office: Office, holder: string, rail: string, id: string): Promise<Result<null>> {
  const { database, clock } = office.ports;
  const own = office.rail(rail);
  const intents = await database.transaction((tx) => readIntents(tx, rail));
  const batch = intents.find((one) => one.id === id);
  const signing = own?.wallet.signing;
  if (signing === undefined || batch === undefined) return refuse('payout-unknown', id);
  const run = await withLease(office, holder, rail, async (lease) => {
    const given = await signing.void(id);
    if (!given.ok) return given;
    return database.transaction(async (tx) => {
      // Whoever has overtaken this process may have begun the batch anew.
      if (!(await holdLease(tx, lease, clock.now() + leaseSec(office)))) return refuse('payout-busy', id);
      await release(office, tx, batch);
      await office.schedule(tx, 'payments', clock.now());
      return ok(null);
    });
  });
  return run.until === null ? run.done : refuse('payout-busy', id);
}

/** Long enough for a call, short beside the window: a process that was killed keeps the next one waiting for as long. */
function leaseSec(office: Office): number {
  const windowSec = parametersFor(office, -1)?.paymentWindowSec ?? 0;
  return Math.max(2, Math.min(30, Math.floor(windowSec / 10)));
}

async function hasWork(office: Office, tx: Tx, rail: string): Promise<boolean> {
  return (await readIntents(tx, rail)).length > 0 || (await readPayables(office, tx, rail)).length > 0;
}

async function payRail(office: Office, own: OwnRail, lease: Lease): Promise<void> {
  const { database } = office.ports;
  const rail = own.wallet.rail;
  for (const batch of await database.transaction((tx) => readIntents(tx, rail))) {
    if ((await execute(office, own, batch)) === 'unknown') return;
  }
  for (;;) {
    let payables = await database.transaction((tx) => readPayables(office, tx, rail));
    if (payables.length === 0) return;
    const short = new Set<Payable>();
    while (payables.length > 0) {
      const batch = await chooseBatch(office, own, payables, short);
      if (batch === null) return;
      const looked = await lookUp(office, own, batch);
      if (looked === 'unknown') return;
      if (looked === 'found') break;
      const intent = await database.transaction((tx) => writeIntent(office, tx, lease, rail, batch));
      if (intent === null || (await execute(office, own, intent)) === 'unknown') return;
      // All that is left is read again at the end alone: of thousands that are due each batch takes hundreds.
      const gone = new Set(batch);
      payables = payables.filter((one) => !gone.has(one));
    }
  }
}

async function readPayables(office: Office, tx: Tx, rail: string): Promise<Payable[]> {
  const now = office.ports.clock.now();
  const due = (await readFiguresIn(tx, payable)).filter((one) => one.rail === rail && mayLeave(office, one, now));
  const orders = (await readOrders(tx, 'accepted')).filter((one) => one.rail === rail);
  const sweeps = new Set((await readOpenSweeps(tx)).map((one) => one.id));
  return inOrder([
    ...due.map((pair) => payableOf(pair)),
    ...orders.map(({ id, destination, amount }) => ({
      ...{ kind: 'order' as const, name: id, destination, amount, alone: true },
      isLast: sweeps.has(id),
    })),
  ]);
}

const payable: readonly PairState[] = ['due', 'awaiting'];

function payableOf(pair: PairFigures): Payable {
  const destination = pair.destination as string;
  return { kind: 'settlement', name: pair.id, destination, amount: pair.amount, alone: pair.fallback };
}

/**
 * Until the payment window ends, unless the operator pays late. After a restore the counterpart is asked first; a silent one is
 * waited for until half of the window.
 */
function mayLeave(office: Office, pair: PairFigures, now: number): boolean {
  const schedule = scheduleFor(office, pair.interval);
  if (schedule === null) return false;
  const { bst, paymentEnd } = schedule;
  const isOpen = pair.approved || now < paymentEnd;
  return isOpen && !(pair.recall && now < bst + Math.floor((paymentEnd - bst) / 2));
}

/** What goes out next, or null when nothing does; those that the funds do not cover are marked, once: `short` are marked. */
async function chooseBatch(
  office: Office,
  own: OwnRail,
  payables: readonly Payable[],
  short: Set<Payable>,
): Promise<Payable[] | null> {
  const { database } = office.ports;
  const covered = await coverNow(office, own, payables);
  if (covered === null) return null;
  const paid = new Set(covered);
  const left = payables.filter((one) => !paid.has(one) && !short.has(one));
  await database.transaction(async (tx) => {
    for (const { kind, name } of left) {
      const pair = kind === 'settlement' ? await readFiguresById(tx, name) : null;
      if (pair !== null) await movePair(office, tx, pair, { kind: 'short' });
    }
  });
  for (const one of left) short.add(one);
  return covered.length === 0 ? null : nextBatch(covered, own.wallet.batchMax);
}

/** Null while the rail does not answer, or costs too much. The fee is first taken for all, then for those that are covered. */
async function coverNow(office: Office, { wallet }: OwnRail, payables: readonly Payable[]): Promise<Payable[] | null> {
  const balance = heard(office, wallet.rail, await wallet.balance());
  const feeOfAll = await wallet.quote(payables.length);
  const refused = !balance.ok ? balance : feeOfAll;
  if (!refused.ok) office.ports.log.warn('payments-wait', { role: 'settlement', code: refused.refusal.code });
  if (!balance.ok || !feeOfAll.ok) return null;
  const first = coveredBy(balance.value - feeOfAll.value, payables);
  if (first.length === payables.length) return first;
  const fee = await wallet.quote(first.length + 1);
  return fee.ok ? coveredBy(balance.value - fee.value, payables).slice(0, first.length + 1) : null;
}

/**
 * Before paying: whether this wallet has paid to a settlement's own destination already; what is not final is waited for. A fallback
 * that is not the settlement's own tells nothing.
 */
async function lookUp(office: Office, own: OwnRail, batch: readonly Payable[]): Promise<'clear' | 'found' | 'unknown'> {
  const owed = batch.filter(({ kind }) => kind === 'settlement');
  const fallbacks = await office.ports.database.transaction((tx) => lostFallbacks(office, tx, own, owed));
  const places = ({ name, destination, alone }: Payable): string[] =>
    [alone ? [] : destination, fallbacks.get(name) ?? []].flat();
  const sent = await own.wallet.sentTo(owed.flatMap(places));
  if (!sent.ok) return 'unknown';
  const looked = new Set<'found' | 'unknown'>();
  const byPlace = new Map<string, SentPayment[]>();
  for (const one of sent.value) byPlace.set(one.destination, [...(byPlace.get(one.destination) ?? []), one]);
  for (const one of owed) {
    const payments = places(one).flatMap((place) => byPlace.get(place) ?? []);
    const payment = payments.find(({ amount }) => amount >= one.amount);
    if (payment === undefined) continue;
    looked.add(payment.isFinal ? 'found' : 'unknown');
    if (!payment.isFinal) continue;
    await office.ports.database.transaction(async (tx) => {
      const pair = await readFiguresById(tx, one.name);
      const { destination } = payment;
      const at = { destination, fallback: destination === fallbacks.get(one.name) };
      const changes = { ...at, payment: payment.payment, paid: one.amount, paidAt: payment.at };
      if (pair !== null) await movePair(office, tx, pair, { kind: 'found' }, changes);
    });
  }
  return looked.has('unknown') ? 'unknown' : looked.has('found') ? 'found' : 'clear';
}

/** Of a debt that is not to be paid now: whether books that a restore has lost paid it. */
export async function findPaid(office: Office, pair: PairFigures): Promise<void> {
  const own = pair.rail === null ? null : office.rail(pair.rail);
  if (own !== null && pair.destination !== null) await lookUp(office, own, [payableOf(pair)]);
}

/** Where a settlement may have been paid by what a restore has lost, while its creditor was silent. By the settlement's id. */
async function lostFallbacks(office: Office, tx: Tx, own: OwnRail, owed: readonly Payable[]): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  const recovering = await readRecovering(tx);
  if (recovering === null) return found;
  for (const { name } of owed) {
    const pair = await readFiguresById(tx, name);
    if (pair === null || pair.interval > recovering) continue;
    const fallback = ownFallback(own, publishedFallback(office, own.wallet.rail, pair.peer), name);
    if (fallback !== null) found.set(name, fallback);
  }
  return found;
}

/** Null when another process has the lease now, or a row has gone on meanwhile. */
async function writeIntent(
  office: Office,
  tx: Tx,
  lease: Lease,
  rail: string,
  chosen: readonly Payable[],
): Promise<StoredBatch | null> {
  const now = office.ports.clock.now();
  if (!(await holdLease(tx, lease, now + leaseSec(office)))) return null;
  for (const one of chosen) if (!(await isStillPayable(office, tx, rail, one, now))) return null;
  // By its outputs alone, so that after a void batch, or by a restored database, the same debts are the same batch again.
  const names = chosen.map((one) => one.name).sort();
  const id = transferIdOf('payout', names.join(' '));
  const outputs = shuffled(chosen, office.ports.entropy.bytes(16));
  const batch = await saveIntent(tx, { id, rail, outputs, fence: lease.fence, madeAt: now });
  for (const { kind, name } of batch.outputs) {
    if (kind === 'order') await saveOrderState(tx, name, { state: 'sent', payment: null, fee: 0n });
    const pair = kind === 'settlement' ? await readFiguresById(tx, name) : null;
    if (pair !== null) await movePair(office, tx, pair, { kind: 'intent' });
  }
  return batch;
}

async function isStillPayable(office: Office, tx: Tx, rail: string, chosen: Payable, now: number): Promise<boolean> {
  const { kind, name, destination, amount } = chosen;
  if (kind === 'order') return (await readOrder(tx, name))?.state === 'accepted';
  const pair = await readFiguresById(tx, name);
  // A settlement that both had signed may have taken the place of a fallback meanwhile.
  const isSame = pair?.rail === rail && pair.destination === destination && pair.amount === amount;
  return isSame && payable.includes(pair.state) && mayLeave(office, pair, now);
}

/**
 * `waits`: it is under way, and asked about again at the next look; its coins are set aside, so that others may go out meanwhile.
 * `unknown`: it is not known what the rail did, or nothing was paid: then no other batch is tried now.
 */
async function execute(office: Office, own: OwnRail, batch: StoredBatch): Promise<'paid' | 'waits' | 'unknown'> {
  const { database, log } = office.ports;
  const outputs = batch.outputs.map(({ destination, amount }) => ({ destination, amount }));
  const paid = await own.wallet.pay({ id: batch.id, outputs });
  if (!paid.ok) {
    log.warn('batch-not-paid', { role: 'settlement', code: paid.refusal.code, count: outputs.length });
    if (paidNothing(paid.refusal)) await database.transaction((tx) => release(office, tx, batch));
    // For the operator to look into.
    return isPaidOtherwise(paid.refusal) ? 'waits' : 'unknown';
  }
  const { value } = paid;
  if ('waits' in value) return 'waits';
  await database.transaction((tx) => record(office, tx, batch, value));
  return 'paid';
}

async function record(office: Office, tx: Tx, batch: StoredBatch, { payments, fee }: BatchPaid): Promise<void> {
  if (!(await closeBatch(tx, batch.id, 'paid', fee))) return;
  const shares = splitFee(fee, batch.outputs.length);
  for (const [place, { kind, name, amount }] of batch.outputs.entries()) {
    const [payment, share] = [payments[place] as string, shares[place] as bigint];
    if (kind === 'order') {
      await saveOrderState(tx, name, { state: 'paid', payment, fee: share });
      continue;
    }
    const pair = await readFiguresById(tx, name);
    if (pair === null) continue;
    const changes = { payment, paid: amount, paidAt: office.ports.clock.now(), fee: share };
    // Its receipt may have come before the rail's answer did.
    const moved = await movePair(office, tx, pair, { kind: 'paid' }, changes);
    if (moved === null) await savePair(tx, { ...pair, ...changes });
  }
}

/** Nothing was paid: the rows are due again, or too late. */
async function release(office: Office, tx: Tx, batch: StoredBatch): Promise<void> {
  if (!(await closeBatch(tx, batch.id, 'void', 0n))) return;
  const now = office.ports.clock.now();
  for (const { kind, name } of batch.outputs) {
    if (kind === 'order') await saveOrderState(tx, name, { state: 'accepted', payment: null, fee: 0n });
    const pair = kind === 'settlement' ? await readFiguresById(tx, name) : null;
    if (pair === null) continue;
    const late = !pair.approved && now >= (scheduleFor(office, pair.interval)?.paymentEnd ?? 0);
    const undone = pair.state === 'paid' ? { payment: null, paid: 0n, paidAt: null, fee: 0n } : {};
    await movePair(office, tx, pair, { kind: 'void', late }, undone);
  }
}
