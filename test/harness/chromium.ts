/*
 * A headless Chromium: one run a page, with a profile of its own, on loopback addresses alone, ended by its process id if it does not
 * end by itself. Its own switch against JavaScript would also stop what draws the page for us: that a page has none, the stage checks.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const PROGRAM = '/usr/bin/chromium';
const PATIENCE_MS = 60_000;

export function chromiumProgram(): string | null {
  return existsSync(PROGRAM) ? PROGRAM : null;
}

/** Starts no connection of its own, and finds no other host. */
const quiet = [
  ...['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--hide-scrollbars'],
  ...['--disable-background-networking', '--disable-component-update', '--disable-sync', '--disable-extensions'],
  ...['--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1'],
];

/** The page as the browser has it after loading. */
export async function dumpDom(program: string, url: string): Promise<string> {
  return run(program, ['--dump-dom', url]);
}

export async function screenshot(
  program: string,
  url: string,
  file: string,
  [width, height]: readonly [number, number],
): Promise<void> {
  await run(program, [`--screenshot=${file}`, `--window-size=${width},${height}`, url]);
}

function run(program: string, args: readonly string[]): Promise<string> {
  const profile = mkdtempSync(join(tmpdir(), 'ptg-chromium-'));
  const child = spawn(program, [...quiet, `--user-data-dir=${profile}`, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const out: Buffer[] = [];
  const log: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => log.push(chunk));
  const timer = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      clearTimeout(timer);
      rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
      if (code === 0) resolve(Buffer.concat(out).toString('utf8'));
      else reject(new Error(`chromium ended with ${code}:\n${Buffer.concat(log).toString('utf8').slice(-4000)}`));
    });
  });
}
