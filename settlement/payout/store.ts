/*
 * Payment batches: their intent, their outputs, what became of them. Every function takes the transaction. Called by
 * payout/flow.ts, reconcile and status.
 */
import { big, text } from '../../host/db/codec.ts';
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
  readonly fence: number;
  readonly madeAt: number;
}

/** Answers the batch as it is written: one that was void before keeps the order of its outputs. */
export async function saveIntent(tx: Tx, batch: BatchIntent): Promise<StoredBatch> {
  const { id, rail, fence, madeAt } = batch;
  await tx.run(
    `INSERT INTO batch (id, rail, state, fence, made_at, fee) VALUES (?, ?, 'intent', ?, ?, 0)
     ON CONFLICT (id) DO UPDATE SET state = 'intent', fence = excluded.fence, made_at = excluded.made_at
     WHERE batch.state = 'void'`,
    [id, rail, fence, madeAt],
  );
  for (const [place, { kind, name, destination, amount }] of batch.outputs.entries()) {
    await tx.run(
      `INSERT INTO batch_output (batch, place, kind, name, destination, amount) VALUES (?, ?, ?, ?, ?, ?)
       ON CONFLICT (batch, place) DO NOTHING`,
      [id, place, kind, name, destination, amount],
    );
  }
  return { id, rail, outputs: await readOutputs(tx, id) };
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

/** False when somebody else has closed it already. */
export async function closeBatch(tx: Tx, id: string, state: 'paid' | 'void', fee: bigint): Promise<boolean> {
  return (await tx.run(`UPDATE batch SET state = ?, fee = ? WHERE id = ? AND state = 'intent'`, [state, fee, id])) > 0;
}

/** The rail has undone it: it is an intent again, and its end unknown. False where it is none that was paid. */
export async function reopenPaid(tx: Tx, id: string): Promise<boolean> {
  return (await tx.run(`UPDATE batch SET state = 'intent', fee = 0 WHERE id = ? AND state = 'paid'`, [id])) > 0;
}

export async function hasIntents(tx: Tx): Promise<boolean> {
  return (await tx.all(`SELECT id FROM batch WHERE state = 'intent' LIMIT 1`)).length > 0;
}

export async function hasIntentsOn(tx: Tx, rail: string): Promise<boolean> {
  return (await tx.all(`SELECT id FROM batch WHERE rail = ? AND state = 'intent' LIMIT 1`, [rail])).length > 0;
}

/** What the batches pay whose end is not known yet. */
export async function sumIntents(tx: Tx, rail: string): Promise<bigint> {
  const sql = `SELECT CAST(COALESCE(SUM(amount), 0) AS TEXT) AS total
    FROM batch_output JOIN batch ON batch.id = batch_output.batch WHERE rail = ? AND state = 'intent'`;
  return big((await tx.all(sql, [rail]))[0]?.['total']);
}

/** What the batches of this database have paid of settlements, and the fees of all of them. */
export async function readPaidSums(tx: Tx, rail: string): Promise<{ settlements: bigint; fees: bigint }> {
  const sql = `SELECT CAST(COALESCE(SUM(fee), 0) AS TEXT) AS fees, CAST(COALESCE((SELECT SUM(amount)
      FROM batch_output JOIN batch paid ON paid.id = batch_output.batch
      WHERE paid.rail = ? AND paid.state = 'paid' AND batch_output.kind = 'settlement'), 0) AS TEXT) AS settlements
    FROM batch WHERE rail = ? AND state = 'paid'`;
  const row = (await tx.all(sql, [rail, rail]))[0];
  return { settlements: big(row?.['settlements']), fees: big(row?.['fees']) };
}

/**
 * What was paid since then of settlements that no batch of this database has paid, or is paying: found on the rail after a restore.
 * Of a batch under way a receipt may have come already.
 */
export async function sumPaidElsewhere(tx: Tx, rail: string, since: number): Promise<bigint> {
  const sql = `SELECT CAST(COALESCE(SUM(paid), 0) AS TEXT) AS total FROM pair
    WHERE rail = ? AND paid > 0 AND paid_at >= ? AND NOT EXISTS (SELECT 1 FROM batch_output
      JOIN batch ON batch.id = batch_output.batch
      WHERE batch_output.name = pair.id AND batch_output.kind = 'settlement' AND batch.state <> 'void')`;
  return big((await tx.all(sql, [rail, since]))[0]?.['total']);
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
