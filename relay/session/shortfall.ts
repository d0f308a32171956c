/*
 * The starting amount's shortfall: after each tick the guard is told, a session, by how much its circuits are charged above their
 * bytes. A total of the interval, told again until the guard has answered. Called by jobs.ts at the end of a tick.
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
  /** One call a session and interval at a time, so that an older total cannot arrive last. */
  const calling = new Set<string>();

  async function call(total: SessionShortfall): Promise<void> {
    const name = `${total.session}/${total.interval}`;
    if (calling.has(name)) return;
    calling.add(name);
    try {
      const answer = await ports.http.local('guard', '/guard/shortfall', total, done);
      // A refusal for good: the guard does not know the session any more.
      if (answer.ok || !answer.refusal.retry) sessions.tell(total.session, total.interval, total.bytes);
      if (!answer.ok) ports.log.warn('shortfall-not-told', { interval: total.interval, code: answer.refusal.code });
    } finally {
      calling.delete(name);
    }
  }

  return (open) => {
    const pending = new Set<string>();
    for (const one of open) {
      for (const [session, bytes] of circuits.shortfalls(one)) {
        if (bytes === sessions.told(session, one.interval)) continue;
        pending.add(session);
        tasks.run('shortfall', () => call({ session, interval: one.interval, bytes }));
      }
    }
    const oldest = open.reduce((least, one) => Math.min(least, one.interval), Infinity);
    if (oldest !== Infinity) sessions.purge(oldest, (session) => !pending.has(session));
  };
}
