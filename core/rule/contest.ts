/*
 * Rules 10 and 11: what a contest claims, and what an appeal shows against it. Objects, descriptors and terms in; amounts and
 * findings out. The directory decides by it, settlement files by it, and every verdict is checked again by it.
 */
import { bare, verify, verifyBoth, type Countersigned, type Signed, type Verified } from '../crypto/sign.ts';
import { ok, refuser, type Result } from '../refusal.ts';
import { appealRefusals, contestRefusals, type Appeal, type Contest } from '../wire/contest.ts';
import { keySetFor, type Descriptor } from '../wire/descriptor.ts';
import { totalsOf, type Iou } from '../wire/iou.ts';
import { settlementId, type Carry, type PaymentProof, type Settlement } from '../wire/settlement.ts';
import { termsDigest, type Terms } from '../wire/terms.ts';
import { scheduleOf } from './interval.ts';
import { netOf, noCarry } from './net.ts';
import { railTermsOf, type Traffic } from './price.ts';

/** Whose signatures count: the two relays as the directory describes them. */
export interface PairKeys {
  readonly networkId: string;
  readonly contestant: Descriptor;
  readonly accused: Descriptor;
}

/** What of the pair's interval is shown so far: an appeal may take something off. */
export interface Basis {
  readonly held: Traffic;
  readonly issued: Traffic;
  readonly issuedSerial: bigint;
  readonly carry: Carry;
  /** Both signed this amount: it is not reckoned again. */
  readonly agreed: bigint | null;
}

/** What a rail's proof shows (rail.ts). `at` in seconds, by the rail. */
export interface ShownPayment {
  readonly payment: string;
  readonly destination: string;
  readonly amount: bigint;
  readonly at: number;
}

/** The rails, as far as they work offline. */
export interface RailRules {
  payment(proof: PaymentProof): ShownPayment | null;
  /** Where this settlement is paid by the fallback published (rail.ts). */
  fallback(rail: string, published: string, settlement: string): string | null;
}

const refuseContest = refuser(contestRefusals);
const refuseAppeal = refuser(appealRefusals);

/** The case of a contest: the settlement of its pair and interval. */
export function caseOf(networkId: string, { interval, contestant, accused }: Contest): string {
  return settlementId(networkId, interval, contestant, accused);
}

/** Whether all that it shows is of its own pair, interval, rail and destination. */
export function fitsPair(networkId: string, body: Contest): boolean {
  const { contestant, accused, interval, terms, ground } = body;
  if (ground.kind === 'agreed') {
    const one = ground.settlement.body;
    return isOfPair(networkId, body, one) && one.interval === interval && one.destination === body.destination;
  }
  const { held, issued, carry } = ground;
  const isOf = (one: Signed<Iou> | null, issuer: string, holder: string): boolean =>
    one === null ||
    (one.body.issuer === issuer && one.body.holder === holder && one.body.interval === interval && one.body.terms === terms);
  if (!isOf(held, accused, contestant) || !isOf(issued, contestant, accused)) return false;
  return carry === null || (isOfPairEitherWay(networkId, body, carry.body) && carry.body.interval === interval - 1);
}

function isOfPair(networkId: string, { contestant, accused, rail, terms }: Contest, one: Settlement): boolean {
  const isTheirs = one.creditor === contestant && one.debtor === accused && one.terms === terms;
  return isTheirs && one.rail === rail && one.id === settlementId(networkId, one.interval, contestant, accused);
}

function isOfPairEitherWay(networkId: string, { contestant, accused, rail }: Contest, one: Settlement): boolean {
  const pair = [one.creditor, one.debtor];
  const isTheirs = contestant !== accused && pair.includes(contestant) && pair.includes(accused);
  return isTheirs && one.rail === rail && one.id === settlementId(networkId, one.interval, contestant, accused);
}

/** `contest-signature` or `contest-evidence` where one does not fit. */
export function verifyContest(keys: PairKeys, signed: Signed<Contest>): Result<Verified<Contest>> {
  const { body } = signed;
  const key = keySetFor(keys.contestant, body.contestantKey, body.interval)?.settlement;
  const verified = key === undefined ? null : verify('contest', keys.networkId, signed, key);
  if (verified === null) return refuseContest('contest-signature', `key ${body.contestantKey} of ${body.contestant}`);
  const broken = brokenIn(keys, body);
  return broken === null ? ok(verified) : refuseContest('contest-evidence', broken);
}

