/*
 * One pair of relays in one interval, as this side has it: the row that every flow of this role moves on. Signs of carries are in
 * my favour. Made at the close of the books, or when a counterpart speaks first.
 */
import type { Countersigned, Signed, Verified } from '../../core/crypto/sign.ts';
import { noCarry } from '../../core/rule/net.ts';
import type { Iou } from '../../core/wire/iou.ts';
import { settlementId, type Carry, type Receipt, type Settlement, type Statement } from '../../core/wire/settlement.ts';
import type { PairState } from './decide.ts';

/** What this relay is in the pair. */
export type Side = 'creditor' | 'debtor' | 'nobody';

export interface Pair {
  readonly interval: number;
  readonly peer: string;
  /** The settlement's. */
  readonly id: string;
  readonly state: PairState;
  /** Null until it is reckoned. */
  readonly side: Side | null;
  /** The highest that either side showed: the peer's IOU to me, and mine to it. Dropped when the windows are over. */
  readonly held: Verified<Iou> | null;
  readonly issued: Verified<Iou> | null;
  readonly mine: Verified<Statement> | null;
  readonly theirs: Verified<Statement> | null;
  readonly rail: string | null;
  readonly amount: bigint;
  readonly carryIn: Carry;
  readonly carryOut: Carry;
  readonly forgiven: bigint;
  readonly heldValue: bigint;
  readonly issuedValue: bigint;
  /** Signed by the creditor. */
  readonly settlement: Verified<Settlement> | null;
  readonly countersignature: string | null;
  readonly destination: string | null;
  /** Paid to where the descriptor says, because the creditor is silent (rule 9). */
  readonly fallback: boolean;
  /** Released by the operator. */
  readonly approved: boolean;
  /** What the counterpart holds has not been asked yet, after a restore. */
  readonly recall: boolean;
  readonly payment: string | null;
  readonly paidAt: number | null;
  readonly paid: bigint;
  readonly received: bigint;
  readonly fee: bigint;
  readonly receipt: Signed<Receipt> | null;
}

/** The row without its objects. */
export type PairFigures = Omit<Pair, 'held' | 'issued' | 'mine' | 'theirs' | 'settlement' | 'receipt'>;

export function openPair(networkId: string, interval: number, me: string, peer: string): Pair {
  return {
    interval,
    peer,
    id: settlementId(networkId, interval, me, peer),
    state: 'open',
    side: null,
    held: null,
    issued: null,
    mine: null,
    theirs: null,
    rail: null,
    amount: 0n,
    carryIn: noCarry,
    carryOut: noCarry,
    forgiven: 0n,
    heldValue: 0n,
    issuedValue: 0n,
    settlement: null,
    countersignature: null,
    destination: null,
    fallback: false,
    approved: false,
    recall: false,
    payment: null,
    paidAt: null,
    paid: 0n,
    received: 0n,
    fee: 0n,
    receipt: null,
  };
}

/** The settlement with both signatures, or null while one is missing. */
export function bothSigned(pair: Pair): Countersigned<Settlement> | null {
  const { settlement, countersignature } = pair;
  if (settlement === null || countersignature === null) return null;
  return { body: settlement.body, signature: settlement.signature, countersignature };
}

/** At the fallback, of a counterpart that has not said since a restore what it holds: perhaps paid already, by what the restore has lost. */
export function isUnasked({ fallback, recall }: PairFigures): boolean {
  return fallback && recall;
}
