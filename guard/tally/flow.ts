/*
 * Tallies: the counts in memory in; written down, signed by the guard, then by the subscriber too, out. The balance follows from
 * what is written. Called by session/flow.ts on ticks and by request/flow.ts, always within the subscriber's turn.
 */
import { bare, sign, verifyBoth, type Countersigned, type Signed, type Verified } from '../../core/crypto/sign.ts';
import { ok, refuser, type Result } from '../../core/refusal.ts';
import { scheduleOf } from '../../core/rule/interval.ts';
import { usageCeil } from '../../core/rule/price.ts';
import { guardRefusals, type Tally } from '../../core/wire/guard.ts';
import { pricesOf } from '../../host/network/prices.ts';
import type { Tx } from '../../host/ports.ts';
import { balanceOf } from '../account/decide.ts';
import { readSpentFrom, readSums } from '../account/store.ts';
import type { Guard } from '../context.ts';
import { addUsage, noUsage } from '../session/decide.ts';
import { setAside } from '../session/funds.ts';
import { forget, intervalsOf, usageOf, type Purse } from '../session/live.ts';
import { chargeWithin, isSameUsage, missingOf, type Charged } from './decide.ts';
import { readUsage, saveSigned, saveUsage, type UsageRow } from './store.ts';

const refuse = refuser(guardRefusals);

export interface Tallies {
  /** Writes down what the subscriber used; answers what is left when all of it is paid, null when there was nothing in memory. */
  write(subscriber: string): Promise<Written | null>;
  /** The guard's newest of an interval. */
  issue(tx: Tx, subscriber: string, rail: string, interval: number): Promise<Result<Verified<Tally>>>;
  /** Takes the subscriber's signature. */
  accept(tx: Tx, subscriber: string, rail: string, tally: Countersigned<Tally>): Promise<Result<Signed<Tally>>>;
}

export interface Written {
  readonly balance: bigint;
  readonly forgiven: boolean;
}

