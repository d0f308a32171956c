/*
 * How much of a wallet may be swept away: what is there and what it is kept for in, the amount out, or null. Pure; called by sweep/flow.ts.
 */
export interface Purse {
  /** Spendable now. */
  readonly balance: bigint;
  /** Of the sweep itself. */
  readonly fee: bigint;
  /** What the operator keeps in the wallet. */
  readonly above: bigint;
  /** What is due, or will be at the next settlement times by the books as they stand, with its fees. */
  readonly due: bigint;
  /** The subscribers' balances: theirs to withdraw. */
  readonly owed: bigint;
}

/** A sweep that costs more than a twentieth of itself waits until there is more. */
const FEES_LEAST = 20n;

export function spareOf(purse: Purse): bigint | null {
  const spare = restOf(purse);
  return spare >= purse.fee * FEES_LEAST && spare > 0n ? spare : null;
}

/** Below zero where the wallet lacks something. */
export function restOf({ balance, fee, above, due, owed }: Purse): bigint {
  return balance - fee - above - due - (owed > 0n ? owed : 0n);
}
