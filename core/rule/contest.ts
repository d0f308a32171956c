/*
 * Rule 10: what a contest claims, and what is due by what it shows. Objects, descriptors and terms in; amounts out. The directory
 * decides by it, settlement files by it, and every verdict is checked again by it. What is held against it stands in appeal.ts.
 */
import { verify, verifyBoth, type Countersigned, type Signed, type Verified } from '../crypto/sign.ts';
import { ok, refuser, type Result } from '../refusal.ts';
import { contestRefusals, type Contest } from '../wire/contest.ts';
import { keySetFor, type Descriptor } from '../wire/descriptor.ts';
import { totalsOf, type Iou } from '../wire/iou.ts';
import { settlementId, type Carry, type PaymentProof, type Settlement } from '../wire/settlement.ts';
import { termsDigest, type Terms } from '../wire/terms.ts';
import { netOf, noCarry, turned } from './net.ts';
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
  /** Whether the text is a place on that rail to which anybody can pay. */
  isDestination(rail: string, text: string): boolean;
  /** Where this settlement is paid by the fallback published (rail.ts). */
  fallback(rail: string, published: string, settlement: string): string | null;
}

const refuseContest = refuser(contestRefusals);

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

export function isOfPairEitherWay(networkId: string, { contestant, accused, rail }: Contest, one: Settlement): boolean {
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

export function descriptorOf(keys: PairKeys, relay: string): Descriptor | null {
  return relay === keys.contestant.id ? keys.contestant : relay === keys.accused.id ? keys.accused : null;
}

export function isIouSigned(keys: PairKeys, one: Signed<Iou> | null): boolean {
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
  const left = carry === null ? { amount: 0n, since: interval } : carryOf(contestant, carry.body);
  return {
    ...{ held: totalsOf(held), issued: totalsOf(issued), issuedSerial: issued?.body.serial ?? 0n },
    ...{ carry: left, agreed: null },
  };
}

/** What a settlement leaves, in the contestant's favour; it states it in its creditor's. */
export function carryOf(contestant: string, { creditor, carryLeft }: Settlement): Carry {
  return creditor === contestant ? carryLeft : turned(carryLeft);
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
