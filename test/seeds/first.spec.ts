/*
 * The seeded world: seeds 1 to 10, each a network of twelve relays on its bad days. A second file has ten more, so that two processes
 * share them; `npm run world -- --seed N` shows one, `npm run world -- --seeds 1000` runs as many as there is time for.
 */
import { itLivesThrough } from './lives.ts';

describe('the seeded world: seeds 1 to 10', () => {
  for (let seed = 1; seed <= 10; seed += 1) itLivesThrough(seed);
});
