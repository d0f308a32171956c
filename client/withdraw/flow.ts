/*
 * `ptg withdraw`: an amount and a destination (the wallet's own where none is named) in; asked of the guard, under one id, until
 * it is paid. Called by http.ts and the job `withdrawals`.
 */
import { ok, refuser, type Result } from '../../core/refusal.ts';
import { askFamily, signRequest } from '../account/ask.ts';
import type { Accounts } from '../account/flow.ts';
import { readHomes, type Home } from '../account/store.ts';
import { randomHex, retryAfter, type Client } from '../context.ts';
import { clientRefusals } from '../refusals.ts';
import { insertWithdrawal, readUnfinished, readWithdrawals, saveWithdrawalState, type WithdrawalRow } from './store.ts';

const refuse = refuser(clientRefusals);

export interface WithdrawInput {
  readonly amount: bigint;
  readonly destination?: string | undefined;
  readonly guard?: string | undefined;
}

export interface Withdrawals {
  make(input: WithdrawInput): Promise<Result<WithdrawalRow>>;
  list(): Promise<Result<{ withdrawals: WithdrawalRow[] }>>;
  /** The job. */
  run(now: number): Promise<number | null>;
}

export function createWithdrawals(client: Client, accounts: Pick<Accounts, 'home'>): Withdrawals {
  const { ports } = client;
  const { database, readers, wallet, log } = ports;

  async function make({ amount, destination, guard }: WithdrawInput): Promise<Result<WithdrawalRow>> {
    const home = await accounts.home(guard);
    if (!home.ok) return home;
    const id = randomHex(ports, 16);
    const { rail } = home.value;
    const found = destination === undefined ? await ownDestination(rail, id) : ok(destination);
    if (!found.ok) return found;
    const to = found.value;
    const isDestination = Object.hasOwn(readers, rail) && readers[rail]?.isDestination(to, amount) === true;
    if (!isDestination) return refuse('client-destination', to);
    if (amount === 0n) return refuse('client-destination', 'amount 0');
    const row: WithdrawalRow = { id, home: home.value.guard, destination: to, amount, state: 'asked', payment: null, code: null };
    // Should the guard never answer, it is shown what it was asked, and when.
    const request = signRequest(client, row.home, { kind: 'withdraw', amount, destination: to }, id);
    await database.transaction(async (tx) => {
      await insertWithdrawal(tx, row, request);
      await client.schedule(tx, 'withdrawals', retryAfter(ports.network, ports.clock.now()));
    });
    const asked = await ask(home.value, row);
    return asked.ok || !asked.refusal.retry ? asked : ok(row);
  }

  async function ownDestination(rail: string, id: string): Promise<Result<string>> {
    if (wallet?.rail !== rail) return refuse('client-no-wallet', rail);
    return database.transaction((tx) => wallet.destination(tx, `withdrawal ${id}`));
  }

  /** The same request again: the guard answers how far it is. */
  async function ask(home: Home, row: WithdrawalRow): Promise<Result<WithdrawalRow>> {
    const { id, amount, destination } = row;
    const asked = await askFamily(client, home, { kind: 'withdraw', amount, destination }, id);
    if (asked.ok) {
      const told = asked.value.answer.withdrawal;
      return ok(told === null || told.id !== id ? row : await save({ ...row, state: told.state, payment: told.payment }));
    }
    const { retry, code } = asked.refusal;
    // What the guard itself refused is over; an account that does not check is not.
    if (!retry && code.startsWith('withdraw-')) await save({ ...row, state: 'refused', code });
    return asked;
  }

  async function save(row: WithdrawalRow): Promise<WithdrawalRow> {
    await database.transaction((tx) => saveWithdrawalState(tx, row));
    return row;
  }

  async function run(now: number): Promise<number | null> {
    const { rows, homes } = await database.transaction(async (tx) => ({
      rows: await readUnfinished(tx),
      homes: await readHomes(tx),
    }));
    for (const row of rows) {
      const home = homes.find((one) => one.guard === row.home);
      const asked = home === undefined ? null : await ask(home, row);
      if (asked?.ok === false) log.info('withdrawal-not-asked', { role: 'client', code: asked.refusal.code });
    }
    const left = await database.transaction(readUnfinished);
    return left.length === 0 ? null : retryAfter(ports.network, now);
  }

  return { make, run, list: async () => ok({ withdrawals: await database.transaction(readWithdrawals) }) };
}
