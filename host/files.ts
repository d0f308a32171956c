/*
 * Files that must be whole or absent: written beside, synced, renamed. Key files are readable by their owner alone.
 * Called by node for configuration and keys, and by whoever keeps a document on disk.
 */
import { chmod, open, readFile, realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { ok, refuser, type Result } from '../core/refusal.ts';
import { refusalLines } from './config.ts';
import type { Entropy } from './ports.ts';

export const fileRefusals = {
  'key-missing': { retry: false, text: 'a key file is not there', remedy: 'restore it from the backup, or run ptg init' },
  'key-unreadable': {
    retry: false,
    text: 'a key file is there but cannot be read',
    remedy: 'check its owner and the disk; a new key would lose what the old one holds',
  },
  'key-open': { retry: false, text: 'a key file can be read by others', remedy: 'chmod 600 it, and consider the key as known' },
  'disk-full': {
    retry: true,
    text: 'there is no room on the disk for the file',
    remedy: 'free some space, or name a file on another disk; what was there before is unchanged',
  },
  'key-shape': { retry: false, text: 'a key file is not 32 bytes of lower-case hex', remedy: 'restore it from the backup' },
} as const;
const refuse = refuser(fileRefusals);

/** After it returns the file has its new content on disk; before, its old. */
export async function writeFileAtomically(file: string, content: string | Uint8Array, mode = 0o644): Promise<void> {
  const beside = join(dirname(file), `.${basename(file)}.${process.pid}.new`);
  await rm(beside, { force: true });
  try {
    const handle = await open(beside, 'wx', mode);
    try {
      await handle.writeFile(content);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(beside, file);
  } catch (thrown) {
    await rm(beside, { force: true });
    throw asDiskFault(thrown, file);
  }
  await syncFolder(dirname(file));
}

/** The same for a file that another program reads: where it is a link, what it points to; readable for others, as that program's user may be. */
export async function rewriteFile(file: string, content: string | Uint8Array): Promise<void> {
  const target = await realpath(file).catch(() => file);
  const known = await stat(target).catch(() => null);
  await writeFileAtomically(target, content);
  await chmod(target, ((known?.mode ?? 0o644) & 0o777) | 0o444);
}

/** The machine does not say of which file there was no room for more. */
export function asDiskFault(thrown: unknown, file: string): unknown {
  const code = (thrown as NodeJS.ErrnoException | null)?.code;
  if (code !== 'ENOSPC' && code !== 'EDQUOT') return thrown;
  return new Error(refusalLines(refuse('disk-full', file).refusal), { cause: thrown });
}

/** Null where it cannot be read, or is larger. */
export async function readBounded(file: string, bytesMax: number): Promise<Uint8Array | null> {
  try {
    return (await stat(file)).size > bytesMax ? null : new Uint8Array(await readFile(file));
  } catch {
    return null;
  }
}

/** Byte for byte; null where there is none. Throws what the machine says where it cannot be read, or is larger. */
export async function readLatin1(file: string, bytesMax: number): Promise<string | null> {
  try {
    if ((await stat(file)).size > bytesMax) throw new Error(`larger than ${bytesMax} bytes`);
    return await readFile(file, 'latin1');
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw thrown;
  }
}

/** A 32-byte seed from its hex file. */
export async function readKeyFile(file: string): Promise<Result<Uint8Array>> {
  let text: string;
  try {
    if (((await stat(file)).mode & 0o077) !== 0) return refuse('key-open', file);
    text = await readFile(file, 'utf8');
  } catch (thrown) {
    return refuse((thrown as NodeJS.ErrnoException).code === 'ENOENT' ? 'key-missing' : 'key-unreadable', file);
  }
  const hex = text.trim();
  return /^[0-9a-f]{64}$/.test(hex) ? ok(new Uint8Array(Buffer.from(hex, 'hex'))) : refuse('key-shape', file);
}

export async function writeKeyFile(file: string, seed: Uint8Array): Promise<void> {
  await writeFileAtomically(file, `${Buffer.from(seed).toString('hex')}\n`, 0o600);
}

/** The seed in the file; a new one where there is no file yet. */
export async function readOrMakeKeyFile(file: string, entropy: Entropy): Promise<Result<Uint8Array>> {
  const read = await readKeyFile(file);
  if (read.ok || read.refusal.code !== 'key-missing') return read;
  const seed = entropy.bytes(32);
  await writeKeyFile(file, seed);
  return ok(seed);
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
