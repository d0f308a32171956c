/*
 * Rule 6: how much an issuer may still certify before it pays. What it certified and has not paid, and what was received from it,
 * in; limit, use and rest, in bytes through one standard hop, out. Pure; both ends of a link reckon with it.
 */
import { UNITS_MAX } from '../../core/limits.ts';
import { GIB, weightedBytes, type Traffic } from '../../core/rule/price.ts';
import type { RailTerms } from '../../core/wire/parameters.ts';
import type { Terms } from '../../core/wire/terms.ts';
import { least } from '../../core/whole.ts';

export interface CreditBook {
  readonly startBytes: bigint;
  /** What this holder received from the issuer in the last intervals that count. */
  readonly receivedBytes: bigint;
  /** Certified and unpaid, by interval. */
  readonly unpaid: readonly { readonly terms: Terms; readonly totals: Traffic }[];
  /** Within a family IOUs net to nothing (rule 13). */
  readonly family: boolean;
}

export interface Credit {
  readonly limitBytes: bigint;
  readonly usedBytes: bigint;
  readonly leftBytes: bigint;
  readonly warning: boolean;
}

/** As a limit, and as what an Ack says is left: there is none. The largest number that either can say. */
export const UNLIMITED = UNITS_MAX;

export function creditOf(book: CreditBook): Credit {
  if (book.family) return { limitBytes: UNLIMITED, usedBytes: 0n, leftBytes: UNLIMITED, warning: false };
  const limitBytes = least(book.startBytes + book.receivedBytes, UNLIMITED);
  const usedBytes = book.unpaid.reduce((sum, { terms, totals }) => sum + creditUnits(terms, totals), 0n);
  const leftBytes = leftOf(limitBytes, usedBytes);
  return { limitBytes, usedBytes, leftBytes, warning: isNearLimit(usedBytes, leftBytes) };
}

/** What is left of a limit; of none, no less than before. */
export function leftOf(limitBytes: bigint, usedBytes: bigint): bigint {
  if (limitBytes === UNLIMITED) return UNLIMITED;
  return usedBytes < limitBytes ? limitBytes - usedBytes : 0n;
}

/** At 80 %. */
export function isNearLimit(usedBytes: bigint, leftBytes: bigint): boolean {
  return leftBytes !== UNLIMITED && usedBytes > 0n && usedBytes >= 4n * leftBytes;
}

/** Traffic as bytes through one standard hop, rounded up once an interval. */
export function creditUnits(terms: Terms, totals: Traffic): bigint {
  return (weightedBytes(terms, totals) + terms.exits - 1n) / terms.exits;
}

/** Bytes through one standard hop that an amount buys. Where traffic costs nothing, no amount gives credit. */
export function boughtBytes(rail: RailTerms, amount: bigint): bigint {
  return rail.price === 0n ? 0n : least((amount * GIB) / rail.price, UNITS_MAX);
}
