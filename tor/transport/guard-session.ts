/*
 * One session at the guard's end: a connection that has shown its key and one to tor in; joined, let through as the guard's role
 * allows, counted, and ended. Called by guard.ts.
 */
import { errorText } from '../../host/log.ts';
import type { Clock, Log } from '../../host/ports.ts';
import type { Wire } from '../../host/tcp.ts';
import type { GuardTransport, SessionReading, SessionWarning } from '../meter.ts';
import type { Alarms } from './alarms.ts';
import { createCircuits, createGuardSplit, type Counted } from './count.ts';
import type { Framed } from './framed.ts';
import { createGate } from './gate.ts';
import type { GuardLimits } from './guard.ts';
import { MESSAGE_BYTES_MAX, REASON_CHARS_MAX, writeMessage, type TransportMessage } from './message.ts';
import { splice } from './splice.ts';

/** What the guard's role has given to the transport. */
export interface GuardRole {
  readonly open: Parameters<GuardTransport['onOpen']>[0];
  readonly allow: Parameters<GuardTransport['onAllow']>[0];
  readonly ask: Parameters<NonNullable<GuardTransport['onAsk']>>[0] | null;
}

export interface Session {
  readonly connection: string;
  /** Until both sides are over, and the meter has had its time. */
  run(): Promise<void>;
  warn(warning: SessionWarning): void;
  /** The guard ends it: what was allowed before may pass, then the client is told why. */
  end(reason: string): Promise<void>;
  /** At once, with a last word. */
  close(reason: string): void;
  /** The meter shows a circuit of it. */
  circuit(circuit: number, bytes: bigint, closed: boolean): void;
  /** A second has gone by. */
  look(): void;
}

export interface SessionOf {
  readonly framed: Framed;
  readonly wire: Wire;
  readonly connection: string;
  readonly subscriber: string;
}

export interface SessionPorts {
  readonly clock: Clock;
  readonly log: Log;
  readonly alarms: Alarms;
  readonly limits: GuardLimits;
  role(): GuardRole;
  /** Circuits are counted. */
  readonly isPaid: boolean;
  /** The meter knows of everything but what passed in the last `lagSec`. */
  isCurrent(): boolean;
  tell(reading: SessionReading): void;
}

/** In which a session that the guard ends may carry what it was allowed before. */
const FINISHING_SEC = 2;
/** Requests of one session that wait for their answers. */
const ASKS_MAX = 8;

export function createSession(ports: SessionPorts, { framed, wire, connection, subscriber }: SessionOf): Session {
  const { clock, log, alarms, limits, isPaid, isCurrent } = ports;
  const circuits = createCircuits();
  const split = createGuardSplit(limits.lagSec);
  let carried = 0n;
  let told: Counted = { circuitBytes: 0n, otherBytes: 0n };
  let callOff: (() => void) | null = null;
  let asks = 0;
  let hasCircuit = false;
  let isRunning = false;
  const gate = createGate({
    // What nobody counts nobody pays.
    ask: (wanted, begun) => (isPaid ? ports.role().allow({ connection, wanted, begun }) : Promise.resolve(wanted)),
    portion: limits.portionBytes,
    wait: () => alarms.wait(1),
  });

  function tell(counted: Counted): void {
    const isSame = counted.circuitBytes === told.circuitBytes && counted.otherBytes === told.otherBytes;
    if (!isPaid || isSame) return;
    told = counted;
    ports.tell({ connection, ...counted });
  }

  function take(message: TransportMessage): void {
    if (message.kind !== 'ask' || asks >= ASKS_MAX) return;
    asks++;
    answer(ports.role(), framed, subscriber, message)
      // It may have signed for what waits.
      .then(() => gate.again())
      .catch((thrown: unknown) => log.error('transport-failed', { role: 'guard', error: errorText(thrown) }))
      .finally(() => asks--);
  }

  function destroy(): void {
    gate.end();
    framed.stream.destroy();
    wire.stream.destroy();
  }

  return {
    connection,
    async run() {
      isRunning = true;
      await splice({
        framed,
        plain: wire.stream,
        gate,
        onBytes: (count) => void (carried += BigInt(count)),
        onMessage: take,
        onFault: ({ code }) => log.info('transport-refused', { role: 'guard', code }),
        onEnding: () => void (callOff ??= alarms.after(limits.lingerSec, destroy)),
      });
      callOff?.();
      if (isPaid) await alarms.wait(limits.lagSec);
      tell(split.last(carried, circuits.total(), isCurrent()));
    },
    warn({ code, text }) {
      // The client waits for `opened` first.
      if (isRunning) framed.send({ kind: 'warning', code, text: text.slice(0, REASON_CHARS_MAX) });
    },
    async end(reason) {
      await Promise.race([gate.finish(), alarms.wait(FINISHING_SEC)]);
      gate.end();
      framed.send({ kind: 'end', reason: reason.slice(0, REASON_CHARS_MAX) });
      framed.stream.end();
      wire.stream.destroy();
    },
    close(reason) {
      gate.end();
      framed.send({ kind: 'end', reason });
      framed.stream.end(destroy);
    },
    circuit(circuit, bytes, closed) {
      const isNew = circuits.take({ bytes, closed }, circuit);
      // The first one's starting amount was in the session's first ask.
      if (isNew && hasCircuit) gate.begins();
      hasCircuit = true;
    },
    look: () => tell(split.take(clock.now(), carried, circuits.total(), isCurrent())),
  };
}

type Ask = Extract<TransportMessage, { kind: 'ask' }>;

/** Nothing where there is no role, the request is another's, or the answer fits no frame: the client then asks elsewhere. */
async function answer({ ask }: GuardRole, framed: Framed, subscriber: string, { id, request }: Ask): Promise<void> {
  if (ask === null || request.body.subscriber !== subscriber) return;
  const made = await ask(request);
  const parts = made.ok ? { answer: made.value, refusal: null } : { answer: null, refusal: made.refusal };
  const message = { kind: 'answer' as const, id, ...parts };
  if (writeMessage(message).length <= MESSAGE_BYTES_MAX) framed.send(message);
}
