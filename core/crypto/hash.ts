/*
 * SHA-256 and the order of hex ids. Called wherever a digest names something.
 */
import { createHash } from 'node:crypto';

/** Lower-case hex of SHA-256 over the parts, one after the other (text as UTF-8). */
export function sha256Hex(...parts: readonly (string | Uint8Array)[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
}

export function sha256(...parts: readonly (string | Uint8Array)[]): Uint8Array {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return new Uint8Array(hash.digest());
}

/** The two ids of a pair in byte order: the name of an unordered pair. */
export function orderedPair(a: string, b: string): readonly [string, string] {
  return a < b ? [a, b] : [b, a];
}
