/*
 * The rows of complaints that this guard still has to answer. Every function takes the transaction of flow.ts.
 */
import { int, text } from '../../host/db/codec.ts';
import type { Tx } from '../../host/ports.ts';

export interface CaseRow {
  readonly id: string;
  /** From then on it is no longer looked at. */
  readonly expires: number;
}

/** Not where there are `most` already. Answers whether it is there. */
export async function noteCase(tx: Tx, guard: string, { id, expires }: CaseRow, most: number): Promise<boolean> {
  const known = await tx.all('SELECT id FROM guard_case WHERE guard = ? AND id = ?', [guard, id]);
  if (known.length > 0) return true;
  const count = int((await tx.all('SELECT COUNT(*) AS count FROM guard_case WHERE guard = ?', [guard]))[0]?.['count']);
  if (count >= most) return false;
  await tx.run('INSERT INTO guard_case (guard, id, expires) VALUES (?, ?, ?)', [guard, id, expires]);
  return true;
}

export async function readCases(tx: Tx, guard: string): Promise<CaseRow[]> {
  const rows = await tx.all('SELECT id, expires FROM guard_case WHERE guard = ? ORDER BY expires, id', [guard]);
  return rows.map((row) => ({ id: text(row['id']), expires: int(row['expires']) }));
}

export async function saveExpiry(tx: Tx, guard: string, { id, expires }: CaseRow): Promise<void> {
  await tx.run('UPDATE guard_case SET expires = ? WHERE guard = ? AND id = ?', [expires, guard, id]);
}

export async function dropCase(tx: Tx, guard: string, id: string): Promise<void> {
  await tx.run('DELETE FROM guard_case WHERE guard = ? AND id = ?', [guard, id]);
}
