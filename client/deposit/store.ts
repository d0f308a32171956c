/*
 * The rows of deposits that this client pays. Every function takes the transaction of flow.ts.
 */
import { big, orNull, text } from '../../host/db/codec.ts';
import type { Row, Tx } from '../../host/ports.ts';

export interface DepositRow {
  /** Of the rail's batch: the same deposit is paid once. */
  readonly id: string;
  readonly home: string;
  readonly rail: string;
  readonly destination: string;
  readonly amount: bigint;
  readonly state: 'sending' | 'paid' | 'failed';
  readonly payment: string | null;
}

export async function insertDeposit(tx: Tx, row: DepositRow): Promise<void> {
  await tx.run('INSERT INTO client_deposit (id, home, rail, destination, amount, state, payment) VALUES (?, ?, ?, ?, ?, ?, ?)', [
    row.id,
    row.home,
    row.rail,
    row.destination,
    row.amount,
    row.state,
    row.payment,
  ]);
}

export async function saveDepositState(tx: Tx, { id, state, payment }: DepositRow): Promise<void> {
  await tx.run('UPDATE client_deposit SET state = ?, payment = ? WHERE id = ?', [state, payment, id]);
}

const columns = 'id, home, rail, destination, CAST(amount AS TEXT) AS amount, state, payment';

export async function readSending(tx: Tx): Promise<DepositRow[]> {
  return (await tx.all(`SELECT ${columns} FROM client_deposit WHERE state = 'sending' ORDER BY id`)).map(rowOf);
}

/** Those on their way first, those that failed last. */
export async function readDeposits(tx: Tx): Promise<DepositRow[]> {
  return (await tx.all(`SELECT ${columns} FROM client_deposit ORDER BY state DESC, id`)).map(rowOf);
}

function rowOf(row: Row): DepositRow {
  return {
    id: text(row['id']),
    home: text(row['home']),
    rail: text(row['rail']),
    destination: text(row['destination']),
    amount: big(row['amount']),
    state: text(row['state']) as DepositRow['state'],
    payment: orNull(text)(row['payment']),
  };
}
