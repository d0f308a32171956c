/*
 * Payment batches: their intent, their outputs, what became of them. Every function takes the transaction. Called by
 * payout/flow.ts, reconcile and status.
 */
import { big, int, text } from '../../host/db/codec.ts';
import type { Tx } from '../../host/ports.ts';

export interface BatchOutput {
  readonly kind: 'settlement' | 'order';
  readonly name: string;
  readonly destination: string;
  readonly amount: bigint;
}

export interface StoredBatch {
  readonly id: string;
  readonly rail: string;
  readonly outputs: readonly BatchOutput[];
}

export interface BatchIntent extends StoredBatch {
  /** Of the outputs' names: what a repetition after a void batch has in common with it. */
  readonly base: string;
  readonly fence: number;
  readonly madeAt: number;
}

export async function saveIntent(tx: Tx, batch: BatchIntent): Promise<void> {
  await tx.run(`INSERT INTO batch (id, rail, base, state, fence, made_at, fee) VALUES (?, ?, ?, 'intent', ?, ?, 0)`, [
    batch.id,
    batch.rail,
    batch.base,
    batch.fence,
    batch.madeAt,
  ]);
  for (const [place, { kind, name, destination, amount }] of batch.outputs.entries()) {
    await tx.run('INSERT INTO batch_output (batch, place, kind, name, destination, amount) VALUES (?, ?, ?, ?, ?, ?)', [
      batch.id,
      place,
      kind,
      name,
      destination,
      amount,
    ]);
  }
}

/** Batches whose payment is not known to have happened, oldest first. */
export async function readIntents(tx: Tx, rail: string): Promise<StoredBatch[]> {
  const rows = await tx.all(`SELECT id FROM batch WHERE rail = ? AND state = 'intent' ORDER BY made_at, id`, [rail]);
  const batches: StoredBatch[] = [];
  for (const row of rows) {
    const id = text(row['id']);
    batches.push({ id, rail, outputs: await readOutputs(tx, id) });
  }
  return batches;
}

/** How many batches of just these outputs have paid nothing. */
export async function countVoid(tx: Tx, base: string): Promise<number> {
  const rows = await tx.all(`SELECT COUNT(*) AS count FROM batch WHERE base = ? AND state = 'void'`, [base]);
  return int(rows[0]?.['count']);
}

/** False when somebody else has closed it already. */
export async function closeBatch(tx: Tx, id: string, state: 'paid' | 'void', fee: bigint): Promise<boolean> {
  return (await tx.run(`UPDATE batch SET state = ?, fee = ? WHERE id = ? AND state = 'intent'`, [state, fee, id])) > 0;
}

export interface PaidSums {
  readonly settlements: bigint;
  readonly orders: bigint;
  readonly fees: bigint;
}

export async function readPaidSums(tx: Tx, rail: string): Promise<PaidSums> {
  const outputs = await tx.all(
    `SELECT batch_output.kind AS kind, CAST(SUM(batch_output.amount) AS TEXT) AS total
     FROM batch_output JOIN batch ON batch.id = batch_output.batch
     WHERE batch.rail = ? AND batch.state = 'paid' GROUP BY batch_output.kind`,
    [rail],
  );
  const fees = await tx.all(`SELECT CAST(COALESCE(SUM(fee), 0) AS TEXT) AS total FROM batch WHERE rail = ? AND state = 'paid'`, [
    rail,
  ]);
  const sum = (kind: string) => {
    const row = outputs.find((one) => one['kind'] === kind);
    return row === undefined ? 0n : big(row['total']);
  };
  return { settlements: sum('settlement'), orders: sum('order'), fees: big(fees[0]?.['total']) };
}

/** Ids of the settlements that batches of this database have paid. */
export async function readPaidNames(tx: Tx, rail: string): Promise<ReadonlySet<string>> {
  const rows = await tx.all(
    `SELECT batch_output.name AS name FROM batch_output JOIN batch ON batch.id = batch_output.batch
     WHERE batch.rail = ? AND batch.state = 'paid' AND batch_output.kind = 'settlement'`,
    [rail],
  );
  return new Set(rows.map((row) => text(row['name'])));
}

async function readOutputs(tx: Tx, batch: string): Promise<BatchOutput[]> {
  const rows = await tx.all(
    `SELECT kind, name, destination, CAST(amount AS TEXT) AS amount FROM batch_output WHERE batch = ? ORDER BY place`,
    [batch],
  );
  return rows.map((row) => ({
    kind: text(row['kind']) as BatchOutput['kind'],
    name: text(row['name']),
    destination: text(row['destination']),
    amount: big(row['amount']),
  }));
}
