/*
 * A serialised transaction without its witnesses: bytes in; its id, inputs and outputs out, or null where they are not exactly one
 * transaction. Called by verify.ts and by the wallet, which must know what it has signed.
 */
import { sha256 } from '../../../core/crypto/hash.ts';

export interface PlainTransaction {
  readonly txid: string;
  readonly inputs: readonly { readonly txid: string; readonly vout: number }[];
  readonly outputs: readonly { readonly amount: bigint; readonly script: Uint8Array }[];
}

export function parseTransaction(bytes: Uint8Array): PlainTransaction | null {
  const read = readerOf(bytes);
  try {
    read.bytes(4);
    const inputs = read.list(() => {
      const input = { txid: shownHash(read.bytes(32)), vout: read.uint32() };
      read.bytes(read.size());
      read.bytes(4);
      return input;
    });
    const outputs = read.list(() => ({ amount: read.uint64(), script: read.bytes(read.size()) }));
    read.bytes(4);
    return read.left() === 0 ? { txid: shownHash(hash256(bytes)), inputs, outputs } : null;
  } catch (thrown) {
    if (thrown instanceof RangeError) return null;
    throw thrown;
  }
}

export function hash256(bytes: Uint8Array): Uint8Array {
  return sha256(sha256(bytes));
}

/** As bitcoind shows it: the bytes backwards. */
export function shownHash(hash: Uint8Array): string {
  return Buffer.from(hash).reverse().toString('hex');
}

export function hashOf(shown: string): Uint8Array {
  return Buffer.from(shown, 'hex').reverse();
}

/** Throws RangeError past the end, and on a size that is not in its shortest form, which no node takes. */
function readerOf(given: Uint8Array) {
  const bytes = Buffer.from(given.buffer, given.byteOffset, given.length);
  let at = 0;
  const take = (count: number): number => {
    if (count > bytes.length - at) throw new RangeError('past the end');
    at += count;
    return at - count;
  };
  const size = (): number => {
    const first = bytes.readUInt8(take(1));
    if (first < 0xfd) return first;
    const [value, least] =
      first === 0xfd ? [bytes.readUInt16LE(take(2)), 0xfd] : first === 0xfe ? [bytes.readUInt32LE(take(4)), 0x1_0000] : [0, 1];
    if (value < least) throw new RangeError('a size in a longer form');
    return value;
  };
  return {
    bytes: (count: number): Uint8Array => bytes.subarray(take(count), at),
    uint32: (): number => bytes.readUInt32LE(take(4)),
    uint64: (): bigint => bytes.readBigUInt64LE(take(8)),
    size,
    list<T>(item: () => T): T[] {
      const items: T[] = [];
      for (let left = size(); left > 0; left--) items.push(item());
      return items;
    },
    left: (): number => bytes.length - at,
  };
}
