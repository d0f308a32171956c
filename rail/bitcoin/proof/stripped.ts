/*
 * Raw transactions: hex with witnesses in, the bytes without them out, which is what a txid and a proof are about. Called by make.ts
 * and the wallet.
 */
import { Transaction } from 'bitcoinjs-lib';

export function strippedOf(raw: string): Uint8Array {
  const transaction = Transaction.fromHex(raw);
  for (const input of transaction.ins) input.witness = [];
  return transaction.toBuffer();
}
