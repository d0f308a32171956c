/*
 * A process that tries points, one after the other: a task in, what came of it out, both over IPC (matrix.ts). Keeps a snapshot and an
 * unkilled run of each journey, made when they are first needed. Arguments: its folder, and the bundle of child.ts.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { journeys, type Journey } from './journeys.ts';
import { tryPoint, type PointTried } from './point.ts';
import { startProcess, type NodeProcess } from './process.ts';
import { makeSnapshot, type Snapshot } from './snapshot.ts';
import type { State } from './state.ts';

export interface Task {
  readonly journey: string;
  readonly part: string;
  /** Null: nobody dies, and the points are counted. */
  readonly at: number | null;
  /** The point at which it dies again, counted from when it begins to start. */
  readonly again: number | null;
}

export interface Outcome extends Omit<PointTried, 'state'> {
  readonly seconds: number;
}

const [folder, bundle] = process.argv.slice(2) as [string, string];
const snapshots = new Map<string, Snapshot>();
const unkilled = new Map<string, State>();

/** One waits, loaded, while another is at work. */
let waiting: NodeProcess | null = null;

function nextProcess(): NodeProcess {
  const next = waiting ?? startProcess(bundle);
  waiting = startProcess(bundle);
  return next;
}

async function attempt(task: Task): Promise<Outcome> {
  const begun = Date.now();
  const journey = journeys.find((one) => one.name === task.journey) as Journey;
  const snapshot = snapshots.get(journey.name) ?? (await makeSnapshot(journey, join(folder, journey.name)));
  snapshots.set(journey.name, snapshot);
  const home = join(folder, 'now');
  const given = { journey, part: task.part, snapshot, home };
  let expected = unkilled.get(journey.name) ?? null;
  if (task.at !== null && expected === null) {
    const { state, faults } = await tryPoint({
      ...given,
      under: { process: nextProcess(), again: null },
      at: null,
      expected: null,
    });
    if (faults.length > 0) throw new Error(`unkilled: ${faults.join('; ')}`);
    unkilled.set(journey.name, (expected = state));
  }
  const again = task.again === null ? null : { process: nextProcess(), at: task.again };
  const { deaths, count, faults, lost, state } = await tryPoint({
    ...given,
    under: { process: nextProcess(), again },
    at: task.at,
    expected,
  });
  if (expected === null && faults.length === 0) unkilled.set(journey.name, state);
  return { deaths, count, faults, lost, seconds: (Date.now() - begun) / 1000 };
}

function failed(thrown: unknown): Outcome {
  const fault = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
  return { deaths: [], count: null, faults: [fault], lost: false, seconds: 0 };
}

process.on('message', (task) => {
  void attempt(task as Task)
    .catch(failed)
    .then((outcome) => process.send?.(outcome));
});
process.on('disconnect', () => void rm(folder, { recursive: true, force: true }).finally(() => process.exit()));
