/*
 * One look at a tor: SIGNAL DUMP through an authenticated session, and its log lines as they come; the channels, and which of its own
 * circuits live, out. Called by reading/watch.ts.
 */
import { ok, refuser, type Result } from '../../core/refusal.ts';
import type { Clock } from '../../host/ports.ts';
import { circuitStatus } from '../control/circuit-status.ts';
import type { Session } from '../control/session.ts';
import { dumpReader, type Channel } from './dump.ts';

export interface Seen {
  readonly channels: readonly Channel[];
  /** Numbers of circuits that this tor has built itself. */
  readonly own: ReadonlySet<string>;
}

export interface Look {
  /** A line of Tor's log. */
  take(line: string): void;
  /** No more lines will come. */
  end(): void;
  readonly done: Promise<Result<Seen>>;
}

export const lookRefusals = {
  'dump-overdue': {
    retry: true,
    text: 'Tor did not say to the end what channels it has',
    remedy: 'nothing, if it happens once: it is asked again; see whether tor is overloaded',
  },
} as const;
const refuse = refuser(lookRefusals);

const DUMP_SEC_MAX = 20;

/** `events` are set again afterwards: Tor writes the dump to its log, which is only heard meanwhile. */
export function look(session: Session, clock: Clock, events: readonly string[]): Look {
  const reader = dumpReader();
  const begun = clock.now();
  let isRead = false;
  let settle: (channels: Result<readonly Channel[]>) => void = () => undefined;
  const dumped = new Promise<Result<readonly Channel[]>>((resolve) => (settle = resolve));

  async function run(): Promise<Result<Seen>> {
    const own = await circuitStatus(session);
    if (!own.ok) return own;
    const channels = await dump();
    const quiet = await session.ask(`SETEVENTS ${events.join(' ')}`.trim());
    if (!channels.ok) return channels;
    if (!quiet.ok) return quiet;
    return ok({ channels: channels.value, own: new Set(own.value.map((line) => line.split(' ')[0] as string)) });
  }

  async function dump(): Promise<Result<readonly Channel[]>> {
    for (const command of [`SETEVENTS ${[...events, 'INFO'].join(' ')}`, 'SIGNAL DUMP']) {
      const done = await session.ask(command);
      if (!done.ok) return done;
    }
    const unhook = clock.onWake(() => {
      if (clock.now() - begun > DUMP_SEC_MAX) settle(refuse('dump-overdue', ''));
    });
    return dumped.finally(unhook);
  }

  return {
    take(line) {
      if (isRead) return;
      const read = reader.take(line);
      if (read === null) return;
      isRead = true;
      settle(read);
    },
    end: () => settle(refuse('dump-overdue', '')),
    done: run(),
  };
}
