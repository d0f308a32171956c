/*
 * The circuits that run through a tor: its CELL_STATS and the newest dump of its channels in; cumulative readings of those that may
 * be paid, out. Memory alone. Called by reading/watch.ts.
 *
 *   first cells ─→ both neighbours known ─→ read, growing ─→ closed
 *                └→ held until the next dump, or never read: own, directory fetch, free client, stranger
 */
import { CELL_BYTES, type CircuitReading, type Stranger } from '../meter.ts';
import type { CellStats, End } from './cells.ts';
import type { Channels, Taken } from './channels.ts';
import type { Channel } from './dump.ts';
import { overIn, type Running } from './over.ts';

/** Who the ends of a channel are to us. */
export interface Known {
  /** The relay's id, of its fingerprint (upper case); null outside the scheme. */
  relayOf(fingerprint: string): string | null;
  /** The session's connection, of a client's channel; null for a client without one. */
  connectionOf(channel: Channel): string | null;
}

export interface Circuits {
  take(stats: CellStats, now: number): void;
  /** Of circuits that changed. */
  readings(): CircuitReading[];
  /** Whether some wait for a dump. */
  isWaiting(): boolean;
  /** After a dump that was asked for at `askedAt`: last readings of circuits that are over. `own`: circuits of this tor that live. */
  settle(taken: Taken, own: ReadonlySet<string>, askedAt: number): CircuitReading[];
  strangers(): Stranger[];
  count(): number;
}

interface Circuit extends Running {
  readonly inbound: End;
  outbound: End | null;
  cells: bigint;
  /** Of them those that came while nobody could pay. */
  skipped: bigint;
  isFast: boolean;
  heardAt: number;
  /** Fixed once it is known: an end that moved would take debt from one link to another. */
  previous: CircuitReading['previous'] | null;
  next: CircuitReading['next'];
  isTold: boolean;
}

export function createCircuits(channels: Channels, known: Known): Circuits {
  const circuits = new Map<string, Circuit>();
  /** Channels of own circuits. */
  const own = new Map<string, string>();
  const changed = new Set<Circuit>();
  const strangers = createStrangers();
  /** Last readings that nobody has been told yet. */
  const over: CircuitReading[] = [];

  function take({ inbound, outbound, own: id, cells, isFast }: CellStats, now: number): void {
    if (inbound === null) {
      if (id !== null && outbound !== null) own.set(id, outbound.channel);
      return;
    }
    const key = keyOf(inbound);
    let circuit = circuits.get(key);
    // The same id, and another way: the circuit that had it before is over.
    if (circuit !== undefined && isElsewhere(circuit, outbound)) {
      over.push(...end(circuit));
      circuit = undefined;
    }
    if (circuit === undefined) circuits.set(key, (circuit = newCircuit(inbound)));
    circuit.outbound ??= outbound;
    circuit.cells += cells;
    circuit.isFast ||= isFast;
    circuit.heardAt = now;
    changed.add(circuit);
  }

  /** Null: held until a dump shows its channels, or not read. */
  function read(circuit: Circuit): CircuitReading | null {
    const { inbound, outbound } = circuit;
    // A client that asks the directory: nothing follows on a circuit that CREATE_FAST made.
    if (circuit.isFast && outbound === null) return null;
    const before = channels.of(inbound.channel);
    const after = outbound === null ? null : channels.of(outbound.channel);
    if (circuit.previous === null && before !== null) circuit.previous = previousOf(inbound, before, known);
    if (circuit.next === null && outbound !== null && after !== null) circuit.next = nextOf(outbound, after, known);
    if (before === null || (outbound !== null && after === null)) return null;
    for (const channel of [before, after]) {
      const isStranger = channel !== null && channel.peer !== null && known.relayOf(channel.peer) === null;
      if (isStranger) strangers.add(channel.peer, keyOf(inbound), circuit.cells);
    }
    changed.delete(circuit);
    if (circuit.previous === null) {
      circuit.skipped = circuit.cells;
      return null;
    }
    circuit.isTold = true;
    return readingOf(circuit, false);
  }

  /** With all that was heard of it, where its neighbours were known. */
  function end(circuit: Circuit): CircuitReading[] {
    circuits.delete(keyOf(circuit.inbound));
    changed.delete(circuit);
    strangers.close(keyOf(circuit.inbound));
    return circuit.isTold ? [readingOf(circuit, true)] : [];
  }

  return {
    take,
    readings() {
      const readings = over.splice(0);
      for (const circuit of changed) {
        const reading = read(circuit);
        if (reading !== null) readings.push(reading);
      }
      return readings;
    },
    isWaiting: () => [...changed].some((circuit) => isWaiting(circuit, channels)),
    settle(taken, living, askedAt) {
      for (const id of own.keys()) if (!living.has(id)) own.delete(id);
      const gone = new Set(taken.gone);
      const closed: CircuitReading[] = [];
      for (const circuit of [...circuits.values()]) {
        const isGone = [circuit.inbound, circuit.outbound].some((one) => one !== null && gone.has(one.channel));
        // Its channel was opened and closed between two dumps, or was another tor's.
        const isLost = isWaiting(circuit, channels) || (taken.isAnotherTor && circuit.previous === null);
        if (isGone || (isLost && circuit.heardAt < askedAt)) closed.push(...end(circuit));
      }
      const ended = overIn(channels.all(), [...circuits.values()], [...own.values()], askedAt);
      for (const circuit of ended) if (changed.has(circuit)) read(circuit);
      for (const circuit of ended) closed.push(...end(circuit));
      return closed;
    },
    strangers: strangers.all,
    count: () => circuits.size,
  };
}

