/*
 * An entry of the ledger in the rail's words. A payment's lasting name is the position of its entry in the log: the one name
 * that an inclusion proof itself shows.
 */
import { ledgerDestination, type LedgerEntry } from '../../core/wire/ledger.ts';
import type { IncomingPayment } from '../rail.ts';

export const LEDGER = 'ledger';

export function paymentOf(entry: LedgerEntry): string {
  return entry.position.toString();
}

export function isPayment(text: string): boolean {
  return /^(0|[1-9][0-9]{0,18})$/.test(text);
}

/** What is in the log stays there: one confirmation, and never more. */
export function incomingOf(entry: LedgerEntry): IncomingPayment {
  return {
    payment: paymentOf(entry),
    destination: ledgerDestination(entry.to, entry.ref),
    amount: entry.amount,
    confirmations: 1,
    at: entry.at,
  };
}
