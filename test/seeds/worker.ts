/*
 * A process that runs the seeds it is sent, one after the other, and says of each how it went. Forked by many.ts.
 */
import type { SeedDone } from './many.ts';
import { runSeed } from './run.ts';

process.on('message', (seed) => {
  void runSeed(Number(seed)).then(({ faults, counts }) => {
    const done: SeedDone = { seed: Number(seed), faults, counts: [...counts] };
    process.send?.(done);
  });
});
// Nobody is left to hear of it.
process.on('disconnect', () => process.exit());
