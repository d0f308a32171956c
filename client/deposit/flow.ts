/*
 * `ptg deposit`: an amount in; paid from the wallet to the account's own destination, written down before it is paid. Without a
 * wallet the destination is shown, for another one to pay. Called by http.ts; the job `deposits` repeats what did not get
 * through.
 */
import { invariant, ok, refuser, type Result } from '../../core/refusal.ts';
import { paidNothing } from '../../rail/rail.ts';
import type { Accounts } from '../account/flow.ts';
import { readNewestAccount } from '../account/store.ts';
import { randomHex, retryAfter, type Client } from '../context.ts';
import { clientRefusals } from '../refusals.ts';
import { insertDeposit, readDeposits, readSending, saveDepositState, type DepositRow } from './store.ts';

const refuse = refuser(clientRefusals);

export interface DepositShown {
  readonly guard: string;
  readonly rail: string;
  readonly destination: string;
  readonly amount: bigint;
  /** `unpaid`: this client has no wallet for it. `sending`: it is repeated until the rail answers. */
  readonly state: 'unpaid' | 'sending' | 'paid';
  readonly payment: string | null;
}

export interface Deposits {
  make(input: { amount: bigint; guard?: string | undefined }): Promise<Result<DepositShown>>;
  /** All that this client was told to pay: who does not know whether it heard a command sees it here, before telling it again. */
  list(): Promise<Result<{ deposits: DepositRow[] }>>;
  /** The job. */
  run(now: number): Promise<number | null>;
}

export function createDeposits(client: Client, accounts: Pick<Accounts, 'home'>): Deposits {
  const { ports } = client;
  const { database, wallet, log } = ports;

  async function make(input: { amount: bigint; guard?: string | undefined }): Promise<Result<DepositShown>> {
    const { amount } = input;
    const home = await accounts.home(input.guard);
    if (!home.ok) return home;
    const account = await database.transaction((tx) => readNewestAccount(tx, home.value.guard));
    if (account === null) return refuse('client-no-account', home.value.guard);
    const { rail, destination } = account.body;
    const { guard } = home.value;
    if (wallet?.rail !== rail || amount === 0n) return ok({ guard, rail, destination, amount, state: 'unpaid', payment: null });
    const row: DepositRow = { id: randomHex(ports, 32), home: guard, rail, destination, amount, state: 'sending', payment: null };
    await database.transaction(async (tx) => {
      await insertDeposit(tx, row);
      // Should this process end before the answer is written down.
      await client.schedule(tx, 'deposits', retryAfter(ports.network, ports.clock.now()));
    });
    const paid = await pay(row);
    if (!paid.ok && paidNothing(paid.refusal)) return paid;
    const { state, payment } = paid.ok ? paid.value : row;
    invariant(state !== 'failed', 'a failed deposit is a refusal');
    return ok({ guard, rail, destination, amount, state, payment });
  }

  async function pay(row: DepositRow): Promise<Result<DepositRow>> {
    if (wallet?.rail !== row.rail) return refuse('client-no-wallet', row.rail);
    const { id, destination, amount } = row;
    const paid = await wallet.pay({ id, outputs: [{ destination, amount }] });
    if (paid.ok) {
      // Under way: it stays `sending`, and is asked about again.
      if ('waits' in paid.value) return ok(row);
      return ok(await save({ ...row, state: 'paid', payment: paid.value.payments[0] ?? null }));
    }
    if (paidNothing(paid.refusal)) await save({ ...row, state: 'failed' });
    return paid;
  }

  async function save(row: DepositRow): Promise<DepositRow> {
    await database.transaction((tx) => saveDepositState(tx, row));
    return row;
  }

  async function run(now: number): Promise<number | null> {
    for (const row of await database.transaction(readSending)) {
      const paid = await pay(row);
      if (!paid.ok) log.info('deposit-not-paid', { role: 'client', code: paid.refusal.code });
    }
    const left = await database.transaction(readSending);
    return left.length === 0 ? null : retryAfter(ports.network, now);
  }

  async function list(): Promise<Result<{ deposits: DepositRow[] }>> {
    return ok({ deposits: await database.transaction(readDeposits) });
  }

  return { make, list, run };
}
