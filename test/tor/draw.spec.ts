import { expect } from 'chai';
import fc from 'fast-check';
import { drawNetwork } from '../../tor/consensus/draw.ts';
import { parseConsensus } from '../../tor/consensus/parse.ts';
import { choosePath, preparePaths } from '../../tor/consensus/path.ts';
import { positionWeights } from '../../tor/consensus/weights.ts';
import { carried, must, realText, relayOf, scriptedDraw, seededDraw } from './given.ts';

describe('drawing a network', () => {
  it('has the relays asked for, with guards and exits enough, under names of their own', () => {
    const consensus = carried();
    fc.assert(
      fc.property(fc.integer({ min: 4, max: 60 }), fc.string(), (count, seed) => {
        const drawn = must(drawNetwork({ consensus, count, draw: seededDraw(seed) }));
        expect(drawn).to.have.length(count);
        expect(drawn.filter((relay) => relay.exit).length).to.be.least(Math.max(2, Math.ceil((count * 8) / 60)));
        expect(drawn.filter((relay) => relay.guard && !relay.exit).length).to.be.least(Math.ceil(count / 4));
        expect(new Set(drawn.map((relay) => relay.identity)).size).to.equal(count);
        expect(new Set(drawn.map((relay) => relay.nickname.toLowerCase())).size).to.equal(count);
        const identities = drawn.map((relay) => relay.identity);
        for (const relay of drawn) expect(identities).to.include.members([...relay.family]);
        expect(drawn.map((relay) => relay.nickname)).to.deep.equal(drawn.map((relay) => relay.nickname).sort());
      }),
      { numRuns: 60 },
    );
  });

  it('is the same for the same draws, and another for others', () => {
    const consensus = carried();
    const draw = (seed: string) =>
      must(drawNetwork({ consensus, count: 12, draw: seededDraw(seed) })).map((relay) => relay.identity);
    expect(draw('a')).to.deep.equal(draw('a'));
    expect(draw('a')).to.not.deep.equal(draw('b'));
  });

  it('takes all sixty when asked, each once, families whole and the two without a name apart', () => {
    const consensus = carried();
    const drawn = must(drawNetwork({ consensus, count: 60, draw: seededDraw('all') }));
    expect(drawn.filter((relay) => relay.exit)).to.have.length(8);
    expect(drawn.map((relay) => relay.nickname)).to.include.members(['Unnamed', 'Unnamed2']);
    for (const { relay, family } of drawn) expect(family).to.deep.equal(relay.family);
  });

  it('draws by bandwidth among those left', () => {
    const relays = [
      relayOf({ identity: '1', flags: 'Exit', bandwidth: 1 }),
      relayOf({ identity: '2', flags: 'Exit', bandwidth: 1 }),
      relayOf({ identity: '3', flags: 'Guard', bandwidth: 5 }),
      relayOf({ identity: '4', bandwidth: 1 }),
      relayOf({ identity: '5', bandwidth: 3 }),
      relayOf({ identity: '6', bandwidth: 0 }),
    ];
    const consensus = { ...carried(), relays };
    const fourth = [0n, 1n, 2n, 3n].map((point) => {
      const drawn = must(drawNetwork({ consensus, count: 4, draw: scriptedDraw(0n, 0n, 0n, point) }));
      return drawn.map((relay) => relay.identity).find((identity) => identity > '3');
    });
    expect(fourth).to.deep.equal(['4', '5', '5', '5']);
    expect(drawNetwork({ consensus, count: 6, draw: scriptedDraw() })).to.have.nested.property('refusal.code', 'draw-too-few');
  });

  for (const [count, code] of [
    [3, 'draw-count'],
    [4.5, 'draw-count'],
    [Number.NaN, 'draw-count'],
    [61, 'draw-too-few'],
    [1e9, 'draw-too-few'],
  ] as const) {
    it(`refuses ${count} relays: ${code}`, () => {
      const refused = drawNetwork({ consensus: carried(), count, draw: seededDraw('no') });
      expect(refused).to.have.nested.property('refusal.code', code);
    });
  }

  it('refuses where there are no exits, or no guards beside them', () => {
    const consensus = carried();
    for (const flag of ['Exit', 'Guard']) {
      const relays = consensus.relays.filter((relay) => !relay.flags.has(flag));
      const refused = drawNetwork({ consensus: { ...consensus, relays }, count: 12, draw: seededDraw('no') });
      expect(refused).to.have.nested.property('refusal.about').that.includes(`${flag.toLowerCase()}s for 12`);
    }
  });

  it('gives networks in which circuits can be built', () => {
    const consensus = carried();
    for (const seed of ['1', '2', '3', '4', '5', '6', '7', '8', '9']) {
      const drawn = must(drawNetwork({ consensus, count: 12, draw: seededDraw(seed) }));
      const table = preparePaths({ relays: drawn.map(({ relay }) => relay), weights: positionWeights(consensus) });
      for (let turn = 0; turn < 50; turn++) must(choosePath(table, seededDraw(`${seed} ${turn}`)));
    }
  });

  it('draws forty from the real consensus', function () {
    const consensus = must(parseConsensus(realText(this)));
    const drawn = must(drawNetwork({ consensus, count: 40, draw: seededDraw('forty') }));
    expect(drawn.filter((relay) => relay.exit).length).to.be.least(6);
    expect(drawn.filter((relay) => relay.guard && !relay.exit).length).to.be.least(10);
  });
});
