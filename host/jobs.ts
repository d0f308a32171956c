/*
 * Jobs: a row with a due time each. The table of a role's jobs in; on every wake-up what is due runs, one at a time a name.
 * Called by each role's main. `run` answers the next due second, or null when there is nothing more to do.
 */
import { invariant } from '../core/refusal.ts';
import { errorText } from './log.ts';
import type { Clock, Database, Log, Tx } from './ports.ts';
import { askForJob, deleteJob, insertJob, readJob, readJobs, saveJob, type JobRow, type StoredJob } from './work/store.ts';

export interface Job {
  readonly name: string;
  /** Safe to repeat: it is run again after a crash. A throw is logged and repeated with growing delay. */
  run(now: number): Promise<number | null>;
}

export interface Jobs {
  /** Loads the rows, makes those of `first` that are not there, and begins. */
  start(first?: Readonly<Record<string, number>>): Promise<void>;
  /** Moves the job earlier if it was later; noticed as soon as the transaction has committed. */
  schedule(tx: Tx, name: string, due: number): Promise<void>;
  wake(): void;
  nextDue(): number | null;
  busy(): boolean;
  /** Starts nothing more and waits for what runs. */
  stop(): Promise<void>;
}

const RETRY_SEC_MAX = 60;

interface JobPorts {
  readonly clock: Clock;
  readonly database: Database;
  readonly log: Log;
}

