/*
 * The rows of withdrawals. Every function takes the transaction of flow.ts.
 */
import type { Signed } from '../../core/crypto/sign.ts';
import { invariant } from '../../core/refusal.ts';
import { decode, encode } from '../../core/wire/codec.ts';
import { signedRequest, type SubscriberRequest, type Withdrawal } from '../../core/wire/guard.ts';
import { big, orNull, text } from '../../host/db/codec.ts';
import type { Row, Tx } from '../../host/ports.ts';

export interface WithdrawalRow extends Omit<Withdrawal, 'state'> {
  readonly subscriber: string;
  readonly rail: string;
  readonly state: Withdrawal['state'] | 'refused';
}

const columns = 'id, subscriber, rail, destination, CAST(amount AS TEXT) AS amount, state, payment';

export async function readWithdrawal(tx: Tx, id: string): Promise<WithdrawalRow | null> {
  const row = (await tx.all(`SELECT ${columns} FROM guard_withdrawal WHERE id = ?`, [id]))[0];
  return row === undefined ? null : rowOf(row);
}

export async function insertWithdrawal(
  tx: Tx,
  guard: string,
  row: WithdrawalRow,
  { body, signature }: Signed<SubscriberRequest>,
): Promise<void> {
  await tx.run(
    `INSERT INTO guard_withdrawal (id, guard, subscriber, rail, destination, amount, state, payment, request)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    [row.id, guard, row.subscriber, row.rail, row.destination, row.amount, row.state, row.payment, encode({ body, signature })],
  );
}

export interface PaidWithdrawal {
  readonly request: Signed<SubscriberRequest>;
  readonly payment: string;
}

/** What a subscriber asked of this guard and was paid, the largest first. */
export async function readPaid(tx: Tx, guard: string, subscriber: string, most: number): Promise<PaidWithdrawal[]> {
  const sql = `SELECT request, payment FROM guard_withdrawal WHERE guard = ? AND subscriber = ? AND state = 'paid'
      AND request IS NOT NULL AND payment IS NOT NULL
    ORDER BY amount DESC, id LIMIT ?`;
  return (await tx.all(sql, [guard, subscriber, most])).map((row) => {
    const read = decode(text(row['request']), signedRequest);
    invariant(read.ok, 'a request is read as it was written');
    return { request: read.value, payment: text(row['payment']) };
  });
}

export async function saveWithdrawalState(
  tx: Tx,
  id: string,
  state: WithdrawalRow['state'],
  payment: string | null,
): Promise<void> {
  await tx.run('UPDATE guard_withdrawal SET state = ?, payment = ? WHERE id = ?', [state, payment, id]);
}

/** Those that this guard ordered and that may still change. */
export async function readUnfinished(tx: Tx, guard: string): Promise<WithdrawalRow[]> {
  const sql = `SELECT ${columns} FROM guard_withdrawal WHERE guard = ? AND state IN ('accepted', 'sent') ORDER BY id`;
  return (await tx.all(sql, [guard])).map(rowOf);
}

function rowOf(row: Row): WithdrawalRow {
  return {
    id: text(row['id']),
    subscriber: text(row['subscriber']),
    rail: text(row['rail']),
    destination: text(row['destination']),
    amount: big(row['amount']),
    state: text(row['state']) as WithdrawalRow['state'],
    payment: orNull(text)(row['payment']),
  };
}
