/*
 * Settlement: the creditor's message → the debtor's checks → its signature → both store it, and the carry that it leaves. Before
 * anything is paid. Called by http.ts, by the outbox, and for letters from the mailbox.
 */
import {
  countersign,
  countersignedSchema,
  signedSchema,
  verify,
  type Countersigned,
  type Signed,
  type Verified,
} from '../../core/crypto/sign.ts';
import { ok, refuser, type Result } from '../../core/refusal.ts';
import { encode } from '../../core/wire/codec.ts';
import { totalsOf } from '../../core/wire/iou.ts';
import { noCarry, turned } from '../../core/rule/net.ts';
import { settlement, settlementId, settlementRefusals, statement, type Settlement } from '../../core/wire/settlement.ts';
import type { OutboxKind } from '../../host/outbox.ts';
import type { Tx } from '../../host/ports.ts';
import { readCarries, saveCarry } from '../carry/store.ts';
import { callPeer, scheduleFor, settlementKeyOf, termsFor, type Office } from '../office.ts';
import { bestIou, verifyIou } from '../pair/iou.ts';
import { catchUp, movePair } from '../pair/flow.ts';
import { bothSigned, type Pair } from '../pair/pair.ts';
import { reckonOn, type Reckoning } from '../pair/reckon.ts';
import { isDestinationUsed, readPair, savePair } from '../pair/store.ts';
import { isClosed } from '../period/flow.ts';
import { pairNamed } from '../recall/store.ts';
import { refusalOf, type SettlementCase } from './decide.ts';
import { reckoned, reckonWith } from './write.ts';

const refuse = refuser(settlementRefusals);
const countersigned = countersignedSchema(settlement);
const signedStatement = signedSchema(statement);

/** POST /settlement/settlements, and a letter's: the same settlement gets the same signature. */
export async function answerSettlement(
  office: Office,
  from: string,
  signed: Signed<Settlement>,
  fromLetter = false,
): Promise<Result<Countersigned<Settlement>>> {
  const { database } = office.ports;
  const { creditorKey, interval } = signed.body;
  const key = settlementKeyOf(office, from, creditorKey, interval);
  const verified = key === null ? null : verify('settlement', office.networkId, signed, key);
  const given: Given = { from, signed, fromLetter, verified };
  const first = await database.transaction((tx) => examine(office, tx, given, true));
  if (first !== 'look-up') return first;
  // Everything else is in order: whether the destination was ever paid to is asked outside of the transaction.
  const fresh = await isFresh(office, signed.body);
  if (!fresh.ok) return fresh;
  const last = await database.transaction((tx) => examine(office, tx, given, fresh.value, true));
  return last === 'look-up' ? refuse('settlement-early', signed.body.id) : last;
}

interface Given {
  readonly from: string;
  readonly signed: Signed<Settlement>;
  readonly fromLetter: boolean;
  /** Null where the creditor's signature does not fit. */
  readonly verified: Verified<Settlement> | null;
}

type Examined = Result<Countersigned<Settlement>> | 'look-up';

async function examine(office: Office, tx: Tx, given: Given, destinationGood: boolean, lookedUp = false): Promise<Examined> {
  const { from, signed } = given;
  const { body } = signed;
  const pair = await readPair(tx, body.interval, from);
  const again = pair === null ? null : bothSigned(pair);
  if (again !== null && again.signature === signed.signature && encode(again.body) === encode(body)) return ok(again);
  const of = await caseOf(office, tx, given, pair, destinationGood);
  const refusal = refusalOf(of.case);
  if (refusal !== null) return { ok: false, refusal };
  if (!lookedUp && body.destination !== null) return 'look-up';
  return accept(office, tx, of.case, given.verified, of.net);
}

interface Opened {
  readonly case: SettlementCase;
  readonly net: Reckoning | null;
}

async function caseOf(
  office: Office,
  tx: Tx,
  { from, signed, fromLetter, verified }: Given,
  pair: Pair | null,
  destinationGood: boolean,
): Promise<Opened> {
  const { body } = signed;
  const view = office.ports.network;
  const known = termsFor(office, body.interval);
  const place = { interval: body.interval, terms: known?.digest ?? '' };
  const mine = { ...place, issuer: office.me, holder: from };
  const theirs = { ...place, issuer: from, holder: office.me };
  const owed = body.owed && (verifyIou(view, body.owed, mine, pair?.issued) ?? false);
  const owing = body.owing && (verifyIou(view, body.owing, theirs, pair?.held) ?? false);
  const carries = await readCarries(tx, from);
  const chosen = pair === null ? null : reckonWith(office, pair, carries);
  const rail = known?.terms.parameters.rails[body.rail] === undefined ? (chosen?.rail ?? null) : body.rail;
  const books = { held: totalsOf(owing === false ? null : owing), issued: totalsOf(owed === false ? null : owed) };
  const carryIn = rail === null ? null : (carries.get(rail) ?? noCarry);
  const net = known === null || rail === null || carryIn === null ? null : reckonOn(known.terms, rail, books, carryIn);
  const used = body.destination !== null && (await isDestinationUsed(tx, body.destination, body.id));
  return {
    net,
    case: {
      me: office.me,
      from,
      signed,
      expectedId: settlementId(office.networkId, body.interval, from, office.me),
      now: office.ports.clock.now(),
      relayKnown: view.descriptor(from) !== null,
      terms: known?.digest ?? null,
      signatureGood: verified !== null && body.debtorKey === office.signer(body.interval).number,
      schedule: scheduleFor(office, body.interval),
      closed: await isClosed(office, tx, body.interval),
      owed,
      owing,
      pair,
      bestOwed: bestIou(pair?.issued ?? null, owed === false ? null : owed),
      bestOwing: bestIou(pair?.held ?? null, owing === false ? null : owing),
      net,
      chosenRail: chosen?.rail ?? null,
      destinationGood: destinationGood && !used && isOfRail(office, body),
      fromLetter,
    },
  };
}

