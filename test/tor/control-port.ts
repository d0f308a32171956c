/*
 * A port to dial that answers from a script, line by line, and a clock that is driven: for what a real tor does not do on demand.
 */
import { drivenClock, type DrivenClock } from '../../host/clock.ts';
import type { Dial, StreamEars } from '../../host/dial.ts';
import { seededEntropy } from '../../host/entropy.ts';
import type { Log } from '../../host/ports.ts';
import type { ControlPorts } from '../../tor/control/client.ts';

export interface Scripted {
  readonly ports: ControlPorts;
  readonly clock: DrivenClock;
  readonly asked: string[];
  readonly logged: string[];
  /** How often it was dialled. */
  dialled(): number;
  say(text: string): void;
  hangUp(): void;
}

/** `answer` gives what comes back for a command; null for nothing, 'refuse' takes no connection. */
export function scripted(
  answer: (command: string, dialled: number) => string | null,
  opens: () => boolean = () => true,
): Scripted {
  const clock = drivenClock(1000);
  const asked: string[] = [];
  const logged: string[] = [];
  let dialled = 0;
  let ears: StreamEars | null = null;
  const close = (reason: string): void => {
    const heard = ears;
    ears = null;
    heard?.closed(reason);
  };
  const dial: Dial = (_, given) => {
    dialled += 1;
    ears = given;
    queueMicrotask(() => (opens() ? given.open() : close('ECONNREFUSED')));
    return {
      write(bytes) {
        for (const command of String(bytes).split('\r\n').slice(0, -1)) {
          asked.push(command);
          const said = answer(command, dialled);
          if (said !== null) queueMicrotask(() => ears?.data(Buffer.from(said, 'latin1')));
        }
      },
      end: () => close('ended here'),
    };
  };
  const line = (event: string, fields?: object): void => void logged.push(`${event} ${JSON.stringify(fields ?? {})}`);
  const log: Log = { info: line, warn: line, error: line };
  return {
    ports: { clock, entropy: seededEntropy('control'), log, dial },
    clock,
    asked,
    logged,
    dialled: () => dialled,
    say: (text) => ears?.data(Buffer.from(text, 'latin1')),
    hangUp: () => close('closed by the other side'),
  };
}

/** Until everything that can happen without time has happened. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
