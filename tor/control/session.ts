/*
 * One connection to a control port: commands in, one after the other; their replies out, and events as they come. Ends on the first
 * malformed byte, and when a reply is overdue. Called by control/client.ts.
 */
import { ok, refuser, type Result } from '../../core/refusal.ts';
import type { Dial, Place, Stream } from '../../host/dial.ts';
import type { Clock } from '../../host/ports.ts';
import { replyReader, type Reply } from './reply.ts';

export interface Session {
  /** One command line without its end. A reply that is not 250 is a refusal with Tor's own words. */
  ask(command: string): Promise<Result<Reply>>;
  end(): void;
}

export interface SessionEars {
  open(): void;
  event(event: Reply): void;
  /** Once. Commands under way are answered with a refusal. */
  closed(reason: string): void;
}

export const sessionRefusals = {
  'control-closed': {
    retry: true,
    text: 'the connection to the control port was closed',
    remedy: 'see whether tor runs; it is dialled again by itself',
  },
  'control-refused': {
    retry: false,
    text: 'Tor refused a command of its control port',
    remedy: 'see what it says, and the version of tor',
  },
  'control-command': {
    retry: false,
    text: 'a command of the control port would be two',
    remedy: 'take the line break out of the password or the file’s name',
  },
} as const;
const refuse = refuser(sessionRefusals);

/** A tor that is stopped still takes bytes. */
const REPLY_SEC_MAX = 30;
const EVENT = 650;

export function openSession(dial: Dial, place: Place, clock: Clock, ears: SessionEars): Session {
  const reader = replyReader();
  const asked: { readonly answer: (reply: Result<Reply>) => void; readonly since: number }[] = [];
  let isClosed = false;
  let why: string | null = null;

  function close(reason: string): void {
    if (isClosed) return;
    isClosed = true;
    unhook();
    for (const { answer } of asked.splice(0)) answer(refuse('control-closed', why ?? reason));
    ears.closed(why ?? reason);
  }

  function take(bytes: Uint8Array): void {
    const read = reader.take(bytes);
    if (!read.ok) return endBecause(`${read.refusal.code}: ${read.refusal.about}`);
    for (const reply of read.value) {
      if (isClosed) return;
      if (reply.status === EVENT) ears.event(reply);
      else if (asked.length === 0) return endBecause('a reply that nobody asked for');
      else asked.shift()?.answer(isDone(reply) ? ok(reply) : refuse('control-refused', wordsOfRefusal(reply)));
    }
  }

  function endBecause(reason: string): void {
    why ??= reason;
    stream.end();
  }

  const unhook = clock.onWake(() => {
    if (clock.now() - (asked[0]?.since ?? Infinity) > REPLY_SEC_MAX) endBecause('a reply is overdue');
  });
  const stream: Stream = dial(place, { open: () => ears.open(), data: take, closed: close });
  return {
    ask(command) {
      if (/[\r\n]/.test(command)) return Promise.resolve(refuse('control-command', command.split(' ')[0] ?? ''));
      if (isClosed) return Promise.resolve(refuse('control-closed', why ?? ''));
      return new Promise((answer) => {
        asked.push({ answer, since: clock.now() });
        stream.write(`${command}\r\n`);
      });
    },
    end: () => endBecause('ended here'),
  };
}

function isDone({ status }: Reply): boolean {
  return status >= 250 && status < 300;
}

function wordsOfRefusal({ status, lines }: Reply): string {
  return `${status} ${lines.map((line) => line.text).join('; ')}`.slice(0, 300);
}
