/*
 * An auditor of cells: beside each tor of the testbed a meter of its own, which shares no book with the roles. What passes in; for
 * each link the cells of the circuits that a subscriber pays, and all cells as both ends count them, out. Called by tor.ts.
 */
import { dial } from '../../host/dial.ts';
import { silentLog } from '../../host/log.ts';
import type { Clock, Entropy } from '../../host/ports.ts';
import { readSecret } from '../../node/tor.ts';
import { CELL_BYTES, type CircuitReading, type LinkReading } from '../../tor/meter.ts';
import { watchTor, type TorMeter } from '../../tor/reading/watch.ts';
import type { TorNode } from './tor/network.ts';

export interface CellsLine {
  readonly issuer: string;
  readonly holder: string;
  /** Paid circuits on this link, and the cells that the issuer sent for them, both ways. */
  readonly circuits: number;
  readonly cells: bigint;
  /** What is owed for: of each circuit its bytes, and at least the starting amount. */
  readonly owedBytes: bigint;
}

/** All cells between two relays, whoever they are of, by tor's own count at each. */
export interface LinkLine {
  readonly a: string;
  readonly b: string;
  readonly sentByA: bigint;
  readonly receivedByB: bigint;
  readonly sentByB: bigint;
  readonly receivedByA: bigint;
}

export interface Auditor {
  paid(startingBytes: bigint): CellsLine[];
  links(): LinkLine[];
  close(): Promise<void>;
}

export interface Audited {
  readonly name: string;
  readonly tor: TorNode;
  /** Of a guard: whether a client that tor sees there has a session. */
  hasSession(address: string): boolean;
}

interface Watched {
  readonly name: string;
  readonly meter: TorMeter;
  /** Newest of each circuit, by the neighbour nearer the user and its circuit id. */
  readonly circuits: Map<string, CircuitReading>;
  links: readonly LinkReading[];
}

const LOOK_SEC = 5;

export function openAuditor(relays: readonly Audited[], clock: Clock, entropy: Entropy): Auditor {
  const names = new Map(relays.map(({ name, tor }) => [tor.fingerprint, name]));
  const watched = new Map(relays.map((one) => [one.name, watch(one)]));

  function watch({ name, tor, hasSession }: Audited): Watched {
    const meter = watchTor(
      { clock, entropy, log: silentLog(), dial },
      {
        place: tor.control,
        secrets: { cookieFile: null, passwordFile: null, read: readSecret },
        kind: 'circuits',
        lookSec: LOOK_SEC,
        relayOf: (fingerprint) => names.get(fingerprint) ?? null,
        connectionOf: (address) => (hasSession(address) ? address : null),
      },
    );
    const own: Watched = { name, meter, circuits: new Map(), links: [] };
    meter.onReading((reading) => void own.circuits.set(keyOf(reading.previous.relay, reading.previous.circuit), reading));
    meter.onLinks?.((links) => void (own.links = links));
    return own;
  }

  /** From a subscriber's connection on, hop by hop: the id on a link is the same at both ends. */
  function paid(startingBytes: bigint): CellsLine[] {
    const lines = new Map<string, CellsLine>();
    const follow = (at: Watched, reading: CircuitReading): void => {
      if (reading.next === null) return;
      const holder = reading.next.relay;
      const before = lines.get(`${at.name}\0${holder}`);
      const owed = reading.bytes > startingBytes ? reading.bytes : startingBytes;
      lines.set(`${at.name}\0${holder}`, {
        ...{ issuer: at.name, holder },
        circuits: (before?.circuits ?? 0) + 1,
        cells: (before?.cells ?? 0n) + reading.bytes / CELL_BYTES,
        owedBytes: (before?.owedBytes ?? 0n) + owed,
      });
      const there = watched.get(holder);
      const onward = there?.circuits.get(keyOf(at.name, reading.next.circuit));
      if (there !== undefined && onward !== undefined) follow(there, onward);
    };
    for (const one of watched.values())
      for (const reading of one.circuits.values()) if (reading.previous.connection !== null) follow(one, reading);
    return [...lines.values()].sort((a, b) => (`${a.issuer} ${a.holder}` < `${b.issuer} ${b.holder}` ? -1 : 1));
  }

  function links(): LinkLine[] {
    const between = (at: Watched, peer: string): LinkReading | undefined =>
      at.links.find((one) => names.get(one.fingerprint) === peer);
    const all = [...watched.values()];
    return all.flatMap((a, index) =>
      all.slice(index + 1).flatMap((b) => {
        const [here, there] = [between(a, b.name), between(b, a.name)];
        if (here === undefined || there === undefined) return [];
        const ofA = { sentByA: here.sentCells, receivedByA: here.receivedCells };
        return [{ a: a.name, b: b.name, ...ofA, sentByB: there.sentCells, receivedByB: there.receivedCells }];
      }),
    );
  }

  return {
    paid,
    links,
    async close() {
      await Promise.all([...watched.values()].map((one) => one.meter.close()));
    },
  };
}

function keyOf(relay: string | null, circuit: number): string {
  return `${relay ?? ''}/${circuit}`;
}
