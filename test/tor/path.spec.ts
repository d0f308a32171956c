import { expect } from 'chai';
import type { TorRelay } from '../../tor/consensus/relay.ts';
import { chooseCircuit, chooseGuard, choosePath, preparePaths } from '../../tor/consensus/path.ts';
import type { Path } from '../../tor/consensus/path.ts';
import { classOf, positionWeights } from '../../tor/consensus/weights.ts';
import { totalOf, weightAt } from '../../tor/consensus/wheel.ts';
import { carried, must, relayOf, scriptedDraw, seededDraw } from './given.ts';

const weights = positionWeights(carried());

function identitiesOf(path: Path): string[] {
  return [path.guard, path.middle, path.exit].map((relay) => relay.identity);
}

describe('path selection', () => {
  it('keeps to the flags, and apart what belongs together, in ten thousand circuits', () => {
    const table = preparePaths({ relays: carried().relays, weights });
    const draw = seededDraw('circuits');
    for (let turn = 0; turn < 10_000; turn++) {
      const path = must(choosePath(table, draw));
      const { guard, middle, exit } = path;
      expect(guard.flags.has('Guard') && exit.flags.has('Exit') && !exit.flags.has('BadExit')).to.equal(true);
      expect(new Set(identitiesOf(path)).size).to.equal(3);
      expect(new Set([guard, middle, exit].map((relay) => relay.subnet)).size).to.equal(3);
      for (const [one, other] of [
        [guard, middle],
        [guard, exit],
        [middle, exit],
      ] as [TorRelay, TorRelay][]) {
        expect(one.family).to.not.include(other.identity);
      }
    }
  });

  it('seats each relay by bandwidth times the weight of its class, exactly', () => {
    const { relays } = carried();
    const table = preparePaths({ relays, weights });
    const expected = { guards: 0n, middles: 0n, exits: 0n };
    for (const relay of relays) {
      const kind = classOf(relay);
      const bandwidth = BigInt(relay.bandwidth);
      if (kind === 'g') expected.guards += bandwidth * BigInt(weights.Wgg);
      if (kind === 'd') expected.guards += bandwidth * BigInt(weights.Wgd);
      expected.middles += bandwidth * BigInt({ g: weights.Wmg, m: weights.Wmm, e: weights.Wme, d: weights.Wmd }[kind]);
      if (kind === 'e' || kind === 'd') expected.exits += bandwidth * BigInt(kind === 'e' ? weights.Wee : weights.Wed);
    }
    for (const position of ['guards', 'middles', 'exits'] as const) {
      expect(totalOf(table[position].wheel)).to.equal(expected[position]);
    }
    // Wgd = Wme = Wmd = 0 here, as in 2016: exits are exits alone.
    expect(table.guards.wheel.items.every((relay) => classOf(relay) === 'g')).to.equal(true);
    expect(table.middles.wheel.items.every((relay) => ['g', 'm'].includes(classOf(relay)))).to.equal(true);
  });

  it('chooses guards as often as they weigh', () => {
    const table = preparePaths({ relays: carried().relays, weights });
    const draw = seededDraw('guards');
    const turns = 20_000;
    const counts = new Map<string, number>();
    for (let turn = 0; turn < turns; turn++) {
      const { identity } = must(chooseGuard(table, draw));
      counts.set(identity, (counts.get(identity) ?? 0) + 1);
    }
    table.guards.wheel.items.forEach((relay, place) => {
      const share = Number(weightAt(table.guards.wheel, place)) / Number(totalOf(table.guards.wheel));
      const spread = Math.sqrt(turns * share * (1 - share));
      expect(counts.get(relay.identity) ?? 0, relay.nickname).to.be.within(
        turns * share - 5 * spread,
        turns * share + 5 * spread,
      );
    });
  });

  it('chooses middles, behind a guard and an exit, by what is left', () => {
    const relays = [
      relayOf({ identity: 'g', flags: 'Guard', bandwidth: 10 }),
      relayOf({ identity: 'x', flags: 'Exit', bandwidth: 10 }),
      relayOf({ identity: 'm', bandwidth: 1 }),
      relayOf({ identity: 'n', bandwidth: 3 }),
    ];
    const table = preparePaths({ relays, weights: { ...weights, Wmg: 10_000, Wmm: 10_000, Wme: 10_000 } });
    const [guard] = relays as [TorRelay];
    const counts = new Map<string, number>();
    // Every draw there is: one of one exit's 100 000 points, and a sample through the 40 000 of the middles.
    for (let point = 0n; point < 40_000n; point += 100n) {
      const { middle } = must(chooseCircuit(table, guard, scriptedDraw(0n, point)));
      counts.set(middle.identity, (counts.get(middle.identity) ?? 0) + 1);
    }
    expect([...counts]).to.deep.equal([
      ['m', 100],
      ['n', 300],
    ]);
  });

  const base = { g: 'Guard', m: '', x: 'Exit' };
  const network = (changes: Record<string, Partial<TorRelay>> = {}, flags: Record<string, string> = base) =>
    Object.entries(flags).map(([identity, flag]) => relayOf({ ...changes[identity], identity, flags: flag }));
  const choose = (relays: TorRelay[]) => choosePath(preparePaths({ relays, weights }), scriptedDraw());

  it('finds the one path there is', () => {
    expect(identitiesOf(must(choose(network())))).to.deep.equal(['g', 'm', 'x']);
    expect(identitiesOf(must(choose(network({ g: { subnet: '10.1' }, m: { subnet: '10.2' } }))))).to.deep.equal(['g', 'm', 'x']);
  });

  for (const [name, relays, code] of [
    ['no guard', network({}, { m: '', x: 'Exit' }), 'path-no-guard'],
    [
      'a guard that is not valid',
      [...network({}, { m: '', x: 'Exit' }), { ...relayOf({ identity: 'g' }), flags: new Set(['Guard', 'Running']) }],
      'path-no-guard',
    ],
    ['no exit', network({}, { g: 'Guard', m: '' }), 'path-no-exit'],
    ['a bad exit alone', network({}, { ...base, x: 'Exit BadExit' }), 'path-no-exit'],
    ['an exit of the guard’s family', network({ g: { family: ['x'] }, x: { family: ['g'] } }), 'path-no-exit'],
    ['an exit in the guard’s /16', network({ g: { subnet: '10.1' }, x: { subnet: '10.1' } }), 'path-no-exit'],
    ['no middle', network({}, { g: 'Guard', x: 'Exit' }), 'path-no-middle'],
    ['a middle of the exit’s family', network({ m: { family: ['x'] }, x: { family: ['m'] } }), 'path-no-middle'],
    ['a middle in the exit’s /16', network({ m: { subnet: '10.1' }, x: { subnet: '10.1' } }), 'path-no-middle'],
    ['relays without bandwidth', network({ m: { bandwidth: 0 } }), 'path-no-middle'],
  ] as [string, TorRelay[], string][]) {
    it(`refuses ${name}`, () => expect(choose(relays)).to.have.nested.property('refusal.code', code));
  }
});
