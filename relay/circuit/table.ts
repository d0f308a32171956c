/*
 * The circuits that run through this relay, as long as anything is to be said of them. Readings of the meter, certifications of
 * previous hops and sessions go in; the drafts of each link's next delivery come out. Memory only: never stored, never logged.
 */
import type { CertifiedCircuit } from '../../core/wire/iou.ts';
import type { CircuitReading } from '../../tor/meter.ts';
import type { Sessions } from '../session/table.ts';
import { addCompared, compare, nothingCompared, withClosing, withDelivery, type Compared } from './compare.ts';
import {
  draftOf,
  intervalsOf,
  isAnother,
  isDone,
  newCircuit,
  paidBySession,
  shortfallOf,
  trimmed,
  withAcknowledgement,
  withCertification,
  withReading,
  withSessionEnd,
  withSignature,
  type Circuit,
  type Draft,
} from './decide.ts';
import { createMemory, type Kept } from './memory.ts';
import { createPast, type ClosedLink } from './past.ts';
import { whichCircuit } from './reuse.ts';

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

/** A delivery that was checked and saved. */
export interface Taken {
  readonly issuer: string;
  readonly interval: number;
  /** The number of the tick in which it was signed. */
  readonly tick: number;
  /** What this relay lends the issuer does not cover another byte. */
  readonly isCreditSpent: boolean;
  readonly entries: readonly CertifiedCircuit[];
}

export interface Circuits {
  read(reading: CircuitReading, interval: number): void;
  certify(taken: Taken): void;
  counted(issuer: string, entry: CertifiedCircuit, interval: number): Counted | null;
  /** What an issuer certified beside what the own meter shows. */
  compared(issuer: string, interval: number): Compared;
  /** Neighbours nearer the user who certify circuits. */
  issuers(): string[];
  /** Neighbours nearer the destination to whom paid circuits lead. */
  holders(): string[];
  /** Oldest first, at most `max`. */
  drafts(holder: string, open: Open, max: number): Draft[];
  /** Of a draft: whether an own subscriber pays for it, and no previous hop. */
  isPaidBySession(key: string): boolean;
  /** Signed and saved; those `freed` are beyond the credit. */
  sign(interval: number, marks: readonly Mark[], freed: readonly string[]): void;
  acknowledge(marks: readonly Mark[], interval: number): void;
  /** A session has begun: its connection's circuits are paid from now on. */
  payFor(session: string, interval: number): void;
  endPay(session: string, interval: number): void;
  /** What each session's circuits are charged above their bytes. */
  shortfalls(open: Open): Map<string, bigint>;
  /** Sessions of which something is still to be certified. */
  unfinished(open: readonly Open[]): Set<string>;
  /** Lets go of circuits of which nothing is to be said any more; answers the links whose interval is closed since the last time. */
  purge(open: readonly Open[]): ClosedLink[];
}

/** Of one issuer: it could name circuits that do not exist. */
const UNSEEN_MAX = 10_000;

