/*
 * Rules 2 and 4: how a circuit's bytes become debt on a link, and what of a certified circuit is owed onward.
 * "Hops left" are the hops after the holder; every delivery states them and each hop passes on one fewer.
 */
import type { Traffic } from './price.ts';

/** What `bytes` more on a circuit add to the issuer's totals on the link to a holder with `hopsLeft` hops after it. */
export function linkTraffic(bytes: bigint, hopsLeft: number, leavesTor: boolean): Traffic {
  const standard = BigInt(leavesTor ? hopsLeft : hopsLeft + 1);
  return { relayBytes: bytes * standard, exitBytes: leavesTor ? bytes : 0n };
}

/** Hops after the second hop of a circuit of `hops` hops: what its guard states; -1 when the guard is the last hop. */
export function hopsLeftAfterGuard(hops: number): number {
  return hops - 2;
}

/** Rule 4: a circuit costs at least the starting bytes in the interval in which it was first seen. */
export function chargedBytes(bytes: bigint, startingBytes: bigint, beganInInterval: boolean): bigint {
  return beganInInterval && bytes < startingBytes ? startingBytes : bytes;
}

/**
 * What a hop owes the next one of a circuit that came with an IOU: what it carried itself (at least the starting amount), but
 * nobody owes onward more bytes than were certified to it.
 */
export function onwardBytes(carried: bigint, certified: bigint, startingBytes: bigint, beganInInterval: boolean): bigint {
  const own = chargedBytes(carried, startingBytes, beganInInterval);
  return own < certified ? own : certified;
}
