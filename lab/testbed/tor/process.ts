/*
 * One tor of a private network: its folder and program in; a process that is started, awaited and stopped by its id, out. Called by
 * network.ts.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { pause, stopwatch } from '../../../host/clock.ts';

export interface TorPrograms {
  readonly tor: string;
  readonly gencert: string;
}

/** From the system's package, or where bin/tor.sh puts it; null when there is none. */
export function torPrograms(): TorPrograms | null {
  const own = process.env['PTG_TOR_FOLDER'] ?? join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'ptg/tor');
  for (const root of ['/', own]) {
    const programs = { tor: join(root, 'usr/bin/tor'), gencert: join(root, 'usr/bin/tor-gencert') };
    if (existsSync(programs.tor) && existsSync(programs.gencert)) return programs;
  }
  return null;
}

export interface TorProcess {
  /** Returns when tor has written its process id. */
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Reads its torrc again, and an authority its approved-routers. */
  reload(): void;
}

/** A tor that has not ended by itself then is killed. */
const STOP_SEC = 10;
const LOOK_MS = 100;

const SAID = 'said.log';

/** `folder` holds its torrc, which names `folder/pid` as its PidFile and the network's own authorities. */
export function torProcess(program: string, folder: string): TorProcess {
  let child: ChildProcess | null = null;
  return {
    async start() {
      const args = ['--defaults-torrc', '/dev/null', '-f', join(folder, 'torrc'), '--hush'];
      // What it says before it has read its torrc.
      const said = openSync(join(folder, SAID), 'w', 0o600);
      const started = spawn(program, args, { stdio: ['ignore', said, said] });
      closeSync(said);
      child = started;
      await until(
        () => {
          if (started.exitCode !== null)
            throw new Error(`tor in ${folder} ended with ${started.exitCode}\n${readIfThere(join(folder, SAID)).slice(-1500)}`);
          return readIfThere(join(folder, 'pid')).trim() === String(started.pid);
        },
        `tor in ${folder} to start`,
        30,
      );
    },
    async stop() {
      const running = child;
      child = null;
      if (running === null || running.exitCode !== null || running.signalCode !== null) return;
      const ended = new Promise((resolve) => running.once('exit', resolve));
      running.kill('SIGTERM');
      await until(() => running.exitCode !== null || running.signalCode !== null, 'tor to end', STOP_SEC).catch(() =>
        running.kill('SIGKILL'),
      );
      await ended;
    },
    reload: () => void child?.kill('SIGHUP'),
  };
}

/** Runs a program to its end; fails with the end of what it said. */
export function runToEnd(program: string, args: readonly string[], cwd: string, input: string): Promise<void> {
  const child = spawn(program, args, { cwd, stdio: ['pipe', 'ignore', 'pipe'] });
  const said: Buffer[] = [];
  child.stderr.on('data', (chunk: Buffer) => said.push(chunk));
  child.stdin.end(input);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`${program} ended with ${code}: ${Buffer.concat(said).toString('utf8').slice(-500)}`));
    });
  });
}

/** For whatever comes by itself, on a machine that has other work. */
const PATIENCE_SEC = 180;

/** Asks again until it holds; fails with the words of what did not come. */
export async function until(holds: () => boolean | Promise<boolean>, what: string, seconds = PATIENCE_SEC): Promise<void> {
  const waited = stopwatch();
  while (!(await holds())) {
    if (waited() > seconds) throw new Error(`waited ${seconds} s in vain for ${what}`);
    await pause(LOOK_MS);
  }
}

export function readIfThere(file: string): string {
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}
