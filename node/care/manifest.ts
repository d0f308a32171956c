/*
 * What stands first in a node's backup, and what its folder remembers of the last one. Written by backup.ts; read by restore.ts
 * and by doctor.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { decode, encode } from '../../core/wire/codec.ts';
import { networkId, seconds } from '../../core/wire/field.ts';
import { writeFileAtomically } from '../../host/files.ts';

export const manifest = z.strictObject({
  networkId,
  at: seconds,
  /** The folder that it was made from: ptg.service names it. */
  home: z.string().max(4096),
  /** Under which names the archive has them, wherever ptg.toml had them. */
  network: z.string().max(300),
  parameters: z.string().max(300).nullable(),
  /** Roles whose database is a PostgreSQL one, and so not in here. */
  elsewhere: z.array(z.string().max(20)).max(10),
});
export type Manifest = z.infer<typeof manifest>;
export const manifestName = 'manifest.json';

const lastBackup = z.strictObject({ at: seconds });
export const lastBackupName = 'last-backup.json';

/** When the newest backup of this folder was made, or null. */
export async function readLastBackup(home: string): Promise<number | null> {
  const text = await readFile(join(home, lastBackupName), 'utf8').catch(() => '');
  const read = decode(text.trim(), lastBackup);
  return read.ok ? read.value.at : null;
}

export async function saveLastBackup(home: string, at: number): Promise<void> {
  await writeFileAtomically(join(home, lastBackupName), `${encode({ at })}\n`);
}
