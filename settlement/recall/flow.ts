/*
 * Recall (rule 8): after a restore every relay is asked what settlements and receipts it holds of us, before anything with it is
 * reckoned or paid. The answer is checked like anything else. Called at the start, by the outbox, and by http.ts.
 */
import { z } from 'zod';
import { signedSchema, verify, verifyBoth, type Countersigned, type Signed } from '../../core/crypto/sign.ts';
import { BODY_BYTES_MAX } from '../../core/limits.ts';
import { ok, type Result } from '../../core/refusal.ts';
import { turned } from '../../core/rule/net.ts';
import { encode } from '../../core/wire/codec.ts';
import { interval as intervalField } from '../../core/wire/field.ts';
import { totalsOf } from '../../core/wire/iou.ts';
import { countersignedSettlement, receipt, settlementId, type Receipt, type Settlement } from '../../core/wire/settlement.ts';
import type { OutboxKind } from '../../host/outbox.ts';
import type { Tx } from '../../host/ports.ts';
import { reckonRow } from '../agree/write.ts';
import { readCarry, readCarryPeers, saveCarry } from '../carry/store.ts';
import { readVoid } from '../contest/store.ts';
import { callPeer, parametersFor, runningInterval, scheduleFor, settlementKeyOf, termsFor, type Office } from '../office.ts';
import { catchUp, movePair, pairWith } from '../pair/flow.ts';
import { bothSigned, openPair, type Pair } from '../pair/pair.ts';
import { reckonOn, type Reckoning } from '../pair/reckon.ts';
import { readFiguresIn, readPair, readPairsWith, readSignedWith, savePair } from '../pair/store.ts';
import { readNewestInterval, stepBack } from '../period/store.ts';
import { storeReceipt } from '../receipt/flow.ts';
import { statementMessage } from '../statement/flow.ts';
import { pairNamed, readRestore, saveRecovery } from './store.ts';

/** `interval`: that one alone; else all after `after`. */
export const recallQuery = z.strictObject({ interval: intervalField.nullable(), after: intervalField.nullable() });
export type RecallQuery = z.infer<typeof recallQuery>;
export const recallAnswer = z.strictObject({
  settlements: z.array(countersignedSettlement),
  receipts: z.array(signedSchema(receipt)),
  /** Pass it as `after` for what follows; null after the last. */
  next: intervalField.nullable(),
});
export type RecallAnswer = z.infer<typeof recallAnswer>;

const ROWS_MAX = 50;
const ANSWER_CHARS_MAX = BODY_BYTES_MAX - 8_192;
/** Pages asked of one counterpart. */
const PAGES_MAX = 200;

/** POST /settlement/recall: as much as fits an answer. */
export async function answerRecall(office: Office, from: string, query: RecallQuery): Promise<Result<RecallAnswer>> {
  const first = query.interval ?? (query.after === null ? 0 : query.after + 1);
  const { rows, voided } = await office.ports.database.transaction(async (tx) => {
    const read = await readSignedWith(tx, from, first, ROWS_MAX);
    return { rows: read, voided: await readVoid(tx, from) };
  });
  const wanted = query.interval === null ? rows : rows.filter((one) => one.interval === query.interval);
  const answer = { settlements: [] as Countersigned<Settlement>[], receipts: [] as Signed<Receipt>[] };
  let chars = 0;
  for (const [place, pair] of wanted.entries()) {
    // Of a contested pair nothing counts any more but what was paid.
    const both = voided.has(pair.id) ? null : bothSigned(pair);
    chars += encode([both, pair.receipt]).length;
    if (chars > ANSWER_CHARS_MAX && place > 0) return ok({ ...answer, next: (wanted[place - 1] as Pair).interval });
    if (both !== null) answer.settlements.push(both);
    if (pair.receipt !== null) answer.receipts.push(pair.receipt);
  }
  const more = query.interval === null && rows.length === ROWS_MAX;
  return ok({ ...answer, next: more ? (rows.at(-1) as Pair).interval : null });
}

/**
 * At the start, false while no consensus is known: an empty database in a network that is not, or the word of ptg.toml that it
 * came out of a backup. For a restore with a name once: the mark is in the transaction that puts the questions into the outbox.
 */
