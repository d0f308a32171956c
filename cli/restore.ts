/*
 * A subscriber's folder from a backup: the sealed text and its passphrase in; a folder with the account's key and evidence out.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { signingKey } from '../core/crypto/keys.ts';
import { ok, type Result } from '../core/refusal.ts';
import { restoreAccount } from '../client/backup/seal.ts';
import { systemClock } from '../host/clock.ts';
import { systemEntropy } from '../host/entropy.ts';
import { writeKeyFile } from '../host/files.ts';
import { initNode, refuseExisting } from '../node/init.ts';
import { callRole } from './call.ts';

export interface RestoreOptions {
  readonly home: string;
  readonly network: string;
  readonly backup: string;
  readonly passphrase: string;
}

export async function restoreHome(options: RestoreOptions): Promise<Result<{ readonly subscriber: string }>> {
  const { home, network, backup, passphrase } = options;
  const opened = restoreAccount(backup, passphrase);
  if (!opened.ok) return opened;
  const existing = refuseExisting(home);
  if (existing !== null) return existing;
  const seed = Buffer.from(opened.value.seed, 'hex');
  await mkdir(join(home, 'keys'), { recursive: true, mode: 0o700 });
  // Before ptg.toml: initNode makes only those keys that are not there.
  await writeKeyFile(join(home, 'keys', 'account.key'), seed);
  const made = await initNode({
    ...{ roles: ['client'], home, network, nickname: 'subscriber', url: 'http://127.0.0.1:1', exit: false },
    entropy: systemEntropy(),
    now: systemClock().now(),
  });
  if (!made.ok) return made;
  const restored = await callRole(
    { home, role: 'client', path: '/client/restore', body: { file: backup, passphrase } },
    'reading',
  );
  return restored.ok ? ok({ subscriber: signingKey(seed).publicKey }) : restored;
}
