/*
 * What a pair owes, from my side: both IOUs, the rails that either takes and the carries in; rail, side, amount and carry out
 * (rule 8). Pure, and the same for both sides. Called for statements, settlements, fallbacks and the dry run.
 */
import { UNITS_MAX } from '../../core/limits.ts';
import { netOf, turned } from '../../core/rule/net.ts';
import { railTermsOf, scaledValue, valueFloor, weightedBytes, type Traffic } from '../../core/rule/price.ts';
import type { Carry } from '../../core/wire/settlement.ts';
import type { Terms } from '../../core/wire/terms.ts';
import type { Side } from './pair.ts';

export interface Reckoning {
  readonly rail: string;
  /** `nobody`: there is nothing to pay, to carry or to sign. */
  readonly side: Side;
  readonly amount: bigint;
  readonly carryIn: Carry;
  readonly carryOut: Carry;
  readonly forgiven: bigint;
  readonly heldValue: bigint;
  readonly issuedValue: bigint;
}

export interface Books {
  readonly held: Traffic;
  readonly issued: Traffic;
}

export interface BothRails {
  /** In order of preference. */
  readonly mine: readonly string[];
  readonly theirs: readonly string[];
  /** Who is asked first where neither owes: the same to both sides. */
  readonly meFirst: boolean;
}

/** Null where no rail is common, or the sums are beyond what money can be. */
export function reckonPair(terms: Terms, books: Books, rails: BothRails, carryOn: (rail: string) => Carry): Reckoning | null {
  const difference = weightedBytes(terms, books.held) - weightedBytes(terms, books.issued);
  const guess = difference > 0n || (difference === 0n && rails.meFirst) ? 'creditor' : 'debtor';
  const first = onRailOf(guess, terms, books, rails, carryOn);
  if (first === null || first.side === guess || first.side === 'nobody') return first;
  // The carry turned the direction: then the rail is of the other's choice.
  const second = onRailOf(first.side, terms, books, rails, carryOn);
  return second !== null && second.side === first.side ? second : first;
}

/** Null where the terms have no such rail. */
export function reckonOn(terms: Terms, rail: string, books: Books, carryIn: Carry): Reckoning | null {
  const railTerms = railTermsOf(terms, rail);
  if (railTerms === null) return null;
  const net = netOf(terms, railTerms, { ...books, carry: carryIn });
  const side = sideOf(net.creditor, carryIn);
  const value = (traffic: Traffic) => valueFloor(terms, scaledValue(terms, railTerms, traffic));
  const reckoning: Reckoning = {
    rail,
    side,
    amount: net.amount,
    carryIn,
    carryOut: side === 'debtor' ? turned(net.carryLeft) : net.carryLeft,
    forgiven: net.forgiven,
    heldValue: value(books.held),
    issuedValue: value(books.issued),
  };
  return fits(reckoning) ? reckoning : null;
}

/** The first in the creditor's order that the debtor takes, and that the network has. */
export function chooseRail(terms: Terms, creditors: readonly string[], debtors: readonly string[]): string | null {
  return creditors.find((rail) => debtors.includes(rail) && railTermsOf(terms, rail) !== null) ?? null;
}

/**
 * What the traffic alone comes to, signed, after the one rounding: `gross + carry in = net + carry out`, what was forgiven
 * apart.
 */
export function grossOf(pair: Pick<Reckoning, 'carryIn' | 'carryOut' | 'forgiven' | 'amount'> & { side: Side | null }): bigint {
  const sign = pair.side === 'debtor' ? -1n : 1n;
  return sign * (pair.amount + pair.forgiven) + pair.carryOut.amount - pair.carryIn.amount;
}

function onRailOf(
  creditor: 'creditor' | 'debtor',
  terms: Terms,
  books: Books,
  rails: BothRails,
  carryOn: (rail: string) => Carry,
): Reckoning | null {
  const [first, second] = creditor === 'creditor' ? [rails.mine, rails.theirs] : [rails.theirs, rails.mine];
  const rail = chooseRail(terms, first, second);
  return rail === null ? null : reckonOn(terms, rail, books, carryOn(rail));
}

/** Who writes the settlement. Where a carry is just used up, who had it in its favour signs that it is gone. */
function sideOf(creditor: 'me' | 'them' | 'nobody', carryIn: Carry): Side {
  if (creditor !== 'nobody') return creditor === 'me' ? 'creditor' : 'debtor';
  return carryIn.amount === 0n ? 'nobody' : carryIn.amount > 0n ? 'creditor' : 'debtor';
}

/** A counterpart may sign totals that no money could ever pay. */
function fits(one: Reckoning): boolean {
  const sums = [one.amount, one.forgiven, one.heldValue, one.issuedValue, one.carryOut.amount, -one.carryOut.amount];
  return sums.every((sum) => sum <= UNITS_MAX);
}
