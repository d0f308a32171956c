/*
 * Work that runs beside its caller: deliveries, shortfalls, queues. Counted, so that the role knows when it is idle and can wait
 * for its end; a failure is logged and left to the next tick.
 */
import { errorText } from '../host/log.ts';
import type { Log } from '../host/ports.ts';

export interface Tasks {
  run(name: string, work: () => Promise<void>): void;
  busy(): boolean;
  /** Starts nothing more and waits for what runs. */
  stop(): Promise<void>;
}

export function createTasks(log: Log): Tasks {
  const running = new Set<Promise<void>>();
  let stopped = false;
  return {
    run(name, work) {
      if (stopped) return;
      const task = work()
        .catch((thrown: unknown) => log.error('task-failed', { job: name, error: errorText(thrown) }))
        .finally(() => running.delete(task));
      running.add(task);
    },
    busy: () => running.size > 0,
    async stop() {
      stopped = true;
      await Promise.all(running);
    },
  };
}
