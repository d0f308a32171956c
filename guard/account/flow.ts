/*
 * Accounts: a subscriber's key in; its account with a destination of its own, or the same one again, signed with a higher serial
 * whenever anything of it has changed. Called by request/flow.ts within its transaction.
 */
import { sign, type Verified } from '../../core/crypto/sign.ts';
import { invariant, ok, refuser, type Result } from '../../core/refusal.ts';
import { guardRefusals, type Account } from '../../core/wire/guard.ts';
import { pricesOf } from '../../host/network/prices.ts';
import type { Tx } from '../../host/ports.ts';
import { intervalNow, type Guard } from '../context.ts';
import { balanceOf, contentOf, stateOf } from './decide.ts';
import { countAccounts, insertAccount, readAccount, readDeposits, readStanding, saveChange, type AccountRow } from './store.ts';

const refuse = refuser(guardRefusals);

export interface Accounts {
  /** Opens one for a key that has none. */
  subscribe(tx: Tx, subscriber: string, rail: string): Promise<Result<true>>;
  /** As it stands in this transaction; `known` where its row was read in it. */
  sign(tx: Tx, subscriber: string, known?: AccountRow | null): Promise<Verified<Account>>;
}

export function createAccounts(guard: Guard): Accounts {
  const { ports, config } = guard;

  async function subscribe(tx: Tx, subscriber: string, rail: string): Promise<Result<true>> {
    if ((await readAccount(tx, subscriber)) !== null) return ok(true);
    const receiving = ports.receiving.find((one) => one.rail === rail);
    const now = ports.clock.now();
    const interval = intervalNow(ports.network, now);
    if (receiving === undefined) return refuse('request-rail', rail);
    if ((await countAccounts(tx)) >= config.subscribersMax) return refuse('request-busy', config.nickname);
    if (interval === null || pricesOf(ports.network, interval, rail) === null) return refuse('request-unknown-terms', rail);
    // The key's own, so that no two subscribers share one, and a lost answer changes nothing.
    const destination = await receiving.destination(tx, subscriber);
    if (!destination.ok) return refuse('request-busy', config.nickname);
    await insertAccount(tx, subscriber, rail, destination.value, now);
    await guard.schedule(tx, 'deposits', now);
    return ok(true);
  }

  async function signAccount(tx: Tx, subscriber: string, known: AccountRow | null = null): Promise<Verified<Account>> {
    const row = known ?? (await readAccount(tx, subscriber));
    invariant(row !== null, 'the subscriber has an account');
    const now = ports.clock.now();
    const interval = intervalNow(ports.network, now) ?? 0;
    const said = await stand(tx, row, interval);
    const content = contentOf(said);
    const isNew = content !== row.content;
    const serial = isNew ? row.serial + 1n : row.serial;
    if (isNew) await saveChange(tx, subscriber, serial, content, now);
    const { number, key } = guard.keys.of(interval);
    const at = isNew ? now : row.changed;
    const body: Account = { guard: config.id, guardKey: number, subscriber, serial, rail: row.rail, ...said, at };
    return sign('account', ports.network.network.networkId, body, key);
  }

  async function stand(tx: Tx, row: AccountRow, interval: number) {
    const { sums, used, lastTally } = await readStanding(tx, row.subscriber, config.id, interval);
    const deposits = await readDeposits(tx, row.subscriber);
    const prices = pricesOf(ports.network, interval, row.rail);
    const state = stateOf({ sums, newestDeposit: deposits[0]?.amount ?? 0n, prices, used }, config.lowBalanceThousandths);
    return { destination: row.destination, deposits, ...sums, lastTally, balance: balanceOf(sums), state };
  }

  return { subscribe, sign: signAccount };
}
