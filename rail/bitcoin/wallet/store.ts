/*
 * Batches with their transactions, and the coins that are set aside for them. Every function takes the transaction of the database.
 * Called by this folder.
 */
import { big, int, orNull, text } from '../../../host/db/codec.ts';
import type { Tx } from '../../../host/ports.ts';
import { outpointOf, type Outpoint } from './coin.ts';

export interface KeptTransaction {
  readonly txid: string;
  readonly psbt: string;
  /** Null until it is signed. */
  readonly raw: string | null;
  readonly fee: bigint;
  readonly vsize: bigint;
  /** The chain's height when it was made. */
  readonly madeHeight: number;
}

export interface KeptInput extends Outpoint {
  readonly amount: bigint;
}

export interface KeptBatch {
  readonly id: string;
  readonly isFinal: boolean;
  /** That which was final, perhaps before blocks were undone: its payments have its name, so that it is sent again and not replaced. */
  readonly finalTxid: string | null;
  readonly changeIndex: number;
  /** Oldest first; never empty. */
  readonly transactions: readonly KeptTransaction[];
}

/** False where one of the inputs belongs to another batch, or the batch is there already. */
export async function saveBatch(
  tx: Tx,
  batch: { readonly id: string; readonly changeIndex: number },
  transaction: KeptTransaction,
  inputs: readonly KeptInput[],
): Promise<boolean> {
  const sql = `INSERT INTO bitcoin_batch (id, state, change_index) VALUES (?, 'open', ?) ON CONFLICT DO NOTHING`;
  if ((await tx.run(sql, [batch.id, batch.changeIndex])) === 0) return false;
  await addTransaction(tx, batch.id, transaction, inputs);
  return true;
}

/** With the inputs that it spends beyond those of the batch. Throws where another batch has one: nothing of it is written then. */
export async function addTransaction(
  tx: Tx,
  batch: string,
  { txid, psbt, raw, fee, vsize, madeHeight }: KeptTransaction,
  inputs: readonly KeptInput[],
): Promise<void> {
  await tx.run(
    `INSERT INTO bitcoin_transaction (batch, number, txid, psbt, raw, fee, vsize, made_height)
     VALUES (?, (SELECT COUNT(*) FROM bitcoin_transaction WHERE batch = ?), ?, ?, ?, ?, ?, ?)`,
    [batch, batch, txid, psbt, raw, fee, vsize, madeHeight],
  );
  for (const one of inputs) {
    await tx.run('INSERT INTO bitcoin_input (txid, vout, batch, amount) VALUES (?, ?, ?, ?)', [
      ...[one.txid, one.vout],
      ...[batch, one.amount],
    ]);
  }
}

export async function readBatch(tx: Tx, id: string): Promise<KeptBatch | null> {
  const row = (await tx.all('SELECT state, final_txid, change_index FROM bitcoin_batch WHERE id = ?', [id]))[0];
  if (row === undefined) return null;
  const rows = await tx.all(
    `SELECT txid, psbt, raw, CAST(fee AS TEXT) AS fee, CAST(vsize AS TEXT) AS vsize, made_height
     FROM bitcoin_transaction WHERE batch = ? ORDER BY number`,
    [id],
  );
  const transactions = rows.map((one) => ({
    txid: text(one['txid']),
    psbt: text(one['psbt']),
    raw: orNull(text)(one['raw']),
    fee: big(one['fee']),
    vsize: big(one['vsize']),
    madeHeight: int(one['made_height']),
  }));
  const [isFinal, finalTxid] = [text(row['state']) === 'final', orNull(text)(row['final_txid'])];
  return { id, isFinal, finalTxid, changeIndex: int(row['change_index']), transactions };
}

export async function finishBatch(tx: Tx, id: string, txid: string): Promise<void> {
  await tx.run(`UPDATE bitcoin_batch SET state = 'final', final_txid = ? WHERE id = ?`, [txid, id]);
}

/** The chain has undone it. */
export async function reopenBatch(tx: Tx, id: string): Promise<void> {
  await tx.run(`UPDATE bitcoin_batch SET state = 'open' WHERE id = ?`, [id]);
}

export async function readOpenBatches(tx: Tx): Promise<string[]> {
  return (await tx.all(`SELECT id FROM bitcoin_batch WHERE state = 'open' ORDER BY id`)).map((row) => text(row['id']));
}

/** Final ones with a transaction that was made at that height or later, and those that were found on the chain. */
export async function readFinalSince(tx: Tx, height: number): Promise<string[]> {
  const sql = `SELECT DISTINCT id FROM bitcoin_batch JOIN bitcoin_transaction ON bitcoin_transaction.batch = bitcoin_batch.id
    WHERE state = 'final' AND (made_height >= ? OR made_height = 0) ORDER BY id`;
  return (await tx.all(sql, [height])).map((row) => text(row['id']));
}

