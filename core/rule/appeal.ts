/*
 * Rule 11: what an appeal shows against a contest. The case as far as it has come, descriptors and an appeal in; a finding, or the
 * first refusal in the order of appealRefusals, out. Called by verdict.ts for the directory, and when a verdict is checked again.
 */
import { bare, verify, type Signed } from '../crypto/sign.ts';
import { ok, refuser, type Result } from '../refusal.ts';
import { appealRefusals, type Appeal, type Contest } from '../wire/contest.ts';
import { keySetFor } from '../wire/descriptor.ts';
import { totalsOf, type Iou } from '../wire/iou.ts';
import type { PaymentProof, Settlement } from '../wire/settlement.ts';
import type { Terms } from '../wire/terms.ts';
import {
  carryOf,
  descriptorOf,
  dueAtFallback,
  dueOf,
  isIouSigned,
  isOfPairEitherWay,
  isSettlementSigned,
  type Basis,
  type PairKeys,
  type RailRules,
  type ShownPayment,
} from './contest.ts';
import { scheduleOf } from './interval.ts';

const refuseAppeal = refuser(appealRefusals);

/** What an accepted appeal does to its case. */
export type Finding =
  /** The contestant gave a receipt itself. */
  | { readonly kind: 'withdrawn'; readonly late: boolean }
  | { readonly kind: 'paid'; readonly late: boolean; readonly by: 'receipt' | 'payment' }
  | { readonly kind: 'nothing-owed'; readonly by: 'carried' | 'set-off' }
  /** Something is taken off, and a rest is due. */
  | { readonly kind: 'reduced'; readonly by: 'carried' | 'set-off' };

/** The case as far as an appeal must know it. */
export interface Contested {
  readonly id: string;
  readonly contest: Contest;
  readonly terms: Terms;
  /** With what accepted appeals took off. */
  readonly basis: Basis;
  /** The contestant's published fallbacks since the settlement time, on every rail: the contestant alone chose that of the contest. */
  readonly fallbacks: readonly { readonly rail: string; readonly fallback: string }[];
  /** When the contestant's settlement lay ready for the accused at an authority, or null. */
  readonly letterAt: number | null;
}

/** Everything about an appeal but its sender's signature and its time. */
export function examine(contested: Contested, keys: PairKeys, rails: RailRules, appeal: Appeal): Result<Finding> {
  const { evidence } = appeal;
  switch (evidence.kind) {
    case 'receipt':
      return examineReceipt(contested, keys, rails, appeal.from, evidence.receipt);
    case 'payment':
      return examinePayment(contested, keys, rails, evidence.proof, evidence.settlement);
    case 'carried':
      return examineCarried(contested, keys, evidence.settlement);
    case 'set-off':
      return examineSetOff(contested, keys, evidence.iou);
  }
}

type OfKind<K extends Appeal['evidence']['kind']> = Extract<Appeal['evidence'], { kind: K }>;

function examineReceipt(
  contested: Contested,
  keys: PairKeys,
  rails: RailRules,
  from: string,
  signed: OfKind<'receipt'>['receipt'],
): Result<Finding> {
  const { contest, id } = contested;
  const { body } = signed;
  const isOurs = body.settlement === id && body.creditor === contest.contestant && body.debtor === contest.accused;
  if (!isOurs || body.interval !== contest.interval) return refuseAppeal('appeal-pair', `receipt of ${body.settlement}`);
  const key = keySetFor(keys.contestant, body.creditorKey, body.interval)?.settlement;
  if (key === undefined || verify('receipt', keys.networkId, bare(signed), key) === null)
    return refuseAppeal('appeal-evidence', 'the receipt');
  // The rail says when it was paid; where it cannot, the creditor's word counts.
  const late = isLate(contested, rails.payment(body.proof)?.at ?? body.at);
  return ok(from === contest.contestant ? { kind: 'withdrawn', late } : { kind: 'paid', late, by: 'receipt' });
}

function examinePayment(
  contested: Contested,
  keys: PairKeys,
  rails: RailRules,
  proof: PaymentProof,
  settlement: OfKind<'payment'>['settlement'],
): Result<Finding> {
  const { contest } = contested;
  const agreed = settlement?.body ?? null;
  // Their settlement may be on another rail than the contestant chose for the contest.
  const known = [contest.rail, agreed?.rail, ...contested.fallbacks.map((one) => one.rail)];
  if (!known.includes(proof.rail) || (agreed !== null && !isPaidBy(contested, keys, agreed)))
    return refuseAppeal('appeal-pair', `rail ${proof.rail}`);
  if (settlement !== null && !isSettlementSigned(keys, settlement)) return refuseAppeal('appeal-evidence', 'the settlement');
  const shown = rails.payment(proof);
  if (shown === null) return refuseAppeal('appeal-evidence', 'the payment');
  const isAt = (one: { rail: string; destination: string | null }) =>
    one.rail === proof.rail && one.destination === shown.destination;
  if (isAt(contest) || (agreed !== null && isAt(agreed))) return paidOf(contested, shown, dueOn(contested, agreed, proof.rail));
  const places = contested.fallbacks
    .filter((one) => one.rail === proof.rail)
    .map((one) => rails.fallback(one.rail, one.fallback, contested.id));
  if (!places.includes(shown.destination)) return refuseAppeal('appeal-destination', shown.destination);
  // Where the contest names no place that can be paid to, the fallback is all that is left.
  if (wasFreshThere(contested) && rails.isDestination(contest.rail, contest.destination))
    return refuseAppeal('appeal-fallback', shown.destination);
  return paidOf(contested, shown, dueOnFallback(contested, proof.rail));
}

