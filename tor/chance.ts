/*
 * Chance as whole numbers: random bytes come in (host's entropy, or a seeded one), even draws below a bound go out.
 * Path selection, network drawing and the traffic source take a Draw and never see where it comes from.
 */
import { invariant } from '../core/refusal.ts';
import type { Entropy } from '../host/ports.ts';

/** A whole number from 0 up to, not including, `below`; each as likely as the next. */
export type Draw = (below: bigint) => bigint;

/** Even draws from bytes: as many bits as the bound has, again while they lie above it (less than two tries on average). */
export function drawFrom(entropy: Entropy): Draw {
  return (below) => {
    invariant(below > 0n, 'a draw has something to choose from');
    const bits = (below - 1n).toString(2).length;
    for (;;) {
      const value = BigInt.asUintN(bits, bigOf(entropy.bytes(Math.ceil(bits / 8))));
      if (value < below) return value;
    }
  };
}

function bigOf(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).toString('hex')}`);
}
