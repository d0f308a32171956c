/*
 * The kill matrix: which journeys, nodes and points, in; how many were tried and which failed out. Two processes try points, each on
 * its own copy of everything. Called by main.ts (npm run kill) and kill.spec.ts (npm run test:kill).
 */
import { fork, type ChildProcess } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { mkdtemp, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeBundles } from './bundle.ts';
import { journeys } from './journeys.ts';
import type { Outcome, Task } from './worker.ts';

export interface MatrixOptions {
  readonly journey?: string | undefined;
  readonly part?: string | undefined;
  /** One point alone. */
  readonly at?: number | undefined;
  /** Where it dies a second time, counted from when it begins to start; null: it does not. */
  readonly again: (at: number) => number | null;
  /** The points to be tried of so many that all parts have together: every one, or every third … */
  readonly stride: (total: number) => number;
  readonly workers: number;
  readonly tell: (line: string) => void;
}

export interface MatrixRow {
  readonly journey: string;
  readonly part: string;
  /** Of an unkilled run. */
  readonly points: number;
  /** It died at so many. */
  readonly tried: number;
  /** And of these, so many died again while they came back. */
  readonly twice: number;
  /** Runs that ended before the point came: they, too, must end well. */
  readonly unreached: number;
  /** Runs that lost the one step that was at risk, and nothing else. */
  readonly lost: number;
  readonly failures: readonly Failure[];
  /** Of work, on one core. */
  readonly seconds: number;
}

export interface Failure extends Task {
  readonly deaths: readonly string[];
  readonly faults: readonly string[];
}

export async function runMatrix(options: MatrixOptions): Promise<MatrixRow[]> {
  const folder = await mkdtemp(join(await roomyFolder(), 'ptg-kill-'));
  const workers: Worker[] = [];
  const clear = (): void => {
    for (const worker of workers) worker.kill();
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  };
  process.once('exit', clear);
  try {
    await makeBundles(folder, ['child', 'worker']);
    for (let number = 0; number < options.workers; number += 1) workers.push(createWorker(folder, number));
    const rows = rowsOf(options);
    if (rows.length === 0) throw new Error('no such journey, or no such node in it');
    await countPoints(rows, workers, options);
    await tryPoints(rows, workers, options);
    return rows;
  } finally {
    await Promise.all(workers.map((worker) => worker.end()));
    clear();
    process.off('exit', clear);
  }
}

const MEMORY = '/dev/shm';

/** Memory, where there is such a folder and room in it: a commit waits for the disk. */
async function roomyFolder(): Promise<string> {
  if (!existsSync(MEMORY)) return tmpdir();
  const { bavail, bsize } = await statfs(MEMORY);
  return bavail * bsize > 2 ** 28 ? MEMORY : tmpdir();
}

export function replayOf({ journey, part, at, again }: Task): string {
  const given = { journey, node: part, at, again };
  return `npm run kill --${Object.entries(given)
    .map(([name, value]) => (value === null ? '' : ` --${name} ${value}`))
    .join('')}`;
}

/** Somewhere on its way back, or soon after: another place for each point. */
export function somewhere(at: number): number {
  return 1 + ((at * 37) % 101);
}

type Filling = { -readonly [name in keyof MatrixRow]: MatrixRow[name] } & { failures: Failure[] };

function rowsOf({ journey, part }: MatrixOptions): Filling[] {
  const empty = { points: 0, tried: 0, twice: 0, unreached: 0, lost: 0, seconds: 0 };
  return journeys
    .filter((one) => journey === undefined || one.name === journey)
    .flatMap((one) => Object.keys(one.parts).map((name) => ({ journey: one.name, part: name, ...empty, failures: [] })))
    .filter((row) => part === undefined || row.part === part);
}

async function countPoints(rows: readonly Filling[], workers: readonly Worker[], options: MatrixOptions): Promise<void> {
  if (options.at !== undefined) return;
  await inParallel(rows, workers, async (row, worker) => {
    const task = { journey: row.journey, part: row.part, at: null, again: null };
    const { count, faults, seconds } = await worker.run(task);
    row.points = count ?? 0;
    row.seconds += seconds;
    if (faults.length > 0) row.failures.push({ ...task, deaths: [], faults });
    options.tell(`${row.journey}, ${row.part}: ${row.points} points${faults.map((fault) => `\n  ${fault}`).join('')}`);
  });
}

