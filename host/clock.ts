/*
 * Time. The system's clock in whole seconds, whose only alarm is a one-second wake-up, and one that is driven by a scenario.
 * Roles get either as the same port; jobs and outbox listen to `onWake`. Beside them what a testbed, which waits for other programs,
 * tells its time by.
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
  let alarm: Alarm | null = null;
  return {
    now: () => Math.floor(Date.now() / 1000),
    onWake(run) {
      const waker = () => run();
      wakers.add(waker);
      alarm ??= startAlarm(() => wakeAll(wakers));
      return () => {
        wakers.delete(waker);
        if (wakers.size > 0 || alarm === null) return;
        alarm.stop();
        alarm = null;
      };
    },
  };
}

interface Alarm {
  stop(): void;
}

/** Beyond it, the time of day and the machine's own count of time have parted: the clock was set. */
const STEP_MS = 500;
/** Just before the second in which node-cron looks at the clock. */
const AHEAD_MS = 10;

/**
 * node-cron waits for a time of day. A clock that is set back by an hour would leave it asleep for an hour, and one set forward would
 * have it count each second that it missed: when the clock was set, it is begun anew (decision 0062).
 */
function startAlarm(ring: () => void): Alarm {
  const begin = (): ScheduledTask => schedule('* * * * * *', ring, { suppressMissedWarning: true });
  const parted = (): number => Date.now() - performance.now();
  const untilLook = (): number => 1000 - ((Date.now() + AHEAD_MS) % 1000);
  let [task, seen] = [begin(), parted()];
  const look = (): void => {
    const now = parted();
    watch = setTimeout(look, untilLook());
    if (Math.abs(now - seen) < STEP_MS) return;
    seen = now;
    void task.destroy();
    task = begin();
    ring();
  };
  let watch = setTimeout(look, untilLook());
  return {
    stop() {
      clearTimeout(watch);
      void task.destroy();
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

/** Seconds since it was begun, to the millisecond: for a person who is told how long something took; nothing is decided by it. */
export function stopwatch(): () => number {
  const begun = performance.now();
  return () => Math.round(performance.now() - begun) / 1000;
}

/** Between two looks at what tells nobody when it is ready: another program that starts. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function wakeAll(wakers: ReadonlySet<() => void>): void {
  for (const waker of [...wakers]) waker();
}
