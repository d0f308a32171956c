/*
 * Signed verdicts, by their place in the log; the newest of a case supersedes those before it. Every function takes the transaction.
 * Called by verdict/flow.ts alone.
 */
import { text } from '../../host/db/codec.ts';
import type { Tx } from '../../host/ports.ts';

export async function insertVerdict(tx: Tx, position: number, id: string, document: string): Promise<void> {
  await tx.run('INSERT INTO directory_verdict (position, case_id, document) VALUES (?, ?, ?)', [position, id, document]);
}

export async function readNewestVerdict(tx: Tx, id: string): Promise<string | null> {
  const rows = await tx.all('SELECT document FROM directory_verdict WHERE case_id = ? ORDER BY position DESC LIMIT 1', [id]);
  return rows[0] === undefined ? null : text(rows[0]['document']);
}
