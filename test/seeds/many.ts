/*
 * Many seeds, in processes beside each other: a seed at a time to whoever is free. A range in; each failing seed as soon as it is
 * known, and a last line of totals, out. Called by main.ts; each process runs worker.ts.
 */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { countLines, replayCommand } from './report.ts';

export interface Many {
  readonly count: number;
  readonly from: number;
  readonly workers: number;
}

/** What a worker says of a seed. */
export interface SeedDone {
  readonly seed: number;
  readonly faults: readonly string[];
  readonly counts: readonly (readonly [string, number])[];
}

export async function runMany({ count, from, workers }: Many): Promise<number> {
  const totals = new Map<string, number>();
  const failed: number[] = [];
  let next = from;
  let done = 0;
  const take = (): number | null => (next < from + count ? next++ : null);
  const told = ({ seed, faults, counts }: SeedDone): void => {
    done += 1;
    for (const [what, times] of counts) totals.set(what, (totals.get(what) ?? 0) + times);
    if (done % 10 === 0) console.error(`${done} of ${count} seeds, ${failed.length} failed before this one`);
    if (faults.length === 0) return;
    failed.push(seed);
    for (const fault of faults) console.log(`seed ${seed}: ${fault}`);
    console.log(`again: ${replayCommand(seed)}`);
  };
  await Promise.all(Array.from({ length: Math.max(1, workers) }, () => work(take, told)));
  for (const line of countLines(totals)) console.log(line);
  console.log(
    `${done} seeds, ${done - failed.length} OK, ${failed.length} failed${failed.length === 0 ? '' : `: ${failed.join(' ')}`}`,
  );
  return failed.length === 0 ? 0 : 1;
}

/** A process that dies in the middle of a seed is a finding too, and is replaced. */
async function work(take: () => number | null, told: (done: SeedDone) => void): Promise<void> {
  for (let seed = take(); seed !== null;) seed = await inProcess(seed, take, told);
}

/** Answers the next seed to be run by another process, or null after the last. */
function inProcess(first: number, take: () => number | null, told: (done: SeedDone) => void): Promise<number | null> {
  return new Promise((resolve) => {
    // One thread for the disks of a process: its nodes take turns, and more only get in each other's way.
    const env = { ...process.env, UV_THREADPOOL_SIZE: '1' };
    const child = fork(fileURLToPath(new URL('./worker.ts', import.meta.url)), { env, execArgv: ['--import', 'tsx'] });
    let seed: number | null = first;
    child.send(seed);
    child.on('message', (message) => {
      told(message as SeedDone);
      seed = take();
      if (seed === null) child.disconnect();
      else child.send(seed);
    });
    child.once('exit', (code, signal) => {
      if (seed !== null) told({ seed, faults: [`its process ended with ${signal ?? code}`], counts: [] });
      resolve(take());
    });
  });
}
