/*
 * What a subscriber can still pay for: its funds, its usage in memory, what both have signed and what is set aside in; bytes of a
 * circuit, or the free part of a balance, out. Pure.
 */
import { addTraffic, affordableBytes, circuitUsage, noTraffic, usageCeil, type Traffic } from '../../core/rule/price.ts';
import type { Prices } from '../../host/network/prices.ts';
import { intervalsOf, reservedOf, usageOf, type Purse } from './live.ts';

export type PricesOf = (interval: number) => Prices | null;

interface Kind {
  readonly hops: number;
  readonly leavesTor: boolean;
}

/** Bytes of such a circuit that can still be paid in an interval; `funds` are what may be spent on the purse's intervals. */
export function roomFor(
  purse: Purse,
  interval: number,
  prices: Prices,
  funds: bigint,
  pricesIn: PricesOf,
  circuit: Kind,
): bigint | 'unlimited' {
  const used = addTraffic(usageOf(purse, interval), reservedOf(purse));
  const signed = signedIn(purse, interval);
  const left = funds - spentBeside(purse, interval, pricesIn);
  const room = affordableBytes(prices.terms, prices.rail, highest(used, signed), left, circuit);
  return room === 'unlimited' ? room : room + signedRoom(used, signed, circuit);
}

/** What is left of the funds when all that was used, and all that may be, is paid. */
export function leftOf(purse: Purse, interval: number, { terms, rail }: Prices, funds: bigint, pricesIn: PricesOf): bigint {
  const used = highest(addTraffic(usageOf(purse, interval), reservedOf(purse)), signedIn(purse, interval));
  return funds - spentBeside(purse, interval, pricesIn) - usageCeil(terms, rail, used);
}

/** What circuits that run may still cost: not for withdrawing. */
export function setAside(purse: Purse, interval: number, { terms, rail }: Prices): bigint {
  const used = usageOf(purse, interval);
  const cost = (traffic: Traffic) => usageCeil(terms, rail, highest(traffic, signedIn(purse, interval)));
  return cost(addTraffic(used, reservedOf(purse))) - cost(used);
}

/** Of an interval: what is counted and no signed tally covers. */
export function unsignedBytes(purse: Purse, interval: number): bigint {
  const used = usageOf(purse, interval);
  const signed = purse.signed.get(interval);
  return used.circuitBytes + used.otherBytes - (signed?.circuitBytes ?? 0n) - (signed?.otherBytes ?? 0n);
}

function spentBeside(purse: Purse, interval: number, pricesIn: PricesOf): bigint {
  let spent = 0n;
  for (const other of intervalsOf(purse)) {
    const prices = other === interval ? null : pricesIn(other);
    if (prices === null) continue;
    spent += usageCeil(prices.terms, prices.rail, highest(usageOf(purse, other), signedIn(purse, other)));
  }
  return spent;
}

/** Bytes of such a circuit that what both signed pays for already: circuits turned free since. */
function signedRoom(used: Traffic, signed: Traffic, { hops, leavesTor }: Kind): bigint {
  const perByte = circuitUsage(1n, hops, leavesTor);
  const rooms = [
    ...(perByte.relayBytes > 0n ? [(signed.relayBytes - used.relayBytes) / perByte.relayBytes] : []),
    ...(perByte.exitBytes > 0n ? [(signed.exitBytes - used.exitBytes) / perByte.exitBytes] : []),
  ];
  const least = rooms.reduce((a, b) => (a < b ? a : b));
  return least > 0n ? least : 0n;
}

function signedIn(purse: Purse, interval: number): Traffic {
  return purse.signed.get(interval) ?? noTraffic;
}

function highest(a: Traffic, b: Traffic): Traffic {
  const most = (one: bigint, other: bigint) => (one > other ? one : other);
  return { relayBytes: most(a.relayBytes, b.relayBytes), exitBytes: most(a.exitBytes, b.exitBytes) };
}
