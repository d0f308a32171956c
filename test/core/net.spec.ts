/*
 * Rule 8 by hand: what is paid, carried, forgiven and dropped; and what holds whatever the numbers are.
 */
import { expect } from 'chai';
import fc from 'fast-check';
import { netOf, noCarry, turned, type Net, type PairBook } from '../../core/rule/net.ts';
import { GIB, scaledValue, scaleOf } from '../../core/rule/price.ts';
import type { RailTerms } from '../../core/wire/parameters.ts';
import type { Carry } from '../../core/wire/settlement.ts';
import type { Terms } from '../../core/wire/terms.ts';
import { testTerms } from '../harness/view.ts';

/** A GiB through a standard hop costs 1000; |N|/|E| = 3/2; nothing is small. */
const plain: RailTerms = { price: 1000n, quantum: 1n, dust: 0n };

interface Given {
  readonly interval?: number;
  readonly rail?: Partial<RailTerms>;
  readonly held?: readonly [bigint, bigint];
  readonly issued?: readonly [bigint, bigint];
  readonly carry?: Carry;
  readonly terms?: Terms;
}

function net({ interval = 9, rail = {}, held = [0n, 0n], issued = [0n, 0n], carry = noCarry, terms }: Given): Net {
  const traffic = ([relayBytes, exitBytes]: readonly [bigint, bigint]) => ({ relayBytes, exitBytes });
  const book: PairBook = { held: traffic(held), issued: traffic(issued), carry };
  return netOf(terms ?? testTerms(interval), { ...plain, ...rail }, book);
}

const carry = (amount: bigint, since: number): Carry => ({ amount, since });
/** Bytes through a standard hop that are worth so many units. */
const worth = (units: bigint): readonly [bigint, bigint] => [(units * GIB) / 1000n + 1n, 0n];

