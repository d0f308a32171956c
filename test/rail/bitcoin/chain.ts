/*
 * Blocks made by hand, for proofs: transactions and what the header says in, a header with work on regtest's target out.
 */
import { encode } from '../../../core/wire/codec.ts';
import type { BitcoinProof } from '../../../core/wire/bitcoin.ts';
import type { PaymentProof } from '../../../core/wire/settlement.ts';
import { branchOf } from '../../../rail/bitcoin/proof/branch.ts';
import { hash256, shownHash } from '../../../rail/bitcoin/proof/transaction.ts';

export const REGTEST_BITS = 0x207fffff;

/** Pays `amount` to a script; `nonce` makes another one of it. */
export function paying(script: Uint8Array, amount: bigint, nonce = 0): Buffer {
  const value = Buffer.alloc(8);
  value.writeBigUInt64LE(amount);
  const lockTime = Buffer.alloc(4);
  lockTime.writeUInt32LE(nonce);
  const input = Buffer.from(`01${'aa'.repeat(32)}0000000000fdffffff`, 'hex');
  const output = Buffer.concat([Buffer.from('01', 'hex'), value, Buffer.from([script.length]), script]);
  return Buffer.concat([Buffer.from('02000000', 'hex'), input, output, lockTime]);
}

export function rootOfAll(hashes: readonly Uint8Array[]): Uint8Array {
  let row = [...hashes];
  while (row.length > 1) {
    const above: Uint8Array[] = [];
    for (let left = 0; left < row.length; left += 2)
      above.push(hash256(Buffer.concat([row[left]!, row[left + 1] ?? row[left]!])));
    row = above;
  }
  return row[0]!;
}

export function mined(previous: Uint8Array, root: Uint8Array, bits = REGTEST_BITS, time = 1_700_000_000): Buffer {
  const header = Buffer.alloc(80);
  header.writeUInt32LE(0x2000_0000, 0);
  header.set(previous, 4);
  header.set(root, 36);
  header.writeUInt32LE(time, 68);
  header.writeUInt32LE(bits, 72);
  // The highest byte of the hash below 0x7f: half of all.
  for (let nonce = 0; hash256(header)[31]! > 0x7e; nonce++) header.writeUInt32LE(nonce, 76);
  return header;
}

/** As many headers upon a block as are wanted, itself the first. */
export function chainOn(root: Uint8Array, count: number, bits?: number): Buffer[] {
  const headers = [mined(Buffer.alloc(32), root, bits)];
  while (headers.length < count) headers.push(mined(hash256(headers.at(-1)!), Buffer.alloc(32, headers.length), bits));
  return headers;
}

/** The proof of output 0 of one of a block's transactions. */
export function proofIn(transactions: readonly Buffer[], place: number, confirmations: number): BitcoinProof {
  const hashes = transactions.map(hash256);
  return {
    transaction: transactions[place]!.toString('base64'),
    output: 0,
    place,
    branch: branchOf(hashes, place).map(shownHash),
    headers: Buffer.concat(chainOn(rootOfAll(hashes), confirmations)).toString('base64'),
  };
}

export const said = (proof: BitcoinProof): PaymentProof => ({ rail: 'bitcoin', proof: encode(proof) });
