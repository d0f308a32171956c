/*
 * A real disk that can be filled: a tmpfs of some size mounted on a folder. Folder and size in; filling, freeing and unmounting out.
 * Mounting takes root: where it is not allowed a test says so and is skipped, and with CI=true it fails.
 */
import { spawnSync } from 'node:child_process';
import { closeSync, fsyncSync, openSync, rmSync, writeSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Context } from 'mocha';

export interface SmallDisk {
  readonly folder: string;
  /** Takes all that is left, but for about so many bytes. */
  fill(leave?: number): void;
  free(): void;
  unmount(): void;
}

const filler = 'filler';

/** What lies in the folder is moved onto it. */
export async function mountSmall(folder: string, bytes: number): Promise<SmallDisk> {
  await mkdir(folder, { recursive: true });
  const aside = await mkdtemp(join(tmpdir(), 'ptg-aside-'));
  await cp(folder, aside, { recursive: true });
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${bytes},mode=0700`, 'tmpfs', folder]);
  if (mounted.status !== 0) throw new Error(`mount: ${mounted.stderr.toString()}`);
  for (const name of await readdir(aside)) await cp(join(aside, name), join(folder, name), { recursive: true });
  await rm(aside, { recursive: true });
  return {
    folder,
    fill(leave = 0) {
      const file = openSync(join(folder, filler), 'a');
      for (const size of [65_536, 4096, 1]) writeAll(file, size);
      fsyncSync(file);
      closeSync(file);
      if (leave > 0) cutOff(join(folder, filler), leave);
    },
    free: () => rmSync(join(folder, filler), { force: true }),
    unmount: () => void spawnSync('umount', ['-l', folder]),
  };
}

function writeAll(file: number, size: number): void {
  const block = Buffer.alloc(size, 1);
  try {
    for (;;) if (writeSync(file, block) < size) return;
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'ENOSPC') throw thrown;
  }
}

function cutOff(file: string, bytes: number): void {
  spawnSync('truncate', ['-s', `-${bytes}`, file]);
}

/** Skips the test where nothing can be mounted. */
export async function needMount(context: Context): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'ptg-mount-'));
  try {
    (await mountSmall(folder, 65_536)).unmount();
  } catch (thrown) {
    if (process.env['CI'] === 'true') throw thrown;
    console.log(`    skipped: no file system can be mounted here (${(thrown as Error).message.trim()})`);
    context.skip();
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
