/*
 * A transaction in; its outputs to a wallet's own scripts out. Called for each transaction of each block and of the mempool.
 */
import type { Transaction } from 'bitcoinjs-lib';
import { paymentOf } from './payment.ts';
import type { Own, Watch } from './watch.ts';

export interface OwnOutput {
  /** The outpoint: `txid:vout`. */
  readonly payment: string;
  readonly own: Own;
  readonly amount: bigint;
}

export function ownOutputs(transaction: Transaction, watch: Pick<Watch, 'find'>): OwnOutput[] {
  const found: OwnOutput[] = [];
  for (const [index, { script, value }] of transaction.outs.entries()) {
    const own = watch.find(script);
    // The txid is a hash over all of it: made only where it is wanted.
    if (own !== null) found.push({ payment: paymentOf(transaction.getId(), index), own, amount: value });
  }
  return found;
}
