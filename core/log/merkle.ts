/*
 * The Merkle tree of RFC 6962 §2: roots, inclusion and consistency proofs, and their offline checks. The ledger and the
 * directory append to one; appeals and auditors check. Hashes are 32-byte arrays.
 */
import { sha256 } from '../crypto/hash.ts';
import { invariant } from '../refusal.ts';

export type Hash = Uint8Array;

/** RFC 6962 §2.1: a leaf is hashed behind 0x00, a node behind 0x01. */
export function leafHash(leaf: Uint8Array): Hash {
  return sha256(LEAF, leaf);
}

/** As heads and proofs write it. */
export function hexOf(hash: Hash): string {
  return Buffer.from(hash).toString('hex');
}

const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);
const EMPTY = sha256();

function nodeHash(left: Hash, right: Hash): Hash {
  return sha256(NODE, left, right);
}

/** An append-only tree that keeps every complete subtree's hash, so that roots and proofs take logarithmic time. */
export interface MerkleTree {
  readonly size: number;
  append(leaf: Hash): void;
  /** Of the first `size` leaves. */
  root(size?: number): Hash;
  /** The audit path of leaf `index` in the tree of the first `size` leaves (RFC 6962 §2.1.1). */
  inclusion(index: number, size: number): Hash[];
  /** RFC 6962 §2.1.2. */
  consistency(from: number, to: number): Hash[];
}

export function createTree(leaves: Iterable<Hash> = []): MerkleTree {
  // levels[h][i] is the hash of the complete subtree over leaves i·2^h … (i+1)·2^h − 1.
  const levels: Hash[][] = [[]];
  const append = (leaf: Hash): void => {
    let hash = leaf;
    for (let height = 0; ; height += 1) {
      const level = (levels[height] ??= []);
      level.push(hash);
      if (level.length % 2 === 1) return;
      hash = nodeHash(level[level.length - 2] as Hash, hash);
    }
  };
  for (const leaf of leaves) append(leaf);

  /** Hash of the leaves from `start`, `count` of them; `start` is a multiple of the subtree's width. */
  const range = (start: number, count: number): Hash => {
    const height = Math.log2(count);
    if (Number.isInteger(height)) {
      const complete = levels[height]?.[start / count];
      invariant(complete !== undefined, 'a complete subtree is kept');
      return complete;
    }
    const left = splitPoint(count);
    return nodeHash(range(start, left), range(start + left, count - left));
  };
  const size = (): number => (levels[0] as Hash[]).length;
  const path = (index: number, start: number, count: number): Hash[] => {
    if (count === 1) return [];
    const left = splitPoint(count);
    return index < left
      ? [...path(index, start, left), range(start + left, count - left)]
      : [...path(index - left, start + left, count - left), range(start, left)];
  };
  const subproof = (from: number, start: number, count: number, whole: boolean): Hash[] => {
    if (from === count) return whole ? [] : [range(start, count)];
    const left = splitPoint(count);
    return from <= left
      ? [...subproof(from, start, left, whole), range(start + left, count - left)]
      : [...subproof(from - left, start + left, count - left, false), range(start, left)];
  };
  return {
    get size() {
      return size();
    },
    append,
    root(of = size()) {
      invariant(of >= 0 && of <= size(), 'a root is of leaves that are there');
      return of === 0 ? EMPTY : range(0, of);
    },
    inclusion(index, of) {
      invariant(index >= 0 && index < of && of <= size(), 'a proof is of a leaf that is there');
      return path(index, 0, of);
    },
    consistency(from, to) {
      invariant(from >= 0 && from <= to && to <= size(), 'a proof is between sizes that were');
      return from === 0 || from === to ? [] : subproof(from, 0, to, true);
    },
  };
}

/** Whether `leaf` is leaf `index` of the tree of `size` leaves with that root (RFC 9162 §2.1.3.2). Never throws. */
export function verifyInclusion(leaf: Hash, index: bigint, size: bigint, path: readonly Hash[], root: Hash): boolean {
  if (index < 0n || index >= size || leaf.length !== 32 || root.length !== 32) return false;
  let [at, last, hash] = [index, size - 1n, leaf];
  for (const sibling of path) {
    if (last === 0n || sibling.length !== 32) return false;
    if (at % 2n === 1n || at === last) {
      hash = nodeHash(sibling, hash);
      while (at % 2n === 0n && at !== 0n) [at, last] = [at / 2n, last / 2n];
    } else {
      hash = nodeHash(hash, sibling);
    }
    [at, last] = [at / 2n, last / 2n];
  }
  return last === 0n && equal(hash, root);
}

/** Whether the tree of `to` leaves extends that of `from` leaves (RFC 9162 §2.1.4.2). Never throws. */
export function verifyConsistency(from: bigint, to: bigint, proof: readonly Hash[], fromRoot: Hash, toRoot: Hash): boolean {
  // Nothing is shown about an empty tree: every tree extends it.
  if (from <= 0n || from > to) return false;
  if (from === to) return proof.length === 0 && equal(fromRoot, toRoot);
  if (proof.length === 0 || proof.some((hash) => hash.length !== 32)) return false;
  const steps = (from & (from - 1n)) === 0n ? [fromRoot, ...proof] : [...proof];
  let [at, last] = [from - 1n, to - 1n];
  while (at % 2n === 1n) [at, last] = [at / 2n, last / 2n];
  let older = steps[0] as Hash;
  let newer = older;
  for (const sibling of steps.slice(1)) {
    if (last === 0n) return false;
    if (at % 2n === 1n || at === last) {
      older = nodeHash(sibling, older);
      newer = nodeHash(sibling, newer);
      while (at % 2n === 0n && at !== 0n) [at, last] = [at / 2n, last / 2n];
    } else {
      newer = nodeHash(newer, sibling);
    }
    [at, last] = [at / 2n, last / 2n];
  }
  return last === 0n && equal(older, fromRoot) && equal(newer, toRoot);
}

/** The largest power of two smaller than `count`. */
function splitPoint(count: number): number {
  let power = 1;
  while (power * 2 < count) power *= 2;
  return power;
}

function equal(a: Hash, b: Hash): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}
