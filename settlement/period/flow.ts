/*
 * The journey of an interval: books close · letters for the silent · balance settlement · payment window over · windows over. One
 * job a stage, each of which takes the intervals that are due for it and then hands them to the next. Called by jobs.ts.
 */
import { invariant } from '../../core/refusal.ts';
import { intervalAt, type Schedule } from '../../core/rule/interval.ts';
import type { Job } from '../../host/jobs.ts';
import type { Tx } from '../../host/ports.ts';
import { parametersFor, scheduleFor, type Office } from '../office.ts';
import { addInterval, hasPassed, passStage, readNewestInterval, readWaiting, stages, type Stage } from './store.ts';

/** Null when the interval is through this stage; else the second at which to try again. */
export type StageWork = (interval: number, now: number) => Promise<number | null>;

/** Seconds until the next try while no consensus is known. */
const NO_CONSENSUS_SEC = 5;

export function stageJob(office: Office, stage: Stage, work: StageWork): Job {
  const { database } = office.ports;
  return {
    name: stage,
    async run(now) {
      if (stage === 'close' && !(await begin(office, now))) return now + NO_CONSENSUS_SEC;
      let next: number | null = null;
      for (const interval of await database.transaction((tx) => readWaiting(tx, stage))) {
        const due = await pass(office, stage, interval, work, now);
        if (due !== null && (next === null || due < next)) next = due;
      }
      // The interval that was closed just now has made the row of the one after it.
      return stage === 'close' && next === null ? now : next;
    },
  };
}

/** The second from which an interval may pass a stage. */
export function instantOf(schedule: Schedule, stage: Stage): number {
  const { booksClose, bst, paymentEnd, appealEnd } = schedule;
  // "Shortly before the BST": a quarter of the time that is left for agreeing.
  const letters = Math.max(booksClose, bst - Math.max(1, Math.floor((bst - booksClose) / 4)));
  return { close: booksClose, letters, bst, lapse: paymentEnd, forget: appealEnd }[stage];
}

/** Whether my own book of that interval is read. */
export async function isClosed(office: Office, tx: Tx, interval: number): Promise<boolean> {
  if (office.closed.has(interval)) return true;
  const closed = await hasPassed(tx, interval, 'close');
  if (closed) tx.onCommit(() => void office.closed.add(interval));
  return closed;
}

async function pass(office: Office, stage: Stage, interval: number, work: StageWork, now: number): Promise<number | null> {
  const schedule = scheduleFor(office, interval);
  invariant(schedule !== null, 'a consensus once seen is kept');
  const due = instantOf(schedule, stage);
  if (due > now) return due;
  const again = await work(interval, now);
  if (again !== null) return again;
  await office.ports.database.transaction((tx) => handOn(office, tx, stage, interval, schedule));
  return null;
}

async function handOn(office: Office, tx: Tx, stage: Stage, interval: number, schedule: Schedule): Promise<void> {
  await passStage(tx, interval, stage);
  if (stage === 'close') await addInterval(tx, interval + 1);
  const following = stages[stages.indexOf(stage) + 1];
  if (following !== undefined) await office.schedule(tx, following, instantOf(schedule, following));
}

/** Makes the first row: the earliest interval whose payment window is still open. False before the first consensus. */
async function begin(office: Office, now: number): Promise<boolean> {
  const parameters = parametersFor(office, -1);
  if (parameters === null) return false;
  await office.ports.database.transaction(async (tx) => {
    if ((await readNewestInterval(tx)) !== null) return;
    let interval = intervalAt(parameters, now);
    while (interval > 0 && (scheduleFor(office, interval - 1)?.paymentEnd ?? 0) > now) interval -= 1;
    await addInterval(tx, interval);
  });
  return true;
}
