/*
 * Which circuit an issuer speaks of: a link's circuit id may be used again before anything of the older circuit was certified.
 * Those that had the id, oldest first, and an entry in; the place of the one that is meant, out. Pure; called by table.ts.
 */
import type { CertifiedCircuit } from '../../core/wire/iou.ts';
import type { Circuit } from './decide.ts';

/** Null when all of them are over. */
export function whichCircuit(circuits: readonly Circuit[], entry: CertifiedCircuit, interval: number): number | null {
  const [only] = circuits;
  if (circuits.length < 2) return only === undefined || isOver(only, interval) ? null : 0;
  const open = [...circuits.keys()].filter((at) => !isOver(circuits[at] as Circuit, interval));
  if (open.length < 2) return open[0] ?? null;
  const of = (at: number) => circuits[at] as Circuit;
  const goesOn = open.find((at) => entry.from > 0n && of(at).certified.get(interval)?.counted === entry.from);
  if (goesOn !== undefined) return goesOn;
  const fitting = open.filter((at) => fits(of(at), entry));
  const nearest = (fitting.length > 0 ? fitting : open).reduce((best, at) =>
    isNearer(of(at), of(best), entry, interval) ? at : best,
  );
  return nearest;
}

/** Its issuer said that it closed, and so did the own meter: what comes then is another circuit with the same id. */
function isOver(circuit: Circuit, interval: number): boolean {
  return circuit.meterClosedIn !== null && circuit.payClosedIn !== null && circuit.payClosedIn <= interval;
}

function fits({ route }: Circuit, entry: CertifiedCircuit): boolean {
  return route === null || (route.hopsLeft === entry.hopsLeft - 1 && route.leavesTor === entry.leavesTor);
}

/** By what this relay carried of it itself; of two alike the one that is closed when the entry is. */
function isNearer(a: Circuit, b: Circuit, entry: CertifiedCircuit, interval: number): boolean {
  const away = (one: Circuit) => absolute((one.carried.get(interval)?.bytes ?? 0n) - entry.bytes);
  const isAlike = (one: Circuit) => (one.meterClosedIn !== null) === entry.closed;
  return away(a) < away(b) || (away(a) === away(b) && isAlike(a) && !isAlike(b));
}

function absolute(value: bigint): bigint {
  return value < 0n ? -value : value;
}