/** `sharedSec`: another process may work on the same rows; how often it is looked what that one was asked for. */
export function createJobs(ports: JobPorts, table: readonly Job[], { sharedSec = 0 } = {}): Jobs {
  const { clock, database } = ports;
  const jobs = new Map(table.map((job) => [job.name, job]));
  invariant(jobs.size === table.length, 'jobs have different names');
  const rows = new Map<string, JobRow>();
  const running = new Map<string, Promise<void>>();
  /** The earliest due second that was asked for while the job ran. */
  const asked = new Map<string, number>();
  let state: 'new' | 'started' | 'stopped' = 'new';
  let seenAt = clock.now();
  let lookedAt = seenAt;
  let looking: Promise<void> | null = null;
  let unhook = () => {};

  const isDue = (row: JobRow) => row.due <= clock.now() && !running.has(row.name);

  function check(): void {
    if (state !== 'started') return;
    noticeStepBack();
    if (sharedSec > 0 && looking === null && Math.abs(clock.now() - lookedAt) >= sharedSec) {
      looking = noticeOthers().finally(() => {
        looking = null;
        check();
      });
    }
    for (const row of [...rows.values()]) if (isDue(row)) launch(row);
  }

  /** What another process has asked for, and did not come to do: it may have ended, or be stopped. */
  async function noticeOthers(): Promise<void> {
    lookedAt = clock.now();
    try {
      for (const row of await database.transaction((tx) => readJobs(tx, database.owner))) {
        const known = rows.get(row.name)?.due ?? null;
        if (jobs.has(row.name) && !running.has(row.name) && (known === null || row.due < known)) rows.set(row.name, bare(row));
      }
    } catch (thrown) {
      ports.log.error('jobs-not-read', { error: errorText(thrown) });
    }
  }

  /** What was put off by a clock that was ahead would wait for it to come there again: each job says anew when it is due. */
  function noticeStepBack(): void {
    const now = clock.now();
    if (now < seenAt) {
      ports.log.warn('clock-went-back', { count: seenAt - now });
      for (const row of [...rows.values()]) noticeEarlier(row, now);
    }
    seenAt = now;
  }

  /** Of one that runs the answer is of the time before; it is run once more. */
  function noticeEarlier(row: JobRow, now: number): void {
    rows.set(row.name, { ...row, due: Math.min(row.due, now) });
    if (running.has(row.name)) asked.set(row.name, earlier(now, asked.get(row.name) ?? null) as number);
  }

  function launch(row: JobRow): void {
    asked.delete(row.name);
    const work = runOnce(row).finally(() => {
      running.delete(row.name);
      check();
    });
    running.set(row.name, work);
  }

  async function runOnce(row: JobRow): Promise<void> {
    const now = clock.now();
    try {
      const next = await (jobs.get(row.name) as Job).run(now);
      invariant(next === null || Number.isSafeInteger(next), 'a due time is a whole second');
      await database.transaction((tx) => finish(tx, row.name, next));
    } catch (thrown) {
      ports.log.error('job-failed', { job: row.name, error: errorText(thrown) });
      await delay(row, now);
    }
  }

  async function finish(tx: Tx, name: string, next: number | null): Promise<void> {
    const stored = await readJob(tx, database.owner, name);
    // Asked for by a transaction that has committed but was not noticed yet: once more, at once.
    const unseen = stored !== null && stored.asks !== rows.get(name)?.asks;
    const due = unseen ? clock.now() : earlier(next, asked.get(name) ?? null);
    const asks = stored?.asks ?? 0;
    if (due === null) await deleteJob(tx, database.owner, name);
    else await saveJob(tx, database.owner, { name, due, attempts: 0, asks }, clock.now());
    tx.onCommit(() => {
      const soonest = earlier(due, asked.get(name) ?? null);
      if (soonest === null) rows.delete(name);
      else rows.set(name, { name, due: soonest, attempts: 0, asks });
    });
  }

  async function delay(row: JobRow, now: number): Promise<void> {
    const due = now + Math.min(2 ** row.attempts, RETRY_SEC_MAX);
    const failed = { ...(rows.get(row.name) ?? row), due, attempts: row.attempts + 1 };
    rows.set(row.name, failed);
    try {
      await database.transaction((tx) => saveJob(tx, database.owner, failed, now));
    } catch (thrown) {
      // The row keeps its old due time: it is run again after a start, which it must stand.
      ports.log.error('job-not-delayed', { job: row.name, error: errorText(thrown) });
    }
  }

  function noticeAsk(name: string, due: number): void {
    const row = rows.get(name);
    asked.set(name, earlier(due, asked.get(name) ?? null) as number);
    rows.set(name, { name, due: Math.min(due, row?.due ?? due), attempts: row?.attempts ?? 0, asks: (row?.asks ?? 0) + 1 });
    check();
  }

  return {
    async start(first = {}) {
      invariant(state === 'new', 'jobs are started once');
      const stored = await database.transaction(async (tx) => {
        for (const [name, due] of Object.entries(first)) {
          invariant(jobs.has(name), `job ${name} is in the table`);
          await insertJob(tx, database.owner, name, due, clock.now());
        }
        return readJobs(tx, database.owner);
      });
      // A row without a job is of a role that shares the table's owner, or of an older program.
      const isBack = stored.some((row) => row.savedAt > clock.now());
      if (isBack) ports.log.warn('clock-went-back');
      for (const kept of stored) {
        const row = isBack ? { ...bare(kept), due: Math.min(kept.due, clock.now()) } : bare(kept);
        const known = rows.get(row.name)?.due ?? row.due;
        if (jobs.has(row.name)) rows.set(row.name, { ...row, due: Math.min(row.due, known) });
      }
      state = 'started';
      unhook = clock.onWake(check);
      check();
    },
    async schedule(tx, name, due) {
      invariant(jobs.has(name), `job ${name} is in the table`);
      await askForJob(tx, database.owner, name, due, clock.now());
      tx.onCommit(() => noticeAsk(name, due));
    },
    wake: check,
    nextDue: () => (state === 'started' ? soonestOf([...rows.values()].filter((row) => !running.has(row.name))) : null),
    busy: () => running.size > 0 || looking !== null || (state === 'started' && [...rows.values()].some(isDue)),
    async stop() {
      state = 'stopped';
      unhook();
      await looking;
      await Promise.all(running.values());
    },
  };
}

function bare({ name, due, attempts, asks }: StoredJob): JobRow {
  return { name, due, attempts, asks };
}

function soonestOf(rows: readonly JobRow[]): number | null {
  return rows.reduce<number | null>((best, row) => earlier(best, row.due), null);
}

function earlier(a: number | null, b: number | null): number | null {
  if (a === null || b === null) return a ?? b;
  return Math.min(a, b);
}
