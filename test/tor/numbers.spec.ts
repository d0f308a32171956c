/*
 * Numbers of the real consensus that the documents quote (requirements 2.1.7, 7.3, 7.4), from the wheels that choose paths.
 */
import { expect } from 'chai';
import { parseConsensus } from '../../tor/consensus/parse.ts';
import { preparePaths } from '../../tor/consensus/path.ts';
import type { PathTable } from '../../tor/consensus/path.ts';
import { positionWeights } from '../../tor/consensus/weights.ts';
import { totalOf, weightAt } from '../../tor/consensus/wheel.ts';
import { must, realText } from './given.ts';

type Position = 'guards' | 'middles' | 'exits';

describe('Tor on 2016-09-20, by its position weights', () => {
  let table: PathTable;
  let chances: Record<Position, number[]>;
  let relays: number;
  before(function () {
    const consensus = must(parseConsensus(realText(this)));
    table = preparePaths({ relays: consensus.relays, weights: positionWeights(consensus) });
    chances = { guards: chancesOf('guards'), middles: chancesOf('middles'), exits: chancesOf('exits') };
    relays = consensus.relays.length;
  });

  function chancesOf(position: Position): number[] {
    const { wheel } = table[position];
    const total = Number(totalOf(wheel));
    return wheel.items.map((_, place) => Number(weightAt(wheel, place)) / total);
  }

  const entropy = (shares: number[]) => -shares.reduce((sum, share) => sum + share * Math.log2(share), 0);
  const round = (value: number, digits: number) => Number(value.toFixed(digits));
  /** Over all ordered pairs of two positions, `value` of the pair's chance. */
  const overPairs = (from: number[], to: number[], value: (chance: number) => number) => {
    let sum = 0;
    for (const one of from) for (const other of to) sum += value(one * other);
    return sum;
  };

  it('entropies: 10.411 bits among 2095 guards, 11.095 among 6251 middles, 8.331 among 938 exits', () => {
    expect(Object.values(chances).map((shares) => shares.length)).to.deep.equal([2095, 6251, 938]);
    expect(Object.values(chances).map((shares) => round(entropy(shares), 3))).to.deep.equal([10.411, 11.095, 8.331]);
    expect(Object.values(chances).map((shares) => Math.round(2 ** entropy(shares)))).to.deep.equal([1361, 2188, 322]);
  });

  it('the largest guard has .0061 of its position, the largest exit .0308', () => {
    expect(round(Math.max(...chances.guards), 4)).to.equal(0.0061);
    expect(round(Math.max(...chances.exits), 4)).to.equal(0.0308);
  });

  it('the top tenth of relays has .618 of all positions; three draws differ with .99911', () => {
    const byRelay = new Map<string, [number, number, number]>();
    (['guards', 'middles', 'exits'] as const).forEach((position, at) => {
      table[position].wheel.items.forEach(({ identity }, place) => {
        const shares = byRelay.get(identity) ?? [0, 0, 0];
        shares[at] = chances[position][place] ?? 0;
        byRelay.set(identity, shares);
      });
    });
    const sums = [...byRelay.values()].map(([g, m, x]) => (g + m + x) / 3).sort((a, b) => b - a);
    const top = sums.slice(0, Math.round(relays / 10)).reduce((sum, share) => sum + share, 0);
    expect(round(top, 3)).to.equal(0.618);
    // Exits are nothing else here, so only guard and middle can meet.
    const meet = [...byRelay.values()].reduce((sum, [g, m, x]) => sum + g * m + g * x + m * x, 0);
    // The .99911 of the requirements is a sample's; this is exact.
    expect(1 - meet).to.be.closeTo(0.99911, 1e-4);
  });

  it('pairs that can share a circuit are 64.45 % of all, those that can owe both ways 8.4 % at most', () => {
    const pairs = (size: number) => (size * (size - 1)) / 2;
    const guards = chances.guards.length;
    const middlesAlone = chances.middles.length - guards;
    const exits = chances.exits.length;
    // Two guards can, as one may be the middle; two that are middles alone never do, nor two exits.
    const meeting = pairs(guards) + guards * middlesAlone + (guards + middlesAlone) * exits;
    expect(round(meeting / pairs(relays), 4)).to.equal(0.6445);
    expect(round(pairs(guards) / pairs(relays), 3)).to.equal(0.084);
  });

  for (const [circuits, guardMiddle, middleExit] of [
    [1e5, 95_947, 85_311],
    [1e6, 760_766, 504_892],
  ] as const) {
    it(`${circuits} circuits use ${guardMiddle} guard-middle pairs and ${middleExit} middle-exit pairs`, () => {
      const used = (chance: number) => -Math.expm1(-circuits * chance);
      expect(overPairs(chances.guards, chances.middles, used)).to.be.closeTo(guardMiddle, guardMiddle * 1e-4);
      expect(overPairs(chances.middles, chances.exits, used)).to.be.closeTo(middleExit, middleExit * 1e-4);
    });
  }

  it('a circuit among a million is alone on its pair with .614 (guard-middle) and .326 (middle-exit)', () => {
    const alone = (chance: number) => chance * Math.exp(-1e6 * chance);
    expect(round(overPairs(chances.guards, chances.middles, alone), 3)).to.equal(0.614);
    expect(round(overPairs(chances.middles, chances.exits, alone), 3)).to.equal(0.326);
  });
});
