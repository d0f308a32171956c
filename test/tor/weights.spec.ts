import { expect } from 'chai';
import fc from 'fast-check';
import { parseConsensus } from '../../tor/consensus/parse.ts';
import { bandwidthSums, computeWeights, footerWeights, positionWeights } from '../../tor/consensus/weights.ts';
import type { BandwidthSums } from '../../tor/consensus/weights.ts';
import { carried, must, realText, relayOf } from './given.ts';

const line2016 =
  'Wbd=0 Wbe=0 Wbg=4283 Wbm=10000 Wdb=10000 Web=10000 Wed=10000 Wee=10000 Weg=10000 Wem=10000 ' +
  'Wgb=10000 Wgd=0 Wgg=5717 Wgm=5717 Wmb=10000 Wmd=0 Wme=0 Wmg=4283 Wmm=10000';

function sumsOf(G: number, M: number, E: number, D: number): BandwidthSums {
  return { G: BigInt(G), M: BigInt(M), E: BigInt(E), D: BigInt(D) };
}

function seven(sums: BandwidthSums, scale?: number): (number | undefined)[] {
  const weights = computeWeights(sums, scale);
  return [weights?.Wgg, weights?.Wgd, weights?.Wmg, weights?.Wme, weights?.Wmd, weights?.Wee, weights?.Wed];
}

describe('position weights', () => {
  it('come out as the authorities computed them in 2016', function () {
    const real = must(parseConsensus(realText(this)));
    const computed = computeWeights(bandwidthSums(real.relays));
    const line = Object.entries(computed ?? {}).map(([name, value]) => `${name}=${value}`);
    expect(line.sort().join(' ')).to.equal(line2016);
    expect(footerWeights(real)).to.deep.equal(computed);
  });

  it('come out as in the foot of the carried network', () => {
    const consensus = carried();
    expect(footerWeights(consensus)).to.not.equal(null);
    expect(footerWeights(consensus)).to.deep.equal(computeWeights(bandwidthSums(consensus.relays)));
  });

  // Wgg, Wgd, Wmg, Wme, Wmd, Wee, Wed: reckoned by hand from the formulas of dir-spec 3.8.3.
  const cases: readonly (readonly [string, BandwidthSums, number[]])[] = [
    ['1: neither scarce', sumsOf(40, 10, 45, 5), [7917, 3333, 2083, 2963, 3333, 7037, 3333]],
    ['2a: both scarce, exits more', sumsOf(30, 60, 5, 5), [10_000, 0, 0, 0, 0, 10_000, 10_000]],
    ['2a: both scarce, guards more', sumsOf(5, 60, 30, 5), [10_000, 10_000, 0, 0, 0, 10_000, 0]],
    ['2b: balanced', sumsOf(25, 20, 22, 33), [10_000, 2525, 0, 2272, 2525, 7727, 4949]],
    ['2b: full in both places', sumsOf(20, 30, 20, 30), [10_000, 4445, 0, 0, 1111, 10_000, 4444]],
    ['2b: no middle of both', sumsOf(20, 40, 20, 20), [10_000, 3334, 0, 0, 0, 10_000, 6666]],
    ['3a: guards scarce', sumsOf(10, 20, 60, 10), [10_000, 10_000, 0, 3333, 0, 6667, 0]],
    ['3a: guards scarce, middles above exits', sumsOf(10, 45, 40, 5), [10_000, 10_000, 0, 0, 0, 10_000, 0]],
    ['3a: exits scarce', sumsOf(60, 20, 10, 10), [6667, 0, 3333, 0, 0, 10_000, 10_000]],
    ['3a: exits scarce, middles above guards', sumsOf(40, 45, 10, 5), [10_000, 0, 0, 0, 0, 10_000, 10_000]],
    ['3b: guards scarce', sumsOf(20, 10, 40, 30), [10_000, 4444, 0, 3750, 2778, 6250, 2778]],
    ['3b: exits scarce', sumsOf(40, 10, 20, 30), [6250, 2778, 3750, 0, 2778, 10_000, 4444]],
  ];
  for (const [name, sums, expected] of cases) {
    it(`case ${name}`, () => expect(seven(sums)).to.deep.equal(expected));
  }

  it('follow the scale that the network sets', () => {
    expect(seven(sumsOf(60, 20, 10, 10), 1_000_000)).to.deep.equal([666_667, 0, 333_333, 0, 0, 1_000_000, 1_000_000]);
    const consensus = { ...carried(), weights: new Map(), params: new Map([['bwweightscale', 100]]) };
    expect(positionWeights(consensus)).to.deep.include({ Wmm: 100, Wgd: 0 });
  });

  it('are none where no case balances, and then all count in full', () => {
    // 2b with E + D below a third: Wed would be above the scale.
    expect(computeWeights(sumsOf(20, 50, 20, 10))).to.equal(null);
    const relays = (
      [
        ['1', 'Guard', 20_000],
        ['2', '', 50_000],
        ['3', 'Exit', 20_000],
        ['4', 'Exit Guard', 10_000],
      ] as const
    ).map(([identity, flags, bandwidth]) => relayOf({ identity, flags, bandwidth }));
    const consensus = { ...carried(), weights: new Map(), relays };
    expect(new Set(Object.values(positionWeights(consensus)))).to.deep.equal(new Set([10_000]));
  });

  it('are taken from the foot only if it has them all', () => {
    const consensus = carried();
    const part = new Map([...consensus.weights].filter(([name]) => name !== 'Wmd'));
    expect(footerWeights({ weights: part })).to.equal(null);
    expect(positionWeights({ ...consensus, weights: new Map([...consensus.weights, ['Wgg', 1]]) }).Wgg).to.equal(1);
  });

  it('never give away more than a class has, and all of it but a rounding', () => {
    const amount = fc.integer({ min: 1, max: 1_000_000 });
    fc.assert(
      fc.property(amount, amount, amount, amount, (G, M, E, D) => {
        const weights = computeWeights(sumsOf(G, M, E, D));
        if (weights === null) return;
        const inClass = {
          g: weights.Wgg + weights.Wmg,
          e: weights.Wee + weights.Wme,
          d: weights.Wgd + weights.Wmd + weights.Wed,
        };
        for (const sum of Object.values(inClass)) expect(sum).to.be.within(9998, 10_000);
        for (const weight of Object.values(weights)) expect(weight).to.be.within(0, 10_000);
      }),
    );
  });

  it('count a bad exit as none', () => {
    const relays = [
      relayOf({ identity: '1', flags: 'Exit BadExit', bandwidth: 5 }),
      relayOf({ identity: '2', flags: 'Exit Guard', bandwidth: 7 }),
    ];
    expect(bandwidthSums(relays)).to.deep.equal(sumsOf(1, 6, 1, 8));
  });
});
