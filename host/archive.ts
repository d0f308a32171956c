/*
 * Many files in one, sealed under a passphrase: entries in, one file of any size out, and back, a frame at a time. Frames are
 * libsodium's secretstream: none can be changed, left out, moved or cut off unseen. Called by node's backup and restore.
 *
 *   MAGIC ‖ salt 16 ‖ header 24 ‖ frames of 64 KiB and 17 bytes, the last one shorter and marked as the last
 *   inside: for each entry its head's length (4 bytes) ‖ head (canonical JSON) ‖ its bytes
 */
import { createReadStream } from 'node:fs';
import { open, rename, rm, type FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import sodium from 'sodium-native';
import { z } from 'zod';
import { invariant, ok, refuser, type Result } from '../core/refusal.ts';
import { decode, encode } from '../core/wire/codec.ts';
import { keyFromPassphrase, SALT_BYTES } from './passphrase-key.ts';
import { asDiskFault } from './files.ts';
import type { Entropy } from './ports.ts';

const part = '[A-Za-z0-9_][A-Za-z0-9._-]*';
const entryHead = z.strictObject({
  /** Below the folder that it came from; no part begins with a full stop. */
  name: z
    .string()
    .max(300)
    .regex(new RegExp(`^${part}(/${part}){0,7}$`), 'a plain file name'),
  mode: z.int().min(0).max(0o777),
  bytes: z.int().min(0),
});
export type EntryHead = z.infer<typeof entryHead>;

export type Add = (head: EntryHead, content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>) => Promise<void>;
/** Must read the content to its end, or refuse. */
export type Take = (head: EntryHead, content: AsyncIterable<Uint8Array>) => Promise<Result<void>>;

export const archiveRefusals = {
  'archive-missing': { retry: false, text: 'the backup cannot be read', remedy: 'check its name' },
  'archive-format': { retry: false, text: 'the file is no backup of a node', remedy: 'name one that ptg backup wrote' },
  'archive-passphrase': {
    retry: false,
    text: 'the passphrase does not open the backup',
    remedy: 'try the passphrase again; if it is right, the file was changed: use another backup',
  },
  'archive-damaged': {
    retry: false,
    text: 'the backup was changed or cut off',
    remedy: 'use another copy; nothing of this one was kept',
  },
} as const;
const refuse = refuser(archiveRefusals);

const MAGIC = Buffer.from('ptg-node-backup-1\n', 'ascii');
const HEADER_BYTES = sodium.crypto_secretstream_xchacha20poly1305_HEADERBYTES;
const SEAL_BYTES = sodium.crypto_secretstream_xchacha20poly1305_ABYTES;
const FRAME_BYTES = 64 * 1024;
const HEAD_BYTES_MAX = 4096;
const { crypto_secretstream_xchacha20poly1305_TAG_MESSAGE: MORE, crypto_secretstream_xchacha20poly1305_TAG_FINAL: LAST } = sodium;

/** The file is whole under its name, or is not there. */
export async function writeArchive(
  file: string,
  passphrase: string,
  entropy: Entropy,
  fill: (add: Add) => Promise<void>,
): Promise<void> {
  const beside = join(dirname(file), `.${basename(file)}.${process.pid}.new`);
  await rm(beside, { force: true });
  const handle = await open(beside, 'wx', 0o600);
  try {
    const frames = await beginFrames(handle, passphrase, entropy);
    await fill(async (head, content) => {
      const text = Buffer.from(encode(entryHead.parse(head)), 'utf8');
      const length = Buffer.alloc(4);
      length.writeUInt32BE(text.length);
      await frames.write(Buffer.concat([length, text]));
      let rest = head.bytes;
      for await (const bytes of content) {
        rest -= bytes.length;
        await frames.write(bytes);
      }
      invariant(rest === 0, `${head.name} has as many bytes as its head says`);
    });
    await frames.end();
    await handle.sync();
    await handle.close();
    await rename(beside, file);
  } catch (thrown) {
    await handle.close().catch(() => undefined);
    await rm(beside, { force: true });
    throw asDiskFault(thrown, file);
  }
}

/** Entries in their order. What `take` was given before a refusal is for the caller to remove. */
export async function readArchive(file: string, passphrase: string, take: Take): Promise<Result<void>> {
  if (!(await isArchive(file))) return (await canRead(file)) ? refuse('archive-format', file) : refuse('archive-missing', file);
  const source = bytesOf(openFrames(file, passphrase));
  try {
    while (await source.more()) {
      const length = (await source.exactly(4)).readUInt32BE();
      if (length > HEAD_BYTES_MAX) throw new Damage('archive-damaged');
      const head = decode((await source.exactly(length)).toString('utf8'), entryHead);
      if (!head.ok) throw new Damage('archive-damaged');
      const taken = await take(head.value, source.some(head.value.bytes));
      if (!taken.ok) return taken;
    }
    return ok(undefined);
  } catch (thrown) {
    if (thrown instanceof Damage) return refuse(thrown.code, file);
    throw thrown;
  } finally {
    await source.end();
  }
}

/** By its first bytes. */
export async function isArchive(file: string): Promise<boolean> {
  const handle = await open(file, 'r').catch(() => null);
  if (handle === null) return false;
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(MAGIC.length), 0, MAGIC.length, 0);
    return bytesRead === MAGIC.length && buffer.equals(MAGIC);
  } catch {
    return false;
  } finally {
    await handle.close();
  }
}