/** Of this case, and the accused pays by it. */
function isPaidBy(contested: Contested, keys: PairKeys, one: Settlement): boolean {
  return isOfCase(contested, keys, one) && one.creditor === contested.contest.contestant && one.amount > 0n;
}

/** What both signed, where that is shown; but never more than what is left of the contest. */
function dueOn({ contest, terms, basis }: Contested, agreed: Settlement | null, rail: string): bigint {
  if (agreed !== null && agreed.rail === rail && rail !== contest.rail) return agreed.amount;
  const whole = dueOf(terms, contest.rail, basis);
  return agreed !== null && agreed.rail === rail && agreed.amount < whole ? agreed.amount : whole;
}

function dueOnFallback({ contest, terms, basis }: Contested, rail: string): bigint {
  const due = basis.agreed === null ? dueAtFallback(terms, rail, basis) : 0n;
  return due > 0n ? due : dueOf(terms, contest.rail, basis);
}

function paidOf(contested: Contested, shown: ShownPayment, due: bigint): Result<Finding> {
  if (shown.amount < due) return refuseAppeal('appeal-amount', `paid ${shown.amount}, due ${due}`);
  return ok({ kind: 'paid', late: isLate(contested, shown.at), by: 'payment' });
}

/** What is known of a contest when it is asked where, and whether, the accused could have paid. */
type Filed = Pick<Contested, 'contest' | 'terms' | 'letterAt'>;

/** The accused signed it, or could have fetched it from an authority before the settlement time (rule 9). */
function wasFreshThere({ contest, terms, letterAt }: Filed): boolean {
  const { bst } = scheduleOf(terms.parameters, contest.interval);
  return contest.ground.kind === 'agreed' || (letterAt !== null && letterAt < bst);
}

/**
 * Whether the accused had nothing to pay: nothing is due; or the contestant left no settlement in time, and the fallback, in whole
 * quanta and without the carry, takes nothing (rule 9).
 */
export function owesNothing(filed: Filed, basis: Basis): boolean {
  const { contest, terms } = filed;
  if (dueOf(terms, contest.rail, basis) === 0n) return true;
  return !wasFreshThere(filed) && dueAtFallback(terms, contest.rail, basis) === 0n;
}

function examineCarried(contested: Contested, keys: PairKeys, signed: OfKind<'carried'>['settlement']): Result<Finding> {
  const { contest } = contested;
  const { body } = signed;
  const isBefore = body.interval === contest.interval - 1 && isOfPairEitherWay(keys.networkId, contest, body);
  if (!isBefore && !isOfCase(contested, keys, body)) return refuseAppeal('appeal-pair', `settlement ${body.id}`);
  if (!isSettlementSigned(keys, signed)) return refuseAppeal('appeal-evidence', 'the settlement');
  if (isBefore) {
    const found = takeOff(contested, { kind: 'carried', settlement: signed });
    return found === null ? refuseAppeal('appeal-owed', 'it left nothing in favour of the accused') : ok(found);
  }
  // Where the contestant is the debtor, the accused pays nothing by it, whatever its amount.
  if (body.amount > 0n && body.creditor === contest.contestant) return refuseAppeal('appeal-owed', `${body.amount}`);
  return ok({ kind: 'nothing-owed', by: 'carried' });
}

/** The settlement of this case, whoever of the two is its creditor. */
function isOfCase({ id, contest }: Contested, keys: PairKeys, one: Settlement): boolean {
  const isPair = [one.creditor, one.debtor].every((relay) => descriptorOf(keys, relay) !== null) && one.creditor !== one.debtor;
  return isPair && one.id === id && one.interval === contest.interval && one.terms === contest.terms;
}

function examineSetOff(contested: Contested, keys: PairKeys, signed: Signed<Iou>): Result<Finding> {
  const { contest, basis } = contested;
  const { issuer, holder, interval, serial } = signed.body;
  if (issuer !== contest.contestant || holder !== contest.accused || interval !== contest.interval)
    return refuseAppeal('appeal-pair', `IOU of ${issuer}`);
  if (signed.body.terms !== contest.terms) return refuseAppeal('appeal-pair', `IOU of other terms`);
  if (!isIouSigned(keys, signed)) return refuseAppeal('appeal-evidence', 'the IOU');
  const found = serial <= basis.issuedSerial ? null : takeOff(contested, { kind: 'set-off', iou: signed });
  return found === null ? refuseAppeal('appeal-set-off', `serial ${serial}, shown ${basis.issuedSerial}`) : ok(found);
}

type TakesOff = Extract<Appeal['evidence'], { kind: 'carried' | 'set-off' }>;

/** Null where nothing is taken off: what both signed is not reckoned again, and no evidence raises what is due. */
function takeOff(contested: Contested, evidence: TakesOff): Finding | null {
  const { contest, terms, basis } = contested;
  const after = basisAfter(contest, basis, evidence);
  if (basis.agreed !== null || dueOf(terms, contest.rail, after) >= dueOf(terms, contest.rail, basis)) return null;
  const by = evidence.kind;
  return owesNothing(contested, after) ? { kind: 'nothing-owed', by } : { kind: 'reduced', by };
}

/** What is shown once an answer is taken that lowers what is due. */
export function basisAfter({ contestant }: Contest, basis: Basis, evidence: TakesOff): Basis {
  if (evidence.kind === 'carried') return { ...basis, carry: carryOf(contestant, evidence.settlement.body) };
  return { ...basis, issued: totalsOf(evidence.iou), issuedSerial: evidence.iou.body.serial };
}

function isLate({ contest, terms }: Contested, at: number): boolean {
  return at >= scheduleOf(terms.parameters, contest.interval).paymentEnd;
}
