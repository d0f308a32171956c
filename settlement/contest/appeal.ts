/*
 * Appeals on their way: first to the contestant, who may sign the receipt and withdraw, then to the docket (rule 11). Messages of the
 * outbox, and the contestant's answer. Called by defend.ts, read.ts, main.ts and http.ts.
 */
import { z } from 'zod';
import { bare, sign, signedSchema, verify, type Signed } from '../../core/crypto/sign.ts';
import { invariant, ok, refuser, type Result } from '../../core/refusal.ts';
import { decode } from '../../core/wire/codec.ts';
import { appealEvidence, appealRefusals, signedAppeal, type Appeal, type AppealEvidence } from '../../core/wire/contest.ts';
import { hex32, url } from '../../core/wire/field.ts';
import { receipt, type Receipt } from '../../core/wire/settlement.ts';
import { docketAnswer, type DocketAnswer } from '../../core/wire/verdict.ts';
import { placeAt } from '../../host/http/place.ts';
import type { OutboxKind, OutboxRow } from '../../host/outbox.ts';
import type { Tx } from '../../host/ports.ts';
import type { Income } from '../income/flow.ts';
import { callPeer, settlementKeyOf, type Office } from '../office.ts';
import { readPairById } from '../pair/store.ts';
import { movePair } from '../pair/flow.ts';
import type { Pair } from '../pair/pair.ts';
import { answerNotice, storeReceipt } from '../receipt/flow.ts';
import type { OwnCase } from './case.ts';
import type { Held } from './evidence.ts';
import { noticeCase, readCase, saveCase } from './store.ts';

/** Accused → contestant. */
export const plea = z.strictObject({ case: hex32, evidence: appealEvidence });
export type Plea = z.infer<typeof plea>;

const refuse = refuser(appealRefusals);
const posted = z.strictObject({ authority: url, name: z.string(), appeal: signedAppeal });
/** Evidence with a rail's proof, twice encoded. */
const BODY_MAX = 262_144;

/** Signed once, and the same to every authority; with the key of the interval contested, by which the docket judges. */
export async function putAppeal(office: Office, tx: Tx, one: OwnCase, { name, evidence }: Held, expires: number) {
  const { number, key } = office.signer(one.interval);
  const body: Appeal = { case: one.id, from: office.me, fromKey: number, evidence, at: office.ports.clock.now() };
  const appeal = bare(sign('appeal', office.networkId, body, key));
  await saveCase(tx, { ...one, shown: [...one.shown, name] });
  for (const { name: at, url: authority } of office.ports.network.network.authorities) {
    const message = { kind: 'appeal', target: `authority ${at}`, expires };
    await office.put(tx, { ...message, id: `appeal ${one.id} ${name} ${at}`, body: { authority, name, appeal } });
  }
  return appeal;
}

/** Until then the contestant may answer it. */
export async function putPlea(office: Office, tx: Tx, one: OwnCase, evidence: AppealEvidence, expires: number): Promise<void> {
  await saveCase(tx, { ...one, plea: 'sent' });
  const message = { kind: 'plea', target: one.peer, expires };
  await office.put(tx, { ...message, id: `plea ${one.id}`, body: { case: one.id, evidence } });
}

export function postAppeal(
  { ports: { http } }: Office,
  authority: string,
  appeal: Signed<Appeal>,
): Promise<Result<DocketAnswer>> {
  return http.post(placeAt(authority, '/directory/appeal'), appeal, docketAnswer);
}

export function appealKind(office: Office): OutboxKind {
  const { log, clock } = office.ports;
  const read = (row: OutboxRow) => {
    const body = decode(row.body, posted, BODY_MAX);
    invariant(body.ok, 'an appeal in the outbox reads back');
    return body.value;
  };
  return {
    async send(row) {
      const { authority, appeal } = read(row);
      return postAppeal(office, authority, appeal);
    },
    async done(tx, row, answer) {
      const one = await readCase(tx, read(row).appeal.body.case);
      if (one !== null) await saveCase(tx, { ...one, state: (answer as DocketAnswer).state, code: null });
      // Where a set-off was taken, there may be more to show.
      await office.schedule(tx, 'docket', clock.now());
    },
    async refused(tx, row, { code }) {
      const id = read(row).appeal.body.case;
      const one = await readCase(tx, id);
      // Somebody was first: the docket says who.
      if (one !== null && code !== 'appeal-decided') await saveCase(tx, { ...one, code });
      log.warn('appeal-not-taken', { role: 'settlement', settlement: id, code });
      await office.schedule(tx, 'docket', clock.now());
    },
  };
}

