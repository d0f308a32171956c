/*
 * A test of one seed: nothing is wrong in its world. A seed in; an `it` out, whose failure says how to see it again. Called by
 * first.spec.ts and second.spec.ts, and for seeds that once found something by finds.spec.ts.
 */
import { expect } from 'chai';
import { replayCommand } from './report.ts';
import { runSeed } from './run.ts';

export function itLivesThrough(seed: number, what = ''): void {
  it(`seed ${seed}${what === '' ? '' : `: ${what}`}`, async () => {
    const { faults, counts } = await runSeed(seed);
    expect(faults, `see it again: ${replayCommand(seed)}`).deep.equal([]);
    // A world in which nothing happens has no faults either.
    expect(counts.get('audit')).least(4);
    expect(counts.get('payment')).above(0);
    expect(counts.get('replayed')).above(0);
  });
}
