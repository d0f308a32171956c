/*
 * A seed's outcome, or many, in lines: what was done to the world, what it did, what is wrong. Called by main.ts and many.ts.
 */
import type { SeedOutcome } from './run.ts';

/** In this order: what went wrong by plan, what the world did, how it was looked at. */
const groups: readonly (readonly [string, readonly string[]])[] = [
  ['network', ['drop', 'lose', 'late', 'repeat', 'reorder']],
  ['nodes', ['crash', 'switched off', 'stall', 'restore', 'clocks off']],
  ['lies', ['lie']],
  ['traffic', ['circuit', 'circuit refused', 'carried', 'subscriber', 'deposit', 'withdrawal', 'complaint']],
  ['settled', ['interval', 'payment', 'carried over', 'contest']],
  ['looked at', ['look', 'audit', 'replayed', 'step']],
];

export function linesOf(outcome: SeedOutcome): string[] {
  const verdict = outcome.faults.length === 0 ? 'OK' : `${outcome.faults.length} faults`;
  return [...countLines(outcome.counts), ...outcome.faults.map((fault) => `FAULT ${fault}`), `seed ${outcome.seed}: ${verdict}`];
}

export function countLines(counts: ReadonlyMap<string, number>): string[] {
  return groups.map(([title, kinds]) => {
    const shown = kinds.flatMap((kind) => [...counts].filter(([what]) => what === kind || what.startsWith(`${kind}:`)).sort());
    return `${title.padEnd(10)} ${shown.map(([what, count]) => `${what.replace(/^[a-z]+: /, '')} ${count}`).join(', ') || 'none'}`;
  });
}

export function replayCommand(seed: number): string {
  return `npm run world -- --seed ${seed}`;
}
