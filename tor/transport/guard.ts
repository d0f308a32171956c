/*
 * The guard's end of `paidguard`, standalone: connections of clients come in on a port of its own, are joined to the tor beside it,
 * counted and let through as the guard allows. A GuardTransport for the guard role out. Composed by node.
 */
import type { Clock, Entropy, Log } from '../../host/ports.ts';
import type { Tcp, TcpAddress, Wire } from '../../host/tcp.ts';
import type { GuardTransport, Meter, SessionReading } from '../meter.ts';
import { createAdmission, sourceOf, type Entered, type Limits } from './admission.ts';
import { createAlarms } from './alarms.ts';
import { createSession, type GuardRole, type Session } from './guard-session.ts';
import { answerHandshake, reasonOf, type Open } from './handshake.ts';
import type { Framed } from './framed.ts';
import { closed } from './inlet.ts';
import type { KeyPair } from './noise.ts';
import { createServing } from './serving.ts';
import { createListeners } from '../listeners.ts';

export interface GuardEndPorts {
  readonly tcp: Tcp;
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly log: Log;
  /** Counts circuits: of a kind that does not, and where there is none, sessions are carried but nothing is told: nobody pays. */
  readonly meter: Meter | null;
  /** A connection to the tor beside, for a client at that address; null when tor does not answer. */
  readonly tor: TorDoor;
}

/** `connection`: what tor, and so the meter, calls the client's end of it. */
export type TorDoor = (client: string) => Promise<{ readonly wire: Wire; readonly connection: string } | null>;

export interface GuardEndOptions {
  readonly networkId: string;
  readonly listen: TcpAddress;
  /** The transport's X25519 keys, the newest first. */
  readonly keys: readonly KeyPair[];
  readonly limits?: Partial<GuardLimits>;
}

export interface GuardLimits extends Limits {
  /** For the handshake and the first message. */
  readonly handshakeSec: number;
  /** For what is left when one side is over, and for a refused client to read why. */
  readonly lingerSec: number;
  /** By which the meter may be behind the bytes. */
  readonly lagSec: number;
  /** What the guard is asked for at once. */
  readonly portionBytes: number;
}

export const guardLimits: GuardLimits = {
  connections: 4_096,
  handshakes: 512,
  perSource: 64,
  handshakeSec: 10,
  lingerSec: 30,
  lagSec: 5,
  portionBytes: 1_048_576,
};

export interface GuardEnd {
  readonly transport: GuardTransport;
  readonly address: TcpAddress;
  /** The session's connection of a client that tor sees at that `address:port`; null for a client without a session. */
  connectionOf(address: string): string | null;
  count(): { readonly connections: number; readonly handshakes: number; readonly sources: number; readonly sessions: number };
  stop(): Promise<void>;
}

/** Before the guard role is there, and after: nobody is taken. */
const closedRole: GuardRole = { open: async () => false, allow: async () => 0n, ask: null };

type RefusalCode = 'transport-tor' | 'transport-subscription';

