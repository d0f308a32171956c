/*
 * What a previous hop certifies beside what the own meter shows (design §4): a circuit in; bytes metered, certified too low, and
 * certified unseen, out. Pure. Nothing is refused for it: less is this relay's own risk, more is harmless. Called by table.ts.
 *
 *   seen when a delivery came ─→ a tick for its way down the circuit ─→ a tick for cells in transit ─→ due
 */
import { most } from '../../core/whole.ts';
import type { Circuit } from './decide.ts';

export interface Compared {
  /** Of circuits that came with an IOU: what the previous hop must have certified by now. */
  readonly meteredBytes: bigint;
  /** What of that it did not certify. */
  readonly underCertifiedBytes: bigint;
  /** Certified of circuits that the own meter has not shown. */
  readonly unseenBytes: bigint;
}

export const nothingCompared: Compared = { meteredBytes: 0n, underCertifiedBytes: 0n, unseenBytes: 0n };

/** `isOver`: no more can come of it in this interval, so that all that was carried is due. */
export function compare(circuit: Circuit, interval: number, isOver: boolean): Compared {
  if (circuit.route?.by !== 'issuer') return nothingCompared;
  const certified = circuit.certified.get(interval);
  if (circuit.read === null) return { ...nothingCompared, unseenBytes: certified?.bytes ?? 0n };
  // What it carries after its issuer said that it closed is a free circuit's.
  if (circuit.payClosedIn !== null && circuit.payClosedIn < interval) return nothingCompared;
  const expected = circuit.expected.get(interval);
  const carried = circuit.carried.get(interval)?.bytes ?? 0n;
  const meteredBytes = expected?.last ?? (isOver ? carried : (expected?.due ?? 0n));
  // Either may have lost its count in a restart.
  const told = most(certified?.counted ?? 0n, certified?.bytes ?? 0n);
  return { ...nothingCompared, meteredBytes, underCertifiedBytes: most(meteredBytes - told, 0n) };
}

/** The first delivery of a tick came: what was seen when that of the tick before last came is due. */
export function withDelivery(circuit: Circuit, interval: number): Circuit {
  const before = circuit.expected.get(interval);
  const seen = circuit.carried.get(interval)?.bytes ?? 0n;
  const expected = { seen, earlier: before?.seen ?? 0n, due: before?.earlier ?? 0n, last: before?.last ?? null };
  return { ...circuit, expected: new Map(circuit.expected).set(interval, expected) };
}

/**
 * The previous hop says that nothing more comes. Where the own meter shows the end too, all of it was due; else the circuit goes
 * on unpaid, and nobody knows since when. Beyond the credit that this relay lends, nothing was.
 */
export function withClosing(circuit: Circuit, interval: number, isCreditSpent: boolean): Circuit {
  const before = circuit.expected.get(interval) ?? { seen: 0n, earlier: 0n, due: 0n };
  const carried = circuit.carried.get(interval)?.bytes ?? 0n;
  const last = isCreditSpent ? 0n : circuit.meterClosedIn === null ? before.due : carried;
  return { ...circuit, expected: new Map(circuit.expected).set(interval, { ...before, last }) };
}

export function addCompared(a: Compared, b: Compared): Compared {
  return {
    meteredBytes: a.meteredBytes + b.meteredBytes,
    underCertifiedBytes: a.underCertifiedBytes + b.underCertifiedBytes,
    unseenBytes: a.unseenBytes + b.unseenBytes,
  };
}

/** Whether it is more than what is lost on the way: cells in transit when a circuit is torn down are counted by one side alone. */
export function isUnderCertified({ meteredBytes, underCertifiedBytes }: Compared): boolean {
  return underCertifiedBytes * 16n > meteredBytes;
}
