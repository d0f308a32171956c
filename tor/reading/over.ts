/*
 * Which circuits are over. Tor tells nobody when a relayed circuit closes, and cells are no sign: an idle one lives for minutes. But a
 * dump says how many circuits each channel carries. A dump and the circuits that were heard of in; those that cannot live any more out.
 * Pure. Called by reading/circuits.ts, which ends those of a closed channel itself.
 */
import type { End } from './cells.ts';
import type { Channel } from './dump.ts';

/** A circuit as far as its end is concerned. */
export interface Running {
  readonly inbound: End;
  readonly outbound: End | null;
  /** When cells of it were last told of. */
  readonly heardAt: number;
}

/** Cells are told of each second: one that carried some so shortly before the dump may have begun after it. */
const FRESH_SEC = 3;
/** Which of several has ended nobody can tell. None is kept for longer; one that speaks again is another circuit to us. */
const SILENT_SEC_MAX = 3600;

/** `own`: the channel of each circuit that this tor has built itself. */
export function overIn<T extends Running>(
  channels: readonly Channel[],
  circuits: readonly T[],
  own: readonly string[],
  askedAt: number,
): T[] {
  const empty = new Set(channels.filter((one) => one.circuits <= own.filter((id) => id === one.id).length).map((one) => one.id));
  return circuits.filter(({ inbound, outbound, heardAt }) => {
    const isAlone = empty.has(inbound.channel) || (outbound !== null && empty.has(outbound.channel));
    return askedAt - heardAt > (isAlone ? FRESH_SEC : SILENT_SEC_MAX);
  });
}
