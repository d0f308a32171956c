/*
 * How far a chain was read: the last block, the work up to it, and hashes before it further and further apart, down to block 0, so
 * that a common block is found whatever was undone. A text between two calls. Called by follow.ts.
 */
import { invariant } from '../../core/refusal.ts';

export interface Place {
  readonly height: number;
  /** Of all blocks up to it. */
  readonly work: bigint;
  /** Of the blocks at `heightsFrom(height)`. */
  readonly hashes: readonly string[];
}

/** 100 → 100, 99, 98, 96, 92, 84, 68, 36, 0. */
export function heightsFrom(height: number): number[] {
  const heights = [height];
  for (let back = 1; height - back > 0; back *= 2) heights.push(height - back);
  if (height > 0) heights.push(0);
  return heights;
}

export function placeText({ height, work, hashes }: Place): string {
  return `${height} ${work} ${hashes.join(' ')}`;
}

/** Of a text that placeText wrote. */
export function parsePlace(text: string): Place {
  const [height = '', work = '', ...hashes] = text.split(' ');
  const place = { height: Number(height), work: BigInt(work), hashes };
  invariant(hashes.length === heightsFrom(place.height).length, 'a place is read as it was written');
  return place;
}
