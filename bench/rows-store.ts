/*
 * How many rows a database holds, all tables together. The transaction in, the count out. Called by link.ts.
 */
import { int, text } from '../host/db/codec.ts';
import type { Tx } from '../host/ports.ts';

/** SQLite alone. */
export async function countRows(tx: Tx): Promise<number> {
  const tables = await tx.all("SELECT name FROM sqlite_master WHERE type = 'table'");
  let rows = 0;
  for (const table of tables) {
    const counted = await tx.all(`SELECT COUNT(*) AS n FROM "${text(table['name'])}"`);
    rows += int(counted[0]?.['n']);
  }
  return rows;
}
