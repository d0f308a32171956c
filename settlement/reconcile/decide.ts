/*
 * Reconciliation: what the books say the wallet holds against what it holds. Pure; called by reconcile/flow.ts.
 */
export interface WalletBooks {
  /** Before the first movement that is counted. */
  readonly opening: bigint;
  readonly settlementsReceived: bigint;
  /** At destinations of no settlement: deposits, gifts. */
  readonly otherIncome: bigint;
  readonly settlementsPaid: bigint;
  /** The guard's withdrawals and the operator's own sends. */
  readonly withdrawn: bigint;
  readonly sent: bigint;
  readonly fees: bigint;
}

export interface Reconciled extends WalletBooks {
  readonly expected: bigint;
  readonly balance: bigint;
  /** balance − expected: 0, or something moved that these books do not know. */
  readonly difference: bigint;
}

export function reconcile(books: WalletBooks, balance: bigint): Reconciled {
  const income = books.settlementsReceived + books.otherIncome;
  const outgoing = books.settlementsPaid + books.withdrawn + books.sent + books.fees;
  const expected = books.opening + income - outgoing;
  return { ...books, expected, balance, difference: balance - expected };
}
