/*
 * The guard's jobs: deposits watched, usage written down on the tick, withdrawals ordered until they are paid, complaints answered.
 * Each ends by itself when there is nothing to do, and is scheduled again by what makes work for it.
 */
import type { Job } from '../host/jobs.ts';
import type { JobName } from './context.ts';

export function guardJobs(run: Readonly<Record<JobName, Job['run']>>): readonly Job[] {
  return [
    { name: 'deposits', run: run.deposits },
    { name: 'usage', run: run.usage },
    { name: 'withdrawals', run: run.withdrawals },
    { name: 'complaints', run: run.complaints },
  ];
}
