/*
 * Rule 8: what one pair owes for an interval. The highest IOUs of both directions, the carry and the terms in; who pays how
 * much, and what is carried, out. Both sides and every verifier reckon it alike; at most one payment a pair (PG-22).
 *
 *   net + carry ──┬── due to age ──┬── below dust ─→ forgiven
 *                 │                └── else ──────→ paid to the unit
 *                 ├── below dust ─────────────────→ carried whole
 *                 └── else ── whole quanta paid, the rest carried
 */
import type { RailTerms } from '../wire/parameters.ts';
import type { Carry } from '../wire/settlement.ts';
import type { Terms } from '../wire/terms.ts';
import { scaledValue, scaleOf, valueFloor, type Traffic } from './price.ts';

/** Seen from one side: what it holds of the other, what it issued, and the carry in its favour (negative: against it). */
export interface PairBook {
  readonly held: Traffic;
  readonly issued: Traffic;
  readonly carry: Carry;
}

export interface Net {
  /** Who is owed: this side, the other, or nobody. */
  readonly creditor: 'me' | 'them' | 'nobody';
  /** To be paid now. */
  readonly amount: bigint;
  /** Stays, not negative, in the creditor's favour. */
  readonly carryLeft: Carry;
  /** Dropped for good: dust too old. */
  readonly forgiven: bigint;
}

export const noCarry: Carry = { amount: 0n, since: 0 };

export function netOf(terms: Terms, rail: RailTerms, book: PairBook): Net {
  const traffic = scaledValue(terms, rail, book.held) - scaledValue(terms, rail, book.issued);
  const scaled = traffic + book.carry.amount * scaleOf(terms);
  const creditor = scaled > 0n ? 'me' : scaled < 0n ? 'them' : 'nobody';
  // The one rounding between relays: down to the smallest unit, the fraction dropped.
  const total = valueFloor(terms, scaled < 0n ? -scaled : scaled);
  if (creditor === 'nobody' || total === 0n)
    return { creditor: 'nobody', amount: 0n, carryLeft: at(0n, terms.interval), forgiven: 0n };

  const carried = creditor === 'me' ? book.carry.amount : -book.carry.amount;
  const aged = carried > 0n && terms.interval - book.carry.since >= terms.parameters.carryIntervals;
  if (aged) {
    return total < rail.dust
      ? { creditor, amount: 0n, carryLeft: at(0n, terms.interval), forgiven: total }
      : { creditor, amount: total, carryLeft: at(0n, terms.interval), forgiven: 0n };
  }
  const quantum = rail.quantum === 0n ? 1n : rail.quantum;
  const payable = total - (total % quantum);
  const amount = total < rail.dust ? 0n : payable;
  // The oldest is paid first: a rest is as old as the carry only while that is not paid in full.
  const since = carried > 0n && amount < carried ? book.carry.since : terms.interval;
  return { creditor, amount, carryLeft: at(total - amount, amount === total ? terms.interval : since), forgiven: 0n };
}

/** The same carry seen from the other side. */
export function turned(carry: Carry): Carry {
  return { amount: -carry.amount, since: carry.since };
}

function at(amount: bigint, since: number): Carry {
  return { amount, since };
}
