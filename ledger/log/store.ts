/*
 * The leaves of the log as the outputs' rows keep them. Called by flow.ts when it reads on.
 */
import { bytes, int } from '../../host/db/codec.ts';
import type { Tx } from '../../host/ports.ts';

export const LEAVES_PER_READ = 10_000;

/** In the order of positions, from one on. */
export async function readLeaves(tx: Tx, from: number): Promise<{ position: number; hash: Uint8Array }[]> {
  const sql = `SELECT position, leaf FROM ledger_output WHERE position >= ? ORDER BY position LIMIT ${LEAVES_PER_READ}`;
  const rows = await tx.all(sql, [from]);
  return rows.map((row) => ({ position: int(row['position']), hash: Uint8Array.from(bytes(row['leaf'])) }));
}
