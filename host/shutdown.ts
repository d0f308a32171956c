/*
 * The end of a process, in order: no new requests, no new work and what runs finished, then the databases. Called by node on the
 * first SIGINT or SIGTERM; a second one ends the process at once.
 */
import { errorText } from './log.ts';
import type { Database, Log, Role } from './ports.ts';

export interface Running {
  readonly servers: readonly { close(): Promise<void> }[];
  readonly roles: readonly Role[];
  /** What else holds a socket or a timer (network view, http client, meters). */
  readonly others: readonly { close(): Promise<void> }[];
  readonly databases: readonly Database[];
}

/** A step that fails is logged and does not keep the next one from running. */
export async function shutDown(running: Running, log: Log): Promise<void> {
  await all(
    running.servers.map((one) => one.close()),
    log,
    'server',
  );
  await all(
    running.roles.map((one) => one.stop()),
    log,
    'role',
  );
  await all(
    running.others.map((one) => one.close()),
    log,
    'other',
  );
  await all(
    running.databases.map((one) => one.close()),
    log,
    'database',
  );
}

/** Answers the undoing. `exit` ends the process. */
export function onSignals(stop: () => Promise<void>, exit: (code: number) => void): () => void {
  let stopping = false;
  const heard = () => {
    if (stopping) return exit(1);
    stopping = true;
    stop().then(
      () => exit(0),
      () => exit(1),
    );
  };
  process.on('SIGINT', heard);
  process.on('SIGTERM', heard);
  return () => {
    process.off('SIGINT', heard);
    process.off('SIGTERM', heard);
  };
}

async function all(steps: readonly Promise<void>[], log: Log, what: string): Promise<void> {
  for (const outcome of await Promise.allSettled(steps)) {
    if (outcome.status === 'rejected') log.error('shutdown-step-failed', { code: what, error: errorText(outcome.reason) });
  }
}
