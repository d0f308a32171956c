/*
 * Whether a complaint, or a guard's answer to one, is taken (rule 15). State, the signed object and a time in; its case, or the first
 * refusal in the order of complaintRefusals and answerRefusals, out. Pure; called by complaint/flow.ts.
 */
import { bare, type Signed } from '../../core/crypto/sign.ts';
import { COMPLAINTS_MAX, COMPLAINTS_OF_GUARD_MAX, COMPLAINTS_OF_SUBSCRIBER_MAX } from '../../core/limits.ts';
import { invariant, ok, refuser, type Result } from '../../core/refusal.ts';
import type { RailRules } from '../../core/rule/contest.ts';
import { isUndecided } from '../../core/rule/course.ts';
import { checkAnswer, openComplaint, takeAnswer, type Case, type ComplaintCase } from '../../core/rule/verdict.ts';
import { answerRefusals, complaintRefusals, type Answer, type Complaint } from '../../core/wire/complaint.ts';
import { docketDigest } from '../../core/wire/contest.ts';
import { sameFamily } from '../../core/wire/descriptor.ts';
import type { PaymentProof } from '../../core/wire/settlement.ts';
import type { DocketAnswer } from '../../core/wire/verdict.ts';
import type { LogEntry } from '../log/entry.ts';
import type { DirectoryState } from '../state/decide.ts';
import { termsRunning } from '../state/docket.ts';

export interface AcceptedComplaint {
  readonly answer: DocketAnswer;
  /** Null when there is a case about just this already. */
  readonly opened: ComplaintCase | null;
}

export type AnswerEntry = Extract<LogEntry, { kind: 'answer' }>;

export interface AcceptedAnswer {
  readonly answer: DocketAnswer;
  /** Null when just this one was taken before. */
  readonly taken: { readonly entry: AnswerEntry; readonly after: ComplaintCase } | null;
}

const refuseComplaint = refuser(complaintRefusals);
const refuseAnswer = refuser(answerRefusals);

export function acceptComplaint(
  state: DirectoryState,
  rails: RailRules,
  signed: Signed<Complaint>,
  now: number,
): Result<AcceptedComplaint> {
  const { body } = signed;
  const same = sameBefore(state, body);
  if (same !== null) return ok({ answer: answerOf(same), opened: null });
  const guard = state.relays.get(body.guard)?.descriptor;
  const terms = termsRunning(state, now);
  // Without terms there was no consensus yet, and nobody's guard.
  if (guard === undefined || terms === null) return refuseComplaint('complaint-unknown', body.guard);
  const opened = openComplaint(state.networkId ?? '', signed, guard, terms, rails, now);
  if (!opened.ok) return opened;
  const before = state.cases.get(opened.value.id);
  const full = before === undefined ? noRoomFor(state, body) : null;
  if (full !== null) return refuseComplaint('complaint-docket', full);
  // One case for each deposit and each withdrawal, however often and in whatever words it is complained of.
  return ok({ answer: answerOf(before ?? opened.value), opened: before === undefined ? opened.value : null });
}

/** Null where there is. An undecided one costs its guard an answer, and everybody the evidence in the log. */
function noRoomFor(state: DirectoryState, { subscriber, guard }: Complaint): string | null {
  const open = complaintsIn(state).filter((one) => isUndecided(one.state));
  const about = open.filter((one) => one.signed.body.guard === guard);
  const mine = about.filter((one) => one.signed.body.subscriber === subscriber);
  if (mine.length >= COMPLAINTS_OF_SUBSCRIBER_MAX) return `${mine.length} of ${COMPLAINTS_OF_SUBSCRIBER_MAX} of this subscriber`;
  if (about.length >= COMPLAINTS_OF_GUARD_MAX) return `${about.length} of ${COMPLAINTS_OF_GUARD_MAX} about this guard`;
  return open.length >= COMPLAINTS_MAX ? `${open.length} of ${COMPLAINTS_MAX}` : null;
}

function sameBefore(state: DirectoryState, body: Complaint): ComplaintCase | null {
  const digest = docketDigest(body);
  for (const one of complaintsIn(state)) {
    const { subscriber, guard } = one.signed.body;
    if (subscriber === body.subscriber && guard === body.guard && digestOf(one) === digest) return one;
  }
  return null;
}

