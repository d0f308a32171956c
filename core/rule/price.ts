/*
 * Rules 1 and 3: what traffic is worth. Byte totals and terms in; exact values out, as integers over one scale, and the two
 * roundings that exist: a pair's net down (valueFloor), a subscriber's usage up (usageCeil).
 */
import { invariant } from '../refusal.ts';
import type { RailTerms } from '../wire/parameters.ts';
import type { Terms } from '../wire/terms.ts';

/** Byte totals by price: through standard hops, and out of an exit. */
export interface Traffic {
  readonly relayBytes: bigint;
  readonly exitBytes: bigint;
}

export const GIB = 2n ** 30n;

/** Values are integers over this: `scaled / scaleOf(terms)` is money in the rail's smallest units. */
export function scaleOf(terms: Terms): bigint {
  return GIB * terms.exits;
}

/** Rule 3: p·(relayBytes + exitBytes·|N|/|E|) / 2^30, times the scale; exact. */
export function scaledValue(terms: Terms, rail: RailTerms, traffic: Traffic): bigint {
  return rail.price * weightedBytes(terms, traffic);
}

/** Traffic in bytes through one standard hop, times |E|: what is compared where no price is needed. */
export function weightedBytes(terms: Terms, traffic: Traffic): bigint {
  return traffic.relayBytes * terms.exits + traffic.exitBytes * terms.relays;
}

/** The creditor's side of rounding: down to the smallest unit, the fraction dropped. */
export function valueFloor(terms: Terms, scaled: bigint): bigint {
  invariant(scaled >= 0n, 'a value to round is not negative');
  return scaled / scaleOf(terms);
}

/** A subscriber's usage of one interval in the smallest units, rounded up once. */
export function usageCeil(terms: Terms, rail: RailTerms, traffic: Traffic): bigint {
  const scale = scaleOf(terms);
  return (scaledValue(terms, rail, traffic) + scale - 1n) / scale;
}

/** The terms' prices on a rail, or null where the network does not use it. */
export function railTermsOf(terms: Terms, rail: string): RailTerms | null {
  return terms.parameters.rails[rail] ?? null;
}

/**
 * What `bytes` on a circuit cost its subscriber (rule 1): the guard and every hop between at the standard price, and the last at
 * the exit price when the circuit leaves Tor.
 */
export function circuitUsage(bytes: bigint, hops: number, leavesTor: boolean): Traffic {
  const standard = BigInt(leavesTor ? hops - 1 : hops);
  return { relayBytes: bytes * standard, exitBytes: leavesTor ? bytes : 0n };
}

/** The most bytes of such a circuit that can be added to `used` so that its rounded-up amount stays within `funds`. */
export function affordableBytes(
  terms: Terms,
  rail: RailTerms,
  used: Traffic,
  funds: bigint,
  circuit: { readonly hops: number; readonly leavesTor: boolean },
): bigint | 'unlimited' {
  const perByte = scaledValue(terms, rail, circuitUsage(1n, circuit.hops, circuit.leavesTor));
  if (perByte === 0n) return 'unlimited';
  // ceil(x / scale) <= funds exactly when x <= funds · scale.
  const room = funds * scaleOf(terms) - scaledValue(terms, rail, used);
  return room <= 0n ? 0n : room / perByte;
}

export function addTraffic(a: Traffic, b: Traffic): Traffic {
  return { relayBytes: a.relayBytes + b.relayBytes, exitBytes: a.exitBytes + b.exitBytes };
}

export const noTraffic: Traffic = { relayBytes: 0n, exitBytes: 0n };
