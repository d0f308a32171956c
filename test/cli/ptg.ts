/*
 * For the specs of this folder: `ptg` as a person runs it, in a process of its own; and what such a process may leave behind.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sqlite3 from 'sqlite3';
import { parameters } from '../../core/wire/parameters.ts';

export const root = fileURLToPath(new URL('../../', import.meta.url));

export interface Ended {
  /** Null when a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** What it has written so far. */
  stdout(): string;
  stderr(): string;
}

/** In a process group of its own, so that whatever it started can be found. */
export function startPtg(args: readonly string[], environment: NodeJS.ProcessEnv = {}, cwd: string = root): Running {
  const child = spawn(process.execPath, [join(root, 'bin', 'ptg.mjs'), ...args], {
    cwd,
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let [out, err] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, stdout: out, stderr: err }));
  });
  return { child, ended, stdout: () => out, stderr: () => err };
}

export function ptg(args: readonly string[], environment?: NodeJS.ProcessEnv, cwd?: string): Promise<Ended> {
  return startPtg(args, environment, cwd).ended;
}

/** The one object that a command printed; stderr must be empty. */
export async function ptgJson<T = Record<string, unknown>>(args: readonly string[], environment?: NodeJS.ProcessEnv): Promise<T> {
  const { code, stdout, stderr } = await ptg([...args, '--json'], environment);
  // A build that somebody's edit made due is no part of the command.
  if (code !== 0 || stderr.replace(/^ptg: building\n/, '') !== '')
    throw new Error(`ptg ${args.join(' ')}: ${code}\n${stdout}${stderr}`);
  if (!/^\{.*\}\n$/.test(stdout)) throw new Error(`ptg ${args.join(' ')} printed more or less than one object:\n${stdout}`);
  return JSON.parse(stdout) as T;
}

/** For whatever comes by itself, on a machine that has other work. */
const PATIENCE_MS = 180_000;

/** Asks again until there is an answer; fails when there is none in time. */
export async function until<T>(what: string, probe: () => Promise<T | null>): Promise<T> {
  for (const end = Date.now() + PATIENCE_MS; ;) {
    const found = await probe();
    if (found !== null) return found;
    if (Date.now() > end) throw new Error(`${what}: not within ${PATIENCE_MS} ms`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Whether a process of the group of one that has ended still runs. */
export function hasSurvivors({ child }: Running): boolean {
  try {
    process.kill(-(child.pid as number), 0);
    return true;
  } catch {
    return false;
  }
}

export function filesUnder(folder: string, pattern: RegExp): string[] {
  const names = readdirSync(folder, { recursive: true }).map(String);
  return names.filter((name) => pattern.test(name)).map((name) => join(folder, name));
}

/** Sockets and write-ahead logs that were not put away, and databases that cannot be had for oneself. */
export async function leftBehind(folder: string): Promise<string[]> {
  const databases = filesUnder(folder, /\.sqlite$/);
  const locked = await Promise.all(databases.map(async (file) => ((await isFree(file)) ? [] : [file])));
  return [...filesUnder(folder, /\.(sock|sqlite-wal|sqlite-shm|new)$/), ...locked.flat()];
}

function isFree(file: string): Promise<boolean> {
  return new Promise((resolve) => {
    const database = new sqlite3.Database(file, sqlite3.OPEN_READWRITE, (failed) => {
      if (failed !== null) return resolve(false);
      database.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; ROLLBACK', (refused) =>
        database.close(() => resolve(refused === null)),
      );
    });
  });
}

/** What its founder may do before anybody joins: a consensus each second. */
export async function hurry(file: string): Promise<void> {
  const founded = parameters.parse(JSON.parse(await readFile(file, 'utf8')));
  // Whoever starts a second after the others is else below the median of their runs for days.
  const flags = { ...founded.flags, stableMtbfSec: 0, guardUptimeThousandths: 0, guardKnownSec: 0 };
  const faster = { ...founded, flags, consensusSec: 1, genesis: founded.genesis - 55, iouTickSec: 1 };
  const text = JSON.stringify(faster, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value));
  await writeFile(file, text);
}
