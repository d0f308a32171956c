/*
 * What a page of incoming payments means: payments and whose destinations they went to in; deposits, credited or shown, and those
 * that a rail has undone, out. Repeated and small ones count like any other. Pure.
 */
import type { IncomingPayment } from '../../rail/rail.ts';

export interface Deposit {
  readonly payment: string;
  readonly subscriber: string;
  readonly amount: bigint;
  readonly at: number;
  readonly confirmed: boolean;
  /** Of its block; null before it has one, and on a rail that takes nothing back. */
  readonly height: number | null;
}

export interface Page {
  readonly deposits: readonly Deposit[];
  /** Every payment of it is final: nothing of it needs to be read again. */
  readonly isFinal: boolean;
}

/** `owners`: subscriber by destination; payments to others (settlements, the operator's own) are not the guard's business. */
export function depositsOf(
  payments: readonly IncomingPayment[],
  owners: ReadonlyMap<string, string>,
  confirmationsNeeded: number,
): Page {
  const deposits: Deposit[] = [];
  for (const { payment, destination, amount, at, confirmations, height = null } of payments) {
    const subscriber = owners.get(destination);
    if (subscriber === undefined) continue;
    deposits.push({ payment, subscriber, amount, at, confirmed: confirmations >= confirmationsNeeded, height });
  }
  return { deposits, isFinal: deposits.every((one) => one.confirmed) };
}

export interface Credited {
  readonly payment: string;
  readonly height: number;
}

/**
 * `credited` in blocks all of whose payments `shown` shows: what is in none of them any more, or in another that is not confirmed
 * yet. One that another guard of the family has seen confirmed, and this one's node in the same block, stays.
 */
export function undoneBy(credited: readonly Credited[], shown: readonly Deposit[]): Credited[] {
  const now = new Map(shown.map((one) => [one.payment, one]));
  return credited.filter(({ payment, height }) => {
    const one = now.get(payment);
    return one === undefined || (!one.confirmed && one.height !== height);
  });
}
