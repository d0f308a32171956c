/*
 * Random scenarios through the running roles, their whole output compared with the oracle's. SCENARIOS=300 runs as many, SEED=7 draws
 * others; a difference prints the file, which `ptg scenario` then runs alone.
 */
import { expect } from 'chai';
import fc from 'fast-check';
import { anyScenario } from './any-scenario.ts';
import { expectedOf } from './oracle.ts';
import { settledText } from './settled.ts';

const runs = Number(process.env['SCENARIOS'] ?? 8);
const seed = Number(process.env['SEED'] ?? 20_251);

describe('scenario: against the oracle', () => {
  it(`${runs} random files settle as design §6 says`, async () => {
    const property = fc.asyncProperty(anyScenario, async (text) => {
      expect(JSON.parse(await settledText(text))).deep.equal(expectedOf(text));
    });
    await fc.assert(property, { numRuns: runs, seed, endOnFailure: true });
  }).timeout(30_000 * runs);
});

describe('scenario: the oracle', () => {
  it('says of Figure 1 what the paper says', () => {
    const paths = '2,1,5 2,4,5 2,5,1 2,5,4 4,1,5 4,2,5 4,3,5 5,2,4 5,3,4 5,6,2 5,6,2 6,5,1 6,5,3'.split(' ');
    const text = JSON.stringify({
      ...{ price: '1000', exitRatio: ['3', '2'], startingBytes: '0' },
      relays: ['1', '2', '3', '4', '5', '6'].map((name) => ({ name, exit: true, guard: true })),
      subscribers: ['2', '4', '5', '6'].map((guard) => ({ name: `U${guard}`, guard, deposit: '50000' })),
      circuits: paths.map((path) => ({ subscriber: `U${path[0]}`, path: path.split(','), bytes: `${2n ** 30n}` })),
    });
    const payments = expectedOf(text).intervals[0]?.payments.map(({ from, to, amount }) => `${from}→${to} ${amount}`);
    expect(payments).deep.equal(['2→1 2500', '2→4 1500', '2→5 4000', '4→1 2500', '4→3 1000', '5→3 2500', '6→2 3000']);
  });

  it('carries, pays whole quanta, and forgives what is old and dust (docs/rules, rule 8)', () => {
    // Worth 4400, 3900, 6250 and 700, then nothing.
    const worth = [4400, 3900, 6250, 700, 0, 0, 0];
    const text = JSON.stringify({
      ...{ price: `${2n ** 30n}`, exitRatio: ['1', '1'], startingBytes: '0', quantum: '1000' },
      parameters: { dust: '10000', carryIntervals: 4 },
      relays: ['A', 'B'].map((name) => ({ name, exit: true })),
      subscribers: [{ name: 'U', guard: 'A', deposit: '100000' }],
      intervals: worth.map((bytes) => ({ circuits: bytes === 0 ? [] : [{ subscriber: 'U', path: ['A', 'B'], bytes }] })),
    });
    const { intervals } = expectedOf(text);
    expect(intervals.map((one) => one.payments[0]?.amount ?? '0')).deep.equal(['0', '0', '14000', '0', '0', '0', '0']);
    const carried = intervals.map((one) => one.carried[0]?.amount ?? '0');
    expect(carried).deep.equal(['4400', '8300', '550', '1250', '1250', '1250', '0']);
  });
});
