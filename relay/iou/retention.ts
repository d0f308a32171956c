/*
 * Rule 14: IOUs and evidence of an interval are deleted when no appeal of it can come any more, outcomes when they give no
 * credit. A job; answers when it is due again.
 */
import { intervalEnd } from '../../core/rule/interval.ts';
import type { Database, NetworkView } from '../../host/ports.ts';
import { deleteOutcomes } from '../credit/store.ts';
import { intervalNow, periodOf } from '../period.ts';
import { deleteInterval, readKeptIntervals } from './store.ts';

/** Before the first consensus nothing can be told old. */
const WAIT_SEC = 3600;

interface RetentionPorts {
  readonly database: Database;
  readonly network: NetworkView;
}

export async function forgetOld({ database, network }: RetentionPorts, now: number): Promise<number> {
  const running = intervalNow(network, now);
  const period = running === null ? null : periodOf(network, running);
  if (period === null) return now + WAIT_SEC;
  const { parameters } = period.terms;
  let due = Math.max(intervalEnd(parameters, period.interval), now + 1);
  await database.transaction(async (tx) => {
    let oldest = period.interval;
    for (const interval of await readKeptIntervals(tx)) {
      const end = periodOf(network, interval)?.schedule.appealEnd;
      if (end !== undefined && end <= now) await deleteInterval(tx, interval);
      else oldest = Math.min(oldest, interval);
      if (end !== undefined && end > now) due = Math.min(due, end);
    }
    // An outcome also says of kept IOUs that they are discharged.
    await deleteOutcomes(tx, Math.min(oldest, period.interval - parameters.creditIntervals));
  });
  return due;
}
