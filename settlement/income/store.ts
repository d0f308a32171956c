/*
 * What came into the wallet, a row a payment, and from where on it is counted. Every function takes the transaction. Called by
 * income/flow.ts, receipt and reconcile.
 */
import { big, int, orNull, text } from '../../host/db/codec.ts';
import type { Row, Tx } from '../../host/ports.ts';
import type { IncomingPage, IncomingPayment } from '../../rail/rail.ts';

export type IncomeKind = 'opening' | 'settlement' | 'other';

/** A payment as the books know it. */
export type Arrived = Pick<IncomingPayment, 'payment' | 'destination' | 'amount' | 'at'>;

export interface IncomeRow {
  readonly rail: string;
  readonly payment: string;
  readonly amount: bigint;
  readonly at: number;
  /** The settlement's id, or null. */
  readonly name: string | null;
}

/** False when it is known already, and counts. What was undone counts again from the block that it is in now. */
export async function addIncome(
  tx: Tx,
  rail: string,
  one: IncomingPayment,
  { kind, ofDeposits = false }: { readonly kind: IncomeKind; readonly ofDeposits?: boolean | undefined },
): Promise<boolean> {
  const height = one.height ?? null;
  const added = await tx.run(
    `INSERT INTO income (rail, payment, destination, amount, received_at, kind, name, height, undone, deposits)
     VALUES (?, ?, ?, ?, ?, ?, NULL, ?, 0, ?) ON CONFLICT (rail, payment) DO NOTHING`,
    [rail, one.payment, one.destination, one.amount, one.at, kind, height, ofDeposits ? 1 : 0],
  );
  if (added > 0) return true;
  if (height === null) return false;
  const again = `UPDATE income SET undone = 0, height = ?, received_at = ? WHERE rail = ? AND payment = ? AND undone = 1`;
  if ((await tx.run(again, [height, one.at, rail, one.payment])) > 0) return true;
  await tx.run('UPDATE income SET height = ? WHERE rail = ? AND payment = ?', [height, rail, one.payment]);
  return false;
}

/** What was said to be in one of these blocks, by the account that the page is of, and is not undone yet. */
export async function readIncomeIn(tx: Tx, rail: string, { blocks, ofDeposits }: IncomingPage): Promise<IncomeRow[]> {
  if (blocks === undefined) return [];
  const where = 'WHERE rail = ? AND deposits = ? AND undone = 0 AND height > ? AND height <= ?';
  const of = [rail, ofDeposits === true ? 1 : 0, blocks.above, blocks.through];
  return (await tx.all(`${selectIncome} ${where} ORDER BY payment`, of)).map(incomeOf);
}

export async function undoIncome(tx: Tx, rail: string, payment: string): Promise<void> {
  await tx.run('UPDATE income SET undone = 1 WHERE rail = ? AND payment = ?', [rail, payment]);
}

/** What is in no block any more. */
export async function readUndone(tx: Tx): Promise<IncomeRow[]> {
  return (await tx.all(`${selectIncome} WHERE undone = 1 ORDER BY received_at, payment`)).map(incomeOf);
}

const selectIncome = 'SELECT rail, payment, received_at, name, CAST(amount AS TEXT) AS amount FROM income';

function incomeOf(row: Row): IncomeRow {
  const [rail, payment, name] = [text(row['rail']), text(row['payment']), orNull(text)(row['name'])];
  return { rail, payment, name, amount: big(row['amount']), at: int(row['received_at']) };
}

/** By its destination: what came since then and is no settlement's, nor a subscriber's. */
export async function readUnexplained(tx: Tx, rail: string, since: number): Promise<Map<string, Arrived>> {
  const sql = `SELECT payment, destination, CAST(amount AS TEXT) AS amount, received_at AS at FROM income
    WHERE rail = ? AND received_at >= ? AND name IS NULL AND undone = 0 AND deposits = 0`;
  const rows = (await tx.all(sql, [rail, since])).map((row) => ({
    ...{ payment: text(row['payment']), destination: text(row['destination']) },
    ...{ amount: big(row['amount']), at: int(row['at']) },
  }));
  return new Map(rows.map((one) => [one.destination, one]));
}

/** It is this settlement's. What came before the books of this database began stays among the opening. */
export async function explainIncome(tx: Tx, rail: string, payment: string, settlement: string): Promise<void> {
  await tx.run(
    `UPDATE income SET kind = CASE WHEN kind = 'opening' THEN kind ELSE 'settlement' END, name = ? WHERE rail = ? AND payment = ?`,
    [settlement, rail, payment],
  );
}

export interface IncomeSums {
  readonly settlement: bigint;
  /** Into the account for subscribers, where the wallet has one of its own. */
  readonly deposits: bigint;
  readonly other: bigint;
  /** Of all kinds, the opening too: counted, and in no block any more. */
  readonly undone: bigint;
}

export async function readIncomeSums(tx: Tx, rail: string): Promise<IncomeSums> {
  const sum = async (where: string): Promise<bigint> => {
    const sql = `SELECT CAST(COALESCE(SUM(amount), 0) AS TEXT) AS total FROM income WHERE rail = ? AND ${where}`;
    return big((await tx.all(sql, [rail]))[0]?.['total']);
  };
  return {
    settlement: await sum(`kind = 'settlement'`),
    deposits: await sum(`kind = 'other' AND deposits = 1`),
    other: await sum(`kind = 'other' AND deposits = 0`),
    undone: await sum('undone = 1'),
  };
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
