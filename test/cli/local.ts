/*
 * One run of `ptg up --once --json` for all specs: begun by whoever asks first, so that its minute passes while others work.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'mocha';
import { startPtg, type Running } from './ptg.ts';

export interface LocalRun {
  /** What PTG_HOME was. */
  readonly home: string;
  readonly running: Running;
}

let run: Promise<LocalRun> | null = null;

export function localRun(): Promise<LocalRun> {
  run ??= mkdtemp(join(tmpdir(), 'ptg-up-')).then((home) => ({
    home,
    running: startPtg(['up', '--once', '--json'], { PTG_HOME: home }),
  }));
  return run;
}

after(async () => {
  const begun = await run;
  if (begun === null) return;
  begun.running.child.kill('SIGKILL');
  await begun.running.ended;
  await rm(begun.home, { recursive: true, force: true });
});
