/*
 * The circuits that run through this relay, as long as anything is to be said of them. Readings of the meter, certifications of
 * previous hops and sessions go in; the drafts of each link's next delivery come out. Memory only: never stored, never logged.
 */
import type { CertifiedCircuit } from '../../core/wire/iou.ts';
import type { CircuitReading } from '../../tor/meter.ts';
import type { Sessions } from '../session/table.ts';
import {
  draftOf,
  isDone,
  newCircuit,
  paidBySession,
  shortfallOf,
  trimmed,
  withAcknowledgement,
  withCertification,
  withReading,
  withSessionEnd,
  type Circuit,
  type Draft,
} from './decide.ts';

/** An interval whose books are open, and its starting amount. */
export interface Open {
  readonly interval: number;
  readonly startingBytes: bigint;
}

/** What the next hop was told of a circuit. */
export interface Mark {
  readonly key: string;
  readonly bytes: bigint;
  readonly closed: boolean;
}

/** What a holder knows of a circuit that its issuer certified. */
export interface Counted {
  /** In the interval asked for; null when nothing of it was certified in it. */
  readonly bytes: bigint | null;
  readonly hopsLeft: number;
  readonly leavesTor: boolean;
}

export interface Circuits {
  read(reading: CircuitReading, interval: number): void;
  certify(issuer: string, interval: number, entries: readonly CertifiedCircuit[]): void;
  counted(issuer: string, circuit: number, interval: number): Counted | null;
  /** Neighbours nearer the destination to whom paid circuits lead. */
  holders(): string[];
  /** Oldest first, at most `max`. */
  drafts(holder: string, open: Open, max: number): Draft[];
  acknowledge(marks: readonly Mark[], interval: number): void;
  free(keys: readonly string[]): void;
  /** A session has begun: its connection's circuits are paid from now on. */
  payFor(session: string, interval: number): void;
  endPay(session: string, interval: number): void;
  /** What each session's circuits are charged above their bytes. */
  shortfalls(open: Open): Map<string, bigint>;
  /** Lets go of circuits of which nothing is to be said any more. */
  purge(open: readonly Open[]): void;
}

/** Of one issuer: it could name circuits that do not exist. */
const UNSEEN_MAX = 10_000;

