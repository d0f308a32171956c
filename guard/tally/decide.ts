/*
 * Tallies: usage and an interval's prices in; the amount (rounded up once, rule 3) and the tally's content out. Pure.
 */
import { affordableBytes, usageCeil } from '../../core/rule/price.ts';
import type { Tally } from '../../core/wire/guard.ts';
import type { Prices } from '../../host/network/prices.ts';
import { highestUsage, type Usage } from '../session/decide.ts';

export interface Charged {
  readonly usage: Usage;
  readonly amount: bigint;
  /** Bytes beside circuits that the balance does not cover: they are not charged. */
  readonly forgiven: bigint;
}

/**
 * Circuits carry only what was allowed; directory, padding and TLS ask nobody. What of these the funds do not cover is dropped:
 * at zero nothing is owed, and what is set aside for running circuits is not theirs. Never less than `floor`: what both have signed,
 * and bytes beside circuits that were charged before.
 */
export function chargeWithin({ terms, rail }: Prices, usage: Usage, funds: bigint, floor: Usage, setAside = 0n): Charged {
  const whole = highestUsage(usage, floor);
  const amount = usageCeil(terms, rail, whole);
  const free = funds - setAside;
  if (amount <= free || usage.otherBytes <= floor.otherBytes) return { usage: whole, amount, forgiven: 0n };
  const circuits = { relayBytes: usage.relayBytes - usage.otherBytes, exitBytes: whole.exitBytes };
  const covered = affordableBytes(terms, rail, circuits, free, { hops: 1, leavesTor: false });
  const other = covered === 'unlimited' ? usage.otherBytes : clamp(covered, floor.otherBytes, usage.otherBytes);
  const kept = highestUsage({ ...usage, otherBytes: other, relayBytes: circuits.relayBytes + other }, floor);
  return { usage: kept, amount: usageCeil(terms, rail, kept), forgiven: usage.otherBytes - other };
}

export function isSameUsage(a: Usage, b: Usage): boolean {
  return (
    a.circuitBytes === b.circuitBytes &&
    a.otherBytes === b.otherBytes &&
    a.relayBytes === b.relayBytes &&
    a.exitBytes === b.exitBytes
  );
}

/** What a tally's content is above what was written down, in every count; zero where it is not. */
export function missingOf(written: Usage, tally: Tally): Usage {
  const above = (from: bigint, to: bigint) => (to > from ? to - from : 0n);
  return {
    circuitBytes: above(written.circuitBytes, tally.circuitBytes),
    otherBytes: above(written.otherBytes, tally.otherBytes),
    relayBytes: above(written.relayBytes, tally.relayBytes),
    exitBytes: above(written.exitBytes, tally.exitBytes),
  };
}

function clamp(value: bigint, least: bigint, most: bigint): bigint {
  if (value < least) return least;
  return value > most ? most : value;
}
