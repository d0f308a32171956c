/*
 * Balances. Always the sum of an account's rows, and nowhere is one kept: but rows are only ever added, and a sum over those that were
 * there is the same for good. It is remembered here, so that a busy account's rows are not added up again each time. Lost with the
 * process. Made by main.ts; called by transfer/flow.ts and account/flow.ts.
 */
import type { Tx } from '../../host/ports.ts';

export interface Sum {
  /** Of the rows before this position. */
  readonly upTo: bigint;
  readonly amount: bigint;
}

export interface Sums {
  of(account: string): Sum;
  /** Counts once the transaction that has read it has committed. */
  remember(tx: Tx, account: string, sum: Sum): void;
}

const NOTHING: Sum = { upTo: 0n, amount: 0n };
/** Accounts; those that were asked for longest ago are summed anew. */
const REMEMBERED_MAX = 10_000;

export function createSums(): Sums {
  const sums = new Map<string, Sum>();
  return {
    of: (account) => sums.get(account) ?? NOTHING,
    remember(tx, account, sum) {
      tx.onCommit(() => {
        if ((sums.get(account)?.upTo ?? -1n) > sum.upTo) return;
        sums.delete(account);
        sums.set(account, sum);
        const [oldest] = sums.keys();
        if (oldest !== undefined && sums.size > REMEMBERED_MAX) sums.delete(oldest);
      });
    },
  };
}
