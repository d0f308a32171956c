/*
 * `ptg reconcile` and `ptg wallet balance`: every wallet's balance explained row by row. Called by http.ts.
 */
import { ok, type Result } from '../../core/refusal.ts';
import type { Tx } from '../../host/ports.ts';
import { readIncomeSums, readWalletStart } from '../income/store.ts';
import type { Income } from '../income/flow.ts';
import type { Office, OwnRail } from '../office.ts';
import { readFiguresIn } from '../pair/store.ts';
import { readPaidSums, sumPaidElsewhere } from '../payout/store.ts';
import { sumPaidOrders } from '../withdraw/store.ts';
import { reconcile, type Reconciled, type WalletBooks } from './decide.ts';

export interface ReconciledWallet extends Reconciled {
  readonly rail: string;
}

export async function showReconciled(office: Office, income: Income): Promise<Result<{ wallets: ReconciledWallet[] }>> {
  const wallets: ReconciledWallet[] = [];
  for (const own of office.ports.rails) {
    const balance = await settledBalance(own, income);
    if (!balance.ok) return balance;
    const books = await office.ports.database.transaction((tx) => readBooks(tx, own.wallet.rail));
    wallets.push({ rail: own.wallet.rail, ...reconcile(books, balance.value) });
  }
  return ok({ wallets });
}

/** With all income that it counts in the books; whatever comes in meanwhile makes another round. */
async function settledBalance(own: OwnRail, income: Income): Promise<Result<bigint>> {
  for (;;) {
    const before = await income.collect(own.wallet.rail);
    if (!before.ok) return before;
    const balance = await own.wallet.held();
    const after = await income.collect(own.wallet.rail);
    if (!after.ok) return after;
    if (after.value === 0) return balance;
  }
}

async function readBooks(tx: Tx, rail: string): Promise<WalletBooks> {
  const [start, income, paid] = [await readWalletStart(tx, rail), await readIncomeSums(tx, rail), await readPaidSums(tx, rail)];
  // Payments whose batch a lost database had written: the opening balance is without those of before it.
  const elsewhere = start.openedAt === null ? 0n : await sumPaidElsewhere(tx, rail, start.openedAt);
  return {
    opening: start.opening ?? 0n,
    settlementsReceived: income.settlement,
    otherIncome: income.other,
    settlementsPaid: paid.settlements + elsewhere,
    withdrawn: await sumPaidOrders(tx, rail, 'withdrawal'),
    sent: await sumPaidOrders(tx, rail, 'send'),
    fees: paid.fees,
  };
}

export async function showWallets(office: Office): Promise<Result<unknown>> {
  const due = await office.ports.database.transaction((tx) =>
    readFiguresIn(tx, ['agreed', 'manual', 'due', 'awaiting', 'paying']),
  );
  const wallets = [];
  for (const { wallet } of office.ports.rails) {
    const balance = await wallet.balance();
    if (!balance.ok) return balance;
    const owed = due.reduce((sum, pair) => (pair.rail === wallet.rail ? sum + pair.amount : sum), 0n);
    wallets.push({ rail: wallet.rail, balance: balance.value, due: owed, address: wallet.fallback() });
  }
  return ok({ wallets });
}