/** The part of the ground that is not signed by whom it names, or null. */
function brokenIn(keys: PairKeys, { ground }: Contest): string | null {
  if (ground.kind === 'agreed') return isSettlementSigned(keys, ground.settlement) ? null : 'the settlement';
  if (!isIouSigned(keys, ground.held)) return 'the IOU of the accused';
  if (!isIouSigned(keys, ground.issued)) return 'the IOU of the contestant';
  if (ground.carry !== null && !isSettlementSigned(keys, ground.carry)) return 'the settlement of the interval before';
  return null;
}

function descriptorOf(keys: PairKeys, relay: string): Descriptor | null {
  return relay === keys.contestant.id ? keys.contestant : relay === keys.accused.id ? keys.accused : null;
}

function isIouSigned(keys: PairKeys, one: Signed<Iou> | null): boolean {
  if (one === null) return true;
  const issuer = descriptorOf(keys, one.body.issuer);
  const key = issuer === null ? null : keySetFor(issuer, one.body.issuerKey, one.body.interval);
  return key !== null && verify('iou', keys.networkId, one, key.iou) !== null;
}

/** By both, and the IOUs in it by their issuers. */
export function isSettlementSigned(keys: PairKeys, signed: Countersigned<Settlement>): boolean {
  const { creditor, creditorKey, debtor, debtorKey, interval, owed, owing } = signed.body;
  const keyOf = (relay: string, number: number): string | null => {
    const described = descriptorOf(keys, relay);
    return described === null ? null : (keySetFor(described, number, interval)?.settlement ?? null);
  };
  const [first, second] = [keyOf(creditor, creditorKey), keyOf(debtor, debtorKey)];
  if (first === null || second === null || verifyBoth('settlement', keys.networkId, signed, first, second) === null) return false;
  return isIouSigned(keys, owed) && isIouSigned(keys, owing);
}

export function basisOf({ contestant, ground, interval }: Contest): Basis {
  if (ground.kind === 'agreed') {
    const { owed, owing, carryIn, amount } = ground.settlement.body;
    const issuedSerial = owing?.body.serial ?? 0n;
    return { held: totalsOf(owed), issued: totalsOf(owing), issuedSerial, carry: carryIn, agreed: amount };
  }
  const { held, issued, carry } = ground;
  const left = carry?.body.carryLeft ?? { amount: 0n, since: interval };
  // A settlement states its carry in its creditor's favour.
  const mine = carry === null || carry.body.creditor === contestant ? left : { ...left, amount: -left.amount };
  return {
    ...{ held: totalsOf(held), issued: totalsOf(issued), issuedSerial: issued?.body.serial ?? 0n },
    ...{ carry: mine, agreed: null },
  };
}

/** What is due to the contestant: as both signed, or the whole net and carry to the unit. Zero: nothing, or it is the debtor. */
export function dueOf(terms: Terms, rail: string, basis: Basis): bigint {
  return basis.agreed ?? netDue(terms, rail, basis, { quantum: 1n, dust: 0n });
}

/** What a debtor pays to a silent creditor: the net of the last IOUs, without the carry, in whole quanta (rule 9). */
export function dueAtFallback(terms: Terms, rail: string, basis: Basis): bigint {
  return netDue(terms, rail, { ...basis, carry: noCarry }, null);
}

function netDue(terms: Terms, rail: string, basis: Basis, coarse: { quantum: bigint; dust: bigint } | null): bigint {
  const railTerms = railTermsOf(terms, rail);
  if (railTerms === null) return 0n;
  const net = netOf(terms, { ...railTerms, ...coarse }, basis);
  return net.creditor === 'me' ? net.amount : 0n;
}

/** `contest-other-terms`, `contest-debtor` or `contest-amount`; else what it shows. */
export function reckonContest(terms: Terms, body: Contest): Result<Basis> {
  if (termsDigest(terms) !== body.terms || terms.interval !== body.interval)
    return refuseContest('contest-other-terms', `interval ${body.interval}`);
  const basis = basisOf(body);
  const due = dueOf(terms, body.rail, basis);
  if (due === 0n) return refuseContest('contest-debtor', body.contestant);
  if (due !== body.amount) return refuseContest('contest-amount', `claimed ${body.amount}, shown ${due}`);
  return ok(basis);
}

/** What an accepted appeal does to its case. */
export type Finding =
  /** The contestant gave a receipt itself. */
  | { readonly kind: 'withdrawn'; readonly late: boolean }
  | { readonly kind: 'paid'; readonly late: boolean; readonly by: 'receipt' | 'payment' }
  | { readonly kind: 'nothing-owed'; readonly by: 'carried' | 'set-off' }
  /** Something is taken off, and a rest is due. */
  | { readonly kind: 'reduced'; readonly basis: Basis };