function newCircuit(inbound: End): Circuit {
  const empty = { outbound: null, cells: 0n, skipped: 0n, isFast: false, heardAt: 0 };
  return { inbound, ...empty, previous: null, next: null, isTold: false };
}

function isElsewhere(circuit: Circuit, outbound: End | null): boolean {
  return circuit.outbound !== null && outbound !== null && keyOf(circuit.outbound) !== keyOf(outbound);
}

function isWaiting({ inbound, outbound, isFast }: Circuit, channels: Channels): boolean {
  if (isFast && outbound === null) return false;
  return channels.of(inbound.channel) === null || (outbound !== null && channels.of(outbound.channel) === null);
}

/** Null: nobody who could pay. */
function previousOf({ circuit }: End, channel: Channel, known: Known): CircuitReading['previous'] | null {
  const relay = channel.peer === null ? null : known.relayOf(channel.peer);
  if (relay !== null) return { relay, connection: null, circuit };
  const connection = channel.peer === null && channel.isClient ? known.connectionOf(channel) : null;
  return connection === null ? null : { relay: null, connection, circuit };
}

/** Null: nobody who could be paid. */
function nextOf({ circuit }: End, channel: Channel, known: Known): CircuitReading['next'] {
  const relay = channel.peer === null ? null : known.relayOf(channel.peer);
  return relay === null ? null : { relay, circuit };
}

function readingOf({ previous, next, cells, skipped }: Circuit, closed: boolean): CircuitReading {
  // Only called for one whose previous hop is known.
  return { previous: previous as CircuitReading['previous'], next, bytes: (cells - skipped) * CELL_BYTES, closed };
}

function keyOf({ channel, circuit }: End): string {
  return `${channel}/${circuit}`;
}

interface Strangers {
  add(fingerprint: string, circuit: string, cells: bigint): void;
  close(circuit: string): void;
  all(): Stranger[];
}

function createStrangers(): Strangers {
  const sums = new Map<string, { circuits: number; cells: bigint }>();
  /** What is in the sums of a circuit that lives, by stranger. */
  const counted = new Map<string, Map<string, bigint>>();
  return {
    add(fingerprint, circuit, cells) {
      const sum = sums.get(fingerprint) ?? { circuits: 0, cells: 0n };
      const before = counted.get(circuit)?.get(fingerprint);
      sums.set(fingerprint, {
        circuits: sum.circuits + (before === undefined ? 1 : 0),
        cells: sum.cells + cells - (before ?? 0n),
      });
      const known = counted.get(circuit) ?? new Map<string, bigint>();
      counted.set(circuit, known.set(fingerprint, cells));
    },
    close: (circuit) => void counted.delete(circuit),
    all: () =>
      [...sums].map(([fingerprint, sum]) => ({ fingerprint, ...sum })).sort((a, b) => (a.fingerprint < b.fingerprint ? -1 : 1)),
  };
}