export function createTallies(guard: Guard): Tallies {
  const { ports, config, live, keys } = guard;
  const { network, database } = ports;
  const networkId = network.network.networkId;

  async function write(subscriber: string): Promise<Written | null> {
    const purse = live.purse(subscriber);
    if (purse === null) return null;
    const intervals = intervalsOf(purse);
    const counted = intervals.map((interval) => ({ interval, usage: usageOf(purse, interval) }));
    const running = intervals.at(-1);
    const today = running === undefined ? null : pricesOf(network, running, purse.rail);
    const reserved = running === undefined || today === null ? 0n : setAside(purse, running, today);
    const { charged, balance } = await database.transaction(async (tx) => {
      let funds = await fundsFor(tx, guard, purse);
      const charged = new Map<number, Charged>();
      for (const { interval, usage } of counted) {
        const prices = pricesOf(network, interval, purse.rail);
        if (prices === null) continue;
        const key = { guard: config.id, subscriber, interval };
        const row = await readUsage(tx, key.guard, subscriber, interval);
        const signed = row?.signed ?? noUsage;
        const floor = { ...signed, otherBytes: row?.usage.otherBytes ?? 0n };
        const one = chargeWithin(prices, usage, funds, floor, reserved);
        if (!isSameUsage(one.usage, row?.usage ?? noUsage)) {
          await saveUsage(tx, key, one.usage, one.amount, (row?.serial ?? 0n) + 1n);
        }
        funds -= one.amount;
        charged.set(interval, one);
      }
      return { charged, balance: funds };
    });
    settle(purse, charged);
    purse.funds = null;
    return { balance, forgiven: [...charged.values()].some((one) => one.forgiven > 0n) };
  }

  function settle(purse: Purse, charged: ReadonlyMap<number, Charged>): void {
    const now = ports.clock.now();
    for (const [interval, { forgiven }] of charged) {
      purse.forgiven.set(interval, (purse.forgiven.get(interval) ?? 0n) + forgiven);
      const terms = network.terms(interval);
      // A second later than the relay's last word.
      if (terms !== null && now > scheduleOf(terms.parameters, interval).booksClose + 1) forget(purse, interval);
    }
  }

  async function issue(tx: Tx, subscriber: string, rail: string, interval: number): Promise<Result<Verified<Tally>>> {
    const prices = pricesOf(network, interval, rail);
    const terms = network.termsDigest(interval);
    if (prices === null || terms === null) return refuse('request-unknown-terms', `interval ${interval}`);
    const row = await readUsage(tx, config.id, subscriber, interval);
    const { number, key } = keys.of(interval);
    const body: Tally = {
      guard: config.id,
      guardKey: number,
      subscriber,
      interval,
      terms,
      rail,
      serial: row?.serial ?? 0n,
      ...(row?.usage ?? noUsage),
      amount: row?.amount ?? 0n,
    };
    return ok(sign('tally', networkId, body, key));
  }

  async function accept(tx: Tx, subscriber: string, rail: string, given: Countersigned<Tally>): Promise<Result<Signed<Tally>>> {
    const { interval, serial } = given.body;
    const prices = pricesOf(network, interval, rail);
    if (prices === null) return refuse('request-unknown-terms', `interval ${interval}`);
    const guardKey = keys.publicKey(given.body.guardKey);
    const isOurs = given.body.guard === config.id && given.body.subscriber === subscriber;
    const both = guardKey === null || !isOurs ? null : verifyBoth('tally', networkId, given, guardKey, subscriber);
    if (both === null) return refuse('tally-signature', `interval ${interval}, serial ${serial}`);
    const row = await readUsage(tx, config.id, subscriber, interval);
    if (serial < (row?.signedSerial ?? 0n)) return refuse('tally-old', `serial ${serial}, signed is ${row?.signedSerial}`);
    await raise(tx, both, row);
    await saveSigned(tx, both);
    const { circuitBytes, otherBytes, relayBytes, exitBytes } = both.body;
    const signed = { circuitBytes, otherBytes, relayBytes, exitBytes };
    tx.onCommit(() => {
      const purse = live.purse(subscriber);
      if (purse !== null && intervalsOf(purse).includes(interval)) purse.signed.set(interval, signed);
    });
    return ok(bare(both));
  }

  /**
   * Our own signature is above our book. Where it is newer the book was restored from a backup, and what is missing was used; else
   * circuits turned free after we signed, and what both signed is all the same the floor of what is charged.
   */
  async function raise(tx: Tx, { body }: Verified<Tally>, row: UsageRow | null): Promise<void> {
    const { guard: id, subscriber, interval, rail } = body;
    const written = row?.usage ?? noUsage;
    const missing = missingOf(written, body);
    if (isSameUsage(missing, noUsage)) return;
    const prices = pricesOf(network, interval, rail);
    const usage = addUsage(written, missing);
    const amount = prices === null ? body.amount : usageCeil(prices.terms, prices.rail, usage);
    const last = row?.serial ?? 0n;
    // Above both serials: the same one never stands for two contents.
    await saveUsage(tx, { guard: id, subscriber, interval }, usage, amount, (last > body.serial ? last : body.serial) + 1n);
    if (body.serial <= last) return;
    tx.onCommit(() => {
      const purse = live.purse(subscriber);
      if (purse === null || !intervalsOf(purse).includes(interval)) return;
      purse.base.set(interval, addUsage(purse.base.get(interval) ?? noUsage, missing));
    });
  }

  return { write, issue, accept };
}

/** What may be spent on the intervals that a purse has in memory. */
export async function fundsFor(tx: Tx, guard: Guard, purse: Purse): Promise<bigint> {
  const first = intervalsOf(purse)[0];
  const balance = balanceOf(await readSums(tx, purse.subscriber));
  if (first === undefined) return balance;
  return balance + (await readSpentFrom(tx, purse.subscriber, guard.config.id, first));
}
