/*
 * The paper's Figure 1 through the running roles: two sets of unit circuits that the requirements (§1.1.1) give, each exactly the
 * seven payments. A unit is a GiB; the exit costs 3/2.
 */
import { expect } from 'chai';
import { relaysShown, settled, shown, subscribersShown, type Printed } from './settled.ts';

const GIB = '1073741824';

/** Amounts of the figure times 10^9, by payer and payee. */
const SEVEN = [
  'R2→R1 2500000000',
  'R2→R4 1500000000',
  'R2→R5 4000000000',
  'R4→R1 2500000000',
  'R4→R3 1000000000',
  'R5→R3 2500000000',
  'R6→R2 3000000000',
];

/** `(2,1,5)`: guard, middle, exit. */
function figure(circuits: string, exits: readonly number[], rest: object): object {
  const paths = [...circuits.matchAll(/\((\d),(\d),(\d)\)/g)].map((one) => one.slice(1).map((digit) => `R${digit}`));
  const guards = [...new Set(paths.map(([guard]) => guard as string))].sort();
  return {
    price: '1000000000',
    ...rest,
    relays: [1, 2, 3, 4, 5, 6].map((n) => ({ name: `R${n}`, exit: exits.includes(n), guard: guards.includes(`R${n}`) })),
    subscribers: guards.map((guard) => ({ name: guard.replace('R', 'U'), guard, deposit: '50000000000' })),
    circuits: paths.map((path) => ({ subscriber: (path[0] as string).replace('R', 'U'), path, bytes: GIB })),
  };
}

const gross = ({ intervals }: Printed): bigint =>
  intervals.flatMap((one) => one.ious).reduce((sum, { value }) => sum + BigInt(value), 0n);

describe('scenario: Figure 1', () => {
  it('13 circuits come to exactly the seven payments', async () => {
    const circuits = '(2,1,5) (2,4,5) (2,5,1) (2,5,4) (4,1,5) (4,2,5) (4,3,5) (5,2,4) (5,3,4) (5,6,2) (5,6,2) (6,5,1) (6,5,3)';
    const report = await settled(figure(circuits, [1, 2, 3, 4, 5], { exitRatio: ['3', '2'], startingBytes: '0' }));
    const [interval] = report.intervals;
    expect(shown(interval?.payments ?? [])).deep.equal(SEVEN);
    expect(interval?.carried).deep.equal([]);
    expect(interval?.guardFlags).deep.equal(['R2', 'R4', 'R5', 'R6']);
    // 13 · (2.5 + 1.5)
    expect(gross(report)).equal(52_000_000_000n);
    // 2→5 is the first link of (2,5,1) and (2,5,4), 2.5 each, and the second of (4,2,5), 1.5.
    expect(interval?.ious.find((one) => one.issuer === 'R2' && one.holder === 'R5')).deep.equal({
      ...{ issuer: 'R2', holder: 'R5', value: '6500000000' },
      relayBytes: String(2 * Number(GIB)),
      exitBytes: String(3 * Number(GIB)),
    });
    // +5 −5 +3.5 −2 +1.5 −3; a guard earns 3.5 for each of its subscribers' circuits: 4, 3, 4 and 2 of them.
    expect(relaysShown(report)).deep.equal([
      'R1 5000000000 0 5000000000 0',
      'R2 3000000000 8000000000 -5000000000 14000000000',
      'R3 3500000000 0 3500000000 0',
      'R4 1500000000 3500000000 -2000000000 10500000000',
      'R5 4000000000 2500000000 1500000000 14000000000',
      'R6 0 3000000000 -3000000000 7000000000',
    ]);
    expect(subscribersShown(report)).deep.equal([
      'U2 50000000000 14000000000 36000000000',
      'U4 50000000000 10500000000 39500000000',
      'U5 50000000000 14000000000 36000000000',
      'U6 50000000000 7000000000 43000000000',
    ]);
  });

  it('17 circuits over four exits of six relays come to the same, at the ratio of the file itself', async () => {
    const circuits =
      '(2,1,4) (2,5,4) (2,5,4) (2,5,4) (2,5,4) (2,5,4) (4,1,3) (4,3,1) (4,5,2) (4,5,2) (4,5,2) (4,6,2) (5,2,4) (5,3,4) ' +
      '(5,6,2) (6,4,1) (6,5,2)';
    const report = await settled(figure(circuits, [1, 2, 3, 4], {}));
    expect(shown(report.intervals[0]?.payments ?? [])).deep.equal(SEVEN);
    expect(gross(report)).equal(68_000_000_000n);
    expect(report.relays.map((one) => one.net)).deep.equal([
      ...['5000000000', '-5000000000', '3500000000'],
      ...['-2000000000', '1500000000', '-3000000000'],
    ]);
    // 6, 6, 3 and 2 circuits at 3.5.
    expect(report.subscribers.map((one) => one.spent)).deep.equal(['21000000000', '21000000000', '10500000000', '7000000000']);
  });
});
