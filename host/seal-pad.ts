/*
 * Padding of what is sealed, so that its length says little: content in, one of a few sizes out, and back. Length 4 ‖ content ‖
 * zeros, up to 1, 4, 16 or 64 KiB, larger content up to the next 64 KiB. Called by the two seals.
 */
import { invariant } from '../core/refusal.ts';

const KIB = 1024;
const sizes = [KIB, 4 * KIB, 16 * KIB, 64 * KIB] as const;
const LENGTH_BYTES = 4;

/** No sealed message is larger. */
export const PADDED_BYTES_MAX = 1024 * KIB;
export const CONTENT_BYTES_MAX = PADDED_BYTES_MAX - LENGTH_BYTES;

/** The size that content of `length` bytes is padded to. */
export function paddedSize(length: number): number {
  const whole = length + LENGTH_BYTES;
  return sizes.find((size) => whole <= size) ?? Math.ceil(whole / (64 * KIB)) * 64 * KIB;
}

export function pad(content: Uint8Array): Buffer {
  const padded = Buffer.allocUnsafe(paddedSize(content.length));
  padInto(padded, content);
  return padded;
}

/** `padded` is of just the size that content of this length is padded to; whatever was in it is overwritten. */
export function padInto(padded: Buffer, content: Uint8Array): void {
  invariant(content.length <= CONTENT_BYTES_MAX, 'content was bounded before it is sealed');
  invariant(padded.length === paddedSize(content.length), 'content is padded to its size');
  padded.writeUInt32BE(content.length, 0);
  padded.set(content, LENGTH_BYTES);
  padded.fill(0, LENGTH_BYTES + content.length);
}

/** The longest padding. */
const zeros = Buffer.alloc(64 * KIB);

/** Null unless it is just what `pad` makes of some content. A view of what it was given. */
export function unpad(padded: Buffer): Uint8Array | null {
  if (padded.length < sizes[0] || padded.length > PADDED_BYTES_MAX) return null;
  const length = padded.readUInt32BE(0);
  if (length > CONTENT_BYTES_MAX || paddedSize(length) !== padded.length) return null;
  const end = LENGTH_BYTES + length;
  if (padded.compare(zeros, 0, padded.length - end, end) !== 0) return null;
  return padded.subarray(LENGTH_BYTES, end);
}
