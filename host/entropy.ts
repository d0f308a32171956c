/*
 * Chance. Unpredictable bytes from the system, or the bytes that a seed always gives, for scenarios that must repeat.
 * Roles get either as the same port.
 */
import { createHash, randomBytes } from 'node:crypto';
import { invariant } from '../core/refusal.ts';
import type { Entropy } from './ports.ts';

export function systemEntropy(): Entropy {
  let drawn = Buffer.alloc(0);
  return {
    bytes(count) {
      if (count > DRAWN_BYTES) return new Uint8Array(randomBytes(count));
      if (drawn.length < count) drawn = randomBytes(DRAWN_BYTES);
      const taken = new Uint8Array(drawn.subarray(0, count));
      // What was given away is not kept here.
      drawn.fill(0, 0, count);
      drawn = drawn.subarray(count);
      return taken;
    },
  };
}

/** Drawn at once: a nonce costs the system as much as this. */
const DRAWN_BYTES = 1024;

/** SHA-256 over the seed and a counter. Two parties that are to differ need two seeds. */
export function seededEntropy(seed: string): Entropy {
  let counter = 0;
  let rest = Buffer.alloc(0);
  return {
    bytes(count) {
      invariant(Number.isSafeInteger(count) && count >= 0, 'a count of bytes');
      while (rest.length < count) rest = Buffer.concat([rest, block(seed, counter++)]);
      const taken = new Uint8Array(rest.subarray(0, count));
      rest = rest.subarray(count);
      return taken;
    },
  };
}

function block(seed: string, counter: number): Buffer {
  return createHash('sha256').update(`ptg/entropy/v1\0${seed}\0${counter}`, 'utf8').digest();
}
