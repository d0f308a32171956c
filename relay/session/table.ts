/*
 * The sessions that the guard has opened: which client connections are paid, and what their circuits that are over were charged
 * above their bytes, or below. In memory only; never stored, never logged. Called by session/flow.ts, circuit/table.ts and shortfall.ts.
 */
import type { SessionOpen } from '../../core/local/messages.ts';

export interface Session extends SessionOpen {
  readonly open: boolean;
}

export interface Sessions {
  of(session: string): Session | null;
  /** The open session of a client connection. */
  onConnection(connection: string): Session | null;
  add(session: SessionOpen): void;
  end(session: string): void;
  /** Keeps what circuits that leave memory were charged above their bytes, or below. */
  keepShortfall(session: string, interval: number, bytes: bigint): void;
  /** By interval; of circuits that have left memory. */
  keptShortfall(session: string): ReadonlyMap<number, bigint>;
  /** What the guard knows already: the sum that it has answered for. */
  told(session: string, interval: number): bigint;
  tell(session: string, interval: number, bytes: bigint): void;
  all(): Iterable<Session>;
  /** Forgets intervals before `oldest`, and ended sessions for which `settled` holds. */
  purge(oldest: number, settled: (session: string) => boolean): void;
}

interface Entry {
  session: Session;
  readonly kept: Map<number, bigint>;
  readonly told: Map<number, bigint>;
}

export function createSessions(): Sessions {
  const entries = new Map<string, Entry>();
  const connections = new Map<string, string>();
  return {
    of: (session) => entries.get(session)?.session ?? null,
    onConnection(connection) {
      const session = connections.get(connection);
      return session === undefined ? null : (entries.get(session)?.session ?? null);
    },
    add(session) {
      entries.set(session.session, { session: { ...session, open: true }, kept: new Map(), told: new Map() });
      connections.set(session.connection, session.session);
    },
    end(session) {
      const entry = entries.get(session);
      if (entry === undefined || !entry.session.open) return;
      entry.session = { ...entry.session, open: false };
      if (connections.get(entry.session.connection) === session) connections.delete(entry.session.connection);
    },
    keepShortfall(session, interval, bytes) {
      const kept = entries.get(session)?.kept;
      if (bytes !== 0n) kept?.set(interval, (kept.get(interval) ?? 0n) + bytes);
    },
    keptShortfall: (session) => entries.get(session)?.kept ?? new Map(),
    told: (session, interval) => entries.get(session)?.told.get(interval) ?? 0n,
    tell: (session, interval, bytes) => void entries.get(session)?.told.set(interval, bytes),
    all: () => [...entries.values()].map((entry) => entry.session),
    purge(oldest, settled) {
      for (const [session, entry] of entries) {
        for (const map of [entry.kept, entry.told])
          for (const interval of [...map.keys()]) if (interval < oldest) map.delete(interval);
        if (!entry.session.open && settled(session)) entries.delete(session);
      }
    },
  };
}
