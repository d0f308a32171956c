/*
 * A case from its filing to its end: evidence and times in; its state, its reason and what is still due out. The directory moves
 * cases by it, and whoever holds a verdict reckons the same again (verify/docket.ts).
 */
import { verify, type Signed, type Verified } from '../crypto/sign.ts';
import { APPEALS_MAX } from '../limits.ts';
import { invariant, ok, refuser, type Result } from '../refusal.ts';
import { answerRefusals, type Answer, type Complaint } from '../wire/complaint.ts';
import { appealRefusals, contestRefusals, type Appeal, type Contest } from '../wire/contest.ts';
import { keySetFor, type Descriptor } from '../wire/descriptor.ts';
import type { Terms } from '../wire/terms.ts';
import type { Outcome, Reason } from '../wire/verdict.ts';
import { checkComplaint, complaintCaseOf, examineAnswer, type Answered, type Claimed, type ComplaintKeys } from './complaint.ts';
import { basisAfter, examine, owesNothing, type Finding } from './appeal.ts';
import { basisOf, caseOf, dueOf, reckonContest, verifyContest, type Basis, type PairKeys, type RailRules } from './contest.ts';
import { decideCase, isUndecided, type CaseEvent, type CaseState } from './course.ts';

interface CaseHead {
  readonly id: string;
  readonly terms: Terms;
  readonly filedAt: number;
  readonly state: CaseState;
  readonly reason: Reason | null;
  /** Of the newest event that ended it, or null. */
  readonly decidedAt: number | null;
}

export interface ContestCase extends CaseHead {
  readonly kind: 'contest';
  readonly signed: Verified<Contest>;
  /** That of the filing first, then earlier ones that were in force since the settlement time. */
  readonly contestant: readonly Verified<Descriptor>[];
  readonly accused: Verified<Descriptor>;
  readonly letterAt: number | null;
  readonly basis: Basis;
  readonly appeals: readonly Dated<Appeal>[];
}

export interface ComplaintCase extends CaseHead {
  readonly kind: 'complaint';
  readonly signed: Verified<Complaint>;
  readonly guard: Verified<Descriptor>;
  readonly claimed: Claimed;
  readonly answers: readonly Dated<Answer>[];
}

export type Case = ContestCase | ComplaintCase;

export interface Dated<T> {
  readonly at: number;
  readonly signed: Verified<T>;
}

const refuseContest = refuser(contestRefusals);
const refuseAppeal = refuser(appealRefusals);
const refuseAnswer = refuser(answerRefusals);

export interface Parties {
  readonly contestant: readonly Verified<Descriptor>[];
  readonly accused: Verified<Descriptor>;
}

export function pairKeys(networkId: string, { contestant, accused }: Parties): PairKeys {
  const [newest] = contestant;
  invariant(newest !== undefined, 'a case names its contestant');
  return { networkId, contestant: newest.body, accused: accused.body };
}

/** What the evidence itself decides; who, when, how often and whether it is void, the directory decides before. */
export function openContest(
  networkId: string,
  signed: Signed<Contest>,
  parties: Parties,
  terms: Terms,
  { filedAt, letterAt }: { readonly filedAt: number; readonly letterAt: number | null },
): Result<ContestCase> {
  const verified = verifyContest(pairKeys(networkId, parties), signed);
  if (!verified.ok) return verified;
  const basis = reckonContest(terms, signed.body);
  if (!basis.ok) return basis;
  if (owesNothing({ contest: signed.body, terms, letterAt }, basis.value))
    return refuseContest(
      'contest-debtor',
      `${signed.body.contestant} left no settlement in time, and the fallback takes nothing`,
    );
  return ok(contestCase(networkId, verified.value, parties, terms, { filedAt, letterAt }));
}

/** Of a contest that was checked before: for the fold over a log. */
export function contestCase(
  networkId: string,
  signed: Verified<Contest>,
  parties: Parties,
  terms: Terms,
  { filedAt, letterAt }: { readonly filedAt: number; readonly letterAt: number | null },
): ContestCase {
  const head = { id: caseOf(networkId, signed.body), terms, filedAt, state: 'open' as const, reason: null, decidedAt: null };
  return { kind: 'contest', ...head, signed, ...parties, letterAt, basis: basisOf(signed.body), appeals: [] };
}

