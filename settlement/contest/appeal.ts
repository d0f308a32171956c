/*
 * Appeals on their way: first to the contestant, who may sign the receipt and withdraw, then to the docket (rule 11). Messages of the
 * outbox, and the contestant's answer. Called by watch.ts, main.ts and http.ts.
 */
import { z } from 'zod';
import { bare, sign, signedSchema, type Signed } from '../../core/crypto/sign.ts';
import { invariant, ok, refuser, type Result } from '../../core/refusal.ts';
import { decode } from '../../core/wire/codec.ts';
import { appealEvidence, appealRefusals, signedAppeal, type Appeal, type AppealEvidence } from '../../core/wire/contest.ts';
import { hex32, url } from '../../core/wire/field.ts';
import { receipt, type Receipt } from '../../core/wire/settlement.ts';
import { docketAnswer, type DocketAnswer } from '../../core/wire/verdict.ts';
import type { OutboxKind, OutboxRow } from '../../host/outbox.ts';
import type { Tx } from '../../host/ports.ts';
import type { Income } from '../income/flow.ts';
import { callPeer, type Office } from '../office.ts';
import { readPairById } from '../pair/store.ts';
import { discharge, findPayment, storeReceipt } from '../receipt/flow.ts';
import type { OwnCase } from './case.ts';
import { readCase, saveCase } from './store.ts';

/** Accused → contestant. */
export const plea = z.strictObject({ case: hex32, evidence: appealEvidence });
export type Plea = z.infer<typeof plea>;

const refuse = refuser(appealRefusals);
const posted = z.strictObject({ id: hex32, authority: url, appeal: signedAppeal });
/** Evidence with a rail's proof, twice encoded. */
const BODY_MAX = 262_144;

/** Signed with the key of the interval contested: a newer one does not stand in the descriptor that the docket judges by. */
export function signAppeal(office: Office, one: OwnCase, evidence: AppealEvidence): Signed<Appeal> {
  const { number, key } = office.signer(one.interval);
  const body: Appeal = { case: one.id, from: office.me, fromKey: number, evidence, at: office.ports.clock.now() };
  return bare(sign('appeal', office.networkId, body, key));
}

export async function putAppeal(office: Office, tx: Tx, one: OwnCase, evidence: AppealEvidence, expires: number): Promise<void> {
  const appeal = signAppeal(office, one, evidence);
  for (const { name, url: authority } of office.ports.network.network.authorities) {
    const message = { kind: 'appeal', target: `authority ${name}`, expires };
    await office.put(tx, {
      ...message,
      id: `appeal ${one.id} ${evidence.kind} ${name}`,
      body: { id: one.id, authority, appeal },
    });
  }
}

export function putPlea(office: Office, tx: Tx, one: OwnCase, evidence: AppealEvidence, expires: number): Promise<void> {
  const message = { kind: 'plea', target: one.peer, expires };
  return office.put(tx, { ...message, id: `plea ${one.id}`, body: { case: one.id, evidence } });
}

export function appealKind(office: Office): OutboxKind {
  const { http, log } = office.ports;
  const read = (row: OutboxRow) => {
    const body = decode(row.body, posted, BODY_MAX);
    invariant(body.ok, 'an appeal in the outbox reads back');
    return body.value;
  };
  return {
    async send(row) {
      const { authority, appeal } = read(row);
      return http.post(`${authority.replace(/\/$/, '')}/directory/appeal`, appeal, docketAnswer);
    },
    async done(tx, row, answer) {
      const { id, appeal } = read(row);
      const one = await readCase(tx, id);
      const { state } = answer as DocketAnswer;
      if (one !== null) await saveCase(tx, { ...one, state, shown: appeal.body.evidence.kind, code: null });
      // Where a set-off was taken, there may be more to show.
      await office.schedule(tx, 'docket', office.ports.clock.now());
    },
    async refused(tx, row, refusal) {
      const { id, appeal } = read(row);
      const one = await readCase(tx, id);
      if (one !== null) await saveCase(tx, { ...one, shown: appeal.body.evidence.kind, code: refusal.code });
      log.warn('appeal-not-taken', { role: 'settlement', settlement: id, code: refusal.code });
      await office.schedule(tx, 'docket', office.ports.clock.now());
    },
  };
}

export function pleaKind(office: Office): OutboxKind {
  const read = (row: OutboxRow): Plea => {
    const body = decode(row.body, plea, BODY_MAX);
    invariant(body.ok, 'a plea in the outbox reads back');
    return body.value;
  };
  const over = async (tx: Tx, row: OutboxRow): Promise<void> => {
    const one = await readCase(tx, read(row).case);
    if (one !== null) await saveCase(tx, { ...one, pleaded: true });
    await office.schedule(tx, 'docket', office.ports.clock.now());
  };
  return {
    async send(row) {
      const body = read(row);
      return callPeer(office, row.target, { path: '/settlement/appeals', tag: 'appeal', body }, signedSchema(receipt));
    },
    async done(tx, row, answer) {
      await storeReceipt(office, tx, row.target, answer as Signed<Receipt>);
      await over(tx, row);
    },
    refused: over,
    expired: over,
  };
}

/** POST /settlement/appeals: the contestant looks at its rail, signs what is there, and withdraws. */
export async function answerPlea(office: Office, income: Income, from: string, given: Plea): Promise<Result<Signed<Receipt>>> {
  const { database, clock } = office.ports;
  const before = await database.transaction((tx) => readPairById(tx, given.case));
  if (before === null || before.peer !== from || before.side !== 'creditor') return refuse('appeal-unknown', given.case);
  if (before.receipt === null && given.evidence.kind === 'payment') {
    const { proof } = given.evidence;
    const shown = office.rail(proof.rail)?.reader.verify(proof) ?? null;
    if (shown === null) return refuse('appeal-evidence', given.case);
    const collected = await income.collect(proof.rail);
    if (!collected.ok) return collected;
    await findPayment(office, before, shown.payment);
  }
  const pair = await database.transaction((tx) => readPairById(tx, given.case));
  const signed = pair === null ? null : await discharge(office, pair);
  if (signed === null) return refuse('appeal-evidence', given.case);
  if (signed.ok) await database.transaction((tx) => office.schedule(tx, 'docket', clock.now()));
  return signed.ok ? ok(bare(signed.value)) : signed;
}
