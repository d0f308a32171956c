/*
 * Receipt: notice or income → the payment is on the rail, whole → proof → signed receipt → the debtor stores it, and each side
 * tells its relay. Called by http.ts, the `payments` job and the outbox.
 */
import { z } from 'zod';
import { sign, signedSchema, type Signed } from '../../core/crypto/sign.ts';
import { done, type Done } from '../../core/local/messages.ts';
import { ok, refuser, type Result } from '../../core/refusal.ts';
import { noCarry } from '../../core/rule/net.ts';
import { hex32, railName } from '../../core/wire/field.ts';
import { countersignedSettlement, receipt, settlementRefusals, type Receipt } from '../../core/wire/settlement.ts';
import type { OutboxKind } from '../../host/outbox.ts';
import type { Tx } from '../../host/ports.ts';
import { sideBySide } from '../../host/side-by-side.ts';
import { confirm } from '../agree/flow.ts';
import { reckoned, reckonNow } from '../agree/write.ts';
import { arrive, type Income } from '../income/flow.ts';
import { addIncome, type Arrived } from '../income/store.ts';
import { callPeer, ownFallback, type Office } from '../office.ts';
import { movePair } from '../pair/flow.ts';
import { bothSigned, type Pair, type PairFigures } from '../pair/pair.ts';
import { isPaymentUsed, readFiguresIn, readPair, readPairById } from '../pair/store.ts';
import { pairNamed } from '../recall/store.ts';
import { checkReceipt } from './decide.ts';

/** Debtor → creditor: which payment it is, and the settlement with both signatures in case the creditor never got it. */
export const notice = z.strictObject({
  settlement: hex32,
  rail: railName,
  payment: z.string().max(200),
  signed: countersignedSettlement.nullable(),
});
export type Notice = z.infer<typeof notice>;

const refuse = refuser(settlementRefusals);
const signedReceipt = signedSchema(receipt);

/** POST /settlement/notices. */
export async function answerNotice(
  office: Office,
  income: Income,
  from: string,
  given: Notice,
): Promise<Result<Signed<Receipt>>> {
  const { database, clock } = office.ports;
  const before = await database.transaction(async (tx) => {
    const pair = await readPairById(tx, given.settlement);
    if (pair !== null && pair.peer === from && given.signed !== null) await confirm(office, tx, pair, given.signed);
    return pair;
  });
  const mayBePaid = before !== null && (before.side === 'creditor' || isUnreckoned(before));
  if (!mayBePaid || before.peer !== from) return refuse('receipt-unknown', given.settlement);
  if (before.receipt !== null) return ok(before.receipt);
  const collected = await income.collect(given.rail);
  if (!collected.ok) return collected;
  // Income: what waited for funds may go out now.
  await database.transaction((tx) => office.schedule(tx, 'payments', clock.now()));
  await findPayment(office, before, given);
  const pair = await database.transaction((tx) => readPairById(tx, given.settlement));
  const answer = pair === null ? null : await discharge(office, pair);
  return answer === null ? refuse('receipt-unknown', given.settlement) : answer;
}

/** Of who was restored, and could ask nobody before the window was over: it may be paid at the fallback. */
function isUnreckoned({ side, state }: Pair): boolean {
  return side === null && state === 'lapsed';
}

/** Not at the fresh destination in what came in: perhaps there before this database was, or at the fallback (rule 9). */
async function findPayment(office: Office, before: Pair, { rail, payment }: Notice): Promise<void> {
  const own = office.rail(rail);
  if (own === null || (before.rail !== null && before.rail !== rail)) return;
  const { database } = office.ports;
  const now = await database.transaction((tx) => readPairById(tx, before.id));
  if (now?.payment !== null) return;
  for (const place of [before.destination, own.reader.fallbackFor(own.wallet.fallback(), before.id)]) {
    const history = place === null ? null : await own.reader.history(place);
    const one = history?.ok === true ? history.value.find((found) => found.payment === payment) : undefined;
    // What can be taken back yet is not income: the rail proves what is final.
    if (one === undefined || !(await own.reader.prove(payment)).ok) continue;
    await database.transaction(async (tx) => {
      const pair = await readPairById(tx, before.id);
      if (pair === null || pair.payment !== null || (await isPaymentUsed(tx, rail, payment))) return;
      await addIncome(tx, rail, one, { kind: 'other' });
      if (place === before.destination) await arrive(office, tx, pair, one);
      else await arrive(office, tx, await asFallback(office, tx, pair, rail, one), one);
    });
  }
}

/**
 * At its fallback, without a notice: the debtor may be gone, or have lost its books since. Null where nothing came, and on a rail that
 * does not make the fallback the settlement's own.
 */
export async function takeAtFallback(
  office: Office,
  tx: Tx,
  pair: Pair,
  unexplained: ReadonlyMap<string, Arrived>,
): Promise<PairFigures | null> {
  const own = pair.rail === null ? null : office.rail(pair.rail);
  if (own === null || pair.side !== 'creditor') return null;
  const one = unexplained.get(ownFallback(own, own.wallet.fallback(), pair.id) ?? '');
  if (one === undefined) return null;
  const arrived = await arrive(office, tx, await asFallback(office, tx, pair, own.wallet.rail, one), one);
  // The job signs the receipt.
  if (arrived !== null) await office.schedule(tx, 'payments', office.ports.clock.now());
  return arrived;
}

/**
 * What is due at a fallback: the net of the last IOUs, without the carry that not both signed. The debtor pays there by the last one
 * that it issued, which a creditor that was away may never have got: what is more than this side can reckon was due as well.
 */
