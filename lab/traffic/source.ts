/*
 * The traffic source: circuits of a network that is not there. It carries bytes along a path and tells each hop's meter, the
 * guard's transport and the client's just what Tor's meter and transport would; no event holds a path. Driven by scenario and up.
 */
import { invariant } from '../../core/refusal.ts';
import { createListeners, type Listeners } from '../../tor/listeners.ts';
import type { CircuitReading, ClientTransport, GuardTransport, Meter, SessionReading } from '../../tor/meter.ts';

/** A circuit that is being carried. */
export interface SourceCircuit {
  /** Carries up to `bytes` more; answers how many the guard let through. */
  carry(bytes: bigint): Promise<bigint>;
  close(): void;
}

export interface CircuitPlan {
  /** The subscriber's public key, and its guard's id first in the path of relay ids. */
  readonly subscriber: string;
  readonly path: readonly string[];
  readonly leavesTor: boolean;
}

export interface TrafficSource {
  meter(relay: string): Meter;
  guardTransport(relay: string): GuardTransport;
  clientTransport(subscriber: string): ClientTransport;
  /** Null when the guard does not take the session: no account, or no balance for the starting amount. */
  open(plan: CircuitPlan): Promise<SourceCircuit | null>;
  /** Bytes beside the circuits' (directory, padding, TLS) on a subscriber's open connection to its guard. */
  carryOther(subscriber: string, guard: string, bytes: bigint): void;
}

/** One client connection to a guard: circuits of one length and kind. */
interface Session {
  readonly connection: string;
  circuitBytes: bigint;
  otherBytes: bigint;
  open: boolean;
  /** What its client was told last. */
  told: ClientReading | null;
}

type ClientReading = Parameters<Parameters<ClientTransport['onReading']>[0]>[0];

export function createTrafficSource(): TrafficSource {
  const meters = keyed(() => createListeners<CircuitReading>());
  const guards = keyed(createGuardEnd);
  const clients = keyed(createClientEnd);
  const sessions = new Map<string, Session>();
  let connections = 0;
  let circuits = 0;

  async function sessionFor(plan: CircuitPlan): Promise<Session | null> {
    const guard = plan.path[0] as string;
    const key = `${plan.subscriber} ${guard} ${plan.path.length} ${plan.leavesTor}`;
    const known = sessions.get(key);
    if (known?.open === true) return known;
    connections += 1;
    const session: Session = {
      connection: `connection-${connections}`,
      circuitBytes: 0n,
      otherBytes: 0n,
      open: true,
      told: null,
    };
    sessions.set(key, session);
    guards.of(guard).endings.set(session.connection, (reason) => {
      session.open = false;
      clients.of(plan.subscriber).ended.tell({ guard, reason });
    });
    const ask = {
      connection: session.connection,
      subscriber: plan.subscriber,
      hops: plan.path.length,
      leavesTor: plan.leavesTor,
    };
    const taken = await guards.of(guard).open(ask);
    session.open &&= taken;
    return session.open ? session : null;
  }

  return {
    meter: (relay) => ({ kind: 'traffic', onReading: meters.of(relay).listen }),
    guardTransport: (relay) => guards.of(relay).transport,
    clientTransport: (subscriber) => clients.of(subscriber).transport,
    async open(plan) {
      const session = await sessionFor(plan);
      if (session === null) return null;
      const guard = plan.path[0] as string;
      const ids = plan.path.map(() => (circuits += 1));
      let bytes = 0n;
      let begun = false;
      const tellHops = (closed: boolean): void => {
        for (const [hop, relay] of plan.path.entries())
          meters.of(relay).tell(readingAt(plan, ids, session.connection, hop, bytes, closed));
      };
      return {
        async carry(wanted) {
          const allowed = session.open ? await guards.of(guard).allow({ connection: session.connection, wanted, begun }) : 0n;
          invariant(allowed <= wanted, 'a guard allows no more than was asked for');
          // A circuit without bytes begins all the same, and costs its starting amount (rule 4): but not in a session that ended.
          if (allowed === 0n && (wanted > 0n || !session.open)) return 0n;
          begun = true;
          bytes += allowed;
          session.circuitBytes += allowed;
          const { length: hops } = plan.path;
          session.told = {
            guard,
            circuit: ids[0] as number,
            hops,
            leavesTor: plan.leavesTor,
            bytes,
            otherBytes: session.otherBytes,
          };
          // The client first: a guard never knows of more than its client.
          clients.of(plan.subscriber).readings.tell(session.told);
          guards.of(guard).readings.tell(readingOf(session));
          tellHops(false);
          return allowed;
        },
        close() {
          if (begun) tellHops(true);
        },
      };
    },
    carryOther(subscriber, guard, bytes) {
      for (const [key, session] of sessions) {
        if (!session.open || session.told === null || !key.startsWith(`${subscriber} ${guard} `)) continue;
        session.otherBytes += bytes;
        session.told = { ...session.told, otherBytes: session.otherBytes };
        clients.of(subscriber).readings.tell(session.told);
        guards.of(guard).readings.tell(readingOf(session));
        return;
      }
    },
  };
}

function readingOf(session: Session): SessionReading {
  return { connection: session.connection, circuitBytes: session.circuitBytes, otherBytes: session.otherBytes };
}

/** What the meter of one hop shows: its two neighbours and its own count, nothing beyond. */
function readingAt(
  plan: CircuitPlan,
  ids: readonly number[],
  connection: string,
  hop: number,
  bytes: bigint,
  closed: boolean,
): CircuitReading {
  const circuit = ids[hop] as number;
  const before =
    hop === 0 ? { relay: null, connection, circuit } : { relay: plan.path[hop - 1] as string, connection: null, circuit };
  const after = plan.path[hop + 1];
  return {
    previous: before,
    next: after === undefined ? null : { relay: after, circuit: ids[hop + 1] as number },
    bytes,
    closed,
  };
}

interface GuardEnd {
  readonly transport: GuardTransport;
  readonly readings: Listeners<SessionReading>;
  readonly endings: Map<string, (reason: string) => void>;
  open(session: Parameters<Parameters<GuardTransport['onOpen']>[0]>[0]): Promise<boolean>;
  allow(ask: Parameters<Parameters<GuardTransport['onAllow']>[0]>[0]): Promise<bigint>;
}

function createGuardEnd(): GuardEnd {
  const readings = createListeners<SessionReading>();
  const closings = createListeners<string>();
  const endings = new Map<string, (reason: string) => void>();
  // A guard that is down takes no session and lets nothing through.
  let open: GuardEnd['open'] = async () => false;
  let allow: GuardEnd['allow'] = async () => 0n;
  return {
    readings,
    endings,
    open: (session) => open(session),
    allow: (ask) => allow(ask),
    transport: {
      onOpen(take) {
        open = take;
        return () => void (open = async () => false);
      },
      onAllow(take) {
        allow = take;
        return () => void (allow = async () => 0n);
      },
      onReading: readings.listen,
      onClose: closings.listen,
      end: (connection, reason) => endings.get(connection)?.(reason),
    },
  };
}

function createClientEnd() {
  const readings = createListeners<ClientReading>();
  const ended = createListeners<{ guard: string; reason: string }>();
  const transport: ClientTransport = { onReading: readings.listen, onEnded: ended.listen };
  return { readings, ended, transport };
}

function keyed<T>(make: () => T): { of(key: string): T } {
  const made = new Map<string, T>();
  return {
    of(key) {
      let one = made.get(key);
      if (one === undefined) made.set(key, (one = make()));
      return one;
    },
  };
}
