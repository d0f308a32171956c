/*
 * An operator's keys: one 32-byte seed a purpose. A folder of key files, or (in a network that lives only in memory) entropy, in;
 * seeds out. Called by node/start and by `ptg init`.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256 } from '../core/crypto/hash.ts';
import { readOrMakeKeyFile } from '../host/files.ts';
import type { Entropy } from '../host/ports.ts';
import { refusalLines } from '../host/config.ts';

/** Design §8, a row each; `references` makes a wallet's fresh destinations; `account` is a subscriber's,
 * whose wallet follows from it. */
export const keyNames = [
  'identity',
  'iou',
  'relay-sealing',
  'settlement',
  'settlement-sealing',
  'guard',
  'guard-sealing',
  'wallet',
  'references',
  'authority',
  'log',
  'mint',
  'account',
] as const;
export type KeyName = (typeof keyNames)[number];

export type Keys = (name: KeyName) => Promise<Uint8Array>;

/** Key files `<folder>/<name>.key`, mode 0600, made where they are missing. */
export function keysIn(folder: string, entropy: Entropy): Keys {
  return async (name) => {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const seed = await readOrMakeKeyFile(join(folder, `${name}.key`), entropy);
    if (!seed.ok) throw new Error(refusalLines(seed.refusal));
    return seed.value;
  };
}

/** Keys that follow from one seed: a subscriber's wallet from its account, or a whole node that is gone when its process ends. */
export function keysFrom(root: Uint8Array): Keys {
  return async (name) => sha256('ptg/key/v1\0', root, name);
}