/** In the order of appealRefusals: the event that it is, and by what it would end the case. */
export function checkAppeal(
  networkId: string,
  one: ContestCase,
  rails: RailRules,
  signed: Signed<Appeal>,
  at: number,
): Result<{ readonly verified: Verified<Appeal>; readonly event: CaseEvent; readonly reason: Reason }> {
  const { body } = signed;
  const { contestant, accused, interval } = one.signed.body;
  if (body.case !== one.id) return refuseAppeal('appeal-unknown', body.case);
  const isWithdrawal = body.from === contestant && body.evidence.kind === 'receipt';
  if (body.from !== accused && !isWithdrawal) return refuseAppeal('appeal-stranger', body.from);
  if (!canMove(one, at)) return refuseAppeal('appeal-decided', `${one.id}: ${one.state}`);
  const isOver = one.state === 'upheld' || at >= appealBy(one);
  const isPayment = body.evidence.kind === 'payment' || body.evidence.kind === 'receipt';
  if (isOver && !isPayment) return refuseAppeal('appeal-late', body.evidence.kind);
  const keys = pairKeys(networkId, one);
  const described = isWithdrawal ? keys.contestant : keys.accused;
  const key = keySetFor(described, body.fromKey, interval)?.settlement;
  const verified = key === undefined ? null : verify('appeal', networkId, signed, key);
  if (verified === null) return refuseAppeal('appeal-signature', `key ${body.fromKey} of ${body.from}`);
  const found = examine(
    {
      id: one.id,
      contest: one.signed.body,
      terms: one.terms,
      basis: one.basis,
      fallbacks: fallbacksOf(one),
      letterAt: one.letterAt,
    },
    keys,
    rails,
    body,
  );
  if (!found.ok) return found;
  // What comes after the window has not answered in time, whenever it was paid.
  const event = eventOf(found.value, isOver);
  // The last two places are kept for what ends the case, and for what clears a false end.
  if (event.kind === 'reduced' && one.appeals.length + 2 >= APPEALS_MAX)
    return refuseAppeal('appeal-set-off', `${one.appeals.length} such answers were taken: show the last`);
  if (decideCase(one.state, event) === null) return refuseAppeal('appeal-decided', `${one.id}: ${one.state}`);
  return ok({ verified, event, reason: reasonOf(found.value) });
}

/** Late is the contestant's word, or what it was shown: in the appeal window a proof of payment in time is stronger. */
function canMove(one: ContestCase, at: number): boolean {
  return isUndecided(one.state) || one.state === 'upheld' || (one.state === 'late' && at < appealBy(one));
}

/** An appeal that was checked before. */
export function takeAppeal(one: ContestCase, appeal: Dated<Appeal>, event: CaseEvent, reason: Reason): ContestCase {
  const { evidence } = appeal.signed.body;
  const isLess = event.kind === 'reduced' && (evidence.kind === 'set-off' || evidence.kind === 'carried');
  const basis = isLess ? basisAfter(one.signed.body, one.basis, evidence) : one.basis;
  return { ...moved(one, event, reason, appeal.at), basis, appeals: [...one.appeals, appeal] };
}

function moved<T extends Case>(one: T, event: CaseEvent, reason: Reason, at: number): T {
  const state = decideCase(one.state, event);
  if (state === null) return one;
  return { ...one, state, reason: isUndecided(state) ? one.reason : reason, decidedAt: isUndecided(state) ? null : at };
}

function eventOf(found: Finding, isOver: boolean): CaseEvent {
  switch (found.kind) {
    case 'withdrawn':
    case 'paid':
      return { kind: found.kind, late: found.late || isOver };
    case 'nothing-owed':
    case 'reduced':
      return { kind: found.kind };
  }
}

function reasonOf(found: Finding): Reason {
  if (found.kind === 'withdrawn') return 'withdrawn';
  return found.by;
}

