/*
 * A Bitcoin payment proof, offline: the proof and the network's rules in, what was paid to whom out, or null. Called by reader.ts, and
 * through it by settlement, the directory and `ptg verify`.
 *
 * What holds: a transaction pays that output, it is in a block, and `confirmations` blocks of at least the network's difficulty
 * were made on it, in a row. What a light client cannot know: that those blocks are the chain that everybody follows now, that
 * the transaction's inputs were there to spend, and that the block's time is right beyond an hour or two. To forge it is to mine
 * that many blocks, which earn nothing: `difficulty` of network.json is what that costs. On regtest it costs nothing; on signet,
 * whose blocks are worth their signature, little.
 */
import { HEADER_BYTES, bitcoinProof, type BitcoinNetwork } from '../../../core/wire/bitcoin.ts';
import { decode } from '../../../core/wire/codec.ts';
import { PAYMENT_PROOF_CHARS_MAX, UNITS_MAX } from '../../../core/limits.ts';
import type { ShownPayment } from '../../../core/rule/contest.ts';
import type { PaymentProof } from '../../../core/wire/settlement.ts';
import { addressOf } from '../address.ts';
import { chains } from '../network.ts';
import { BITCOIN, paymentOf } from '../payment.ts';
import { rootOf } from './branch.ts';
import { hashOf, parseTransaction } from './transaction.ts';
import { isWorked, parseHeaders } from './work.ts';

export function verifyBitcoinProof(rules: BitcoinNetwork, proof: PaymentProof): ShownPayment | null {
  if (proof.rail !== BITCOIN) return null;
  const read = decode(proof.proof, bitcoinProof, PAYMENT_PROOF_CHARS_MAX);
  if (!read.ok) return null;
  const { transaction, output, place, branch, headers } = read.value;
  const at = confirmedAt(rules, Buffer.from(headers, 'base64'));
  if (at === null) return null;
  // Two hashes of the tree side by side may read as a transaction, but in 64 bytes there is no room for the script of an address.
  const parsed = parseTransaction(Buffer.from(transaction, 'base64'));
  const paid = parsed?.outputs[output];
  if (parsed === null || paid === undefined || paid.amount > UNITS_MAX) return null;
  const destination = addressOf(paid.script, chains[rules.chain]);
  const root = rootOf(hashOf(parsed.txid), place, branch.map(hashOf));
  if (destination === null || root === null || Buffer.compare(root, at.merkleRoot) !== 0) return null;
  return { payment: paymentOf(parsed.txid, output), destination, amount: paid.amount, at: at.time };
}

/** The first header, where enough good ones stand on it. */
function confirmedAt({ chain, confirmations, difficulty }: BitcoinNetwork, bytes: Uint8Array) {
  if (bytes.length < confirmations * HEADER_BYTES) return null;
  const headers = parseHeaders(bytes);
  return headers !== null && isWorked(headers, chain, difficulty) ? (headers[0] ?? null) : null;
}
