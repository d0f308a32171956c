/*
 * Time. The system's clock in whole seconds, whose only alarm is a one-second wake-up, and one that is driven by a scenario.
 * Roles get either as the same port; jobs and outbox listen to `onWake`.
 */
import { schedule, type ScheduledTask } from 'node-cron';
import { invariant } from '../core/refusal.ts';
import type { Clock } from './ports.ts';

export type { Clock } from './ports.ts';

/** A clock that stands still until it is told to go on. */
export interface DrivenClock extends Clock {
  /** Sets the time, never back, and wakes everybody who listens. */
  advance(to: number): void;
}

/** The alarm runs only while somebody listens, so that it keeps no idle process alive. */
export function systemClock(): Clock {
  const wakers = new Set<() => void>();
  let alarm: ScheduledTask | null = null;
  return {
    now: () => Math.floor(Date.now() / 1000),
    onWake(run) {
      const waker = () => run();
      wakers.add(waker);
      alarm ??= schedule('* * * * * *', () => wakeAll(wakers), { suppressMissedWarning: true });
      return () => {
        wakers.delete(waker);
        if (wakers.size > 0 || alarm === null) return;
        void alarm.destroy();
        alarm = null;
      };
    },
  };
}

export function drivenClock(start: number): DrivenClock {
  invariant(Number.isSafeInteger(start), 'a clock counts whole seconds');
  const wakers = new Set<() => void>();
  let time = start;
  return {
    now: () => time,
    onWake(run) {
      const waker = () => run();
      wakers.add(waker);
      return () => void wakers.delete(waker);
    },
    advance(to) {
      invariant(Number.isSafeInteger(to) && to >= time, 'a clock goes forward in whole seconds');
      time = to;
      wakeAll(wakers);
    },
  };
}

function wakeAll(wakers: ReadonlySet<() => void>): void {
  for (const waker of [...wakers]) waker();
}
