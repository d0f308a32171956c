/*
 * When a tally is due between ticks: over an open session, whenever so many bytes are not signed. The own counts and what was signed in;
 * whether to ask out. Called by tally/flow.ts.
 */
import type { Counted } from './ahead.ts';
import type { Usage } from './count.ts';

export const TALLY_STEP_BYTES = 4_194_304n;

export interface Step {
  isDue(counts: readonly Counted[], interval: number): boolean;
  signed(guard: string, interval: number, usage: Pick<Usage, 'circuitBytes' | 'otherBytes'>): void;
  forget(before: number): void;
}

/** `isOpen`: whether a session at a guard is open; where none is, tallies wait for the tick. */
export function createStep(bytes: bigint, isOpen: (guard: string) => boolean): Step {
  const marks = new Map<string, { readonly interval: number; readonly bytes: bigint }>();
  const keyOf = (guard: string, interval: number) => `${guard} ${interval}`;
  return {
    isDue: (counts, running) =>
      counts.some(({ guard, interval, usage }) => {
        const signed = marks.get(keyOf(guard, interval))?.bytes ?? 0n;
        return interval === running && sumOf(usage) - signed >= bytes && isOpen(guard);
      }),
    signed(guard, interval, usage) {
      marks.set(keyOf(guard, interval), { interval, bytes: sumOf(usage) });
    },
    forget(before) {
      for (const [key, { interval }] of marks) if (interval < before) marks.delete(key);
    },
  };
}

function sumOf({ circuitBytes, otherBytes }: Pick<Usage, 'circuitBytes' | 'otherBytes'>): bigint {
  return circuitBytes + otherBytes;
}