function isOfRail(office: Office, { rail, destination, amount }: Settlement): boolean {
  return destination === null || office.rail(rail)?.reader.isDestination(destination, amount) === true;
}

/** Never paid to: so that a payment found there later is this settlement's. */
async function isFresh(office: Office, { rail, destination }: Settlement): Promise<Result<boolean>> {
  const reader = office.rail(rail)?.reader;
  if (destination === null || reader === undefined) return ok(destination === null);
  const history = await reader.history(destination);
  return history.ok ? ok(history.value.length === 0) : history;
}

async function accept(
  office: Office,
  tx: Tx,
  of: SettlementCase,
  verified: Verified<Settlement> | null,
  net: Reckoning | null,
): Promise<Examined> {
  const { signed, pair, from } = of;
  if (verified === null || pair === null || net === null) return refuse('settlement-signature', signed.body.id);
  const { key: mine } = office.signer(signed.body.interval);
  const both = countersign('settlement', office.networkId, verified, mine);
  const { carryLeft, interval, rail, destination, amount } = signed.body;
  const changes = { ...reckoned(net), settlement: verified, countersignature: both.countersignature, destination };
  const moved = await movePair(office, tx, pair, { kind: 'signed', zero: amount === 0n }, changes);
  if (moved === null) return refuse('settlement-conflict', signed.body.id);
  await saveCarry(tx, from, rail, interval, turned(carryLeft));
  const due = await catchUp(office, tx, moved, of.now);
  if (due.state === 'due') await office.schedule(tx, 'payments', of.now);
  return ok(both);
}

/** The creditor's side: the message, and the second signature that comes back. */
export function settlementKind(office: Office): OutboxKind {
  const { database, log } = office.ports;
  return {
    async send(row) {
      const { interval, peer } = pairNamed(row.body);
      const pair = await database.transaction((tx) => readPair(tx, interval, peer));
      if (pair === null || pair.settlement === null || pair.countersignature !== null) return ok(null);
      const body = { body: pair.settlement.body, signature: pair.settlement.signature };
      const answer = await callPeer(office, peer, { path: '/settlement/settlements', tag: 'settlement', body }, countersigned);
      // It has lost what I stated, with its books: stated anew, it signs the next time.
      const isForgotten = !answer.ok && answer.refusal.code === 'settlement-no-statement' && pair.mine !== null;
      if (isForgotten)
        await callPeer(office, peer, { path: '/settlement/statements', tag: 'statement', body: pair.mine }, signedStatement);
      return answer;
    },
    async done(tx, row, answer) {
      if (answer === null) return;
      const { interval, peer } = pairNamed(row.body);
      const pair = await readPair(tx, interval, peer);
      if (pair === null || !(await confirm(office, tx, pair, answer as Countersigned<Settlement>))) {
        log.warn('settlement-answer-wrong', { role: 'settlement', relay: peer, interval });
      }
    },
    async refused(tx, row, refusal) {
      const { interval, peer } = pairNamed(row.body);
      // It may have signed a carry that I never heard of. What it does not sign, it may still pay by its own reckoning.
      if (refusal.code === 'settlement-amount') await askAgain(office, tx, interval, peer);
      log.warn('settlement-not-signed', { role: 'settlement', relay: peer, interval, code: refusal.code });
    },
  };
}

async function askAgain(office: Office, tx: Tx, interval: number, peer: string): Promise<void> {
  const expires = scheduleFor(office, interval)?.paymentEnd ?? 0;
  await office.put(tx, { id: `recall ${peer}`, kind: 'recall', target: peer, body: { interval, peer }, expires });
}

/** The debtor's signature under just what I wrote. False when it is none. */
export async function confirm(office: Office, tx: Tx, pair: Pair, answer: Countersigned<Settlement>): Promise<boolean> {
  const { settlement: own, interval, peer } = pair;
  if (pair.countersignature !== null) return true;
  if (own === null || pair.side !== 'creditor' || own.signature !== answer.signature) return false;
  const { countersignature } = answer;
  const debtorKey = settlementKeyOf(office, peer, own.body.debtorKey, interval);
  // The first signature is my own, and the same.
  const second = { body: own.body, signature: countersignature };
  if (debtorKey === null || verify('settlement', office.networkId, second, debtorKey) === null) return false;
  const isVoid = pair.state === 'contested';
  const changes = {
    countersignature,
    ...(pair.state === 'unpaid' || isVoid ? signedSums(own.body, isVoid) : {}),
  };
  await saveCarry(tx, peer, own.body.rail, interval, own.body.carryLeft);
  // A row that has gone on (paid at once, contested) only keeps the signature.
  const moved = await movePair(office, tx, pair, { kind: 'confirmed', zero: own.body.amount === 0n }, changes);
  if (moved === null) await savePair(tx, { ...pair, ...changes });
  return true;
}

/** While it was not signed the whole was owed at once: with the signature it is what the settlement says, and its carry is left. */
function signedSums({ amount, carryLeft, destination }: Settlement, isVoid: boolean): Partial<Pair> {
  return { amount, destination, carryOut: isVoid ? noCarry : carryLeft, forgiven: isVoid ? carryLeft.amount : 0n };
}
