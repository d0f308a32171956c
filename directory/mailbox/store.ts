/*
 * Letters that wait. Every function takes the transaction. Called by mailbox/flow.ts alone.
 */
import { int, text } from '../../host/db/codec.ts';
import type { Tx } from '../../host/ports.ts';
import type { Letter } from '../../core/wire/mailbox.ts';

export async function deleteExpired(tx: Tx, now: number): Promise<void> {
  await tx.run('DELETE FROM directory_letter WHERE expires <= ?', [now]);
}

export async function readSealed(tx: Tx, recipient: string, id: string): Promise<string | null> {
  const rows = await tx.all('SELECT sealed FROM directory_letter WHERE recipient = ? AND id = ?', [recipient, id]);
  return rows[0] === undefined ? null : text(rows[0]['sealed']);
}

export async function countLetters(tx: Tx, recipient: string): Promise<number> {
  const rows = await tx.all('SELECT COUNT(*) AS waiting FROM directory_letter WHERE recipient = ?', [recipient]);
  return int(rows[0]?.['waiting']);
}

export async function insertLetter(tx: Tx, letter: Letter, now: number): Promise<void> {
  await tx.run('INSERT INTO directory_letter (recipient, id, sealed, received_at, expires) VALUES (?, ?, ?, ?, ?)', [
    letter.to,
    letter.id,
    letter.sealed,
    now,
    letter.expires,
  ]);
}

/** Never fetched first, then those fetched longest ago. */
export async function listLetters(tx: Tx, recipient: string, now: number): Promise<{ id: string; chars: number }[]> {
  const rows = await tx.all(
    `SELECT id, LENGTH(sealed) AS chars FROM directory_letter WHERE recipient = ? AND expires > ?
     ORDER BY COALESCE(last_fetched_at, -1), received_at, id`,
    [recipient, now],
  );
  return rows.map((row) => ({ id: text(row['id']), chars: int(row['chars']) }));
}

/** `fetched_at` stays the first time: from then on the recipient knew what was in it (design §6.9). */
export async function markFetched(tx: Tx, recipient: string, id: string, now: number): Promise<void> {
  await tx.run(
    'UPDATE directory_letter SET fetched_at = COALESCE(fetched_at, ?), last_fetched_at = ? WHERE recipient = ? AND id = ?',
    [now, now, recipient, id],
  );
}