export async function startGuardEnd(ports: GuardEndPorts, options: GuardEndOptions): Promise<GuardEnd> {
  const { tcp, clock, entropy, log, meter } = ports;
  const limits = { ...guardLimits, ...options.limits };
  const admission = createAdmission(limits);
  const alarms = createAlarms(clock);
  const sessions = new Map<string, Session>();
  const serving = createServing({ log, role: 'guard', admission, sourceOf: ({ remote }) => sourceOf(remote), serve });
  const readings = createListeners<SessionReading>();
  const closings = createListeners<string>();
  const isPaid = meter !== null && meter.kind !== 'links';
  let role: GuardRole = closedRole;

  /** The meter hears its tor, and has for long enough to know of what it did not hear. */
  function isCurrent(): boolean {
    const state = meter?.state?.();
    return state === undefined || (state.up && clock.now() - state.since >= limits.lagSec);
  }

  async function serve(wire: Wire, entered: Entered): Promise<void> {
    const callOff = alarms.after(limits.handshakeSec, () => wire.stream.destroy());
    const shaken = await answerHandshake(wire.stream, { networkId: options.networkId, keys: options.keys, entropy });
    callOff();
    if (!shaken.ok) {
      log.info('transport-refused', { role: 'guard', code: shaken.refusal.code });
      // What was said is read before the connection goes.
      return wire.stream.writableLength > 0 ? linger(wire) : undefined;
    }
    entered.greeted();
    const { framed, open } = shaken.value;
    const coming = ports.tor(wire.remote);
    const door = await Promise.race([coming, alarms.wait(limits.handshakeSec).then(() => null)]);
    if (door === null) {
      void coming.then((late) => late?.wire.stream.destroy());
      return refuse(wire, framed, 'transport-tor');
    }
    const session = createSession(
      { clock, log, alarms, limits, role: () => role, isPaid, isCurrent, tell: readings.tell },
      { framed, wire: door.wire, connection: door.connection, subscriber: open.subscriber },
    );
    const dropDoor = serving.keep(door.wire);
    const drop = (): void => {
      if (sessions.get(door.connection) === session) sessions.delete(door.connection);
      dropDoor();
    };
    try {
      const code = await admit(session, open);
      if (code !== null) {
        drop();
        return await refuse(wire, framed, code);
      }
      framed.send({ kind: 'opened' });
      await session.run();
      closings.tell(session.connection);
    } finally {
      drop();
    }
  }

  /** Null when it is taken. */
  async function admit(session: Session, { subscriber, hops, leavesTor }: Open): Promise<RefusalCode | null> {
    const { connection } = session;
    // A client's address, used again while the last session's counts are waited for.
    if (sessions.has(connection)) return 'transport-tor';
    sessions.set(connection, session);
    return (await role.open({ connection, subscriber, hops, leavesTor })) ? null : 'transport-subscription';
  }

  async function refuse(wire: Wire, framed: Framed, code: RefusalCode): Promise<void> {
    log.info('transport-refused', { role: 'guard', code });
    framed.send({ kind: 'end', reason: reasonOf(code) });
    await linger(wire);
  }

  /** Half-closed, and read to its end: a connection closed over unread bytes is reset, and the last message with it. */
  async function linger(wire: Wire): Promise<void> {
    wire.stream.end();
    wire.stream.resume();
    const callOff = alarms.after(limits.lingerSec, () => wire.stream.destroy());
    await closed(wire.stream);
    callOff();
  }

  const undo = [
    clock.onWake(() => {
      for (const session of sessions.values()) session.look();
    }),
    meter?.onReading(({ previous, next, bytes, closed }) => {
      // What leads to no relay of the network is the rest: nobody is owed for it onward.
      if (previous.connection === null || next === null) return;
      sessions.get(previous.connection)?.circuit(previous.circuit, bytes, closed);
    }),
  ];
  const server = await tcp.listen(options.listen, serving.take);

  return {
    address: server.address,
    transport: {
      onOpen(open) {
        role = { ...role, open };
        return () => void (role = { ...role, open: closedRole.open });
      },
      onAllow(allow) {
        role = { ...role, allow };
        return () => void (role = { ...role, allow: closedRole.allow });
      },
      onAsk(ask) {
        role = { ...role, ask };
        return () => void (role = { ...role, ask: null });
      },
      onReading: readings.listen,
      onClose: closings.listen,
      warn: (connection, warning) => void sessions.get(connection)?.warn(warning),
      end: (connection, reason) => void sessions.get(connection)?.end(reason),
    },
    connectionOf: (address) => (sessions.has(address) ? address : null),
    count: () => ({ ...admission.count(), sessions: sessions.size }),
    async stop() {
      for (const one of undo) one?.();
      // In order, as far as each client takes it at once; what was allowed and is not on its way is lost.
      for (const session of sessions.values()) session.close(reasonOf('transport-stopped'));
      const served = serving.stop();
      alarms.stop();
      await served;
      await server.close();
    },
  };
}