export async function beginRecovery(office: Office): Promise<boolean> {
  const running = runningInterval(office);
  if (running === null) return false;
  await office.ports.database.transaction(async (tx) => {
    const empty = (await readNewestInterval(tx)) === null;
    const isBegun = office.restore !== null && (await readRestore(tx)) === office.restore;
    if (!(office.restored && !isBegun) && !(empty && running > 0)) return;
    await saveRecovery(tx, running, office.restore);
    const open = await readFiguresIn(tx, unfinished);
    for (const pair of open) await savePair(tx, { ...pair, recall: true });
    // Any relay may be a counterpart of what was agreed after the backup.
    const relays = office.ports.network.consensus()?.body.relays ?? [];
    const known = [...(await readCarryPeers(tx)), ...open.map((one) => one.peer), ...relays.map((one) => one.id)];
    const peers = new Set(known.filter((peer) => peer !== office.me));
    const expires = scheduleFor(office, running)?.paymentEnd ?? 0;
    for (const peer of peers) {
      await office.put(tx, { id: `recall ${peer}`, kind: 'recall', target: peer, body: { interval: running, peer }, expires });
    }
  });
  return true;
}

const unfinished = ['open', 'stated', 'agreed', 'manual', 'due', 'awaiting', 'claimed', 'expecting', 'unpaid', 'lapsed'] as const;

export function recallKind(office: Office): OutboxKind {
  return {
    async send(row) {
      const { interval, peer } = pairNamed(row.body);
      const all: RecallAnswer = { settlements: [], receipts: [], next: null };
      // Far enough back for every carry that can still be open.
      const back = interval - (parametersFor(office, interval)?.carryIntervals ?? 0) - 3;
      let after = back < 0 ? null : back;
      for (let page = 0; page < PAGES_MAX; page += 1) {
        const body: RecallQuery = { interval: null, after };
        const answer = await callPeer(office, peer, { path: '/settlement/recall', tag: 'recall', body }, recallAnswer);
        if (!answer.ok) return answer;
        all.settlements.push(...answer.value.settlements);
        all.receipts.push(...answer.value.receipts);
        if (answer.value.next === null || answer.value.next <= (after ?? -1)) break;
        after = answer.value.next;
      }
      return ok(all);
    },
    async done(tx, row, answer) {
      const { peer } = pairNamed(row.body);
      await learn(office, tx, peer, answer as RecallAnswer);
    },
    async refused(tx, row) {
      await learn(office, tx, pairNamed(row.body).peer, { settlements: [], receipts: [], next: null });
    },
  };
}

async function learn(office: Office, tx: Tx, peer: string, answer: RecallAnswer): Promise<void> {
  const now = office.ports.clock.now();
  const inOrder = [...answer.settlements].sort((a, b) => a.body.interval - b.body.interval);
  for (const one of inOrder) await adopt(office, tx, peer, one);
  for (const one of answer.receipts) await adoptReceipt(office, tx, peer, one);
  for (const { body } of inOrder) {
    const pair = await readPair(tx, body.interval, peer);
    if (pair !== null) await catchUp(office, tx, pair, now);
  }
  for (const pair of await readPairsWith(tx, peer, unfinished)) {
    if (pair.recall) await resume(office, tx, { ...pair, recall: false });
    else await claimAnew(office, tx, pair);
  }
  await office.schedule(tx, 'payments', now);
}

/** Goes on where the recall stopped it. */
async function resume(office: Office, tx: Tx, answered: Pair): Promise<void> {
  const isAtFallback = answered.state === 'manual' && answered.fallback;
  const pair = isAtFallback ? ((await reopen(office, tx, answered)) ?? answered) : answered;
  await savePair(tx, pair);
  if (pair.state !== 'open' && pair.state !== 'stated') return;
  await office.put(tx, statementMessage(office, pair));
  if (pair.theirs !== null) await reckonRow(office, tx, pair);
}

/**
 * Who answers is silent no more, and may hold more of my IOUs than the restored book has: the row is stated anew. Half of the time that
 * is left is its to sign in; then the fallback is what it is paid by. Null when the window is over.
 */
async function reopen(office: Office, tx: Tx, pair: Pair): Promise<Pair | null> {
  const { interval, peer, held, issued, mine, theirs } = pair;
  const [now, { paymentEnd = 0 }] = [office.ports.clock.now(), scheduleFor(office, interval) ?? {}];
  if (now >= paymentEnd) return null;
  const anew = { ...openPair(office.networkId, interval, office.me, peer), held, issued, mine, theirs };
  const opened = await movePair(office, tx, pair, { kind: 'heard' }, anew);
  if (opened !== null && (await stepBack(tx, interval, 'bst'))) {
    await office.schedule(tx, 'bst', now + Math.ceil((paymentEnd - now) / 2));
  }
  return opened;
}

