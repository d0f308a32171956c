/*
 * Rule 12: which contests count, reporters with families as one, and the hysteresis of the Guard flag.
 */
import { expect } from 'chai';
import fc from 'fast-check';
import { counts, countReporters, isRefuted, recordAllowsGuard } from '../../core/rule/flag.ts';
import { caseState, reason } from '../../core/wire/verdict.ts';

describe('a contest against the Guard flag', () => {
  it('counts when upheld, and when open and unanswered for the answer window; never otherwise', () => {
    for (const state of caseState.options) {
      expect(counts(state, 1000, 60, 1059), `${state} before`).equal(state === 'upheld');
      expect(counts(state, 1000, 60, 1060), `${state} after`).equal(state === 'upheld' || state === 'open');
    }
  });
});

describe('reporters', () => {
  const among = (pairs: readonly string[]) => (a: string, b: string) => pairs.includes(a + b) || pairs.includes(b + a);
  const table: [string, string[], string[], number][] = [
    ['nobody', [], [], 0],
    ['one', ['a'], [], 1],
    ['one that filed twice', ['a', 'a'], [], 1],
    ['two strangers', ['a', 'b'], [], 2],
    ['two of one family', ['a', 'b'], ['ab'], 1],
    ['a chain is one family', ['a', 'b', 'c', 'd'], ['ab', 'bc', 'cd'], 1],
    ['a chain told in another order', ['d', 'b', 'a', 'c'], ['ab', 'bc', 'cd'], 1],
    ['two families', ['a', 'b', 'c', 'd'], ['ab', 'cd'], 2],
    ['a family and a stranger', ['a', 'b', 'c'], ['ac'], 2],
    ['a chain over one that did not report is none', ['a', 'c'], ['ab', 'bc'], 2],
  ];
  for (const [name, reporters, pairs, families] of table)
    it(`${name}: ${families}`, () => expect(countReporters(reporters, among(pairs))).equal(families));

  it('are as many as there are components, in whatever order and however often they filed', () => {
    const graph = fc.record({
      size: fc.integer({ min: 1, max: 9 }),
      edges: fc.array(fc.tuple(fc.nat(8), fc.nat(8)), { maxLength: 12 }),
      order: fc.array(fc.nat(8), { maxLength: 20 }),
    });
    fc.assert(
      fc.property(graph, ({ size, edges, order }) => {
        const all = Array.from({ length: size }, (_, at) => String(at));
        // Components by another way: the lowest label that spreads along the edges.
        const label = all.map((_, at) => at);
        for (let round = 0; round < size; round += 1)
          for (const [a, b] of edges) if (a < size && b < size) label[a] = label[b] = Math.min(label[a]!, label[b]!);
        const names = [...order.filter((one) => one < size).map(String), ...all];
        const pairs = edges.map(([a, b]) => `${a}${b}`);
        expect(countReporters(names, among(pairs))).equal(new Set(label).size);
      }),
      { seed: 1713, numRuns: 300 },
    );
  });
});

describe('the Guard flag by the record', () => {
  it('is lost by as many reporters as the network says, and got by none', () => {
    const allowed = (hadGuard: boolean, toUnflag: number) =>
      [0, 1, 2, 3].map((count) => recordAllowsGuard(hadGuard, count, toUnflag));
    expect(allowed(true, 2)).deep.equal([true, true, false, false]);
    expect(allowed(false, 2)).deep.equal([true, false, false, false]);
    expect(allowed(true, 1)).deep.equal([true, false, false, false]);
    expect(allowed(true, 3)).deep.equal([true, true, true, false]);
  });

  it('has hysteresis: with one reporter left who lost it does not get it back, who has it keeps it', () => {
    const run = (counted: readonly number[]) => {
      let has = true;
      return counted.map((count) => (has = recordAllowsGuard(has, count, 2)));
    };
    expect(run([0, 1, 2, 1, 1, 0, 1])).deep.equal([true, true, false, false, false, true, true]);
  });
});

describe('a contest against its reporter', () => {
  it('tells when it was dismissed, but not by a settlement that the accused may have signed afterwards', () => {
    for (const state of caseState.options) {
      for (const by of reason.options)
        expect(isRefuted(state, by), `${state} ${by}`).equal(state === 'dismissed' && by !== 'carried');
    }
  });
});