export function createCircuits(sessions: Sessions): Circuits {
  const memory = createMemory();
  const past = createPast();

  function change(key: string, changed: (circuit: Circuit) => Circuit): void {
    const circuit = memory.get(key);
    if (circuit !== null) memory.save(key, changed(circuit));
  }

  /** The circuit that an entry is of. */
  function meant(issuer: string, entry: CertifiedCircuit, interval: number): Kept | null {
    const all = memory.named(keyOf(issuer, null, entry.circuit));
    const at = whichCircuit(
      all.map(([, circuit]) => circuit),
      entry,
      interval,
    );
    return at === null ? null : (all[at] as Kept);
  }

  function certifyOne({ issuer, interval, isCreditSpent }: Taken, entry: CertifiedCircuit): void {
    const found = meant(issuer, entry, interval);
    // The last word of a circuit that is not remembered; or one of too many that nobody here has seen.
    if (found === null && entry.bytes === entry.from) return;
    if (found === null && memory.unseen(issuer) >= UNSEEN_MAX) {
      past.add(issuer, interval, { ...nothingCompared, unseenBytes: entry.bytes - entry.from });
      return;
    }
    const name = keyOf(issuer, null, entry.circuit);
    if (found === null) memory.retire(name);
    const [key, circuit] = found ?? [name, newCircuit({ relay: issuer, connection: null, circuit: entry.circuit }, interval)];
    const certified = withCertification(circuit, entry, interval);
    memory.save(key, entry.closed ? withClosing(certified, interval, isCreditSpent) : certified);
  }

  /** Circuits that leave memory, or an interval's part of them, leave their counts behind. */
  function leave(key: string, circuit: Circuit, gone: boolean, open: readonly Open[]): void {
    const { session, previous } = circuit;
    const oldest = oldestOf(open);
    if (previous.relay !== null) {
      for (const interval of intervalsOf(circuit))
        if (gone || interval < oldest) past.add(previous.relay, interval, compare(circuit, interval, true));
    }
    if (!gone) return;
    if (session !== null)
      for (const one of open)
        sessions.keepShortfall(session, one.interval, shortfallOf(circuit, one.interval, one.startingBytes));
    memory.drop(key);
  }

  return {
    read(reading, interval) {
      const key = keyOf(reading.previous.relay, reading.previous.connection, reading.previous.circuit);
      let circuit = memory.get(key);
      if (circuit !== null && isAnother(circuit, reading)) {
        memory.save(key, { ...circuit, meterClosedIn: circuit.meterClosedIn ?? interval });
        memory.retire(key);
        circuit = null;
      }
      const { connection } = reading.previous;
      const paying = connection === null ? null : sessions.onConnection(connection);
      if (circuit === null) {
        const fresh = newCircuit(reading.previous, interval);
        circuit = paying === null ? fresh : paidBySession(fresh, paying, interval);
      }
      memory.save(key, withReading(circuit, reading, interval));
    },
    certify(taken) {
      const { issuer, interval } = taken;
      for (const entry of taken.entries) certifyOne(taken, entry);
      if (!past.isNextTick(taken)) return;
      for (const [key, circuit] of memory.from(issuer)) {
        if (circuit.route !== null && circuit.carried.has(interval)) memory.save(key, withDelivery(circuit, interval));
      }
    },
    counted(issuer, entry, interval) {
      const known = meant(issuer, entry, interval)?.[1];
      if (known === undefined || known.route === null) return null;
      const { hopsLeft, leavesTor } = known.route;
      return { bytes: known.certified.get(interval)?.counted ?? null, hopsLeft: hopsLeft + 1, leavesTor };
    },
    compared(issuer, interval) {
      let sum = past.of(issuer, interval);
      for (const [, circuit] of memory.from(issuer)) sum = addCompared(sum, compare(circuit, interval, false));
      return sum;
    },
    issuers: () => [...new Set([...memory.issuers(), ...past.issuers()])],
    holders: () => [...memory.holders()].filter((holder) => some(memory.to(holder), ([, circuit]) => isBilled(circuit))),
    drafts(holder, { interval, startingBytes }, max) {
      const drafts: Draft[] = [];
      for (const [key, circuit] of memory.to(holder)) {
        const draft = draftOf(circuit, key, interval, startingBytes);
        if (draft !== null) drafts.push(draft);
        if (drafts.length === max) break;
      }
      return drafts;
    },
    isPaidBySession: (key) => memory.get(key)?.route?.by === 'session',
    sign(interval, marks, freed) {
      for (const { key, bytes } of marks) change(key, (circuit) => withSignature(circuit, interval, bytes));
      for (const key of freed) change(key, (circuit) => ({ ...circuit, free: true }));
    },
    acknowledge(marks, interval) {
      for (const { key, bytes, closed } of marks) change(key, (circuit) => withAcknowledgement(circuit, interval, bytes, closed));
    },
    payFor(name, interval) {
      const session = sessions.of(name);
      for (const [key, circuit] of memory.all()) {
        const itsOwn = session !== null && circuit.previous.connection === session.connection;
        if (itsOwn && circuit.route === null && circuit.meterClosedIn === null)
          memory.save(key, paidBySession(circuit, session, interval));
      }
    },
    endPay(name, interval) {
      for (const [key, circuit] of memory.all())
        if (circuit.session === name) memory.save(key, withSessionEnd(circuit, interval));
    },
    shortfalls({ interval, startingBytes }) {
      const sums = new Map<string, bigint>();
      for (const { session } of sessions.all()) sums.set(session, sessions.keptShortfall(session).get(interval) ?? 0n);
      for (const [, circuit] of memory.all()) {
        const sum = circuit.session === null ? undefined : sums.get(circuit.session);
        if (circuit.session !== null && sum !== undefined)
          sums.set(circuit.session, sum + shortfallOf(circuit, interval, startingBytes));
      }
      return sums;
    },
    unfinished(open) {
      const found = new Set<string>();
      for (const [key, circuit] of memory.all())
        if (circuit.session !== null && !isSaid(key, circuit, open)) found.add(circuit.session);
      return found;
    },
    purge(open) {
      const oldest = oldestOf(open);
      if (oldest === Infinity) return [];
      for (const [key, circuit] of memory.all()) {
        const gone = isDone(circuit, open);
        leave(key, circuit, gone, open);
        const kept = trimmed(circuit, oldest);
        if (!gone && kept !== circuit) memory.save(key, kept);
      }
      return past.close(oldest);
    },
  };
}

function isSaid(key: string, circuit: Circuit, open: readonly Open[]): boolean {
  return open.every(({ interval, startingBytes }) => draftOf(circuit, key, interval, startingBytes) === null);
}

function oldestOf(open: readonly Open[]): number {
  return open.reduce((least, one) => Math.min(least, one.interval), Infinity);
}

function isBilled({ route }: Circuit): boolean {
  return route !== null && route.hopsLeft >= 0;
}

function keyOf(relay: string | null, connection: string | null, circuit: number): string {
  return relay === null ? `connection ${connection}/${circuit}` : `${relay}/${circuit}`;
}

function some<T>(all: Iterable<T>, holds: (one: T) => boolean): boolean {
  for (const one of all) if (holds(one)) return true;
  return false;
}
