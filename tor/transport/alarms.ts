/*
 * Deadlines in whole seconds on the clock that the roles have: after so long, or on each second, something runs, unless it is called
 * off. Listens to the clock only while something is set. Used by both ends.
 */
import type { Clock } from '../../host/ports.ts';

export interface Alarms {
  /** Returns its own undoing. */
  after(sec: number, run: () => void): () => void;
  /** Resolves after so long, or when the alarms are stopped. */
  wait(sec: number): Promise<void>;
  /** Whatever waits is let go; what was set with `after` does not run. */
  stop(): void;
}

interface Alarm {
  readonly due: number;
  readonly run: () => void;
  readonly onStop: () => void;
}

export function createAlarms(clock: Clock): Alarms {
  const alarms = new Set<Alarm>();
  let isStopped = false;
  let undo: (() => void) | null = null;

  function look(): void {
    const now = clock.now();
    for (const alarm of [...alarms]) {
      if (alarm.due > now || !alarms.delete(alarm)) continue;
      alarm.run();
    }
    rest();
  }

  function rest(): void {
    if (alarms.size > 0) return;
    undo?.();
    undo = null;
  }

  function set(sec: number, run: () => void, onStop: () => void): () => void {
    const alarm = { due: clock.now() + sec, run, onStop };
    alarms.add(alarm);
    undo ??= clock.onWake(look);
    return () => {
      alarms.delete(alarm);
      rest();
    };
  }

  return {
    after: (sec, run) => (isStopped ? () => undefined : set(sec, run, () => undefined)),
    wait: (sec) => (isStopped ? Promise.resolve() : new Promise((resolve) => void set(sec, resolve, resolve))),
    stop() {
      isStopped = true;
      for (const alarm of [...alarms]) {
        alarms.delete(alarm);
        alarm.onStop();
      }
      rest();
    },
  };
}
