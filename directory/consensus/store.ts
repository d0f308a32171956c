/*
 * Signed consensuses: the newest, and for each interval the one that fixed its terms. Every function takes the transaction.
 * Called by consensus/flow.ts alone.
 */
import { text } from '../../host/db/codec.ts';
import type { Tx } from '../../host/ports.ts';

export async function insertConsensus(tx: Tx, validAfter: number, document: string): Promise<void> {
  await tx.run('INSERT INTO directory_consensus (valid_after, document) VALUES (?, ?)', [validAfter, document]);
}

/** A later consensus takes an earlier one's place as long as it became valid by the interval's start. */
export async function nameTermsConsensus(tx: Tx, interval: number, start: number, validAfter: number): Promise<void> {
  await tx.run(
    `INSERT INTO directory_terms (interval_number, valid_after) VALUES (?, ?)
     ON CONFLICT (interval_number) DO UPDATE SET valid_after =
       CASE WHEN excluded.valid_after <= ? THEN excluded.valid_after ELSE directory_terms.valid_after END`,
    [interval, validAfter, start],
  );
}

/** Older ones that no interval's terms need. */
export async function deleteOldConsensuses(tx: Tx, newest: number): Promise<void> {
  await tx.run(
    `DELETE FROM directory_consensus WHERE valid_after < ?
     AND NOT EXISTS (SELECT 1 FROM directory_terms t WHERE t.valid_after = directory_consensus.valid_after)`,
    [newest],
  );
}

export async function readNewestConsensus(tx: Tx): Promise<string | null> {
  const rows = await tx.all('SELECT document FROM directory_consensus ORDER BY valid_after DESC LIMIT 1');
  return rows[0] === undefined ? null : text(rows[0]['document']);
}

export async function readTermsConsensus(tx: Tx, interval: number): Promise<string | null> {
  const rows = await tx.all(
    `SELECT c.document AS document FROM directory_terms t JOIN directory_consensus c ON c.valid_after = t.valid_after
     WHERE t.interval_number = ?`,
    [interval],
  );
  return rows[0] === undefined ? null : text(rows[0]['document']);
}