async function canRead(file: string): Promise<boolean> {
  const handle = await open(file, 'r').catch(() => null);
  await handle?.close();
  return handle !== null;
}

/** Thrown through the generators, and caught where the refusal is returned. */
class Damage extends Error {
  readonly code: 'archive-passphrase' | 'archive-damaged';
  constructor(code: 'archive-passphrase' | 'archive-damaged') {
    super(code);
    this.code = code;
  }
}

async function beginFrames(handle: FileHandle, passphrase: string, entropy: Entropy) {
  const salt = Buffer.from(entropy.bytes(SALT_BYTES));
  const [state, header] = [newState(), Buffer.alloc(HEADER_BYTES)];
  const key = keyFromPassphrase(passphrase, salt);
  sodium.crypto_secretstream_xchacha20poly1305_init_push(state, header, key);
  sodium.sodium_memzero(key);
  await handle.writeFile(Buffer.concat([MAGIC, salt, header]));
  let waiting: Buffer = Buffer.alloc(0);
  const push = async (plain: Buffer, tag: number): Promise<void> => {
    const frame = Buffer.alloc(plain.length + SEAL_BYTES);
    sodium.crypto_secretstream_xchacha20poly1305_push(state, frame, plain, MAGIC, tag);
    await handle.writeFile(frame);
  };
  return {
    async write(bytes: Uint8Array): Promise<void> {
      waiting = Buffer.concat([waiting, bytes]);
      // The last one is never empty: something is kept back.
      while (waiting.length > FRAME_BYTES) {
        await push(waiting.subarray(0, FRAME_BYTES), MORE);
        waiting = waiting.subarray(FRAME_BYTES);
      }
    },
    async end(): Promise<void> {
      invariant(waiting.length > 0, 'an archive has an entry');
      await push(waiting, LAST);
      sodium.sodium_memzero(state);
    },
  };
}

function newState(): Buffer {
  return Buffer.alloc(sodium.crypto_secretstream_xchacha20poly1305_STATEBYTES);
}

async function* openFrames(file: string, passphrase: string): AsyncGenerator<Buffer> {
  const sealed = bytesOf(createReadStream(file, { start: MAGIC.length, highWaterMark: FRAME_BYTES }));
  try {
    const salt = await sealed.exactly(SALT_BYTES);
    const header = await sealed.exactly(HEADER_BYTES);
    const state = newState();
    const key = keyFromPassphrase(passphrase, salt);
    sodium.crypto_secretstream_xchacha20poly1305_init_pull(state, header, key);
    sodium.sodium_memzero(key);
    const tag = Buffer.alloc(1);
    for (let first = true; tag[0] !== LAST; first = false) {
      const frame = await sealed.upTo(FRAME_BYTES + SEAL_BYTES);
      if (frame.length <= SEAL_BYTES) throw new Damage('archive-damaged');
      const plain = Buffer.alloc(frame.length - SEAL_BYTES);
      try {
        sodium.crypto_secretstream_xchacha20poly1305_pull(state, plain, tag, frame, MAGIC);
      } catch {
        throw new Damage(first ? 'archive-passphrase' : 'archive-damaged');
      }
      // Nothing may follow the last frame; told before the last bytes are handed on.
      if (tag[0] === LAST && (await sealed.more())) throw new Damage('archive-damaged');
      yield plain;
    }
  } finally {
    await sealed.end();
  }
}

/** Chunks of any size as the lengths that are asked for. */
function bytesOf(chunks: AsyncIterable<Uint8Array>) {
  const iterator = chunks[Symbol.asyncIterator]();
  let waiting: Buffer = Buffer.alloc(0);
  const upTo = async (count: number): Promise<Buffer> => {
    const parts: Buffer[] = [];
    for (let missing = count; missing > 0;) {
      if (waiting.length === 0) {
        const next = await iterator.next();
        if (next.done === true) break;
        waiting = Buffer.from(next.value);
      }
      const taken = waiting.subarray(0, missing);
      waiting = waiting.subarray(taken.length);
      parts.push(taken);
      missing -= taken.length;
    }
    return parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts);
  };
  const exactly = async (count: number): Promise<Buffer> => {
    const bytes = await upTo(count);
    if (bytes.length < count) throw new Damage('archive-damaged');
    return bytes;
  };
  return {
    upTo,
    exactly,
    async more(): Promise<boolean> {
      while (waiting.length === 0) {
        const next = await iterator.next();
        if (next.done === true) return false;
        waiting = Buffer.from(next.value);
      }
      return true;
    },
    async *some(count: number): AsyncGenerator<Uint8Array> {
      for (let missing = count; missing > 0;) {
        const bytes = await exactly(Math.min(missing, FRAME_BYTES));
        missing -= bytes.length;
        yield bytes;
      }
    },
    async end(): Promise<void> {
      await iterator.return?.();
    },
  };
}
