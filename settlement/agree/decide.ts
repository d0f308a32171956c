/*
 * Whether the debtor countersigns: the creditor's settlement and all that I know of the pair in; the refusal that comes first in
 * settlementRefusals, or none. One small rule a check, listed once. Pure; called by agree/flow.ts.
 */
import type { Settlement } from '../../core/wire/settlement.ts';
import { refuser, type Refusal } from '../../core/refusal.ts';
import { settlementRefusals } from '../../core/wire/settlement.ts';
import type { Signed, Verified } from '../../core/crypto/sign.ts';
import type { Iou } from '../../core/wire/iou.ts';
import type { Schedule } from '../../core/rule/interval.ts';
import type { Carry } from '../../core/wire/settlement.ts';
import { sameIou } from '../pair/iou.ts';
import type { Pair } from '../pair/pair.ts';
import type { Reckoning } from '../pair/reckon.ts';

export interface SettlementCase {
  readonly me: string;
  readonly from: string;
  readonly signed: Signed<Settlement>;
  readonly expectedId: string;
  readonly now: number;
  readonly relayKnown: boolean;
  /** Digest of the interval's terms, or null. */
  readonly terms: string | null;
  /** The creditor's signature fits, and the debtor's key named is mine. */
  readonly signatureGood: boolean;
  readonly schedule: Schedule | null;
  readonly closed: boolean;
  /** Those in the settlement; `false` for one that is not of this pair, or not signed. */
  readonly owed: Verified<Iou> | null | false;
  readonly owing: Verified<Iou> | null | false;
  readonly pair: Pair | null;
  /** The highest IOUs that I know of, my debt first. */
  readonly bestOwed: Verified<Iou> | null;
  readonly bestOwing: Verified<Iou> | null;
  /** By the IOUs in the settlement on its rail, or on the chosen one where there is no such rail. From my side. */
  readonly net: Reckoning | null;
  /** The rail that both sides come to. */
  readonly chosenRail: string | null;
  /** Of this rail, never used; as far as it was looked up. */
  readonly destinationGood: boolean;
  /** Out of the mailbox: the creditor could not see my last IOUs, and may claim less than it could. */
  readonly fromLetter: boolean;
}

type Code = keyof typeof settlementRefusals;
type Check = readonly [Code, (of: SettlementCase) => boolean];

/** Each says what must hold. In the order of settlementRefusals. */
const checks: readonly Check[] = [
  [
    'settlement-not-mine',
    ({ signed: { body }, from, me, expectedId }) =>
      body.creditor === from && body.debtor === me && from !== me && body.id === expectedId,
  ],
  ['settlement-unknown-relay', (of) => of.relayKnown],
  ['settlement-unknown-terms', (of) => of.terms !== null],
  ['settlement-other-terms', (of) => of.signed.body.terms === of.terms],
  ['settlement-signature', (of) => of.signatureGood],
  ['settlement-early', (of) => of.schedule !== null && of.now >= of.schedule.booksClose && of.closed && of.pair?.recall !== true],
  ['settlement-late', (of) => of.schedule !== null && of.now < of.schedule.paymentEnd],
  ['settlement-iou', (of) => of.owed !== false && of.owing !== false],
  ['settlement-no-statement', (of) => of.pair !== null && of.pair.theirs !== null],
  ['settlement-direction', (of) => of.net?.side === 'debtor'],
  ['settlement-amount', isNetOfHighest],
  ['settlement-rail', (of) => of.signed.body.rail === of.chosenRail],
  [
    'settlement-destination',
    ({ signed: { body }, destinationGood }) => body.amount > 0n === (body.destination !== null) && destinationGood,
  ],
  ['settlement-conflict', ({ pair }) => pair !== null && (pair.state === 'open' || pair.state === 'stated')],
];

const refuse = refuser(settlementRefusals);

export function refusalOf(of: SettlementCase): Refusal | null {
  const failed = checks.find(([, holds]) => !holds(of));
  return failed === undefined ? null : refuse(failed[0], of.signed.body.id).refusal;
}

/** Its IOUs are the highest shown, and its sums what they come to. */
function isNetOfHighest(of: SettlementCase): boolean {
  const { body } = of.signed;
  if (of.net === null || of.schedule === null || !sameIou(body.owing, of.bestOwing)) return false;
  const lower = of.fromLetter && (body.owed?.body.serial ?? 0n) <= (of.bestOwed?.body.serial ?? 0n);
  if (!lower && !sameIou(body.owed, of.bestOwed)) return false;
  // From the creditor's side: its carries are mine, turned.
  const sums =
    body.amount === of.net.amount && isTurned(body.carryIn, of.net.carryIn) && isTurned(body.carryLeft, of.net.carryOut);
  return sums && body.due === of.schedule.bst;
}

/** Of nothing, nobody asks how old it is. */
function isTurned(theirs: Carry, mine: Carry): boolean {
  return theirs.amount === -mine.amount && (mine.amount === 0n || theirs.since === mine.since);
}
