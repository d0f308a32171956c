/*
 * How what a connection carried falls into circuits and the rest (rule 4): its bytes, and what the meter of circuits shows of it, at
 * each look in; what may be charged, or must be granted, out. The meter is behind the bytes, so both wait until it has caught up.
 * Pure; called by guard.ts and client.ts.
 */
import { least, most } from '../../core/whole.ts';
import type { CircuitReading } from '../meter.ts';

export interface Counted {
  readonly circuitBytes: bigint;
  readonly otherBytes: bigint;
}

/**
 * The guard's: what was so `lagSec` ago. Carried then, less the circuits of now, is the least that the rest can have been; so a guard
 * never tells of more than there was, and of all of it once the connection rests or is over. While the meter is away (`isCurrent`
 * false), or has not shown any circuit yet, nothing is known of the rest.
 */
export function createGuardSplit(lagSec: number) {
  let looks: { readonly at: number; readonly carried: bigint; readonly circuits: bigint }[] = [];
  let told: Counted = { circuitBytes: 0n, otherBytes: 0n };
  const raise = (circuitBytes: bigint, otherBytes: bigint): Counted => {
    told = { circuitBytes: most(told.circuitBytes, circuitBytes), otherBytes: most(told.otherBytes, otherBytes) };
    return told;
  };
  return {
    take(now: number, carried: bigint, circuits: bigint, isCurrent: boolean): Counted {
      looks.push({ at: now, carried, circuits });
      const past = looks.filter((look) => look.at <= now - lagSec);
      const settled = past.at(-1);
      if (settled === undefined) return told;
      looks = looks.slice(past.length - 1);
      return raise(settled.circuits, isCurrent && circuits > 0n ? settled.carried - circuits : 0n);
    },
    /** The connection is over, and the meter has told of all its circuits. */
    last: (carried: bigint, circuits: bigint, isCurrent: boolean) => raise(circuits, isCurrent ? carried - circuits : 0n),
  };
}

/**
 * The client's: the rest is at most what of the last `windowSec` looks least, one after each word of the own tor. Never below what an
 * honest guard tells, where the window is shorter than the guard's lag; and near it, though tor's word is behind the bytes.
 */
export function createClientSplit(windowSec: number) {
  /** The least of each second. */
  const looks = new Map<number, bigint>();
  let told: Counted = { circuitBytes: 0n, otherBytes: 0n };
  return {
    take(now: number, carried: bigint, circuits: bigint): Counted {
      for (const at of looks.keys()) if (at <= now - windowSec || at > now) looks.delete(at);
      const rest = most(carried - circuits, 0n);
      looks.set(now, least(rest, looks.get(now) ?? rest));
      told = {
        circuitBytes: most(told.circuitBytes, circuits),
        otherBytes: most(told.otherBytes, [...looks.values()].reduce(least)),
      };
      return told;
    },
  };
}

/** Sums the circuits of one connection, each with its cumulative count; an id may be used again after its circuit has closed. */
export interface Circuits {
  /** True on the first reading of a circuit. */
  take(reading: Pick<CircuitReading, 'bytes' | 'closed'>, circuit: number): boolean;
  total(): bigint;
}

export function createCircuits(): Circuits {
  const open = new Map<number, bigint>();
  // Kept, since it is asked for at each word of tor, which is one a circuit and second.
  let total = 0n;
  return {
    take({ bytes, closed }, circuit) {
      const before = open.get(circuit);
      const now = most(bytes, before ?? 0n);
      total += now - (before ?? 0n);
      if (closed) open.delete(circuit);
      else open.set(circuit, now);
      return before === undefined;
    },
    total: () => total,
  };
}
