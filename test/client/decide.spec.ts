/*
 * What the client takes from a guard, pure: accounts and tallies wrong in every way, one fault peeled off after the other; and its own
 * count against the rule.
 */
import { expect } from 'chai';
import fc from 'fast-check';
import { checkAccount, type AccountExpected } from '../../client/account/decide.ts';
import { createCount } from '../../client/tally/count.ts';
import { chargeable, checkTally } from '../../client/tally/decide.ts';
import { createStep } from '../../client/tally/step.ts';
import { sign } from '../../core/crypto/sign.ts';
import { chargedBytes } from '../../core/rule/chain.ts';
import { usageCeil } from '../../core/rule/price.ts';
import type { Account, Tally } from '../../core/wire/guard.ts';
import { termsDigest } from '../../core/wire/terms.ts';
import { networkId, testDescriptor, testKey, testTerms } from '../harness/view.ts';

const guard = testDescriptor('G').body;
const subscriber = testKey('alice').publicKey;
const key = testKey('G guard');
const terms = testTerms(3);
const rail = terms.parameters.rails['ledger']!;

describe('client/account', () => {
  const good: Account = {
    guard: guard.id,
    guardKey: 1,
    subscriber,
    serial: 5n,
    rail: 'ledger',
    destination: 'guard.12345678',
    deposits: [{ payment: 'p', amount: 70n, at: 1 }],
    deposited: 100n,
    unconfirmed: 0n,
    withdrawn: 20n,
    spent: 30n,
    lastTally: { interval: 3, serial: 2n, amount: 25n },
    balance: 50n,
    state: 'open',
    at: 1,
  };
  const reader = { isDestination: (text: string) => text.startsWith('guard.') };
  const expected: AccountExpected = {
    networkId,
    guard,
    subscriber,
    rail: 'ledger',
    reader,
    last: sign('account', networkId, good, key),
  };
  const check = (changes: Partial<Account>, more: Partial<AccountExpected> = {}, by = key) => {
    const result = checkAccount(sign('account', networkId, { ...good, ...changes }, by), { ...expected, ...more });
    return result.ok ? null : result.refusal.code;
  };

  it('takes a good one, and the same again', () => {
    expect(check({})).to.equal(null);
    expect(check({ serial: 6n, deposited: 200n, balance: 150n })).to.equal(null);
  });

  it('peels the faults of a bad one in order', () => {
    const wrong: Partial<Account> = { subscriber: testKey('bob').publicKey, destination: 'nowhere', balance: 51n, serial: 4n };
    expect(check(wrong, {}, testKey('mallory'))).to.equal('account-signature');
    expect(check({ ...wrong, guardKey: 2 })).to.equal('account-signature');
    expect(check(wrong)).to.equal('account-subject');
    expect(check({ ...wrong, subscriber })).to.equal('account-destination');
    expect(check({}, { reader: undefined })).to.equal('account-destination');
    expect(check({ balance: 51n, serial: 4n })).to.equal('account-sum');
    expect(check({ deposits: [{ payment: 'p', amount: 101n, at: 1 }] })).to.equal('account-sum');
    expect(check({ lastTally: { interval: 3, serial: 2n, amount: 31n } })).to.equal('account-sum');
    expect(check({ lastTally: null })).to.equal('account-sum');
    expect(check({ serial: 4n })).to.equal('account-old');
    expect(check({ lastTally: { interval: 3, serial: 2n, amount: 26n } })).to.equal('account-old');
    expect(check({ deposits: [{ payment: 'q', amount: 70n, at: 1 }] })).to.equal('account-old');
    expect(check({ deposited: 101n, balance: 51n })).to.equal('account-old');
  });
});

describe('client/tally', () => {
  const usage = { circuitBytes: 1000n, otherBytes: 10n, relayBytes: 2010n, exitBytes: 1000n };
  const prices = { terms, rail };
  const good: Tally = {
    guard: guard.id,
    guardKey: 1,
    subscriber,
    interval: 3,
    terms: termsDigest(terms),
    rail: 'ledger',
    serial: 7n,
    ...usage,
    amount: usageCeil(terms, rail, usage),
  };
  const expected = { networkId, guard, subscriber, interval: 3, rail: 'ledger', prices };
  const check = (changes: Partial<Tally>, own = usage, signed: Tally | null = null, by = key) => {
    const result = checkTally(sign('tally', networkId, { ...good, ...changes }, by), expected, { own, signed });
    return result.ok ? result.value.todo : result.refusal.code;
  };

  it('signs a new one, and not twice', () => {
    expect(check({})).to.equal('sign');
    expect(check({}, usage, good)).to.equal('same');
  });

  it('peels the faults of a bad one in order', () => {
    const more = { circuitBytes: 1001n, relayBytes: 2012n, exitBytes: 1001n };
    const higher: Tally = { ...good, serial: 9n, ...more, circuitBytes: 1002n };
    const wrong: Partial<Tally> = { interval: 4, amount: 1n, ...more };
    expect(check(wrong, usage, higher, testKey('mallory'))).to.equal('tally-guard-signature');
    expect(check(wrong, usage, higher)).to.equal('tally-subject');
    expect(check({ ...wrong, interval: 3 }, usage, higher)).to.equal('tally-amount');
    const amount = usageCeil(terms, rail, { ...usage, ...more });
    expect(check({ ...more, amount }, usage, higher)).to.equal('tally-fell');
    expect(check({ ...more, amount }, usage)).to.equal('tally-overcharge');
    expect(check({ ...more, amount }, { ...usage, ...more })).to.equal('sign');
  });

  it('refuses a byte too many in any count', () => {
    for (const name of ['circuitBytes', 'otherBytes', 'relayBytes', 'exitBytes'] as const) {
      expect(check({}, { ...usage, [name]: usage[name] - 1n })).to.equal('tally-overcharge');
    }
  });

  it('lets circuits be charged as the rest, and no byte twice', () => {
    const own = { ...usage, circuitBytes: usage.circuitBytes + 7n, otherBytes: usage.otherBytes - 7n };
    expect(check({}, own)).to.equal('sign');
    expect(check({}, { ...own, otherBytes: own.otherBytes - 1n })).to.equal('tally-overcharge');
  });

  it('asks between ticks when a step is unsigned, over an open session alone', () => {
    let isOpen = false;
    const step = createStep(4000n, () => isOpen);
    const counts = [{ guard: guard.id, interval: 3, usage: { ...usage, circuitBytes: 3000n, otherBytes: 1000n } }];
    expect(step.isDue(counts, 3)).to.equal(false);
    isOpen = true;
    expect([step.isDue(counts, 3), step.isDue(counts, 4)]).to.deep.equal([true, false]);
    step.signed(guard.id, 3, { circuitBytes: 1n, otherBytes: 0n });
    expect(step.isDue(counts, 3)).to.equal(false);
  });

  it('refuses other content under a signed serial', () => {
    const less = { ...usage, circuitBytes: 999n };
    expect(check({}, usage, { ...good, ...less })).to.equal('tally-fell');
  });
});

