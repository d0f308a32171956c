/*
 * The rows of the public log. Every function takes the transaction. Called by log/flow.ts alone.
 */
import { int, text } from '../../host/db/codec.ts';
import type { Tx } from '../../host/ports.ts';

export async function insertEntry(tx: Tx, position: number, entry: string): Promise<void> {
  await tx.run('INSERT INTO directory_entry (position, entry) VALUES (?, ?)', [position, entry]);
}

/** Canonical texts in order of position. */
export async function readEntries(tx: Tx, from: number, count: number): Promise<string[]> {
  const rows = await tx.all('SELECT entry FROM directory_entry WHERE position >= ? AND position < ? ORDER BY position', [
    from,
    from + count,
  ]);
  return rows.map((row) => text(row['entry']));
}

/** Lengths in the same order: what a page holds is known before it is read. */
export async function readLengths(tx: Tx, from: number, count: number): Promise<number[]> {
  const sql = 'SELECT LENGTH(entry) AS chars FROM directory_entry WHERE position >= ? AND position < ? ORDER BY position';
  return (await tx.all(sql, [from, from + count])).map((row) => int(row['chars']));
}