/** What I claimed by a carry that was out of date; nobody has signed that but me. */
async function claimAnew(office: Office, tx: Tx, pair: Pair): Promise<void> {
  if (pair.state !== 'claimed' || pair.rail === null || pair.countersignature !== null) return;
  const carry = await readCarry(tx, pair.peer, pair.rail);
  if (carry.amount !== pair.carryIn.amount || (carry.amount !== 0n && carry.since !== pair.carryIn.since)) {
    await reckonRow(office, tx, pair);
  }
}

/** A settlement that both signed: the row and the carry are as it says. */
async function adopt(office: Office, tx: Tx, peer: string, signed: Countersigned<Settlement>): Promise<void> {
  const { body } = signed;
  const mine = body.creditor === office.me;
  if ((mine ? body.debtor : body.creditor) !== peer || (!mine && body.debtor !== office.me)) return;
  if (body.id !== settlementId(office.networkId, body.interval, office.me, peer)) return;
  const creditorKey = settlementKeyOf(office, body.creditor, body.creditorKey, body.interval);
  const debtorKey = settlementKeyOf(office, body.debtor, body.debtorKey, body.interval);
  const both = creditorKey && debtorKey && verifyBoth('settlement', office.networkId, signed, creditorKey, debtorKey);
  if (!both) return office.ports.log.warn('recall-refused', { role: 'settlement', relay: peer, interval: body.interval });
  await saveCarry(tx, peer, body.rail, body.interval, mine ? body.carryLeft : turned(body.carryLeft));
  const pair = await pairWith(office, tx, body.interval, peer);
  if (pair.countersignature !== null) return;
  const changes = {
    ...sumsOf(office, body, mine),
    settlement: { ...both },
    countersignature: both.countersignature,
    destination: body.destination,
    fallback: false,
  };
  const zero = body.amount === 0n;
  const moved = await movePair(office, tx, pair, { kind: mine ? 'confirmed' : 'signed', zero }, changes);
  if (moved !== null) return;
  // What was not paid yet is paid, if it is, by what both signed.
  const isUnpaid = pair.state === 'lapsed' && pair.payment === null;
  await savePair(tx, {
    ...pair,
    ...(isUnpaid ? changes : { settlement: changes.settlement, countersignature: both.countersignature }),
  });
}

/** As this side of it has them; what the IOUs are worth as far as the terms are still known. */
function sumsOf(office: Office, body: Settlement, mine: boolean): Partial<Reckoning> & { side: 'creditor' | 'debtor' } {
  const [held, issued] = mine ? [body.owed, body.owing] : [body.owing, body.owed];
  const known = termsFor(office, body.interval);
  const carryIn = mine ? body.carryIn : turned(body.carryIn);
  const net = known && reckonOn(known.terms, body.rail, { held: totalsOf(held), issued: totalsOf(issued) }, carryIn);
  return {
    ...(net ?? {}),
    rail: body.rail,
    side: mine ? 'creditor' : 'debtor',
    amount: body.amount,
    carryIn,
    carryOut: mine ? body.carryLeft : turned(body.carryLeft),
  };
}

/** The creditor's own, which the debtor kept; or the debtor's discharge. */
async function adoptReceipt(office: Office, tx: Tx, peer: string, signed: Signed<Receipt>): Promise<void> {
  const { body } = signed;
  if (body.creditor !== office.me) return void (await storeReceipt(office, tx, peer, signed));
  const key = settlementKeyOf(office, office.me, body.creditorKey, body.interval);
  const verified = key === null ? null : verify('receipt', office.networkId, signed, key);
  const pair = await readPair(tx, body.interval, peer);
  if (verified === null || pair === null || pair.id !== body.settlement || body.debtor !== peer) return;
  const changes = { payment: body.payment, received: body.amount, paidAt: body.at };
  const arrived = await movePair(office, tx, pair, { kind: 'arrived' }, changes);
  if (arrived !== null) await movePair(office, tx, arrived, { kind: 'discharged' }, { receipt: verified });
}
