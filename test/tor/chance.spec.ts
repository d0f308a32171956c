import { expect } from 'chai';
import fc from 'fast-check';
import { drawFrom } from '../../tor/chance.ts';
import { makeWheel, spin, totalOf, weightAt } from '../../tor/consensus/wheel.ts';
import { scriptedDraw, seededDraw } from './given.ts';

describe('even draws', () => {
  it('stay below the bound, whatever the bytes', () => {
    const draw = seededDraw('bounds');
    for (const below of [1n, 2n, 3n, 255n, 256n, 257n, 2n ** 64n + 1n]) {
      for (let turn = 0; turn < 50; turn++) expect(draw(below) < below, `${below}`).to.equal(true);
    }
  });

  it('take the bytes as one number, and draw again above the bound', () => {
    const given = [[0xff], [0x0a], [0x09], [0x01, 0x02]].map((bytes) => Uint8Array.from(bytes));
    const draw = drawFrom({ bytes: () => given.shift() ?? new Uint8Array(1) });
    // 10 has four bits: 0xff and 0x0a are 15 and 10, both too high.
    expect(draw(10n)).to.equal(9n);
    expect(draw(65_536n)).to.equal(0x0102n);
  });

  it('give each number its share', () => {
    const draw = seededDraw('shares');
    const counts = [0, 0, 0, 0, 0];
    for (let turn = 0; turn < 5000; turn++) counts[Number(draw(5n))]! += 1;
    // Five standard deviations around 1000.
    for (const count of counts) expect(count).to.be.within(858, 1142);
  });

  it('have no bound of zero', () => {
    expect(() => seededDraw('zero')(0n)).to.throw('invariant');
  });
});

describe('choice by weight', () => {
  const weights = fc.array(fc.bigInt({ min: 0n, max: 7n }), { maxLength: 8 });

  it('gives each item as many points as it has weight, whatever is left out', () => {
    fc.assert(
      fc.property(weights, fc.array(fc.nat(7)), (given, out) => {
        const wheel = makeWheel([...given.keys()], (place) => given[place] ?? 0n);
        const leftOut = out.filter((place) => place < wheel.items.length);
        const hits = new Map<number, bigint>();
        const rest = wheel.items.reduce((sum, _, place) => (leftOut.includes(place) ? sum : sum + weightAt(wheel, place)), 0n);
        for (let point = 0n; point < rest; point++) {
          const place = spin(wheel, scriptedDraw(point), leftOut) as number;
          hits.set(place, (hits.get(place) ?? 0n) + 1n);
        }
        wheel.items.forEach((item, place) => {
          expect(weightAt(wheel, place)).to.equal(given[item]);
          expect(hits.get(place) ?? 0n).to.equal(leftOut.includes(place) ? 0n : given[item]);
        });
      }),
    );
  });

  it('has nothing to give when all is left out or weighs nothing', () => {
    const wheel = makeWheel(['a', 'b', 'c'], (name) => (name === 'b' ? 0n : 1n));
    expect(wheel.items).to.deep.equal(['a', 'c']);
    expect(totalOf(wheel)).to.equal(2n);
    expect(spin(wheel, scriptedDraw(0n), [1, 0, 1])).to.equal(null);
    expect(
      spin(
        makeWheel([], () => 1n),
        scriptedDraw(0n),
      ),
    ).to.equal(null);
  });

  it('stays exact beyond 2^53', () => {
    const wheel = makeWheel([0, 1], (place) => (place === 0 ? 2n ** 80n : 1n));
    expect(spin(wheel, scriptedDraw(2n ** 80n - 1n))).to.equal(0);
    expect(spin(wheel, scriptedDraw(2n ** 80n))).to.equal(1);
  });

  it('refuses to go on with a draw outside its bound', () => {
    const wheel = makeWheel([0], () => 3n);
    expect(() => spin(wheel, scriptedDraw(3n))).to.throw('invariant');
  });
});
