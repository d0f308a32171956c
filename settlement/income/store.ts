/*
 * What came into the wallet, a row a payment, and from where on it is counted. Every function takes the transaction. Called by
 * income/flow.ts, receipt and reconcile.
 */
import { big, int, orNull, text } from '../../host/db/codec.ts';
import type { Tx } from '../../host/ports.ts';
import type { IncomingPayment } from '../../rail/rail.ts';

export type IncomeKind = 'opening' | 'settlement' | 'other';

/** False when it is known already. */
export async function addIncome(tx: Tx, rail: string, one: IncomingPayment, kind: IncomeKind): Promise<boolean> {
  const added = await tx.run(
    `INSERT INTO income (rail, payment, destination, amount, received_at, kind, name) VALUES (?, ?, ?, ?, ?, ?, NULL)
     ON CONFLICT (rail, payment) DO NOTHING`,
    [rail, one.payment, one.destination, one.amount, one.at, kind],
  );
  return added > 0;
}

/** It is this settlement's. What came before the books of this database began stays among the opening. */
export async function explainIncome(tx: Tx, rail: string, payment: string, settlement: string): Promise<void> {
  await tx.run(
    `UPDATE income SET kind = CASE WHEN kind = 'opening' THEN kind ELSE 'settlement' END, name = ? WHERE rail = ? AND payment = ?`,
    [settlement, rail, payment],
  );
}

/** Sums by kind. */
export async function readIncomeSums(tx: Tx, rail: string): Promise<{ settlement: bigint; other: bigint }> {
  const rows = await tx.all('SELECT kind, CAST(SUM(amount) AS TEXT) AS total FROM income WHERE rail = ? GROUP BY kind', [rail]);
  const sum = (kind: IncomeKind) => {
    const row = rows.find((one) => one['kind'] === kind);
    return row === undefined ? 0n : big(row['total']);
  };
  return { settlement: sum('settlement'), other: sum('other') };
}

export interface WalletStart {
  /** Where in the wallet's income to go on. */
  readonly position: string;
  /** The balance before everything that is counted; null until it was read. */
  readonly opening: bigint | null;
  readonly openedAt: number | null;
}

export async function readWalletStart(tx: Tx, rail: string): Promise<WalletStart> {
  const sql = 'SELECT position, opened_at, CAST(opening AS TEXT) AS opening FROM wallet_start WHERE rail = ?';
  const row = (await tx.all(sql, [rail]))[0];
  if (row === undefined) return { position: '', opening: null, openedAt: null };
  return { position: text(row['position']), opening: orNull(big)(row['opening']), openedAt: orNull(int)(row['opened_at']) };
}

export async function saveWalletStart(tx: Tx, rail: string, start: WalletStart): Promise<void> {
  await tx.run(
    `INSERT INTO wallet_start (rail, position, opening, opened_at) VALUES (?, ?, ?, ?)
     ON CONFLICT (rail) DO UPDATE SET position = excluded.position, opening = excluded.opening, opened_at = excluded.opened_at`,
    [rail, start.position, start.opening, start.openedAt],
  );
}