async function asFallback(office: Office, tx: Tx, pair: Pair, rail: string, one: Arrived): Promise<Pair> {
  const { destination, amount: paid } = one;
  // What both signed stands, wherever it is paid.
  if (pair.countersignature !== null) return { ...pair, destination, fallback: true };
  const net = await reckonNow(office, tx, pair, false);
  if (net?.rail !== rail || (net.side !== 'creditor' && !isUnreckoned(pair))) return pair;
  const due = net.side === 'creditor' ? net.amount + net.forgiven + net.carryOut.amount : 0n;
  const known = { ...net, carryOut: noCarry, forgiven: due - net.amount };
  const more = { ...known, side: 'creditor' as const, amount: paid, forgiven: 0n, heldValue: net.issuedValue + paid };
  return { ...pair, ...reckoned(paid > due ? more : known), destination, fallback: true };
}

/** Null where nothing has arrived, a refusal while the rail cannot prove it. */
export async function discharge(office: Office, pair: Pair): Promise<Result<Signed<Receipt>> | null> {
  return pair.receipt !== null ? ok(pair.receipt) : signReceipt(office, pair);
}

/** Of what has arrived. */
async function signReceipt(office: Office, pair: PairFigures): Promise<Result<Signed<Receipt>> | null> {
  const own = pair.rail === null ? null : office.rail(pair.rail);
  if (pair.state !== 'received' || own === null || pair.payment === null) return null;
  const proof = await own.reader.prove(pair.payment);
  if (!proof.ok) return proof;
  const { number, key } = office.signer(pair.interval);
  const body: Receipt = {
    creditor: office.me,
    creditorKey: number,
    debtor: pair.peer,
    settlement: pair.id,
    interval: pair.interval,
    rail: own.wallet.rail,
    amount: pair.amount,
    payment: pair.payment,
    proof: proof.value,
    at: office.ports.clock.now(),
  };
  const signed = sign('receipt', office.networkId, body, key);
  return office.ports.database.transaction(async (tx) => {
    const current = await readPair(tx, pair.interval, pair.peer);
    if (current !== null && current.receipt !== null) return ok(current.receipt);
    if (current !== null) await movePair(office, tx, current, { kind: 'discharged' }, { receipt: signed });
    return ok(signed);
  });
}

/** Each is a call to the rail. */
const PROOFS_AT_ONCE = 16;

/** For income that no notice came with. */
export async function dischargeAll(office: Office): Promise<void> {
  const received = await office.ports.database.transaction((tx) => readFiguresIn(tx, ['received']));
  await sideBySide(received, PROOFS_AT_ONCE, (pair) => signReceipt(office, pair));
}

/** POST /settlement/receipts. */
export async function takeReceipt(office: Office, from: string, signed: Signed<Receipt>): Promise<Result<Done>> {
  return office.ports.database.transaction(async (tx) => {
    const taken = await storeReceipt(office, tx, from, signed);
    return taken.ok ? ok({ done: true as const }) : taken;
  });
}

export async function storeReceipt(office: Office, tx: Tx, from: string, signed: Signed<Receipt>): Promise<Result<unknown>> {
  const pair = await readPair(tx, signed.body.interval, from);
  const checked = checkReceipt(office, from, signed, pair);
  if (!checked.ok || pair === null) return checked;
  if (pair.receipt !== null) return ok(null);
  const { payment, amount, at } = signed.body;
  // Paid by a database that is lost, or by a batch whose record is still to come.
  const paid = pair.paid > 0n ? {} : { payment, paid: amount, paidAt: at };
  const moved = await movePair(office, tx, pair, { kind: 'receipt' }, { receipt: checked.value, ...paid });
  return moved === null ? refuse('receipt-unknown', pair.id) : ok(null);
}

export function noticeKind(office: Office): OutboxKind {
  const { database, log } = office.ports;
  return {
    async send(row) {
      const { interval, peer } = pairNamed(row.body);
      const pair = await database.transaction((tx) => readPair(tx, interval, peer));
      if (pair?.state !== 'paid' || pair.payment === null || pair.rail === null) return ok(null);
      const body: Notice = { settlement: pair.id, rail: pair.rail, payment: pair.payment, signed: bothSigned(pair) };
      return callPeer(office, peer, { path: '/settlement/notices', tag: 'notice', body }, signedReceipt);
    },
    async done(tx, row, answer) {
      if (answer === null) return;
      const { interval, peer } = pairNamed(row.body);
      const taken = await storeReceipt(office, tx, peer, answer as Signed<Receipt>);
      if (!taken.ok) log.warn('receipt-refused', { role: 'settlement', relay: peer, interval, code: taken.refusal.code });
    },
    async refused(_tx, row, refusal) {
      const { interval, peer } = pairNamed(row.body);
      log.warn('notice-refused', { role: 'settlement', relay: peer, interval, code: refusal.code });
    },
  };
}

export function receiptKind(office: Office): OutboxKind {
  const { database, log } = office.ports;
  return {
    async send(row) {
      const { interval, peer } = pairNamed(row.body);
      const pair = await database.transaction((tx) => readPair(tx, interval, peer));
      if (pair === null || pair.receipt === null) return ok(null);
      const call = { path: '/settlement/receipts', tag: 'receipt', body: pair.receipt };
      return callPeer(office, peer, call, done);
    },
    async done() {},
    async refused(_tx, row, refusal) {
      const { interval, peer } = pairNamed(row.body);
      log.warn('receipt-not-taken', { role: 'settlement', relay: peer, interval, code: refusal.code });
    },
  };
}