/** The case as far as an appeal must know it. */
export interface Contested {
  readonly id: string;
  readonly contest: Contest;
  readonly terms: Terms;
  /** With what accepted appeals took off. */
  readonly basis: Basis;
  /** The contestant's published fallbacks on that rail that were in force at the settlement time. */
  readonly fallbacks: readonly string[];
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
  const { contest, terms, basis } = contested;
  if (proof.rail !== contest.rail || (settlement !== null && !isOfCase(contested, keys, settlement.body)))
    return refuseAppeal('appeal-pair', `rail ${proof.rail}`);
  if (settlement !== null && !isSettlementSigned(keys, settlement)) return refuseAppeal('appeal-evidence', 'the settlement');
  const shown = rails.payment(proof);
  if (shown === null) return refuseAppeal('appeal-evidence', 'the payment');
  const fresh = [contest.destination, settlement?.body.destination ?? contest.destination];
  if (fresh.includes(shown.destination)) {
    const due = settlement?.body.amount ?? dueOf(terms, contest.rail, basis);
    return paidOf(contested, shown, due);
  }
  const places = contested.fallbacks.map((one) => rails.fallback(contest.rail, one, contested.id));
  if (!places.includes(shown.destination)) return refuseAppeal('appeal-destination', shown.destination);
  if (wasFreshThere(contested)) return refuseAppeal('appeal-fallback', shown.destination);
  return paidOf(contested, shown, dueAtFallback(terms, contest.rail, basis));
}

function paidOf(contested: Contested, shown: ShownPayment, due: bigint): Result<Finding> {
  if (shown.amount < due) return refuseAppeal('appeal-amount', `paid ${shown.amount}, due ${due}`);
  return ok({ kind: 'paid', late: isLate(contested, shown.at), by: 'payment' });
}

/** The accused signed it, or could have fetched it from an authority before the settlement time (rule 9). */
function wasFreshThere({ contest, terms, letterAt }: Contested): boolean {
  const { bst } = scheduleOf(terms.parameters, contest.interval);
  return contest.ground.kind === 'agreed' || (letterAt !== null && letterAt < bst);
}

function examineCarried(contested: Contested, keys: PairKeys, signed: OfKind<'carried'>['settlement']): Result<Finding> {
  if (!isOfCase(contested, keys, signed.body)) return refuseAppeal('appeal-pair', `settlement ${signed.body.id}`);
  if (!isSettlementSigned(keys, signed)) return refuseAppeal('appeal-evidence', 'the settlement');
  if (signed.body.amount > 0n) return refuseAppeal('appeal-owed', `${signed.body.amount}`);
  return ok({ kind: 'nothing-owed', by: 'carried' });
}

/** The settlement of this case, whoever of the two is its creditor. */
function isOfCase({ id, contest }: Contested, keys: PairKeys, one: Settlement): boolean {
  const isPair = [one.creditor, one.debtor].every((relay) => descriptorOf(keys, relay) !== null) && one.creditor !== one.debtor;
  return isPair && one.id === id && one.interval === contest.interval && one.terms === contest.terms;
}

function examineSetOff(contested: Contested, keys: PairKeys, signed: Signed<Iou>): Result<Finding> {
  const { contest, terms, basis } = contested;
  const { issuer, holder, interval, serial } = signed.body;
  if (issuer !== contest.contestant || holder !== contest.accused || interval !== contest.interval)
    return refuseAppeal('appeal-pair', `IOU of ${issuer}`);
  if (signed.body.terms !== contest.terms) return refuseAppeal('appeal-pair', `IOU of other terms`);
  if (!isIouSigned(keys, signed)) return refuseAppeal('appeal-evidence', 'the IOU');
  const before = dueOf(terms, contest.rail, basis);
  const after = { ...basis, issued: totalsOf(signed), issuedSerial: serial };
  if (basis.agreed !== null || serial <= basis.issuedSerial || dueOf(terms, contest.rail, after) >= before)
    return refuseAppeal('appeal-set-off', `serial ${serial}, shown ${basis.issuedSerial}`);
  const isNothing = dueOf(terms, contest.rail, after) === 0n;
  return ok(isNothing ? { kind: 'nothing-owed', by: 'set-off' } : { kind: 'reduced', basis: after });
}

function isLate({ contest, terms }: Contested, at: number): boolean {
  return at >= scheduleOf(terms.parameters, contest.interval).paymentEnd;
}
