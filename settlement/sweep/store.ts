/*
 * Sweeps: orders to pay of the kind `send` that this program gave itself, each with the number of its address. Every function takes the
 * transaction. Called by sweep/flow.ts, payout, earnings and reconcile.
 */
import { big, int, orNull } from '../../host/db/codec.ts';
import type { Tx } from '../../host/ports.ts';
import { insertOrder, readOrdersWhere, type Order } from '../withdraw/store.ts';

export interface Sweep {
  readonly id: string;
  readonly rail: string;
  readonly destination: string;
  readonly amount: bigint;
  readonly state: Order['state'];
  readonly payment: string | null;
  readonly fee: bigint;
  readonly at: number;
}

export async function insertSweep(tx: Tx, order: Order, number: number): Promise<void> {
  await insertOrder(tx, order);
  await tx.run('INSERT INTO sweep (id, rail, number) VALUES (?, ?, ?)', [order.id, order.rail, number]);
}

const ofSweeps = 'id IN (SELECT id FROM sweep)';

/** All of them, oldest first. */
export async function readSweeps(tx: Tx): Promise<Sweep[]> {
  return (await readOrdersWhere(tx, ofSweeps)).map(sweepOf);
}

/** Those that are not at their end: one a rail. */
export async function readOpenSweeps(tx: Tx): Promise<Sweep[]> {
  return (await readOrdersWhere(tx, `${ofSweeps} AND state <> 'paid'`)).map(sweepOf);
}

function sweepOf({ id, rail, destination, amount, state, payment, fee, askedAt }: Order): Sweep {
  return { id, rail, destination, amount, state, payment, fee, at: askedAt };
}

/** The number after the last that was used. */
export async function readNextNumber(tx: Tx, rail: string): Promise<number> {
  const row = (await tx.all('SELECT MAX(number) AS last FROM sweep WHERE rail = ?', [rail]))[0];
  const last = orNull(int)(row?.['last']);
  return last === null ? 0 : last + 1;
}

/** As if it had never been; false where it is on its way already. */
export async function dropSweep(tx: Tx, id: string): Promise<boolean> {
  const sql = `DELETE FROM sweep WHERE id = ? AND EXISTS
    (SELECT 1 FROM transfer_order WHERE transfer_order.id = sweep.id AND state = 'accepted')`;
  if ((await tx.run(sql, [id])) === 0) return false;
  await tx.run('DELETE FROM transfer_order WHERE id = ?', [id]);
  return true;
}

export async function sumSwept(tx: Tx, rail: string): Promise<bigint> {
  const sql = `SELECT CAST(COALESCE(SUM(amount), 0) AS TEXT) AS total FROM sweep JOIN transfer_order ON transfer_order.id = sweep.id
    WHERE transfer_order.rail = ? AND state = 'paid'`;
  return big((await tx.all(sql, [rail]))[0]?.['total']);
}
