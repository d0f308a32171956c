/*
 * The rules of money and traffic through the running roles, each by figures worked out by hand. The price is 2^30 a GiB: a byte
 * through a standard hop costs one unit.
 */
import { expect } from 'chai';
import { contestsShown, iousShown, relaysShown, settled, shown, subscribersShown } from './settled.ts';

const price = '1073741824';

describe('scenario: rules', () => {
  it('one, two and four hops, at the ratio of the file, everybody listed in byte order', async () => {
    // Six relays, two exits: a byte out of an exit costs 3.
    const report = await settled({
      price,
      startingBytes: '0',
      relays: [
        { name: 'b', exit: true, guard: true },
        { name: 'R2', guard: true },
        ...[{ name: 'R10' }, { name: 'B', exit: true }, { name: 'dir-authority' }, { name: 'g' }],
      ],
      subscribers: [
        { name: 'u', guard: 'R2', deposit: '10000000' },
        { name: 'U', guard: 'b', deposit: '1000000' },
        { name: 'none', guard: 'g', deposit: '0' },
      ],
      circuits: [
        // Costs 1000 · (1 + 3).
        { subscriber: 'u', path: ['R2', 'B'], bytes: '1000' },
        // Costs 100 · (3 + 3); the links are worth 100 · (2 + 3), 100 · (1 + 3) and 100 · 3.
        { subscriber: 'u', path: ['R2', 'R10', 'g', 'B'], bytes: '100' },
        // Costs 10 · 3, and nobody is owed anything.
        { subscriber: 'U', path: ['b'], bytes: '10' },
      ],
    });
    const [interval] = report.intervals;
    expect(iousShown(interval!)).deep.equal([
      'R10→g 100 + 100 = 400',
      'R2→B 0 + 1000 = 3000',
      'R2→R10 200 + 100 = 500',
      'g→B 0 + 100 = 300',
    ]);
    expect(shown(interval!.payments)).deep.equal(['R10→g 400', 'R2→B 3000', 'R2→R10 500', 'g→B 300']);
    expect(interval!.guardFlags).deep.equal(['R2', 'b']);
    expect(relaysShown(report)).deep.equal([
      'B 3300 0 3300 0',
      'R10 500 400 100 0',
      'R2 0 3500 -3500 4600',
      'b 0 0 0 30',
      'dir-authority 0 0 0 0',
      'g 400 300 100 0',
    ]);
    expect(subscribersShown(report)).deep.equal(['U 1000000 30 999970', 'none 0 0 0', 'u 10000000 4600 9995400']);
  });

  it('a small circuit costs the starting amount, on every link and to its subscriber', async () => {
    const report = await settled({
      price,
      exitRatio: ['3', '2'],
      relays: [{ name: 'R1', guard: true }, { name: 'R2' }, { name: 'R3', exit: true }, { name: 'R4', exit: true, guard: true }],
      subscribers: [
        { name: 'U1', guard: 'R1', deposit: '1000000' },
        { name: 'U4', guard: 'R4', deposit: '1000000' },
      ],
      circuits: [
        { subscriber: 'U1', path: ['R1', 'R2', 'R3'], bytes: '100' },
        { subscriber: 'U1', path: ['R1', 'R2', 'R3'], bytes: '51400' },
        { subscriber: 'U1', path: ['R1', 'R3'], bytes: '1' },
        { subscriber: 'U4', path: ['R4'], bytes: '25699' },
        { subscriber: 'U4', path: ['R4'], bytes: '0' },
      ],
    });
    // By design §7 it is 25 700 bytes, so the first two count 25 700 + 51 400 = 77 100, the others 25 700 each.
    expect(iousShown(report.intervals[0]!)).deep.equal([
      'R1→R2 77100 + 77100 = 192750',
      'R1→R3 0 + 25700 = 38550',
      'R2→R3 0 + 77100 = 115650',
    ]);
    // U1: 77 100 · 3.5 + 25 700 · 2.5 = 269 850 + 64 250. U4: 51 400 · 1.5.
    expect(subscribersShown(report)).deep.equal(['U1 1000000 334100 665900', 'U4 1000000 77100 922900']);
  });

  it('a balance that runs out carries the most whole bytes, and nothing after', async () => {
    const report = await settled({
      price,
      exitRatio: ['3', '2'],
      startingBytes: '1000',
      relays: [...['R1', 'R4', 'R5'].map((name) => ({ name, guard: true })), ...[{ name: 'R2' }, { name: 'R3', exit: true }]],
      subscribers: [
        { name: 'U1', guard: 'R1', deposit: '100000' },
        { name: 'U4', guard: 'R4', deposit: '10000' },
        { name: 'U5', guard: 'R5', deposit: '3499' },
      ],
      circuits: [
        // 20 000 · 3.5 = 70 000 leave 30 000: 8 571 bytes cost 29 998.5, 8 572 would cost 30 002. Then there is nothing for one byte.
        { subscriber: 'U1', path: ['R1', 'R2', 'R3'], bytes: '20000' },
        { subscriber: 'U1', path: ['R1', 'R2', 'R3'], bytes: '10000' },
        { subscriber: 'U1', path: ['R1', 'R2', 'R3'], bytes: '1' },
        // 2 857 · 3.5 = 9 999.5
        { subscriber: 'U4', path: ['R4', 'R2', 'R3'], bytes: '5000' },
        // 3 499 / 3.5 = 999.7: under the starting amount. Over two hops 3 499 / 2.5 = 1 399.6, for 3 497.5.
        { subscriber: 'U5', path: ['R5', 'R2', 'R3'], bytes: '5000' },
        { subscriber: 'U5', path: ['R5', 'R3'], bytes: '5000' },
      ],
    });
    const [interval] = report.intervals;
    expect(iousShown(interval!)).deep.equal([
      'R1→R2 28571 + 28571 = 71427',
      'R2→R3 0 + 31428 = 47142',
      'R4→R2 2857 + 2857 = 7142',
      'R5→R3 0 + 1399 = 2098',
    ]);
    // Down to a unit between relays, up for a subscriber.
    expect(shown(interval!.payments)).deep.equal(['R1→R2 71427', 'R2→R3 47142', 'R4→R2 7142', 'R5→R3 2098']);
    expect(subscribersShown(report)).deep.equal(['U1 100000 99999 1', 'U4 10000 10000 0', 'U5 3499 3498 1']);
  });

  it('a rest under the quantum is carried on, turns with the net, and is paid to the unit when it is old', async () => {
    // Two hops: 1.5 a byte. R1→R2 and the pair of R1 and R4.
    const over = (subscriber: string, path: string[], bytes: string) => ({ subscriber, path, bytes });
    const report = await settled({
      price,
      exitRatio: ['3', '2'],
      startingBytes: '0',
      quantum: '1000',
      parameters: { carryIntervals: 2 },
      relays: ['R1', 'R2', 'R4'].map((name) => ({ name, exit: true, guard: name !== 'R2' })),
      subscribers: ['1', '4'].map((n) => ({ name: `U${n}`, guard: `R${n}`, deposit: '100000' })),
      intervals: [
        // R1→R2: 1 200 = 1 000 + 200. R1→R4: the same.
        { circuits: [over('U1', ['R1', 'R2'], '800'), over('U1', ['R1', 'R4'], '800')] },
        // 600 + 200 = 800. R4→R1: 900 − 200 = 700, the other way round.
        { circuits: [over('U1', ['R1', 'R2'], '400'), over('U4', ['R4', 'R1'], '600')] },
        // 150 + 800 = 950, of which the oldest part is two intervals old: paid. R4→R1: 450 + 700 = 1 000 + 150.
        { circuits: [over('U1', ['R1', 'R2'], '100'), over('U4', ['R4', 'R1'], '300')] },
        // 1.5: the fraction is dropped. The 150 stay: what was older of them is paid.
        { circuits: [over('U1', ['R1', 'R2'], '1')] },
      ],
    });
    expect(report.intervals.map((one) => shown(one.payments))).deep.equal([
      ['R1→R2 1000', 'R1→R4 1000'],
      [],
      ['R1→R2 950', 'R4→R1 1000'],
      [],
    ]);
    expect(report.intervals.map((one) => shown(one.carried))).deep.equal([
      ['R1→R2 200', 'R1→R4 200'],
      ['R1→R2 800', 'R4→R1 700'],
      ['R4→R1 150'],
      ['R1→R2 1', 'R4→R1 150'],
    ]);
    // R1: received 1 000, paid 1 000 + 1 000 + 950. U1 used 2 101 bytes, U4 900, at 2.5: each interval's sum rounded up.
    expect(relaysShown(report)).deep.equal(['R1 1000 2950 -1950 5253', 'R2 1950 0 1950 0', 'R4 1000 1000 0 2250']);
  });

  it('dust is carried until it is worth paying, and forgiven when it is old', async () => {
    const over = (exit: string, bytes: string) => ({ subscriber: 'U', path: ['G', exit], bytes });
    const report = await settled({
      price,
      exitRatio: ['1', '1'],
      startingBytes: '0',
      parameters: { carryIntervals: 2, dust: '1000' },
      relays: [{ name: 'G', guard: true }, ...['X', 'Y'].map((name) => ({ name, exit: true }))],
      subscribers: [{ name: 'U', guard: 'G', deposit: '100000' }],
      intervals: [
        { circuits: [over('X', '600'), over('Y', '600')] },
        // To X 900 in all, to Y 1 200.
        { circuits: [over('X', '300'), over('Y', '600')] },
        {},
      ],
    });
    expect(report.intervals.map((one) => shown(one.payments))).deep.equal([[], ['G→Y 1200'], []]);
    expect(report.intervals.map((one) => shown(one.carried))).deep.equal([['G→X 600', 'G→Y 600'], ['G→X 900'], []]);
    expect(relaysShown(report)).deep.equal(['G 0 1200 -1200 4200', 'X 0 0 0 0', 'Y 1200 0 1200 0']);
  });

  it('a relay that does not pay an interval harms that interval alone', async () => {
    const circuits = [{ subscriber: 'U', path: ['G', 'M', 'X'], bytes: '1000' }];
    const report = await settled({
      price,
      exitRatio: ['3', '2'],
      startingBytes: '0',
      relays: [{ name: 'G', guard: true }, { name: 'M' }, { name: 'X', exit: true }],
      subscribers: [{ name: 'U', guard: 'G', deposit: '100000' }],
      intervals: [{ circuits, unpaidBy: ['G'] }, { circuits }],
    });
    // The default stays with M, which pays X all the same.
    expect(report.intervals.map((one) => shown(one.payments))).deep.equal([['M→X 1500'], ['G→M 2500', 'M→X 1500']]);
    expect(report.intervals.map((one) => shown(one.carried))).deep.equal([[], []]);
    expect(relaysShown(report)).deep.equal(['G 0 2500 -2500 7000', 'M 2500 3000 -500 0', 'X 3000 0 3000 0']);
    expect(subscribersShown(report)).deep.equal(['U 100000 7000 93000']);
  });

  it('each unpaid payment is contested; two reporters that are not of one family take the flag, for as long as it is not paid', async () => {
    const over = (...path: string[]) => ({ subscriber: 'U', path, bytes: '1000' });
    const report = await settled({
      ...{ price, exitRatio: ['3', '2'], startingBytes: '0', quantum: '1000' },
      relays: [
        { name: 'G', guard: true },
        ...['M', 'N'].map((name) => ({ name, family: 'f' })),
        ...[{ name: 'O' }, { name: 'X', exit: true, guard: true }],
      ],
      subscribers: [{ name: 'U', guard: 'G', deposit: '100000' }],
      intervals: [
        // Two of one family count once, and G had the flag: it stays.
        { circuits: [over('G', 'M', 'X'), over('G', 'N', 'X')], unpaidBy: ['G'] },
        // With O there are two.
        { circuits: [over('G', 'O', 'X'), over('G', 'M', 'X')], unpaidBy: ['G'] },
        // That it pays now brings nothing back.
        { circuits: [over('G', 'O', 'X')] },
      ],
    });
    expect(report.intervals.map(contestsShown)).deep.equal([
      ['M against G 2000 upheld', 'N against G 2000 upheld'],
      ['M against G 2000 upheld', 'O against G 2000 upheld'],
      [],
    ]);
    expect(report.intervals.map((one) => one.guardFlags)).deep.equal([['G', 'X'], ['X'], ['X']]);
    // The rest of 500 is gone with each contest.
    expect(report.intervals.map((one) => shown(one.payments))).deep.equal([
      ['M→X 1000', 'N→X 1000'],
      ['M→X 2000', 'O→X 1000'],
      ['G→O 2000', 'O→X 2000'],
    ]);
    expect(report.intervals.map((one) => shown(one.carried))).deep.equal([
      ['M→X 500', 'N→X 500'],
      ['N→X 500', 'O→X 500'],
      ['G→O 500', 'N→X 500'],
    ]);
  });
});
