/*
 * The seeded world: seeds 11 to 20, ten more than first.spec.ts has, so that two processes share them.
 */
import { itLivesThrough } from './lives.ts';

describe('the seeded world: seeds 11 to 20', () => {
  for (let seed = 11; seed <= 20; seed += 1) itLivesThrough(seed);
});
