/*
 * Block headers: 80 bytes each in; whether they follow one another and carry the work that they claim out. Pure; called by verify.ts.
 */
import { HEADER_BYTES } from '../../../core/wire/bitcoin.ts';
import type { ChainName } from '../network.ts';
import { hash256 } from './transaction.ts';

export interface Header {
  /** In the byte order of the block. */
  readonly hash: Uint8Array;
  readonly previous: Uint8Array;
  readonly merkleRoot: Uint8Array;
  readonly time: number;
  readonly bits: number;
}

/** Null where the bytes are no whole headers. */
export function parseHeaders(bytes: Uint8Array): Header[] | null {
  if (bytes.length % HEADER_BYTES !== 0) return null;
  const headers: Header[] = [];
  for (let at = 0; at < bytes.length; at += HEADER_BYTES) {
    const one = Buffer.from(bytes.subarray(at, at + HEADER_BYTES));
    headers.push({
      hash: hash256(one),
      previous: one.subarray(4, 36),
      merkleRoot: one.subarray(36, 68),
      time: one.readUInt32LE(68),
      bits: one.readUInt32LE(72),
    });
  }
  return headers;
}

/** Each follows the one before it, and its hash is below its own target, which is no easier than the chain and the floor allow. */
export function isWorked(headers: readonly Header[], chain: ChainName, difficultyMin: bigint): boolean {
  return headers.every((one, place) => {
    const before = headers[place - 1];
    if (before !== undefined && Buffer.compare(one.previous, before.hash) !== 0) return false;
    const target = targetOf(one.bits);
    if (target === null || target > easiest[chain]) return false;
    return numberOf(one.hash) <= target && difficultyMin * target <= DIFFICULTY_ONE;
  });
}

/** nBits: a byte of length, and the three highest bytes. Null where it is zero, negative or beyond 256 bits. */
export function targetOf(bits: number): bigint | null {
  const [length, high] = [bits >>> 24, BigInt(bits & 0x007f_ffff)];
  if ((bits & 0x0080_0000) !== 0) return null;
  const target = length <= 3 ? high >> BigInt(8 * (3 - length)) : high << BigInt(8 * (length - 3));
  return target > 0n && target < 1n << 256n ? target : null;
}

/** Of difficulty 1, by which difficulty is counted on every chain. */
const DIFFICULTY_ONE = 0xffffn << 208n;

/** powLimit of the chain's parameters: no block of it is easier. */
const easiest: Readonly<Record<ChainName, bigint>> = {
  main: DIFFICULTY_ONE,
  test: DIFFICULTY_ONE,
  testnet4: DIFFICULTY_ONE,
  signet: 0x0377aen << 216n,
  regtest: 0x7fffffn << 232n,
};

/** A hash counts with its first byte as the lowest. */
function numberOf(hash: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(hash).reverse().toString('hex')}`);
}
