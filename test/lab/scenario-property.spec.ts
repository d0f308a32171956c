/*
 * What holds of every scenario, on small networks drawn at random: no unit comes from nowhere, at most one payment a pair, and the
 * order of circuits changes nothing while balances suffice. A failing seed is printed.
 */
import { expect } from 'chai';
import fc from 'fast-check';
import { settled, type Printed, type Transfer } from './settled.ts';

interface Circuit {
  readonly subscriber: string;
  readonly path: readonly string[];
  readonly bytes: string;
}

const relays = ['A', 'B', 'C'].map((name) => ({ name, exit: name !== 'A', guard: name !== 'C' }));
const subscribers = ['A', 'B'].map((guard) => ({ name: `U${guard}`, guard, deposit: '1000000000000000' }));

const bytes = fc.oneof(fc.bigInt(0n, 60_000n), fc.bigInt(0n, 2n ** 40n)).map(String);
const circuit: fc.Arbitrary<Circuit> = fc
  .record({ guard: fc.constantFrom('A', 'B'), exit: fc.constantFrom('B', 'C'), between: fc.boolean(), bytes })
  .map(({ guard, exit, between, bytes }) => {
    const middles = relays.map((one) => one.name).filter((name) => between && name !== guard && name !== exit);
    return { subscriber: `U${guard}`, path: guard === exit ? [guard] : [guard, ...middles, exit], bytes };
  });

const file = fc.record({
  circuits: fc.array(circuit, { minLength: 1, maxLength: 6 }),
  price: fc.constantFrom('1', '1000000007', '1000000000'),
  exitRatio: fc.tuple(fc.integer({ min: 1, max: 9000 }), fc.integer({ min: 1, max: 9000 })).map((pair) => pair.map(String)),
  quantum: fc.constantFrom('1', '1000'),
});

function sum(amounts: readonly string[]): bigint {
  return amounts.reduce((total, amount) => total + BigInt(amount), 0n);
}

function checkConservation({ intervals, relays: all, subscribers: users }: Printed): void {
  const payments = intervals.flatMap((one) => one.payments);
  expect(sum(all.map((one) => one.net))).equal(0n);
  expect(sum(all.map((one) => one.paid))).equal(sum(payments.map((one) => one.amount)));
  for (const { name, received, paid } of all) {
    const sumOf = (side: 'from' | 'to') => sum(payments.filter((one) => one[side] === name).map((one) => one.amount));
    expect([name, BigInt(received), BigInt(paid)]).deep.equal([name, sumOf('to'), sumOf('from')]);
  }
  for (const { deposited, spent, balance } of users) expect(BigInt(spent) + BigInt(balance)).equal(BigInt(deposited));
  expect(sum(users.map((one) => one.spent))).equal(sum(all.map((one) => one.usageIncome)));
  for (const { payments: paid } of intervals) {
    const pairs = paid.map(({ from, to }: Transfer) => [from, to].sort().join(' '));
    expect(new Set(pairs).size).equal(pairs.length);
  }
}

describe('scenario: properties', () => {
  it('units are conserved, a pair pays once, and the order of circuits changes nothing', async () => {
    const property = fc.asyncProperty(file, async ({ circuits, ...figures }) => {
      const plan = { ...figures, relays, subscribers };
      const report = await settled({ ...plan, circuits });
      checkConservation(report);
      const turned = await settled({ ...plan, circuits: [...circuits].reverse() });
      expect(turned).deep.equal(report);
    });
    await fc.assert(property, { numRuns: 3, endOnFailure: true, seed: Number(process.env['SEED'] ?? 4242) });
  });
});
