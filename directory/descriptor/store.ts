/*
 * Where in the log a descriptor stands, by its digest: older ones are still named by consensuses that are valid. Called by
 * descriptor/flow.ts alone.
 */
import { text } from '../../host/db/codec.ts';
import type { Tx } from '../../host/ports.ts';

export async function insertDigest(tx: Tx, digest: string, position: number): Promise<void> {
  // The same one again, after its relay was forgotten, stands in the log twice.
  await tx.run('INSERT INTO directory_descriptor (digest, position) VALUES (?, ?) ON CONFLICT (digest) DO NOTHING', [
    digest,
    position,
  ]);
}

/** The log entries of those that are known. */
export async function readDescriptorEntries(tx: Tx, digests: readonly string[]): Promise<string[]> {
  if (digests.length === 0) return [];
  const rows = await tx.all(
    `SELECT e.entry AS entry FROM directory_descriptor d JOIN directory_entry e ON e.position = d.position
     WHERE d.digest IN (${digests.map(() => '?').join(', ')}) ORDER BY d.position`,
    digests,
  );
  return rows.map((row) => text(row['entry']));
}
