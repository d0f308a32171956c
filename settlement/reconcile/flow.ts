/*
 * `ptg reconcile` and `ptg wallet balance`: every wallet's balance explained row by row. A rail that does not answer keeps nobody from
 * reading the others. Called by http.ts.
 */
import { ok, type Refusal, type Result } from '../../core/refusal.ts';
import type { Tx } from '../../host/ports.ts';
import { readIncomeSums, readWalletStart } from '../income/store.ts';
import type { Income } from '../income/flow.ts';
import type { Office, OwnRail } from '../office.ts';
import { readFiguresIn } from '../pair/store.ts';
import { readPaidSums, sumIntents, sumPaidElsewhere } from '../payout/store.ts';
import { takeBackUndone } from '../payout/undone.ts';
import { sumSwept } from '../sweep/store.ts';
import { sumPaidOrders } from '../withdraw/store.ts';
import { reconcile, type Found, type Reconciled, type WalletBooks } from './decide.ts';

export interface ReconciledWallet extends Reconciled {
  readonly rail: string;
}

/** Whose wallet cannot be read now. */
export interface AwayWallet {
  readonly rail: string;
  readonly away: Refusal;
}

export interface ReconciledWallets {
  readonly wallets: readonly ReconciledWallet[];
  readonly away: readonly AwayWallet[];
}

export async function showReconciled(office: Office, income: Income): Promise<Result<ReconciledWallets>> {
  const [wallets, away]: [ReconciledWallet[], AwayWallet[]] = [[], []];
  for (const own of office.ports.rails) {
    const { rail } = own.wallet;
    const found = await settledFunds(office, own, income);
    if (!found.ok) {
      away.push({ rail, away: found.refusal });
      continue;
    }
    const books = await office.ports.database.transaction((tx) => readBooks(tx, rail));
    wallets.push({ rail, ...reconcile(books, found.value) });
  }
  return ok({ wallets, away });
}

/** With all that it counts in the books; whatever comes in, or goes, meanwhile makes another round. */
async function settledFunds(office: Office, own: OwnRail, income: Income): Promise<Result<Found>> {
  for (;;) {
    const undone = await takeBackUndone(office, own, income);
    const before = undone.ok ? await income.collect(own.wallet.rail) : undone;
    if (!before.ok) return before;
    const held = await own.wallet.held();
    if (!held.ok) return held;
    const waiting = await own.wallet.waiting();
    if (!waiting.ok) return waiting;
    const after = await income.collect(own.wallet.rail);
    if (!after.ok) return after;
    if (after.value === 0) return ok({ held: held.value, waiting: waiting.value });
  }
}

async function readBooks(tx: Tx, rail: string): Promise<WalletBooks> {
  const [start, income, paid] = [await readWalletStart(tx, rail), await readIncomeSums(tx, rail), await readPaidSums(tx, rail)];
  // Payments whose batch a lost database had written: the opening balance is without those of before it.
  const elsewhere = start.openedAt === null ? 0n : await sumPaidElsewhere(tx, rail, start.openedAt);
  const swept = await sumSwept(tx, rail);
  return {
    opening: start.opening ?? 0n,
    settlementsReceived: income.settlement,
    deposits: income.deposits,
    otherIncome: income.other,
    undone: income.undone,
    settlementsPaid: paid.settlements + elsewhere,
    withdrawn: await sumPaidOrders(tx, rail, 'withdrawal'),
    sent: (await sumPaidOrders(tx, rail, 'send')) - swept,
    swept,
    fees: paid.fees,
    underWay: await sumIntents(tx, rail),
  };
}

export interface ShownWallet {
  readonly rail: string;
  /** Spendable now; null while the rail does not answer. */
  readonly balance: bigint | null;
  readonly due: bigint;
  readonly address: string;
  /** Why there is no balance. */
  readonly away: Refusal | null;
}

export async function showWallets(office: Office): Promise<Result<{ wallets: ShownWallet[] }>> {
  const due = await office.ports.database.transaction((tx) =>
    readFiguresIn(tx, ['agreed', 'manual', 'due', 'awaiting', 'paying']),
  );
  const wallets: ShownWallet[] = [];
  for (const { wallet } of office.ports.rails) {
    const { rail } = wallet;
    const balance = await wallet.balance();
    const owed = due.reduce((sum, pair) => (pair.rail === rail ? sum + pair.amount : sum), 0n);
    const shown = balance.ok ? { balance: balance.value, away: null } : { balance: null, away: balance.refusal };
    wallets.push({ rail, ...shown, due: owed, address: wallet.fallback() });
  }
  return ok({ wallets });
}