async function tryPoints(rows: readonly Filling[], workers: readonly Worker[], options: MatrixOptions): Promise<void> {
  const stride = options.stride(rows.reduce((sum, row) => sum + row.points, 0));
  let skipped = 0;
  const tasks = rows.flatMap((row) => {
    if (options.at !== undefined) return [{ row, at: options.at }];
    // Counted through all rows, so that another place of the journey is met in each.
    const all = Array.from({ length: row.points }, (_, index) => ({ row, at: index + 1 }));
    const picked = all.filter(() => skipped++ % stride === 0);
    // At least one of each.
    return picked.length > 0 ? picked : all.slice(0, 1);
  });
  const left = new Map<Filling, number>();
  for (const { row } of tasks) left.set(row, (left.get(row) ?? 0) + 1);
  await inParallel(tasks, workers, async ({ row, at }, worker) => {
    const task = { journey: row.journey, part: row.part, at, again: options.again(at) };
    const { deaths, faults, lost, seconds } = await worker.run(task);
    if (lost) row.lost += 1;
    if (deaths.length === 0) row.unreached += 1;
    else row.tried += 1;
    if (deaths.length > 1) row.twice += 1;
    row.seconds += seconds;
    left.set(row, (left.get(row) ?? 0) - 1);
    if (left.get(row) === 0) options.tell(`${row.journey}, ${row.part}: ${row.tried} points tried`);
    if (faults.length === 0) return;
    row.failures.push({ ...task, deaths, faults });
    options.tell(
      `FAILED ${row.journey}, ${row.part}, point ${at}: ${deaths.join(', then ') || 'not reached'}\n  ${faults.join('\n  ')}\n  ${replayOf(task)}`,
    );
  });
}

async function inParallel<T>(
  all: readonly T[],
  workers: readonly Worker[],
  work: (one: T, by: Worker) => Promise<void>,
): Promise<void> {
  const left = [...all];
  await Promise.all(
    workers.map(async (worker) => {
      for (let next = left.shift(); next !== undefined; next = left.shift()) await work(next, worker);
    }),
  );
}

interface Worker {
  run(task: Task): Promise<Outcome>;
  end(): Promise<void>;
  /** At once, and its nodes with it. */
  kill(): void;
}

/** A point that takes longer hangs. */
const POINT_SEC_MAX = 120;

function createWorker(folder: string, number: number): Worker {
  let child: ChildProcess | null = null;
  let starts = 0;

  function begin(): ChildProcess {
    starts += 1;
    const own = join(folder, `${number}-${starts}`);
    return fork(join(folder, 'worker.cjs'), [own, join(folder, 'child.cjs')], { execArgv: [], serialization: 'advanced' });
  }

  return {
    run(task) {
      const process = (child ??= begin());
      return new Promise((resolve) => {
        const settle = (outcome: Outcome): void => {
          clearInterval(patience);
          process.removeAllListeners();
          resolve(outcome);
        };
        const lost = (fault: string): void => {
          child = null;
          process.kill('SIGKILL');
          settle({ deaths: [], count: null, faults: [fault], lost: false, seconds: POINT_SEC_MAX });
        };
        let seconds = 0;
        // Counted one by one: while this machine sleeps, the point does so too.
        const patience = setInterval(() => {
          seconds += 1;
          if (seconds > POINT_SEC_MAX) lost(`does not end within ${POINT_SEC_MAX} s`);
        }, 1000);
        process.once('message', (outcome) => settle(outcome as Outcome));
        process.once('exit', (code, signal) => lost(`the worker ended: ${signal ?? code}`));
        process.send(task);
      });
    },
    kill: () => void child?.kill('SIGKILL'),
    async end() {
      const process = child;
      if (process === null || process.exitCode !== null || process.signalCode !== null) return;
      await new Promise<void>((resolve) => {
        process.once('exit', () => resolve());
        process.disconnect();
      });
    },
  };
}
