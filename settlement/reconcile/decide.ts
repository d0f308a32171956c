/*
 * Reconciliation: what the books say the wallet holds against what it holds. Pure; called by reconcile/flow.ts.
 */
export interface WalletBooks {
  /** Before the first movement that is counted. */
  readonly opening: bigint;
  readonly settlementsReceived: bigint;
  /** Into an account that is the subscribers' alone; where the rail tells them apart. */
  readonly deposits: bigint;
  /** From elsewhere, at destinations of no settlement; with the deposits where they come to one account. */
  readonly otherIncome: bigint;
  /** Of all that came in, what is in no block any more. */
  readonly undone: bigint;
  readonly settlementsPaid: bigint;
  /** The guard's withdrawals and the operator's own sends. */
  readonly withdrawn: bigint;
  readonly sent: bigint;
  readonly swept: bigint;
  readonly fees: bigint;
  /** In batches that are not final: not in the sums yet, and held still. */
  readonly underWay: bigint;
}

export interface Reconciled extends WalletBooks {
  readonly expected: bigint;
  readonly balance: bigint;
  /** balance − expected: 0, or something moved that these books do not know. */
  readonly difference: bigint;
  /** Come in and not final yet: neither in the books nor in the balance. */
  readonly unconfirmed: bigint;
}

export interface Found {
  readonly held: bigint;
  readonly waiting: bigint;
}

export function reconcile(books: WalletBooks, { held, waiting }: Found): Reconciled {
  const income = books.settlementsReceived + books.deposits + books.otherIncome - books.undone;
  const outgoing = books.settlementsPaid + books.withdrawn + books.sent + books.swept + books.fees;
  const expected = books.opening + income - outgoing;
  return { ...books, expected, balance: held, difference: held - expected, unconfirmed: waiting };
}
