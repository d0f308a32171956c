/*
 * Bills: an interval of a subscriber in; the readable form of its tally, signed by the guard, out. Called by request/flow.ts
 * within its transaction.
 */
import { sign, type Verified } from '../../core/crypto/sign.ts';
import { ok, refuser, type Result } from '../../core/refusal.ts';
import { circuitUsage, GIB, usageCeil } from '../../core/rule/price.ts';
import { guardRefusals, type Bill } from '../../core/wire/guard.ts';
import { pricesOf, type Prices } from '../../host/network/prices.ts';
import type { Tx } from '../../host/ports.ts';
import { balanceOf } from '../account/decide.ts';
import { readSums } from '../account/store.ts';
import type { Guard } from '../context.ts';
import { readUsage } from '../tally/store.ts';

const refuse = refuser(guardRefusals);

export interface Bills {
  make(tx: Tx, subscriber: string, rail: string, interval: number): Promise<Result<Verified<Bill>>>;
}

export function createBills(guard: Guard): Bills {
  const { ports, config, keys } = guard;
  const { network } = ports;
  return {
    async make(tx, subscriber, rail, interval) {
      const prices = pricesOf(network, interval, rail);
      const terms = network.termsDigest(interval);
      if (prices === null || terms === null) return refuse('request-unknown-terms', `interval ${interval}`);
      const row = await readUsage(tx, config.id, subscriber, interval);
      const { number, key } = keys.of(interval);
      const body: Bill = {
        guard: config.id,
        guardKey: number,
        subscriber,
        interval,
        terms,
        rail,
        circuitBytes: row?.usage.circuitBytes ?? 0n,
        otherBytes: row?.usage.otherBytes ?? 0n,
        pricePerGib: pricePerGib(prices),
        charge: row?.amount ?? 0n,
        balance: balanceOf(await readSums(tx, subscriber)),
        at: ports.clock.now(),
      };
      return ok(sign('bill', network.network.networkId, body, key));
    },
  };
}

/** Through a circuit of the network's usual length that leaves Tor. */
export function pricePerGib(prices: Prices): bigint {
  return usualPrice(prices, GIB);
}

export function usualPrice({ terms, rail }: Prices, bytes: bigint): bigint {
  return usageCeil(terms, rail, circuitUsage(bytes, terms.parameters.circuitHops, true));
}
