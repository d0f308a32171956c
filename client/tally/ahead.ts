/*
 * How far ahead of the own count the disk is: a client that is killed has lost what it counted since the last write, and would
 * refuse an honest tally by it. So what is written is the count and a margin, and is written anew before the margin is used up;
 * an orderly end writes the count alone. Called by tally/flow.ts.
 */
import type { Usage } from './count.ts';

/** The least margin, in bytes; else it is what was counted between the last two writes, or half of the margin before. */
const MARGIN_BYTES_MIN = 131_072n;

export interface Counted {
  readonly guard: string;
  readonly interval: number;
  readonly usage: Usage;
}

interface Mark {
  /** Bytes counted when it was written, and bytes that it covers. */
  readonly at: bigint;
  readonly upTo: bigint;
}

export interface Ahead {
  /** More than half of a margin is used, or nothing is written yet. */
  isDue(one: Counted): boolean;
  /** What is to be written: `hops` is the most that a circuit of this client has. */
  rowOf(one: Counted, hops: number): Usage;
  /** It is on the disk. */
  written(one: Counted): void;
  forget(before: number): void;
}

export function createAhead(): Ahead {
  const marks = new Map<string, Mark & { readonly interval: number }>();
  const keyOf = ({ guard, interval }: Counted) => `${guard} ${interval}`;

  function marginOf(one: Counted): bigint {
    const mark = marks.get(keyOf(one));
    if (mark === undefined) return MARGIN_BYTES_MIN;
    const candidates = [bytesOf(one.usage) - mark.at, (mark.upTo - mark.at) / 2n];
    return candidates.reduce((most, each) => (each > most ? each : most), MARGIN_BYTES_MIN);
  }

  return {
    isDue(one) {
      const mark = marks.get(keyOf(one));
      return mark === undefined || 2n * bytesOf(one.usage) > mark.at + mark.upTo;
    },
    rowOf: (one, hops) => withMargin(one.usage, marginOf(one), BigInt(hops + 1)),
    written(one) {
      const at = bytesOf(one.usage);
      marks.set(keyOf(one), { at, upTo: at + marginOf(one), interval: one.interval });
    },
    forget(before) {
      for (const [key, { interval }] of marks) if (interval < before) marks.delete(key);
    },
  };
}

/** So many bytes more, which may be charged as circuits or as the rest: at most so many hops of the standard price each. */
export function withMargin(
  { circuitBytes, otherBytes, relayBytes, exitBytes }: Usage,
  margin: bigint,
  standardHops: bigint,
): Usage {
  return {
    circuitBytes: circuitBytes + margin,
    otherBytes: otherBytes + margin,
    relayBytes: relayBytes + margin * standardHops,
    exitBytes: exitBytes + margin,
  };
}

function bytesOf({ circuitBytes, otherBytes }: Usage): bigint {
  return circuitBytes + otherBytes;
}
