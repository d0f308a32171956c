import { expect } from 'chai';
import fc from 'fast-check';
import { aged, FULL, weightAt } from '../../directory/state/half-life.ts';
import { mtbfSec, neverAsked, observe, uptimeMillionths, type Uptime } from '../../directory/state/uptime.ts';

const HOUR = 3600;
const HALF_LIFE = 12 * HOUR;

/** Asked each hour; `-` is a probe that was missed. */
function seen(pattern: string): Uptime {
  return [...pattern].reduce<Uptime>(
    (before, sign, index) =>
      observe(before, {
        reached: sign !== '-',
        at: (index + 1) * HOUR,
        knownSince: 0,
        halfLifeSec: HALF_LIFE,
        spanMaxSec: 2 * HOUR,
      }),
    neverAsked,
  );
}

describe('directory/state/half-life', () => {
  it('halves with each half-life and is right in between to nine digits', () => {
    expect(weightAt(0, 100)).equal(FULL);
    expect(weightAt(100, 100)).equal(FULL / 2n);
    expect(weightAt(700, 100)).equal(FULL / 128n);
    for (const age of [1, 7, 33, 50, 99, 140]) {
      expect(Number(weightAt(age, 100)) / Number(FULL)).closeTo(2 ** (-age / 100), 1e-9);
    }
  });

  it('never grows with age, and in steps is what it is at once, but for what is rounded down', () => {
    fc.assert(
      fc.property(fc.nat(200_000), fc.nat(200_000), fc.integer({ min: 1, max: 100_000 }), (a, b, halfLife) => {
        const [one, both] = [weightAt(a, halfLife), weightAt(a + b, halfLife)];
        expect(both <= one).equal(true);
        const steps = aged(one, weightAt(b, halfLife));
        const apart = steps > both ? steps - both : both - steps;
        expect(apart <= FULL >> 29n).equal(true);
      }),
      { seed: 1 },
    );
  });

  it('forgets at once where there is no half-life', () => {
    expect(weightAt(0, 0)).equal(FULL);
    expect(weightAt(1, 0)).equal(0n);
  });
});

describe('directory/state/uptime', () => {
  it('is a whole for a relay that never missed, nothing for one that was never there', () => {
    expect(uptimeMillionths(seen('++++++++'))).equal(1_000_000);
    expect(uptimeMillionths(seen('--------'))).equal(0);
    expect(uptimeMillionths(neverAsked)).equal(0);
  });

  it('counts what is a half-life old but half', () => {
    // Twelve hours down, then twelve up: the older half weighs half as much.
    expect(uptimeMillionths(seen('-'.repeat(12) + '+'.repeat(12)))).equal(666_666);
    expect(uptimeMillionths(seen('+'.repeat(12) + '-'.repeat(12)))).equal(333_333);
  });

  it('counts a time without any probing as one span at most', () => {
    const probe = { knownSince: 0, halfLifeSec: HALF_LIFE, spanMaxSec: 2 * HOUR };
    const up = observe(neverAsked, { ...probe, reached: true, at: HOUR });
    const down = observe(up, { ...probe, reached: false, at: 25 * HOUR });
    expect(down.total - down.up).equal(BigInt(2 * HOUR) << 32n);
  });

  it('has as mean time between failures the weighted mean of its runs', () => {
    expect(mtbfSec(seen('++++'))).equal(3 * HOUR);
    expect(mtbfSec(seen('-'))).equal(0);
    expect(mtbfSec(seen('+'))).equal(0);
    // A run of ten hours that ended a half-life ago, and one of four that goes on: (10/2 + 4) / (1/2 + 1).
    expect(mtbfSec(seen('+'.repeat(11) + '-'.repeat(8) + '+'.repeat(5)))).equal(6 * HOUR);
  });

  it('is never better for a relay that was missed more', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { minLength: 1, maxLength: 40 }), fc.nat(), (rounds, at) => {
        const pattern = rounds.map((up) => (up ? '+' : '-'));
        const more = pattern.with(at % pattern.length, '+').join('');
        expect(uptimeMillionths(seen(more))).least(uptimeMillionths(seen(pattern.join(''))));
        const always = seen('+'.repeat(pattern.length));
        expect(mtbfSec(always)).least(mtbfSec(seen(pattern.join(''))));
      }),
      { seed: 1, numRuns: 60 },
    );
  });
});
