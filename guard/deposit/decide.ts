/*
 * What a page of incoming payments means: payments and whose destinations they went to in; deposits, credited or shown, out.
 * Repeated and small ones count like any other. Pure.
 */
import type { IncomingPayment } from '../../rail/rail.ts';

export interface Deposit {
  readonly payment: string;
  readonly subscriber: string;
  readonly amount: bigint;
  readonly at: number;
  readonly confirmed: boolean;
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
  for (const { payment, destination, amount, at, confirmations } of payments) {
    const subscriber = owners.get(destination);
    if (subscriber === undefined) continue;
    deposits.push({ payment, subscriber, amount, at, confirmed: confirmations >= confirmationsNeeded });
  }
  return { deposits, isFinal: deposits.every((one) => one.confirmed) };
}
