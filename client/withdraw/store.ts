/*
 * The rows of withdrawals that this client asked for. Every function takes the transaction of flow.ts.
 */
import type { Signed } from '../../core/crypto/sign.ts';
import { invariant } from '../../core/refusal.ts';
import { decode, encode } from '../../core/wire/codec.ts';
import { signedRequest, type SubscriberRequest, type Withdrawal } from '../../core/wire/guard.ts';
import { big, orNull, text } from '../../host/db/codec.ts';
import type { Row, Tx } from '../../host/ports.ts';

export interface WithdrawalRow {
  /** Of the request: the same withdrawal is made once. */
  readonly id: string;
  readonly home: string;
  readonly destination: string;
  readonly amount: bigint;
  /** `asked`: the guard has not answered yet. */
  readonly state: 'asked' | Withdrawal['state'] | 'refused';
  readonly payment: string | null;
  readonly code: string | null;
}

const columns = 'id, home, destination, CAST(amount AS TEXT) AS amount, state, payment, code';

export async function insertWithdrawal(
  tx: Tx,
  row: WithdrawalRow,
  { body, signature }: Signed<SubscriberRequest>,
): Promise<void> {
  await tx.run(
    'INSERT INTO client_withdrawal (id, home, destination, amount, state, payment, code, request) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
    [row.id, row.home, row.destination, row.amount, row.state, row.payment, row.code, encode({ body, signature })],
  );
}

/** As it was signed first; null where an earlier version asked. */
export async function readRequest(tx: Tx, id: string): Promise<Signed<SubscriberRequest> | null> {
  const row = (await tx.all('SELECT request FROM client_withdrawal WHERE id = ? AND request IS NOT NULL', [id]))[0];
  if (row === undefined) return null;
  const read = decode(text(row['request']), signedRequest);
  invariant(read.ok, 'a stored request can be read');
  return read.value;
}

export async function saveWithdrawalState(tx: Tx, { id, state, payment, code }: WithdrawalRow): Promise<void> {
  await tx.run('UPDATE client_withdrawal SET state = ?, payment = ?, code = ? WHERE id = ?', [state, payment, code, id]);
}

export async function readUnfinished(tx: Tx): Promise<WithdrawalRow[]> {
  const sql = `SELECT ${columns} FROM client_withdrawal WHERE state IN ('asked', 'accepted', 'sent') ORDER BY id`;
  return (await tx.all(sql)).map(rowOf);
}

export async function readWithdrawals(tx: Tx): Promise<WithdrawalRow[]> {
  return (await tx.all(`SELECT ${columns} FROM client_withdrawal ORDER BY id`)).map(rowOf);
}

function rowOf(row: Row): WithdrawalRow {
  return {
    id: text(row['id']),
    home: text(row['home']),
    destination: text(row['destination']),
    amount: big(row['amount']),
    state: text(row['state']) as WithdrawalRow['state'],
    payment: orNull(text)(row['payment']),
    code: orNull(text)(row['code']),
  };
}
