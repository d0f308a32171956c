/*
 * Orders to pay from the wallet: the guard's withdrawals and the operator's own sends. Every function takes the transaction.
 * Called by withdraw/flow.ts and payout/flow.ts.
 */
import { big, int, orNull, text } from '../../host/db/codec.ts';
import type { Row, Tx } from '../../host/ports.ts';

export interface Order {
  readonly id: string;
  readonly kind: 'withdrawal' | 'send';
  readonly rail: string;
  readonly destination: string;
  readonly amount: bigint;
  readonly state: 'accepted' | 'sent' | 'paid';
  readonly payment: string | null;
  readonly fee: bigint;
  readonly askedAt: number;
}

const select = `SELECT id, kind, rail, destination, state, payment, asked_at, CAST(amount AS TEXT) AS amount, CAST(fee AS TEXT) AS fee
  FROM transfer_order`;

export async function readOrder(tx: Tx, id: string): Promise<Order | null> {
  const row = (await tx.all(`${select} WHERE id = ?`, [id]))[0];
  return row === undefined ? null : orderOf(row);
}

export async function readOrders(tx: Tx, state: Order['state']): Promise<Order[]> {
  return readOrdersWhere(tx, 'state = ?', [state]);
}

/** Of a condition in SQL, oldest first: for the store of orders of one purpose. */
export async function readOrdersWhere(tx: Tx, condition: string, params: readonly string[] = []): Promise<Order[]> {
  return (await tx.all(`${select} WHERE ${condition} ORDER BY asked_at, id`, params)).map(orderOf);
}

/** What paid orders of a kind come to. */
export async function sumPaidOrders(tx: Tx, rail: string, kind: Order['kind']): Promise<bigint> {
  const sql = `SELECT CAST(COALESCE(SUM(amount), 0) AS TEXT) AS total FROM transfer_order
    WHERE rail = ? AND kind = ? AND state = 'paid'`;
  return big((await tx.all(sql, [rail, kind]))[0]?.['total']);
}

export async function insertOrder(tx: Tx, order: Order): Promise<void> {
  const { id, kind, rail, destination, amount, askedAt } = order;
  await tx.run(
    `INSERT INTO transfer_order (id, kind, rail, destination, amount, state, payment, fee, asked_at)
     VALUES (?, ?, ?, ?, ?, 'accepted', NULL, 0, ?)`,
    [id, kind, rail, destination, amount, askedAt],
  );
}

export async function saveOrderState(tx: Tx, id: string, to: Pick<Order, 'state' | 'payment' | 'fee'>): Promise<void> {
  await tx.run('UPDATE transfer_order SET state = ?, payment = ?, fee = ? WHERE id = ?', [to.state, to.payment, to.fee, id]);
}

function orderOf(row: Row): Order {
  return {
    id: text(row['id']),
    kind: text(row['kind']) as Order['kind'],
    rail: text(row['rail']),
    destination: text(row['destination']),
    amount: big(row['amount']),
    state: text(row['state']) as Order['state'],
    payment: orNull(text)(row['payment']),
    fee: big(row['fee']),
    askedAt: int(row['asked_at']),
  };
}
