/*
 * Whether a statement is taken: what came, who sent it and what this relay knows in; the verified statement and its IOUs, or a
 * refusal, in the order of settlementRefusals. Pure but for the network view's reading. Called by statement/flow.ts.
 */
import { verify, type Signed, type Verified } from '../../core/crypto/sign.ts';
import { ok, refuser, type Result } from '../../core/refusal.ts';
import type { Iou } from '../../core/wire/iou.ts';
import { settlementRefusals, type Statement } from '../../core/wire/settlement.ts';
import { scheduleFor, settlementKeyOf, termsFor, type Office } from '../office.ts';
import { verifyIou } from '../pair/iou.ts';
import type { Pair } from '../pair/pair.ts';

export interface TakenStatement {
  readonly statement: Verified<Statement>;
  /** What the sender issued to me, and what it holds of mine. */
  readonly held: Verified<Iou> | null;
  readonly issued: Verified<Iou> | null;
}

const refuse = refuser(settlementRefusals);

/** `closed`: my own book of that interval is read. `known`: the IOUs of the pair that I have. */
export function checkStatement(
  office: Office,
  from: string,
  signed: Signed<Statement>,
  at: { readonly now: number; readonly closed: boolean; readonly known: Pick<Pair, 'held' | 'issued'> | null },
): Result<TakenStatement> {
  const { body } = signed;
  if (body.from !== from || body.to !== office.me || from === office.me) return refuse('settlement-not-mine', body.to);
  if (office.ports.network.descriptor(from) === null) return refuse('settlement-unknown-relay', from);
  const known = termsFor(office, body.interval);
  if (known === null) return refuse('settlement-unknown-terms', `interval ${body.interval}`);
  if (body.terms !== known.digest) return refuse('settlement-other-terms', body.terms);
  const key = settlementKeyOf(office, from, body.fromKey, body.interval);
  const statement = key === null ? null : verify('statement', office.networkId, signed, key);
  if (statement === null) return refuse('settlement-signature', `key ${body.fromKey} of ${from}`);
  const schedule = scheduleFor(office, body.interval);
  if (schedule === null || at.now < schedule.booksClose || !at.closed)
    return refuse('settlement-early', `interval ${body.interval}`);
  if (at.now >= schedule.contestEnd) return refuse('settlement-late', `interval ${body.interval}`);
  return withIous(office, statement, at.known);
}

function withIous(
  office: Office,
  statement: Verified<Statement>,
  known: Pick<Pair, 'held' | 'issued'> | null,
): Result<TakenStatement> {
  const { from, interval, terms } = statement.body;
  const view = office.ports.network;
  const { issued: theirIou, held: myIou } = statement.body;
  const held = theirIou && verifyIou(view, theirIou, { issuer: from, holder: office.me, interval, terms }, known?.held);
  const issued = myIou && verifyIou(view, myIou, { issuer: office.me, holder: from, interval, terms }, known?.issued);
  if ((theirIou !== null && held === null) || (myIou !== null && issued === null))
    return refuse('settlement-iou', `interval ${interval}`);
  return ok({ statement, held, issued });
}
