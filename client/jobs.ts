/*
 * The client's jobs: tallies fetched, checked and signed on the tick; deposits, withdrawals and complaints repeated until they are through.
 * Each ends by itself when there is nothing to do.
 */
import type { Job } from '../host/jobs.ts';
import type { JobName } from './context.ts';

export function clientJobs(run: Readonly<Record<JobName, Job['run']>>): readonly Job[] {
  return [
    { name: 'tallies', run: run.tallies },
    { name: 'deposits', run: run.deposits },
    { name: 'withdrawals', run: run.withdrawals },
    { name: 'complaints', run: run.complaints },
  ];
}