function fallbacksOf({ contestant }: ContestCase): Descriptor['rails'] {
  return contestant.flatMap(({ body }) => body.rails);
}

/** In the order of complaintRefusals, from the signature on. */
export function openComplaint(
  networkId: string,
  signed: Signed<Complaint>,
  guard: Verified<Descriptor>,
  terms: Terms,
  rails: RailRules,
  filedAt: number,
): Result<ComplaintCase> {
  const checked = checkComplaint({ networkId, guard: guard.body }, rails, terms.parameters, signed, filedAt);
  if (!checked.ok) return checked;
  return ok(complaintCase(complaintCaseOf(networkId, signed.body, checked.value.claimed), checked.value, guard, terms, filedAt));
}

/** Of a complaint that was checked before. */
export function complaintCase(
  id: string,
  { verified, claimed }: { readonly verified: Verified<Complaint>; readonly claimed: Claimed },
  guard: Verified<Descriptor>,
  terms: Terms,
  filedAt: number,
): ComplaintCase {
  const head = { id, terms, filedAt, state: 'open' as const, reason: null, decidedAt: null };
  return { kind: 'complaint', ...head, signed: verified, guard, claimed, answers: [] };
}

/** In the order of answerRefusals. */
export function checkAnswer(
  networkId: string,
  one: ComplaintCase,
  rails: RailRules,
  signed: Signed<Answer>,
  at: number,
): Result<{ readonly verified: Verified<Answer>; readonly event: CaseEvent; readonly reason: Reason }> {
  const { body } = signed;
  if (body.case !== one.id) return refuseAnswer('answer-unknown', body.case);
  if (body.guard !== one.signed.body.guard) return refuseAnswer('answer-stranger', body.guard);
  if (!isUndecided(one.state) && one.state !== 'upheld') return refuseAnswer('answer-decided', `${one.id}: ${one.state}`);
  const keys: ComplaintKeys = { networkId, guard: one.guard.body };
  const key = one.guard.body.keys.find((set) => set.number === body.guardKey)?.guard ?? null;
  const verified = key === null ? null : verify('answer', networkId, signed, key);
  if (verified === null) return refuseAnswer('answer-signature', `key ${body.guardKey} of ${body.guard}`);
  const { parameters } = one.terms;
  const { claimed, filedAt } = one;
  const found = examineAnswer({ complaint: one.signed.body, claimed, parameters, filedAt }, keys, rails, body);
  if (!found.ok) return found;
  const event = answerEvent(found.value, one.state === 'upheld' || at >= appealBy(one));
  if (decideCase(one.state, event) === null) return refuseAnswer('answer-decided', `${one.id}: ${one.state}`);
  return ok({ verified, event, reason: found.value.by });
}

function answerEvent({ late }: Answered, isOver: boolean): CaseEvent {
  return { kind: 'paid', late: late || isOver };
}

/** An answer that was checked before. */
export function takeAnswer(one: ComplaintCase, answer: Dated<Answer>, event: CaseEvent, reason: Reason): ComplaintCase {
  return { ...moved(one, event, reason, answer.at), answers: [...one.answers, answer] };
}

/** Nothing ended it in the appeal window. */
export function expire<T extends Case>(one: T, at: number): T {
  return moved(one, { kind: 'expired' }, 'no-answer', at);
}

export function answerBy(one: Case): number {
  return one.filedAt + one.terms.parameters.answerWindowSec;
}

export function appealBy(one: Case): number {
  return one.filedAt + one.terms.parameters.appealWindowSec;
}

/** What is still due. */
export function amountOf(one: Case): bigint {
  return one.kind === 'complaint' ? one.claimed.amount : dueOf(one.terms, one.signed.body.rail, one.basis);
}

export function accusedOf(one: Case): string {
  return one.kind === 'complaint' ? one.signed.body.guard : one.signed.body.accused;
}

export function reporterOf(one: Case): string {
  return one.kind === 'complaint' ? one.signed.body.subscriber : one.signed.body.contestant;
}

export function outcomeOf(one: Case): Outcome | null {
  return one.state === 'open' || one.state === 'answered' ? null : one.state;
}
