/*
 * The shortfall of a session: after each tick, and when circuits turn free, the guard is told by how much its circuits are charged
 * above their bytes (starting amounts), or below (turned free). A total of the interval, told again until the guard has answered.
 * Called by jobs.ts and iou/issue.ts.
 */
import { done, type SessionShortfall } from '../../core/local/messages.ts';
import type { Ports } from '../../host/ports.ts';
import type { Circuits, Open } from '../circuit/table.ts';
import type { Tasks } from '../tasks.ts';
import type { Sessions } from './table.ts';

export type TellShortfalls = (open: readonly Open[]) => void;

export function createShortfalls(
  ports: Pick<Ports, 'http' | 'log'>,
  sessions: Sessions,
  circuits: Circuits,
  tasks: Tasks,
): TellShortfalls {
  /** The newest total a session and interval. One call of each at a time, so that an older total cannot arrive last. */
  const waiting = new Map<string, SessionShortfall>();
  const calling = new Set<string>();

  async function callAll(name: string): Promise<void> {
    if (calling.has(name)) return;
    calling.add(name);
    try {
      for (let total = waiting.get(name); total !== undefined; total = waiting.get(name)) {
        waiting.delete(name);
        await call(total);
      }
    } finally {
      calling.delete(name);
    }
  }

  async function call(total: SessionShortfall): Promise<void> {
    const answer = await ports.http.local('guard', '/guard/shortfall', total, done);
    // A refusal for good: the guard does not know the session any more.
    if (answer.ok || !answer.refusal.retry) sessions.tell(total.session, total.interval, total.bytes);
    if (!answer.ok) ports.log.warn('shortfall-not-told', { interval: total.interval, code: answer.refusal.code });
  }

  return (open) => {
    const pending = circuits.unfinished(open);
    for (const one of open) {
      for (const [session, bytes] of circuits.shortfalls(one)) {
        if (bytes === sessions.told(session, one.interval)) continue;
        pending.add(session);
        const name = `${session}/${one.interval}`;
        waiting.set(name, { session, interval: one.interval, bytes });
        tasks.run('shortfall', () => callAll(name));
      }
    }
    const oldest = open.reduce((least, one) => Math.min(least, one.interval), Infinity);
    if (oldest !== Infinity) sessions.purge(oldest, (session) => !pending.has(session));
  };
}
