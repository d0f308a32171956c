/*
 * An account's backup: everything that is needed to be the same subscriber elsewhere, with the evidence, into one text that only
 * its passphrase opens, and back. Argon2id makes the key, secretbox the seal. Called by backup/flow.ts and by `ptg account
 * restore`.
 */
import sodium from 'sodium-native';
import { z } from 'zod';
import { ok, refuser, type Result } from '../../core/refusal.ts';
import { decode, encode } from '../../core/wire/codec.ts';
import { hex32, networkId, railName } from '../../core/wire/field.ts';
import { countersignedTally, signedAccount } from '../../core/wire/guard.ts';
import { keyFromPassphrase } from '../../host/passphrase-key.ts';
import type { Entropy } from '../../host/ports.ts';
import { clientRefusals } from '../refusals.ts';

const refuse = refuser(clientRefusals);

const contents = z.strictObject({
  networkId,
  seed: hex32,
  /** The one chosen last first. */
  guards: z.array(z.strictObject({ guard: hex32, rail: railName })).max(1000),
  /** The newest of each guard. */
  accounts: z.array(z.strictObject({ home: hex32, account: signedAccount })).max(1000),
  /** Signed by both, the newest of each guard and interval. */
  tallies: z.array(countersignedTally).max(1000),
});
export type AccountBackup = z.infer<typeof contents>;

const FORMAT = 'ptg-account-backup-1';
const hexOf = (bytes: number) => z.string().regex(new RegExp(`^[0-9a-f]{${2 * bytes}}$`));
const file = z.strictObject({
  format: z.literal(FORMAT),
  salt: hexOf(16),
  nonce: hexOf(24),
  box: z.string().regex(/^[A-Za-z0-9+/]+={0,2}$/),
});
export const BACKUP_CHARS_MAX = 4 * 1024 * 1024;

const MAC_BYTES = 16;

export function backupAccount(account: AccountBackup, passphrase: string, entropy: Entropy): string {
  const salt = Buffer.from(entropy.bytes(16));
  const nonce = Buffer.from(entropy.bytes(24));
  const key = keyFromPassphrase(passphrase, salt);
  const message = Buffer.from(encode(account), 'utf8');
  const box = Buffer.alloc(message.length + MAC_BYTES);
  sodium.crypto_secretbox_easy(box, message, nonce, key);
  sodium.sodium_memzero(key);
  sodium.sodium_memzero(message);
  return `${encode({ format: FORMAT, salt: salt.toString('hex'), nonce: nonce.toString('hex'), box: box.toString('base64') })}\n`;
}

/** Before any client runs: `seed` goes into its key file, the rest in by `/client/restore`. */
export function restoreAccount(text: string, passphrase: string): Result<AccountBackup> {
  const read = decode(text.trim(), file, BACKUP_CHARS_MAX);
  if (!read.ok) return refuse('backup-shape', read.refusal.about);
  const box = Buffer.from(read.value.box, 'base64');
  if (box.length <= MAC_BYTES) return refuse('backup-shape', `${box.length} bytes`);
  const key = keyFromPassphrase(passphrase, Buffer.from(read.value.salt, 'hex'));
  const message = Buffer.alloc(box.length - MAC_BYTES);
  const opened = sodium.crypto_secretbox_open_easy(message, box, Buffer.from(read.value.nonce, 'hex'), key);
  sodium.sodium_memzero(key);
  if (!opened) return refuse('backup-passphrase', `${text.length} characters`);
  const inside = decode(message.toString('utf8'), contents, BACKUP_CHARS_MAX);
  sodium.sodium_memzero(message);
  return inside.ok ? ok(inside.value) : refuse('backup-shape', inside.refusal.about);
}
