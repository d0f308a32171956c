import { expect } from 'chai';
import fc from 'fast-check';
import { chargedBytes, linkTraffic, onwardBytes } from '../../core/rule/chain.ts';
import {
  addTraffic,
  affordableBytes,
  circuitUsage,
  GIB,
  noTraffic,
  scaledValue,
  usageCeil,
  valueFloor,
} from '../../core/rule/price.ts';
import { testTerms } from '../harness/view.ts';

const rail = (price: bigint) => ({ price, quantum: 1n, dust: 0n });
const bytes = fc.bigInt({ min: 0n, max: 2n ** 50n });
const anyTerms = fc
  .tuple(fc.bigInt({ min: 1n, max: 8000n }), fc.bigInt({ min: 1n, max: 1000n }))
  .map(([n, e]) => testTerms(3, { exitRatio: [n, e] }));

describe('core/rule/price and chain', () => {
  it('rule 2 with |N|/|E| = 3/2: the middle is owed 2.5 and the exit 1.5 per unit; the subscriber pays 3.5 (Fig. 1)', () => {
    const terms = testTerms(0);
    const unit = rail(1_000_000n);
    const value = (hopsLeft: number) => valueFloor(terms, scaledValue(terms, unit, linkTraffic(GIB, hopsLeft, true)));
    expect(linkTraffic(GIB, 1, true)).deep.equal({ relayBytes: GIB, exitBytes: GIB });
    expect(linkTraffic(GIB, 0, true)).deep.equal({ relayBytes: 0n, exitBytes: GIB });
    expect([value(1), value(0), usageCeil(terms, unit, circuitUsage(GIB, 3, true))]).deep.equal([
      2_500_000n,
      1_500_000n,
      3_500_000n,
    ]);
  });

  it('a circuit that does not leave Tor costs n standard prices', () => {
    const terms = testTerms(0);
    expect(usageCeil(terms, rail(10n), circuitUsage(GIB, 3, false))).equal(30n);
    expect(linkTraffic(5n, 1, false)).deep.equal({ relayBytes: 10n, exitBytes: 0n });
    expect(linkTraffic(5n, 0, false)).deep.equal({ relayBytes: 5n, exitBytes: 0n });
  });

  it('what the subscriber pays is what its guard keeps plus what the guard owes, and so on along any circuit', () => {
    fc.assert(
      fc.property(bytes, fc.integer({ min: 2, max: 8 }), fc.boolean(), anyTerms, (b, hops, leaves, terms) => {
        const value = (traffic: { relayBytes: bigint; exitBytes: bigint }) => scaledValue(terms, rail(7n), traffic);
        let inflow = value(circuitUsage(b, hops, leaves));
        for (let hop = 1; hop < hops; hop += 1) {
          const onward = value(linkTraffic(b, hops - 1 - hop, leaves));
          expect(inflow - onward).equal(value({ relayBytes: b, exitBytes: 0n }));
          inflow = onward;
        }
        expect(inflow).equal(value(leaves ? { relayBytes: 0n, exitBytes: b } : { relayBytes: b, exitBytes: 0n }));
      }),
      { seed: 1 },
    );
  });

  it('does not drift over any split of the same traffic', () => {
    fc.assert(
      fc.property(fc.array(bytes, { minLength: 1, maxLength: 20 }), anyTerms, (parts, terms) => {
        const whole = parts.reduce((sum, part) => sum + part, 0n);
        const split = parts.reduce((sum, part) => addTraffic(sum, circuitUsage(part, 3, true)), noTraffic);
        expect(usageCeil(terms, rail(999n), split)).equal(usageCeil(terms, rail(999n), circuitUsage(whole, 3, true)));
      }),
      { seed: 1 },
    );
  });

  it('affordableBytes is the most that the funds cover: one more byte costs more than they are', () => {
    const funds = fc.bigInt({ min: 0n, max: 2n ** 40n });
    fc.assert(
      fc.property(bytes, funds, fc.integer({ min: 1, max: 5 }), fc.boolean(), anyTerms, (used, have, hops, leavesTor, terms) => {
        const before = circuitUsage(used, 3, true);
        const most = affordableBytes(terms, rail(1_000_003n), before, have, { hops, leavesTor });
        if (most === 'unlimited') throw new Error('a price above zero always limits');
        const cost = (b: bigint) => usageCeil(terms, rail(1_000_003n), addTraffic(before, circuitUsage(b, hops, leavesTor)));
        if (most > 0n) expect(cost(most) <= have).equal(true);
        expect(cost(most + 1n) > have).equal(true);
      }),
      { seed: 1 },
    );
  });

  it('rule 4: a circuit costs max(bytes, startingBytes) in the interval in which it began', () => {
    expect([chargedBytes(0n, 25_700n, true), chargedBytes(30_000n, 25_700n, true), chargedBytes(3n, 25_700n, false)]).deep.equal([
      25_700n,
      30_000n,
      3n,
    ]);
  });

  it('nobody owes onward more than was certified to it', () => {
    fc.assert(
      fc.property(bytes, bytes, bytes, fc.boolean(), (carried, certified, starting, began) => {
        const onward = onwardBytes(carried, certified, starting, began);
        expect(onward <= certified).equal(true);
        expect(onward <= chargedBytes(carried, starting, began)).equal(true);
      }),
      { seed: 1 },
    );
  });
});
