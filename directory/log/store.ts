/*
 * The rows of the public log. Every function takes the transaction. Called by log/flow.ts alone.
 */
import { text } from '../../host/db/codec.ts';
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
