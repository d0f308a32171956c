/*
 * What a sweep leaves: pure sums, and that it waits behind every other payment. The journey itself is in test/bitcoin/sweep.spec.ts.
 */
import { expect } from 'chai';
import { inOrder } from '../../settlement/payout/decide.ts';
import { restOf, spareOf } from '../../settlement/sweep/decide.ts';

describe('a sweep', () => {
  const purse = { balance: 10_000n, fee: 100n, above: 2_000n, due: 1_500n, owed: 400n };

  it('is what is beyond the threshold, what is due, the subscribers’ balances, and its fee', () => {
    expect(spareOf(purse)).equal(6_000n);
    // Subscribers who owe the guard add nothing to the wallet.
    expect(spareOf({ ...purse, owed: -400n })).equal(6_400n);
    const many = 2n ** 60n;
    expect(spareOf({ ...purse, balance: many + 10_001n })).equal(many + 6_001n);
  });

  it('waits while it costs more than a twentieth of itself, or the wallet lacks something', () => {
    expect(spareOf({ ...purse, fee: 381n })).equal(null);
    expect(spareOf({ ...purse, balance: 6_000n })).equal(2_000n);
    expect(spareOf({ ...purse, balance: 5_999n })).equal(null);
    expect([spareOf({ ...purse, due: 9_000n }), restOf({ ...purse, due: 9_000n })]).deep.equal([null, -1_500n]);
    expect(spareOf({ balance: 0n, fee: 0n, above: 0n, due: 0n, owed: 0n })).equal(null);
  });

  it('leaves after subscribers’ money and after all debts', () => {
    const of = (kind: 'order' | 'settlement', name: string, isLast = false) => ({
      ...{ kind, name, destination: 'd', amount: 1n, alone: true, isLast },
    });
    const order = inOrder([
      of('order', 'aa', true),
      of('settlement', 'ff'.repeat(32)),
      of('settlement', '00'.repeat(32)),
      of('order', 'bb'),
    ]);
    expect(order[0]?.name).equal('bb');
    expect(order.at(-1)?.name).equal('aa');
  });
});
