/*
 * Letters that wait. Every function takes the transaction. Called by mailbox/flow.ts, and for its evidence by contest/flow.ts.
 */
import { int, text } from '../../host/db/codec.ts';
import type { Tx } from '../../host/ports.ts';
import type { Letter } from '../../core/wire/mailbox.ts';

export async function deleteExpired(tx: Tx, now: number): Promise<void> {
  await tx.run('DELETE FROM directory_letter WHERE expires <= ?', [now]);
}

export async function readLetter(tx: Tx, recipient: string, id: string): Promise<{ sender: string; sealed: string } | null> {
  const rows = await tx.all('SELECT sender, sealed FROM directory_letter WHERE recipient = ? AND id = ?', [recipient, id]);
  return rows[0] === undefined ? null : { sender: text(rows[0]['sender']), sealed: text(rows[0]['sealed']) };
}

/** How many wait for the recipient, how many of those are the sender's, and how many are the sender's in all. */
export async function countLetters(
  tx: Tx,
  recipient: string,
  sender: string,
): Promise<{ toRecipient: number; ofSender: number; sent: number }> {
  const count = async (where: string, params: readonly string[]): Promise<number> =>
    int((await tx.all(`SELECT COUNT(*) AS waiting FROM directory_letter WHERE ${where}`, params))[0]?.['waiting']);
  return {
    toRecipient: await count('recipient = ?', [recipient]),
    ofSender: await count('sender = ? AND recipient = ?', [sender, recipient]),
    sent: await count('sender = ?', [sender]),
  };
}

export async function insertLetter(tx: Tx, letter: Letter, now: number): Promise<void> {
  await tx.run('INSERT INTO directory_letter (recipient, id, sender, sealed, received_at, expires) VALUES (?, ?, ?, ?, ?, ?)', [
    letter.to,
    letter.id,
    letter.from,
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

/** When that letter came, if it still lies there: it is evidence that its recipient could have fetched it. Read by contest/flow.ts. */
export async function readReceivedAt(
  tx: Tx,
  { to, from, id }: Pick<Letter, 'to' | 'from' | 'id'>,
  now: number,
): Promise<number | null> {
  const sql = 'SELECT received_at FROM directory_letter WHERE recipient = ? AND id = ? AND sender = ? AND expires > ?';
  const [row] = await tx.all(sql, [to, id, from, now]);
  return row === undefined ? null : int(row['received_at']);
}
