/*
 * The key that a passphrase and a salt give: Argon2id. Its cost is fixed here, so that no file can ask for more time or memory.
 * Called by whoever seals a backup: of a node (host/archive.ts), of an account (client).
 */
import sodium from 'sodium-native';

export const SALT_BYTES = 16;
const KEY_BYTES = 32;
const OPS = 3;
const MEMORY_BYTES = 64 * 1024 * 1024;

/** Wipe it after use. */
export function keyFromPassphrase(passphrase: string, salt: Uint8Array): Buffer {
  const key = Buffer.alloc(KEY_BYTES);
  // The same characters, however the keyboard composes them.
  const password = Buffer.from(passphrase.normalize('NFC'), 'utf8');
  sodium.crypto_pwhash(key, password, Buffer.from(salt), OPS, MEMORY_BYTES, sodium.crypto_pwhash_ALG_ARGON2ID13);
  sodium.sodium_memzero(password);
  return key;
}
