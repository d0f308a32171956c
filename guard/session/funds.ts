/*
 * What a subscriber can still pay for: its funds, its usage in memory and what is set aside in; bytes of a circuit, or the free
 * part of a balance, out. Pure.
 */
import { addTraffic, affordableBytes, usageCeil } from '../../core/rule/price.ts';
import type { Prices } from '../context.ts';
import { intervalsOf, reservedOf, usageOf, type Purse } from './live.ts';

export type PricesOf = (interval: number) => Prices | null;

/** Bytes of such a circuit that can still be paid in an interval; `funds` are what may be spent on the purse's intervals. */
export function roomFor(
  purse: Purse,
  interval: number,
  prices: Prices,
  funds: bigint,
  pricesIn: PricesOf,
  circuit: { readonly hops: number; readonly leavesTor: boolean },
): bigint | 'unlimited' {
  const used = addTraffic(usageOf(purse, interval), reservedOf(purse));
  return affordableBytes(prices.terms, prices.rail, used, funds - spentBeside(purse, interval, pricesIn), circuit);
}

/** What circuits that run may still cost: not for withdrawing. */
export function setAside(purse: Purse, interval: number, { terms, rail }: Prices): bigint {
  const used = usageOf(purse, interval);
  return usageCeil(terms, rail, addTraffic(used, reservedOf(purse))) - usageCeil(terms, rail, used);
}

function spentBeside(purse: Purse, interval: number, pricesIn: PricesOf): bigint {
  let spent = 0n;
  for (const other of intervalsOf(purse)) {
    const prices = other === interval ? null : pricesIn(other);
    if (prices !== null) spent += usageCeil(prices.terms, prices.rail, usageOf(purse, other));
  }
  return spent;
}