export function pleaKind(office: Office): OutboxKind {
  const { clock } = office.ports;
  const read = (row: OutboxRow): Plea => {
    const body = decode(row.body, plea, BODY_MAX);
    invariant(body.ok, 'a plea in the outbox reads back');
    return body.value;
  };
  /** It withdraws nothing: the docket, now. */
  const over = async (tx: Tx, row: OutboxRow): Promise<void> => {
    const one = await readCase(tx, read(row).case);
    if (one !== null) await saveCase(tx, { ...one, plea: 'over' });
    await office.schedule(tx, 'docket', clock.now());
  };
  return {
    async send(row) {
      const body = read(row);
      return callPeer(office, row.target, { path: '/settlement/appeals', tag: 'appeal', body }, signedSchema(receipt));
    },
    /** What it signed it is to take to the docket itself; when the time is over, the accused does. */
    async done(tx, row, answer) {
      const taken = await storeReceipt(office, tx, row.target, answer as Signed<Receipt>);
      if (!taken.ok) await over(tx, row);
    },
    refused: over,
    expired: over,
  };
}

/** POST /settlement/appeals: the contestant looks at its rail, signs what is there, and withdraws by the job `docket`. */
export async function answerPlea(office: Office, income: Income, from: string, given: Plea): Promise<Result<Signed<Receipt>>> {
  const { database, clock } = office.ports;
  const pair = await database.transaction((tx) => readPairById(tx, given.case));
  if (pair === null || pair.peer !== from || pair.side !== 'creditor') return refuse('appeal-unknown', given.case);
  const answer = await receiptFor(office, income, pair, given.evidence);
  if (answer.ok) {
    await database.transaction(async (tx) => {
      // A database that was restored may not know that it contests.
      await noticeCase(tx, { id: pair.id, interval: pair.interval, peer: from });
      await office.schedule(tx, 'docket', clock.now());
    });
  }
  return answer.ok ? ok(bare(answer.value)) : answer;
}

async function receiptFor(
  office: Office,
  income: Income,
  pair: Pair,
  evidence: AppealEvidence,
): Promise<Result<Signed<Receipt>>> {
  if (pair.receipt !== null) return ok(pair.receipt);
  if (evidence.kind === 'payment') {
    const { proof, settlement } = evidence;
    const shown = office.rail(proof.rail)?.reader.verify(proof) ?? null;
    if (shown === null) return refuse('appeal-evidence', pair.id);
    const notice = { settlement: pair.id, rail: proof.rail, payment: shown.payment, signed: settlement };
    const answer = await answerNotice(office, income, pair.peer, notice);
    // Who sees nothing on its rail now cannot give its word in time.
    return answer.ok || answer.refusal.code !== 'receipt-unknown' ? answer : refuse('appeal-destination', shown.destination);
  }
  // What is not a matter of a payment, the docket decides.
  return evidence.kind === 'receipt' ? ownReceipt(office, pair, evidence.receipt) : refuse('appeal-evidence', pair.id);
}

/** Signed by a database that is lost. */
async function ownReceipt(office: Office, pair: Pair, signed: Signed<Receipt>): Promise<Result<Signed<Receipt>>> {
  const { body } = signed;
  const key = settlementKeyOf(office, office.me, body.creditorKey, pair.interval);
  const verified = key === null ? null : verify('receipt', office.networkId, signed, key);
  const isOurs = body.settlement === pair.id && body.debtor === pair.peer && body.creditor === office.me;
  if (verified === null || !isOurs || body.interval !== pair.interval) return refuse('appeal-evidence', pair.id);
  return office.ports.database.transaction(async (tx) => {
    const current = (await readPairById(tx, pair.id)) ?? pair;
    if (current.receipt !== null) return ok(current.receipt);
    const changes = { payment: body.payment, received: body.amount, paidAt: body.at };
    const arrived = await movePair(office, tx, current, { kind: 'arrived' }, changes);
    if (arrived !== null) await movePair(office, tx, arrived, { kind: 'discharged' }, { receipt: verified });
    return ok(verified);
  });
}

/** A withdrawal, by the contestant's own receipt. */
export function withdrawal(signed: Signed<Receipt>): Held {
  return { name: 'receipt', evidence: { kind: 'receipt', receipt: bare(signed) } };
}
