/*
 * Merkle branches: the ids of a block's transactions in, the branch of one out; a transaction's hash and its branch in, the root
 * out. Pure; called by verify.ts and by the reader that makes a proof.
 */
import { hash256, parseTransaction } from './transaction.ts';

/** Null where two transactions of one id, or a transaction of 64 bytes, would make the same root. */
export function rootOf(hash: Uint8Array, place: number, branch: readonly Uint8Array[]): Uint8Array | null {
  if (place >= 2 ** branch.length) return null;
  let [node, at] = [hash, place];
  for (const neighbour of branch) {
    const isRight = at % 2 === 1;
    // A last node without a neighbour is hashed with itself. As a right one there is no such node (CVE-2012-2459).
    if (isRight && Buffer.compare(node, neighbour) === 0) return null;
    const both = Buffer.concat(isRight ? [neighbour, node] : [node, neighbour]);
    // What reads as a transaction may be one, of 64 bytes: then what stands below it was never in the block (CVE-2017-12842).
    if (parseTransaction(both) !== null) return null;
    node = hash256(both);
    at = Math.floor(at / 2);
  }
  return node;
}

/** The neighbours of the transaction at `place`, from the bottom. */
export function branchOf(hashes: readonly Uint8Array[], place: number): Uint8Array[] {
  const branch: Uint8Array[] = [];
  let [row, at] = [[...hashes], place];
  while (row.length > 1) {
    branch.push((row[at % 2 === 1 ? at - 1 : at + 1] ?? row[at]) as Uint8Array);
    const above: Uint8Array[] = [];
    for (let left = 0; left < row.length; left += 2) {
      above.push(hash256(Buffer.concat([row[left] as Uint8Array, row[left + 1] ?? (row[left] as Uint8Array)])));
    }
    [row, at] = [above, Math.floor(at / 2)];
  }
  return branch;
}
