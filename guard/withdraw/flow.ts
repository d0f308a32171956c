/*
 * Withdrawals: a subscriber's request in; a row that lowers the balance, then the order to settlement, under the same id until
 * it is paid, out. Called by request/flow.ts within its transaction, and by the job `withdrawals`.
 */
import { withdrawState } from '../../core/local/messages.ts';
import { invariant, ok, type Result } from '../../core/refusal.ts';
import type { Signed } from '../../core/crypto/sign.ts';
import type { SubscriberRequest, Withdrawal } from '../../core/wire/guard.ts';
import { parametersOf, pricesOf } from '../../host/network/prices.ts';
import type { Tx } from '../../host/ports.ts';
import { balanceOf } from '../account/decide.ts';
import { readAccount, readSums } from '../account/store.ts';
import { intervalNow, type Guard } from '../context.ts';
import { pollAfter } from '../deposit/flow.ts';
import { setAside } from '../session/funds.ts';
import { decideWithdrawal, isNeverPaid, type WithdrawAsk } from './decide.ts';
import { insertWithdrawal, readUnfinished, readWithdrawal, saveWithdrawalState, type WithdrawalRow } from './store.ts';

export interface Withdrawals {
  /** `request`: as the subscriber signed it. */
  accept(tx: Tx, ask: Omit<WithdrawAsk, 'rail'>, request: Signed<SubscriberRequest>): Promise<Result<Withdrawal>>;
  /** The job. */
  run(now: number): Promise<number | null>;
}

export function createWithdrawals(guard: Guard): Withdrawals {
  const { ports, config, live } = guard;
  const { database, network, clock, http, log } = ports;

  async function accept(tx: Tx, ask: Omit<WithdrawAsk, 'rail'>, request: Signed<SubscriberRequest>): Promise<Result<Withdrawal>> {
    const account = await readAccount(tx, ask.subscriber);
    invariant(account !== null, 'the subscriber has an account');
    const free = balanceOf(await readSums(tx, ask.subscriber)) - heldFor(ask.subscriber, account.rail);
    const known = await readWithdrawal(tx, ask.id);
    // To one of the guard's own subscribers' destinations it would be a deposit again.
    const isOwn = ask.destination === account.destination;
    const isDestination = !isOwn && (ports.readers?.[account.rail]?.isDestination(ask.destination, ask.amount) ?? true);
    const decided = decideWithdrawal({ ...ask, rail: account.rail }, { known, free, isDestination });
    if (!decided.ok) return decided;
    if (known === null) {
      await insertWithdrawal(tx, config.id, decided.value, request);
      await guard.schedule(tx, 'withdrawals', clock.now());
      tx.onCommit(() => {
        const purse = live.purse(ask.subscriber);
        if (purse !== null) purse.funds = null;
      });
    }
    return ok(shown(decided.value));
  }

  function heldFor(subscriber: string, rail: string): bigint {
    const purse = live.purse(subscriber);
    const interval = intervalNow(network, clock.now());
    const prices = interval === null ? null : pricesOf(network, interval, rail);
    return purse === null || interval === null || prices === null ? 0n : setAside(purse, interval, prices);
  }

  async function run(now: number): Promise<number | null> {
    const rows = await database.transaction((tx) => readUnfinished(tx, config.id));
    for (const row of rows) await order(row);
    const isDone = (await database.transaction((tx) => readUnfinished(tx, config.id))).length === 0;
    const parameters = parametersOf(network);
    return isDone || parameters === null ? null : pollAfter(parameters, now);
  }

  /** The same order each time; settlement answers how far it is. */
  async function order({ id, rail, destination, amount, subscriber }: WithdrawalRow): Promise<void> {
    const answer = await http.local('settlement', '/settlement/withdraw', { id, rail, destination, amount }, withdrawState);
    if (answer.ok) {
      const { state, payment } = answer.value;
      await turn(subscriber, (tx) => saveWithdrawalState(tx, id, state, payment));
    } else {
      log.warn('withdrawal-not-ordered', { role: 'guard', code: answer.refusal.code });
      // The amount is the subscriber's again.
      if (isNeverPaid(answer.refusal)) await turn(subscriber, (tx) => saveWithdrawalState(tx, id, 'refused', null));
    }
  }

  const turn = (subscriber: string, work: (tx: Tx) => Promise<void>) =>
    guard.turns.of(subscriber, () => database.transaction(work));

  return { accept, run };
}

function shown({ id, state, amount, destination, payment }: WithdrawalRow): Withdrawal {
  invariant(state !== 'refused', 'a refused withdrawal is not shown');
  return { id, state, amount, destination, payment };
}
