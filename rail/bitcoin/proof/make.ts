/*
 * Making a proof from a node: a payment's name in; its transaction, the branch in its block and the headers upon it out. The node needs
 * -txindex to find a transaction that is not its wallet's. Called by reader.ts.
 */
import { z } from 'zod';
import { ok, type Result } from '../../../core/refusal.ts';
import type { BitcoinNetwork } from '../../../core/wire/bitcoin.ts';
import { encode } from '../../../core/wire/codec.ts';
import type { PaymentProof } from '../../../core/wire/settlement.ts';
import { hash, integer, rawHex } from '../exact.ts';
import { BITCOIN, parsePayment } from '../payment.ts';
import { RPC_CODES, type Rpc, type RpcAnswer } from '../rpc.ts';
import { refusePayment } from '../wallet/refusals.ts';
import { branchOf } from './branch.ts';
import { strippedOf } from './stripped.ts';
import { hashOf, shownHash } from './transaction.ts';

const found = z.object({ hex: rawHex, blockhash: hash.optional(), confirmations: integer.optional() });
const block = z.object({ height: integer, tx: z.array(hash) });

export async function makeProof(rpc: Rpc, { confirmations }: BitcoinNetwork, payment: string): Promise<Result<PaymentProof>> {
  const name = parsePayment(payment);
  if (name === null) return refusePayment('bitcoin-unknown', payment.slice(0, 100));
  const transaction = await rpc.call('getrawtransaction', [name.txid, 1], found);
  if (!transaction.ok) return transaction.rpcCode === RPC_CODES.unknown ? refusePayment('bitcoin-unknown', payment) : transaction;
  const { hex, blockhash, confirmations: deep = 0 } = transaction.value;
  if (blockhash === undefined || deep < confirmations) return refusePayment('bitcoin-unconfirmed', `${payment}: ${deep}`);
  const inBlock = await rpc.call('getblock', [blockhash, 1], block);
  if (!inBlock.ok) return inBlock;
  const { height, tx } = inBlock.value;
  const headers = await headersFrom(rpc, height, confirmations);
  if (!headers.ok) return headers;
  const place = tx.indexOf(name.txid);
  if (place < 0) return refusePayment('bitcoin-unconfirmed', payment);
  const proof = {
    transaction: Buffer.from(strippedOf(hex)).toString('base64'),
    output: name.output,
    place,
    branch: branchOf(tx.map(hashOf), place).map(shownHash),
    headers: Buffer.from(headers.value.join(''), 'hex').toString('base64'),
  };
  return ok({ rail: BITCOIN, proof: encode(proof) });
}

async function headersFrom(rpc: Rpc, height: number, count: number): Promise<Result<string[]>> {
  const heights = Array.from({ length: count }, (_, index) => [height + index]);
  const hashes = each(await rpc.batch('getblockhash', heights, hash));
  if (!hashes.ok) return hashes;
  return each(
    await rpc.batch(
      'getblockheader',
      hashes.value.map((one) => [one, false]),
      rawHex,
    ),
  );
}

function each<T>(answers: RpcAnswer<RpcAnswer<T>[]>): Result<T[]> {
  if (!answers.ok) return answers;
  const values: T[] = [];
  for (const one of answers.value) {
    if (!one.ok) return one;
    values.push(one.value);
  }
  return ok(values);
}