/** It can never be paid as it is: its coins are free again, and the next time it is made anew. */
export async function dropBatch(tx: Tx, id: string): Promise<void> {
  await tx.run('DELETE FROM bitcoin_input WHERE batch = ?', [id]);
  await tx.run('DELETE FROM bitcoin_transaction WHERE batch = ?', [id]);
  await tx.run('DELETE FROM bitcoin_batch WHERE id = ?', [id]);
}

/** The coins that batches spend, by outpoint. `open`: of those that are not final yet. */
export async function readInputs(tx: Tx): Promise<Map<string, KeptInput & { readonly isOpen: boolean }>> {
  const rows = await tx.all(
    `SELECT bitcoin_input.txid AS txid, vout, CAST(amount AS TEXT) AS amount, state
     FROM bitcoin_input JOIN bitcoin_batch ON bitcoin_batch.id = bitcoin_input.batch`,
  );
  return new Map(
    rows.map((row) => {
      const place = { txid: text(row['txid']), vout: int(row['vout']) };
      return [outpointOf(place), { ...place, amount: big(row['amount']), isOpen: text(row['state']) === 'open' }];
    }),
  );
}

/** Of batches that are not final yet. */
export async function readOpenTxids(tx: Tx): Promise<Set<string>> {
  const rows = await tx.all(
    `SELECT txid FROM bitcoin_transaction JOIN bitcoin_batch ON bitcoin_batch.id = bitcoin_transaction.batch WHERE state = 'open'`,
  );
  return new Set(rows.map((row) => text(row['txid'])));
}

export async function readInputsOf(tx: Tx, batch: string): Promise<Outpoint[]> {
  const rows = await tx.all('SELECT txid, vout FROM bitcoin_input WHERE batch = ?', [batch]);
  return rows.map((row) => ({ txid: text(row['txid']), vout: int(row['vout']) }));
}

/** Index of change after the last one given out here. */
export async function readNextChange(tx: Tx): Promise<number> {
  const rows = await tx.all('SELECT change_index FROM bitcoin_batch ORDER BY change_index DESC LIMIT 1');
  return rows[0] === undefined ? 0 : int(rows[0]['change_index']) + 1;
}

export async function isKept(tx: Tx, txid: string): Promise<boolean> {
  return (await tx.all('SELECT 1 AS one FROM bitcoin_transaction WHERE txid = ?', [txid])).length > 0;
}

export interface WaitingTransaction {
  readonly batch: string;
  readonly changeIndex: number;
  readonly txid: string;
  readonly psbt: string;
  readonly fee: bigint;
  readonly vsize: bigint;
}

/** What waits for a signature: the newest of each batch. */
export async function readUnsigned(tx: Tx): Promise<WaitingTransaction[]> {
  const rows = await tx.all(
    `SELECT batch, change_index, txid, psbt, CAST(fee AS TEXT) AS fee, CAST(vsize AS TEXT) AS vsize
     FROM bitcoin_transaction newest JOIN bitcoin_batch ON bitcoin_batch.id = newest.batch
     WHERE raw IS NULL AND state = 'open'
       AND number = (SELECT MAX(number) FROM bitcoin_transaction other WHERE other.batch = newest.batch)
     ORDER BY batch`,
  );
  return rows.map((row) => ({
    batch: text(row['batch']),
    changeIndex: int(row['change_index']),
    txid: text(row['txid']),
    psbt: text(row['psbt']),
    fee: big(row['fee']),
    vsize: big(row['vsize']),
  }));
}

/** Whose transaction it is, and whether it is signed; null where no batch has it. */
export async function readOwnerOf(tx: Tx, txid: string): Promise<{ readonly batch: string; readonly isSigned: boolean } | null> {
  const row = (await tx.all('SELECT batch, raw IS NOT NULL AS signed FROM bitcoin_transaction WHERE txid = ?', [txid]))[0];
  return row === undefined ? null : { batch: text(row['batch']), isSigned: Boolean(row['signed']) };
}

/** False where it is signed already, or not kept any more. */
export async function saveSigned(tx: Tx, txid: string, raw: string): Promise<boolean> {
  return (await tx.run('UPDATE bitcoin_transaction SET raw = ? WHERE txid = ? AND raw IS NULL', [raw, txid])) > 0;
}

export interface VoidTransaction {
  readonly txid: string;
  readonly psbt: string;
}

export async function addVoid(tx: Tx, { txid, psbt }: VoidTransaction): Promise<void> {
  await tx.run('INSERT INTO bitcoin_void (txid, psbt) VALUES (?, ?) ON CONFLICT (txid) DO NOTHING', [txid, psbt]);
}

/** Given up, and of no batch since. */
export async function readVoid(tx: Tx): Promise<VoidTransaction[]> {
  const sql = 'SELECT txid, psbt FROM bitcoin_void WHERE txid NOT IN (SELECT txid FROM bitcoin_transaction) ORDER BY txid';
  return (await tx.all(sql)).map((row) => ({ txid: text(row['txid']), psbt: text(row['psbt']) }));
}

export async function dropVoid(tx: Tx, txid: string): Promise<void> {
  await tx.run('DELETE FROM bitcoin_void WHERE txid = ?', [txid]);
}