/** Reckoned once: this is asked before any signature, and one subscriber may have complained often, in long words. */
const digests = new WeakMap<Complaint, string>();

function digestOf({ signed: { body } }: ComplaintCase): string {
  const digest = digests.get(body) ?? docketDigest(body);
  digests.set(body, digest);
  return digest;
}

export function acceptAnswer(
  state: DirectoryState,
  rails: RailRules,
  signed: Signed<Answer>,
  now: number,
): Result<AcceptedAnswer> {
  const { body } = signed;
  const one = state.cases.get(body.case);
  if (one?.kind !== 'complaint') return refuseAnswer('answer-unknown', body.case);
  const digest = docketDigest(body);
  if (one.answers.some((before) => docketDigest(before.signed.body) === digest))
    return ok({ answer: answerOf(one), taken: null });
  const checked = checkAnswer(state.networkId ?? '', one, rails, signed, now);
  if (!checked.ok) return checked;
  if (usesTwice(state, rails, one, body)) return refuseAnswer('answer-evidence', 'that payout was shown for another withdrawal');
  const { verified, event, reason } = checked.value;
  invariant(event.kind !== 'expired', 'an answer is not the end of its window');
  const after = takeAnswer(one, { at: now, signed: verified }, event, reason);
  const entry: AnswerEntry = { kind: 'answer', at: now, signed: bare(verified), event, reason };
  return ok({ answer: answerOf(after), taken: { entry, after } });
}

/** A payout as an answer shows it: for which withdrawal. */
interface Use {
  readonly withdrawal: string;
  readonly destination: string;
  readonly proof: PaymentProof;
}

/**
 * Two withdrawals to one destination are two payouts: one that is shown for both pays one of them. Of one operator's guards alone: a
 * stranger that shows another's payout as its own takes nothing from who paid it.
 */
function usesTwice(state: DirectoryState, rails: RailRules, asked: ComplaintCase, body: Answer): boolean {
  const mine = usesIn(asked, body);
  if (mine.length === 0) return false;
  const ofOperator = complaintsIn(state).filter(({ guard }) => sameFamily(guard.body, asked.guard.body));
  const before = ofOperator.flatMap((one) => one.answers.flatMap(({ signed }) => usesIn(one, signed.body)));
  return mine.some(({ withdrawal, destination, proof }) => {
    const rivals = before.filter((one) => one.withdrawal !== withdrawal && one.destination === destination);
    return rivals.some((one) => isSamePayment(rails, one.proof, proof));
  });
}

function usesIn({ claimed, signed }: ComplaintCase, { evidence }: Answer): Use[] {
  const { subscriber } = signed.body;
  if (evidence.kind === 'payout' && claimed.kind === 'withdrawal') {
    const { subject, destination } = claimed;
    return [{ withdrawal: `${subscriber} ${subject}`, destination, proof: evidence.proof }];
  }
  if (evidence.kind !== 'withdrawals') return [];
  return evidence.withdrawals.flatMap(({ request: { body }, proof }) =>
    body.ask.kind === 'withdraw' ? [{ withdrawal: `${subscriber} ${body.id}`, destination: body.ask.destination, proof }] : [],
  );
}

function isSamePayment(rails: RailRules, a: PaymentProof, b: PaymentProof): boolean {
  const [first, second] = [paymentIn(rails, a), paymentIn(rails, b)];
  return a.rail === b.rail && first !== null && first === second;
}

/** Each proof is looked into once: a guard may have answered often. */
const payments = new WeakMap<RailRules, WeakMap<PaymentProof, string | null>>();

function paymentIn(rails: RailRules, proof: PaymentProof): string | null {
  const known = payments.get(rails) ?? new WeakMap<PaymentProof, string | null>();
  payments.set(rails, known);
  const before = known.get(proof);
  if (before !== undefined) return before;
  const payment = rails.payment(proof)?.payment ?? null;
  known.set(proof, payment);
  return payment;
}

function complaintsIn({ cases }: DirectoryState): ComplaintCase[] {
  return [...cases.values()].filter((one): one is ComplaintCase => one.kind === 'complaint');
}

function answerOf({ id, state }: Case): DocketAnswer {
  return { case: id, state };
}