export function createCircuits(sessions: Sessions): Circuits {
  const circuits = new Map<string, Circuit>();
  const byHolder = new Map<string, Set<string>>();
  /** Circuits that an issuer certified and the own meter has not shown. */
  const unseen = new Map<string, number>();
  let retired = 0;

  function count(circuit: Circuit | undefined, by: 1 | -1): void {
    const issuer = circuit?.previous.relay ?? null;
    if (circuit?.read === null && issuer !== null) unseen.set(issuer, (unseen.get(issuer) ?? 0) + by);
  }

  function save(key: string, circuit: Circuit): void {
    count(circuits.get(key), -1);
    count(circuit, 1);
    circuits.set(key, circuit);
    if (circuit.next === null) return;
    const keys = byHolder.get(circuit.next.relay);
    if (keys === undefined) byHolder.set(circuit.next.relay, new Set([key]));
    else keys.add(key);
  }

  function drop(key: string, circuit: Circuit): void {
    count(circuits.get(key), -1);
    circuits.delete(key);
    const keys = circuit.next === null ? undefined : byHolder.get(circuit.next.relay);
    keys?.delete(key);
    if (circuit.next !== null && keys?.size === 0) byHolder.delete(circuit.next.relay);
  }

  /** The id is used again for another circuit: what is left to say of the old one is said under a name of its own. */
  function retire(key: string, circuit: Circuit): void {
    drop(key, circuit);
    if (circuit.route !== null) save(`${key}/${++retired}`, circuit);
  }

  function settle(key: string, circuit: Circuit, open: readonly Open[]): void {
    const { session } = circuit;
    if (session !== null)
      for (const one of open)
        sessions.keepShortfall(session, one.interval, shortfallOf(circuit, one.interval, one.startingBytes));
    drop(key, circuit);
  }

  return {
    read(reading, interval) {
      const key = keyOf(reading.previous.relay, reading.previous.connection, reading.previous.circuit);
      let circuit = circuits.get(key);
      if (circuit !== undefined && circuit.meterClosedIn !== null) {
        retire(key, circuit);
        circuit = undefined;
      }
      const { connection } = reading.previous;
      const paying = connection === null ? null : sessions.onConnection(connection);
      if (circuit === undefined) {
        const fresh = newCircuit(reading.previous, interval);
        circuit = paying === null ? fresh : paidBySession(fresh, paying, interval);
      }
      save(key, withReading(circuit, reading, interval));
    },
    certify(issuer, interval, entries) {
      for (const entry of entries) {
        const key = keyOf(issuer, null, entry.circuit);
        let circuit = circuits.get(key);
        if (circuit !== undefined && isOver(circuit, interval) && entry.from === 0n) {
          retire(key, circuit);
          circuit = undefined;
        }
        // The last word of a circuit that is not remembered; or one of too many that nobody here has seen.
        const idle = entry.bytes === entry.from || (unseen.get(issuer) ?? 0) >= UNSEEN_MAX;
        if (circuit === undefined && idle) continue;
        const previous = { relay: issuer, connection: null, circuit: entry.circuit };
        save(key, withCertification(circuit ?? newCircuit(previous, interval), entry, interval));
      }
    },
    counted(issuer, circuit, interval) {
      const known = circuits.get(keyOf(issuer, null, circuit));
      if (known === undefined || known.route === null || isOver(known, interval)) return null;
      const { hopsLeft, leavesTor } = known.route;
      return { bytes: known.certified.get(interval)?.counted ?? null, hopsLeft: hopsLeft + 1, leavesTor };
    },
    holders: () =>
      [...byHolder].filter(([, keys]) => [...keys].some((key) => isBilled(circuits.get(key)))).map(([holder]) => holder),
    drafts(holder, { interval, startingBytes }, max) {
      const drafts: Draft[] = [];
      const ids = new Set<number>();
      for (const key of byHolder.get(holder) ?? []) {
        const circuit = circuits.get(key);
        const draft = circuit === undefined ? null : draftOf(circuit, key, interval, startingBytes);
        // An id that is used again waits until the older circuit's end is acknowledged.
        if (draft === null || ids.has(draft.circuit)) continue;
        ids.add(draft.circuit);
        drafts.push(draft);
        if (drafts.length === max) break;
      }
      return drafts;
    },
    acknowledge(marks, interval) {
      for (const { key, bytes, closed } of marks) {
        const circuit = circuits.get(key);
        if (circuit !== undefined) save(key, withAcknowledgement(circuit, interval, bytes, closed));
      }
    },
    free(keys) {
      for (const key of keys) {
        const circuit = circuits.get(key);
        if (circuit !== undefined) save(key, { ...circuit, free: true });
      }
    },
    payFor(name, interval) {
      const session = sessions.of(name);
      for (const [key, circuit] of circuits) {
        const itsOwn = session !== null && circuit.previous.connection === session.connection;
        if (itsOwn && circuit.route === null && circuit.meterClosedIn === null)
          save(key, paidBySession(circuit, session, interval));
      }
    },
    endPay(name, interval) {
      for (const [key, circuit] of circuits) if (circuit.session === name) save(key, withSessionEnd(circuit, interval));
    },
    shortfalls({ interval, startingBytes }) {
      const sums = new Map<string, bigint>();
      for (const { session } of sessions.all()) sums.set(session, sessions.keptShortfall(session).get(interval) ?? 0n);
      for (const circuit of circuits.values()) {
        const sum = circuit.session === null ? undefined : sums.get(circuit.session);
        if (circuit.session !== null && sum !== undefined)
          sums.set(circuit.session, sum + shortfallOf(circuit, interval, startingBytes));
      }
      return sums;
    },
    purge(open) {
      const oldest = open.reduce((least, one) => Math.min(least, one.interval), Infinity);
      if (oldest === Infinity) return;
      for (const [key, circuit] of circuits) {
        if (isDone(circuit, open)) settle(key, circuit, open);
        else circuits.set(key, trimmed(circuit, oldest));
      }
    },
  };
}

function isBilled(circuit: Circuit | undefined): boolean {
  return circuit !== undefined && circuit.route !== null && circuit.route.hopsLeft >= 0;
}

/** Closed by its issuer and by the own meter: what comes then is another circuit with the same id. */
function isOver(circuit: Circuit, interval: number): boolean {
  return circuit.meterClosedIn !== null && circuit.payClosedIn !== null && circuit.payClosedIn <= interval;
}

function keyOf(relay: string | null, connection: string | null, circuit: number): string {
  return relay === null ? `connection ${connection}/${circuit}` : `${relay}/${circuit}`;
}