describe('the net of a pair', () => {
  it('is the difference of both directions, exit bytes at |N|/|E|', () => {
    // 2 GiB at 1000 and 1 GiB out at 1500, less 1 GiB at 1000.
    expect(net({ held: [2n * GIB, GIB], issued: [GIB, 0n] })).deep.equal({
      creditor: 'me',
      amount: 2500n,
      carryLeft: carry(0n, 9),
      forgiven: 0n,
    });
  });

  it('drops the fraction once, of the net and not of its parts', () => {
    // 0.75 and 0.5 units: each rounds to nothing, together they are one and a quarter.
    const part = (3n * GIB) / 4000n;
    expect(net({ held: [part, (GIB / 2000n / 3n) * 2n] }).amount).equal(1n);
    // 1.9 − 0.95 units is 0.95: nothing, where 1 − 0 would be one.
    expect(net({ held: [(19n * GIB) / 10_000n, 0n], issued: [(95n * GIB) / 100_000n, 0n] })).deep.include({
      creditor: 'nobody',
      amount: 0n,
    });
  });

  it('joins the carry before it rounds', () => {
    // 5 carried and 0.9 fresh: five. Minus 5 carried and 0.9 fresh: four and a tenth against me.
    const fresh: readonly [bigint, bigint] = [(9n * GIB) / 10_000n, 0n];
    expect(net({ held: fresh, carry: carry(5n, 8) })).deep.include({ creditor: 'me', amount: 5n });
    expect(net({ held: fresh, carry: carry(-5n, 8) })).deep.include({ creditor: 'them', amount: 4n });
  });

  it('pays whole quanta and carries the rest', () => {
    expect(net({ rail: { quantum: 100n }, held: worth(1234n) })).deep.equal({
      creditor: 'me',
      amount: 1200n,
      carryLeft: carry(34n, 9),
      forgiven: 0n,
    });
  });

  it('carries whole what is below dust, and pays from dust on', () => {
    const rail = { quantum: 1n, dust: 50n };
    expect(net({ rail, held: worth(49n) })).deep.include({ amount: 0n, carryLeft: carry(49n, 9) });
    expect(net({ rail, held: worth(50n) })).deep.include({ amount: 50n, carryLeft: carry(0n, 9) });
  });

  it('keeps the age of the oldest part until that is paid in full', () => {
    const rail = { quantum: 100n };
    expect(net({ rail, held: worth(20n), carry: carry(30n, 7) }).carryLeft).deep.equal(carry(50n, 7));
    // 30 old and 120 new: a hundred is paid, and it is the old that is paid first.
    expect(net({ rail, held: worth(120n), carry: carry(30n, 7) })).deep.include({ amount: 100n, carryLeft: carry(50n, 9) });
  });

  it('pays an aged carry to the unit, and forgives it below dust', () => {
    const rail = { quantum: 100n };
    expect(net({ rail, carry: carry(30n, 5) })).deep.include({
      creditor: 'me',
      amount: 30n,
      carryLeft: carry(0n, 9),
      forgiven: 0n,
    });
    expect(net({ rail, carry: carry(30n, 6) })).deep.include({ amount: 0n, carryLeft: carry(30n, 6) });
    expect(net({ rail: { quantum: 100n, dust: 31n }, carry: carry(30n, 5) })).deep.include({
      amount: 0n,
      carryLeft: carry(0n, 9),
      forgiven: 30n,
    });
  });

  it('turns with the traffic: a carry against the creditor is set off, whatever its age', () => {
    const rail = { quantum: 100n };
    expect(net({ rail, held: worth(250n), carry: carry(-60n, 1) })).deep.include({
      creditor: 'me',
      amount: 100n,
      carryLeft: carry(90n, 9),
    });
    expect(net({ rail, issued: worth(20n), carry: carry(60n, 8) })).deep.include({
      creditor: 'me',
      amount: 0n,
      carryLeft: carry(39n, 8),
    });
  });

  it('leaves nothing where both sides are even', () => {
    expect(net({ held: [GIB, 0n], issued: [GIB, 0n] })).deep.equal({
      creditor: 'nobody',
      amount: 0n,
      carryLeft: carry(0n, 9),
      forgiven: 0n,
    });
  });

  const amounts = fc.bigInt({ min: 0n, max: 2n ** 50n });
  const books = fc.record({
    held: fc.tuple(amounts, amounts),
    issued: fc.tuple(amounts, amounts),
    carry: fc.record({ amount: fc.bigInt({ min: -(10n ** 6n), max: 10n ** 6n }), since: fc.integer({ min: 0, max: 9 }) }),
    rail: fc.record({
      price: fc.bigInt({ min: 0n, max: 10n ** 9n }),
      quantum: fc.bigInt({ min: 0n, max: 1000n }),
      dust: fc.bigInt({ min: 0n, max: 5000n }),
    }),
  });

  it('is the same from both sides', () => {
    fc.assert(
      fc.property(books, (given) => {
        const mine = net(given);
        const theirs = net({ ...given, held: given.issued, issued: given.held, carry: turned(given.carry) });
        const mirrored = { me: 'them', them: 'me', nobody: 'nobody' } as const;
        expect(theirs).deep.equal({ ...mine, creditor: mirrored[mine.creditor] });
      }),
    );
  });

  it('loses nothing but a fraction of one unit', () => {
    fc.assert(
      fc.property(books, (given) => {
        const terms = testTerms(9);
        const rail = { ...plain, ...given.rail };
        const traffic = ([relayBytes, exitBytes]: readonly [bigint, bigint]) => ({ relayBytes, exitBytes });
        const flow = scaledValue(terms, rail, traffic(given.held)) - scaledValue(terms, rail, traffic(given.issued));
        const exact = flow + given.carry.amount * scaleOf(terms);
        const { amount, carryLeft, forgiven } = net(given);
        const size = exact < 0n ? -exact : exact;
        const dropped = size - (amount + carryLeft.amount + forgiven) * scaleOf(terms);
        expect(dropped >= 0n && dropped < scaleOf(terms)).equal(true);
        // It is the net that is not below dust; the whole quanta of it may be.
        expect(amount === 0n || amount + carryLeft.amount >= given.rail.dust).equal(true);
        expect(carryLeft.amount >= 0n && forgiven >= 0n).equal(true);
      }),
    );
  });

  it('over many intervals pays and carries just what the traffic was worth', () => {
    const one = fc.tuple(fc.bigInt({ min: 0n, max: 400n }), fc.bigInt({ min: 0n, max: 400n }));
    fc.assert(
      fc.property(fc.array(one, { maxLength: 12 }), (runs) => {
        let open = noCarry;
        let [paid, owed] = [0n, 0n];
        for (const [interval, [held, issued]] of runs.entries()) {
          // Whole units: no fraction is dropped.
          const terms = testTerms(interval);
          const given = { held: [held * GIB, 0n], issued: [issued * GIB, 0n], carry: open } as const;
          const { creditor, amount, carryLeft } = net({ ...given, terms, rail: { price: 1n, quantum: 50n } });
          const sign = creditor === 'them' ? -1n : 1n;
          owed += held - issued;
          paid += sign * amount;
          open = { amount: sign * carryLeft.amount, since: carryLeft.since };
          expect(interval - open.since < 4 || open.amount === 0n).equal(true);
        }
        expect(paid + open.amount).equal(owed);
      }),
    );
  });
});