describe('client/tally over an interval’s end', () => {
  const of = (bytes: bigint) => ({ circuitBytes: bytes, otherBytes: bytes, relayBytes: 2n * bytes, exitBytes: bytes });

  it('takes in the next interval what a late guard did not charge in the one before', () => {
    const bound = chargeable(of(5n), { own: of(100n), signed: of(70n) }, { own: of(0n), signed: null });
    expect(bound).deep.equal(of(35n));
  });

  it('takes it in one of the two, never in both', () => {
    const all = fc.record({
      first: fc.bigInt({ min: 0n, max: 50n }),
      then: fc.bigInt({ min: 0n, max: 50n }),
      asks: fc.array(fc.tuple(fc.boolean(), fc.bigInt({ min: 0n, max: 120n })), { maxLength: 12 }),
    });
    fc.assert(
      fc.property(all, ({ first, then, asks }) => {
        const none = { own: of(0n), signed: null };
        const counts = [
          { own: of(first), signed: of(0n) },
          { own: of(then), signed: of(0n) },
        ];
        for (const [isLater, asked] of asks) {
          const [at, other] = isLater ? [counts[1]!, counts[0]!] : [counts[0]!, counts[1]!];
          const bound = isLater ? chargeable(at.own, other, none) : chargeable(at.own, none, other);
          if (asked <= bound.circuitBytes && asked >= at.signed.circuitBytes) at.signed = of(asked);
        }
        const [a, b] = counts.map((one) => one.signed.circuitBytes) as [bigint, bigint];
        expect(a + b <= first + then && a <= first).equal(true);
      }),
    );
  });
});

describe('client/count', () => {
  it('is Σ max(bytes, startingBytes) of circuits begun, for any order of readings over two intervals', () => {
    const reading = fc.record({ circuit: fc.nat(3), bytes: fc.bigInt({ min: 0n, max: 60_000n }), interval: fc.nat(1) });
    fc.assert(
      fc.property(fc.array(reading, { maxLength: 40 }), (given) => {
        const starting = 25_700n;
        const count = createCount();
        const totals = new Map<number, bigint>();
        const seen = new Map<number, { begun: number; bytes: [bigint, bigint]; shown: [boolean, boolean] }>();
        for (const { circuit, bytes, interval } of [...given].sort((a, b) => a.interval - b.interval)) {
          totals.set(circuit, (totals.get(circuit) ?? 0n) + bytes);
          const one = seen.get(circuit) ?? { begun: interval, bytes: [0n, 0n], shown: [false, false] };
          one.bytes[interval as 0 | 1] += bytes;
          one.shown[interval as 0 | 1] = true;
          seen.set(circuit, one);
          count.take(
            { guard: 'g', circuit, hops: 3, leavesTor: true, bytes: totals.get(circuit)!, otherBytes: 0n },
            interval,
            starting,
          );
        }
        for (const interval of [0, 1] as const) {
          const expected = [...seen.values()]
            .filter((one) => one.shown[interval])
            .reduce((sum, one) => sum + chargedBytes(one.bytes[interval], starting, one.begun === interval), 0n);
          const usage = count.usage('g', interval);
          expect(usage.circuitBytes).to.equal(expected);
          expect(usage).to.deep.include({ relayBytes: 2n * expected, exitBytes: expected });
        }
      }),
    );
  });

  it('tells what else each connection carried', () => {
    const count = createCount();
    const base = { guard: 'g', circuit: 1, leavesTor: true, bytes: 10n };
    count.take({ ...base, hops: 3, otherBytes: 5n }, 0, 0n);
    count.take({ ...base, hops: 3, otherBytes: 9n }, 0, 0n);
    count.take({ ...base, circuit: 2, hops: 2, otherBytes: 4n }, 0, 0n);
    // A new connection counts from zero.
    count.take({ ...base, hops: 3, otherBytes: 2n }, 0, 0n);
    expect(count.usage('g', 0).otherBytes).to.equal(15n);
  });
});
