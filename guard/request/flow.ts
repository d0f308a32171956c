/*
 * A subscriber's request, from the sealed endpoint to its answer: checked, its usage written down, done in one transaction,
 * answered with the signed account. The same request again gets the same answer.
 */
import type { Signed, Verified } from '../../core/crypto/sign.ts';
import { ok, refuser, type Result } from '../../core/refusal.ts';
import {
  guardRefusals,
  type Bill,
  type RequestAnswer,
  type SubscriberRequest,
  type Tally,
  type Withdrawal,
} from '../../core/wire/guard.ts';
import { parametersOf } from '../../host/network/prices.ts';
import type { Tx } from '../../host/ports.ts';
import type { Accounts } from '../account/flow.ts';
import { readAccount } from '../account/store.ts';
import type { Bills } from '../bill/flow.ts';
import type { Guard } from '../context.ts';
import type { Deposits } from '../deposit/flow.ts';
import type { Tallies } from '../tally/flow.ts';
import type { Withdrawals } from '../withdraw/flow.ts';
import { checkRequest } from './decide.ts';

const refuse = refuser(guardRefusals);

export interface Items {
  readonly accounts: Accounts;
  readonly deposits: Deposits;
  readonly tallies: Tallies;
  readonly withdrawals: Withdrawals;
  readonly bills: Bills;
}

/** What an ask adds to the account. */
interface Added {
  readonly tally?: Signed<Tally>;
  readonly bill?: Verified<Bill>;
  readonly withdrawal?: Withdrawal;
}

export function createRequests(
  guard: Guard,
  items: Items,
): (signed: Signed<SubscriberRequest>) => Promise<Result<RequestAnswer>> {
  const { ports, config, turns } = guard;
  const { network, database, clock } = ports;

  return async (signed) => {
    const skewSec = parametersOf(network)?.skewSec ?? 0;
    const here = { networkId: network.network.networkId, guard: config.id, now: clock.now(), skewSec };
    const checked = checkRequest(signed, here);
    if (!checked.ok) return checked;
    const { subscriber, ask } = checked.value.body;
    // What has arrived counts at once; a rail that does not answer is passed over. Nobody has it asked without an account.
    if (ask.kind === 'account' || ask.kind === 'withdraw') {
      if ((await database.transaction((tx) => readAccount(tx, subscriber))) === null)
        return refuse('request-no-account', subscriber);
      await items.deposits.look();
    }
    return turns.of(subscriber, async () => {
      await items.tallies.write(subscriber);
      return database.transaction((tx) => answer(tx, checked.value));
    });
  };

  async function answer(tx: Tx, signed: Verified<SubscriberRequest>): Promise<Result<RequestAnswer>> {
    const { subscriber, ask } = signed.body;
    const known = await readAccount(tx, subscriber);
    if (known === null && ask.kind !== 'subscribe') return refuse('request-no-account', subscriber);
    const added = await serve(tx, signed, known?.rail ?? '');
    if (!added.ok) return added;
    const { tally = null, bill = null, withdrawal = null } = added.value;
    return ok({ account: await items.accounts.sign(tx, subscriber, known), tally, bill, withdrawal });
  }

  async function serve(tx: Tx, signed: Verified<SubscriberRequest>, rail: string): Promise<Result<Added>> {
    const { subscriber, id, ask } = signed.body;
    switch (ask.kind) {
      case 'subscribe':
        return naming(await items.accounts.subscribe(tx, subscriber, ask.rail), () => ({}));
      case 'account':
        return ok({});
      case 'tally':
        return naming(await items.tallies.issue(tx, subscriber, rail, ask.interval), (tally) => ({ tally }));
      case 'sign-tally':
        return naming(await items.tallies.accept(tx, subscriber, rail, ask.tally), (tally) => ({ tally }));
      case 'withdraw': {
        const { amount, destination } = ask;
        const withdrawal = await items.withdrawals.accept(tx, { id, subscriber, amount, destination }, signed);
        return naming(withdrawal, (withdrawal) => ({ withdrawal }));
      }
      case 'bill':
        return naming(await items.bills.make(tx, subscriber, rail, ask.interval), (bill) => ({ bill }));
    }
  }
}

function naming<T>(result: Result<T>, name: (value: T) => Added): Result<Added> {
  return result.ok ? ok(name(result.value)) : result;
}
