/*
 * The client's own count: what the transport shows of its circuits in; what a guard may charge for each interval out. The rule
 * is the guard's (rule 4), the counting is its own. Called by tally/flow.ts.
 */
import { chargedBytes } from '../../core/rule/chain.ts';
import { circuitUsage, noTraffic, type Traffic } from '../../core/rule/price.ts';
import { most } from '../../core/whole.ts';
import type { ClientTransport } from '../../tor/meter.ts';

export type ClientReading = Parameters<Parameters<ClientTransport['onReading']>[0]>[0];

export interface Usage extends Traffic {
  readonly circuitBytes: bigint;
  readonly otherBytes: bigint;
}

export const noUsage: Usage = { circuitBytes: 0n, otherBytes: 0n, ...noTraffic };

interface Circuit {
  readonly begunIn: number;
  /** Of which `base` and `charged` speak. */
  interval: number;
  /** Bytes when the interval began. */
  base: bigint;
  bytes: bigint;
  charged: bigint;
}

export interface Count {
  take(reading: ClientReading, interval: number, startingBytes: bigint): void;
  usage(guard: string, interval: number): Usage;
  /** Raises a count to what is known of before: stored, or signed by both. */
  raise(guard: string, interval: number, atLeast: Usage): void;
  /** Every count there is. */
  all(): readonly { readonly guard: string; readonly interval: number; readonly usage: Usage }[];
  /** Drops what is older than an interval, and circuits that have not moved since before it. */
  forget(before: number): void;
}

export function createCount(): Count {
  const circuits = new Map<string, Circuit>();
  /** Last cumulative reading of what else a connection carried. */
  const others = new Map<string, bigint>();
  const totals = new Map<string, Map<number, Usage>>();

  const usage = (guard: string, interval: number): Usage => totals.get(guard)?.get(interval) ?? noUsage;
  const save = (guard: string, interval: number, next: Usage): void => {
    if (!totals.has(guard)) totals.set(guard, new Map());
    totals.get(guard)?.set(interval, next);
  };

  function otherGrowth({ guard, hops, leavesTor, otherBytes }: ClientReading): bigint {
    // Circuits of one length and kind share a connection; a count that fell is a new connection's.
    const connection = `${guard} ${hops} ${leavesTor}`;
    const before = others.get(connection) ?? 0n;
    others.set(connection, otherBytes);
    return otherBytes >= before ? otherBytes - before : otherBytes;
  }

  function circuitGrowth(reading: ClientReading, interval: number, startingBytes: bigint): bigint {
    const name = `${reading.guard} ${reading.circuit}`;
    const fresh: Circuit = { begunIn: interval, interval, base: 0n, bytes: 0n, charged: 0n };
    const circuit = circuits.get(name) ?? fresh;
    circuits.set(name, circuit);
    if (circuit.interval !== interval) Object.assign(circuit, { interval, base: circuit.bytes, charged: 0n });
    if (reading.bytes > circuit.bytes) circuit.bytes = reading.bytes;
    const before = circuit.charged;
    circuit.charged = chargedBytes(circuit.bytes - circuit.base, startingBytes, circuit.begunIn === interval);
    return circuit.charged - before;
  }

  return {
    usage,
    take(reading, interval, startingBytes) {
      const { guard, hops, leavesTor } = reading;
      const bytes = circuitGrowth(reading, interval, startingBytes);
      const other = otherGrowth(reading);
      const traffic = circuitUsage(bytes, hops, leavesTor);
      const before = usage(guard, interval);
      save(guard, interval, {
        circuitBytes: before.circuitBytes + bytes,
        otherBytes: before.otherBytes + other,
        relayBytes: before.relayBytes + traffic.relayBytes + other,
        exitBytes: before.exitBytes + traffic.exitBytes,
      });
    },
    raise(guard, interval, atLeast) {
      const own = usage(guard, interval);
      save(guard, interval, {
        circuitBytes: most(own.circuitBytes, atLeast.circuitBytes),
        otherBytes: most(own.otherBytes, atLeast.otherBytes),
        relayBytes: most(own.relayBytes, atLeast.relayBytes),
        exitBytes: most(own.exitBytes, atLeast.exitBytes),
      });
    },
    all: () =>
      [...totals].flatMap(([guard, byInterval]) => [...byInterval].map(([interval, one]) => ({ guard, interval, usage: one }))),
    forget(before) {
      for (const byInterval of totals.values()) {
        for (const interval of byInterval.keys()) if (interval < before) byInterval.delete(interval);
      }
      for (const [name, circuit] of circuits) if (circuit.interval < before) circuits.delete(name);
    },
  };
}
