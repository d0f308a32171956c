/*
 * What a contest claims (rule 10): whose it is, what it may show, and that what is due is the net of what it shows, whatever the
 * numbers are.
 */
import { expect } from 'chai';
import fc from 'fast-check';
import { sign } from '../../core/crypto/sign.ts';
import { basisOf, caseOf, dueAtFallback, dueOf, fitsPair, reckonContest, verifyContest } from '../../core/rule/contest.ts';
import { netOf } from '../../core/rule/net.ts';
import { GIB } from '../../core/rule/price.ts';
import { openContest } from '../../core/rule/verdict.ts';
import { contestRefusals, docketDigest, signedContest } from '../../core/wire/contest.ts';
import { termsDigest } from '../../core/wire/terms.ts';
import { networkId, testKey } from '../harness/view.ts';
import {
  aboutOf,
  agreed,
  before,
  bothRails,
  caseId,
  claimed,
  codeOf,
  contestBody,
  contestOf,
  filed,
  idOf,
  interval,
  iouOf,
  keys,
  parties,
  schedule,
  settlementOf,
  terms,
  termsOf,
} from './docket.ts';

describe('a contest', () => {
  it('is one case a pair and interval, whoever files', () => {
    const other = { contestant: idOf('A'), accused: idOf('C') };
    expect(caseOf(networkId, contestBody())).equal(caseId);
    expect(caseOf(networkId, contestBody(other))).equal(caseId);
    expect(caseOf(networkId, contestBody({ interval: 6 }))).not.equal(caseId);
    expect(caseOf('another', contestBody())).not.equal(caseId);
  });

  it('is the same again by its digest, and another when anything differs', () => {
    expect(docketDigest(contestBody())).equal(docketDigest(contestBody()));
    expect(docketDigest(contestBody({ at: 1 }))).not.equal(docketDigest(contestBody()));
  });

  it('claims something: an amount of nothing has no shape', () => {
    const json = (amount: bigint) =>
      JSON.parse(
        JSON.stringify(contestOf({ amount }), (_, one: unknown) => (typeof one === 'bigint' ? String(one) : one)),
      ) as unknown;
    expect(signedContest.safeParse(json(1n)).success).equal(true);
    expect(signedContest.safeParse(json(0n)).success).equal(false);
  });

  describe('shows what is of its own pair alone', () => {
    const fits = (changes: Parameters<typeof contestBody>[0]) => fitsPair(networkId, contestBody(changes));
    const turnedRoles = settlementOf({ creditor: idOf('A'), debtor: idOf('C') }, ['A', 'C']);
    const table: [string, Parameters<typeof contestBody>[0], boolean][] = [
      ['the settlement of the pair', {}, true],
      ['one with roles turned', { ground: agreed(turnedRoles) }, false],
      ['one of another debtor', { ground: agreed(settlementOf({ debtor: idOf('X') })) }, false],
      ['one of another interval', { ground: agreed(settlementOf({ interval: 4 })) }, false],
      ['one with another id', { ground: agreed(settlementOf({ id: 'ab'.repeat(32) })) }, false],
      ['one by other terms', { ground: agreed(settlementOf({ terms: 'ab'.repeat(32) })) }, false],
      ['one on another rail', { ground: agreed(settlementOf({ rail: 'coin' })) }, false],
      ['another destination than the settlement’s', { destination: 'C-other' }, false],
      ['a settlement that pays nothing', { ground: agreed(settlementOf({ destination: null, amount: 0n })) }, false],
      ['IOUs of both directions', { ground: claimed() }, true],
      ['no IOU at all', { ground: claimed({ held: null, issued: null }) }, true],
      ['IOUs with roles turned', { ground: claimed({ held: iouOf('C', 'A', 9n), issued: iouOf('A', 'C', 3n) }) }, false],
      ['an IOU of a stranger', { ground: claimed({ held: iouOf('X', 'C', 1000n) }) }, false],
      ['an IOU to a stranger', { ground: claimed({ issued: iouOf('C', 'X', 300n) }) }, false],
      ['an IOU of another interval', { ground: claimed({ held: iouOf('A', 'C', 1000n, { interval: 4 }) }) }, false],
      ['an IOU by other terms', { ground: claimed({ issued: iouOf('C', 'A', 300n, { terms: 'ab'.repeat(32) }) }) }, false],
      ['the carry of the interval before', { ground: claimed({ carry: before(20n) }) }, true],
      ['a carry against itself', { ground: claimed({ carry: before(20n, 'A') }) }, true],
      ['a carry of two intervals before', { ground: claimed({ carry: before(20n, 'C', { interval: 3 }) }) }, false],
      ['a carry of the same interval', { ground: claimed({ carry: settlementOf() }) }, false],
      ['a carry on another rail', { ground: claimed({ carry: before(20n, 'C', { rail: 'coin' }) }) }, false],
      ['a carry of a stranger', { ground: claimed({ carry: before(20n, 'C', { debtor: idOf('X') }) }) }, false],
      ['a carry of itself', { ground: claimed({ carry: before(20n, 'C', { debtor: idOf('C') }) }) }, false],
    ];
    for (const [name, changes, good] of table)
      it(`${name}: ${good ? 'fits' : 'does not'}`, () => expect(fits(changes)).equal(good));
  });

  describe('is signed, and so is all that it shows', () => {
    const said = (signed: ReturnType<typeof contestOf>, of = keys) => {
      const verified = verifyContest(of, signed);
      return verified.ok ? 'ok' : `${verified.refusal.code}: ${verified.refusal.about}`;
    };
    it('by the contestant’s settlement key of that interval', () => {
      expect(said(contestOf())).equal('ok');
      expect(said(contestOf({}, 'A'))).match(/^contest-signature/);
      expect(said(contestOf({ contestantKey: 2 }))).match(/^contest-signature: key 2 of/);
      const rotated = bothRails('C', { keys: keys.contestant.keys.map((one) => ({ ...one, fromInterval: interval + 1 })) });
      expect(said(contestOf(), { ...keys, contestant: rotated.body })).match(/^contest-signature/);
      expect(said(sign('contest', 'another', contestBody(), testKey('C settlement')))).match(/^contest-signature/);
      expect(said(sign('appeal', networkId, contestBody(), testKey('C settlement')))).match(/^contest-signature/);
    });
    const table: [string, Parameters<typeof contestBody>[0], string][] = [
      ['a settlement that the accused did not sign', { ground: agreed(settlementOf({}, ['C', 'C'])) }, 'the settlement'],
      ['a settlement that the contestant did not sign', { ground: agreed(settlementOf({}, ['A', 'A'])) }, 'the settlement'],
      [
        'one that the accused’s key of another number signed',
        { ground: agreed(settlementOf({ debtorKey: 2 })) },
        'the settlement',
      ],
      [
        'one around an IOU of nobody',
        { ground: agreed(settlementOf({ owed: iouOf('A', 'C', 700n, {}, 'X') })) },
        'the settlement',
      ],
      [
        'an IOU that the accused did not sign',
        { ground: claimed({ held: iouOf('A', 'C', 1000n, {}, 'C') }) },
        'the IOU of the accused',
      ],
      [
        'an IOU that it did not sign itself',
        { ground: claimed({ issued: iouOf('C', 'A', 1n, {}, 'A') }) },
        'the IOU of the contestant',
      ],
      [
        'an IOU by a key that is none',
        { ground: claimed({ held: iouOf('A', 'C', 1000n, { issuerKey: 7 }) }) },
        'the IOU of the accused',
      ],
      [
        'a carry that one alone signed',
        { ground: claimed({ carry: settlementOf({ ...before(20n).body }, ['C', 'C']) }) },
        'the settlement of the interval before',
      ],
    ];
    for (const [name, changes, about] of table)
      it(`not ${name}`, () => expect(said(contestOf(changes))).equal(`contest-evidence: ${about}`));
  });

  describe('comes to the amount that it claims', () => {
    const reckoned = (changes: Parameters<typeof contestBody>[0], of = terms) => reckonContest(of, contestBody(changes));
    it('the settlement’s, as both signed it', () => {
      expect(codeOf(reckoned({}))).equal('ok');
      expect(codeOf(reckoned({ amount: 701n }))).equal('contest-amount');
      // Both signed: it is not reckoned again.
      expect(codeOf(reckoned({ amount: 5n, ground: agreed(settlementOf({ amount: 5n })) }))).equal('ok');
    });
    it('or the whole net, in all its units', () => {
      expect(codeOf(reckoned({ ground: claimed() }))).equal('ok');
      expect(codeOf(reckoned({ ground: claimed(), amount: 699n }))).equal('contest-amount');
      const coarse = termsOf({ rails: { ledger: { price: GIB, quantum: 100n, dust: 5000n } } });
      expect(dueOf(coarse, 'ledger', basisOf(contestBody({ ground: claimed() })))).equal(700n);
      expect(dueOf(coarse, 'ledger', basisOf(contestBody({ ground: claimed({ held: iouOf('A', 'C', 315n) }) })))).equal(15n);
    });
    it('with the carry that both signed, in whosever favour it is', () => {
      expect(codeOf(reckoned({ amount: 720n, ground: claimed({ carry: before(20n) }) }))).equal('ok');
      expect(codeOf(reckoned({ amount: 680n, ground: claimed({ carry: before(20n, 'A') }) }))).equal('ok');
      expect(codeOf(reckoned({ amount: 1n, ground: claimed({ carry: before(700n, 'A') }) }))).equal('contest-debtor');
    });
    it('by the terms of its interval alone', () => {
      expect(codeOf(reckoned({}, termsOf({ graceSec: 1 })))).equal('contest-other-terms');
      expect(codeOf(reckoned({ interval: 6 }))).equal('contest-other-terms');
    });
    it('not for a debtor, nor on a rail that the network does not have', () => {
      const turned = claimed({ held: iouOf('A', 'C', 100n), issued: iouOf('C', 'A', 300n) });
      expect(codeOf(reckoned({ ground: turned, amount: 200n }))).equal('contest-debtor');
      expect(codeOf(reckoned({ ground: claimed({ held: null, issued: null }) }))).equal('contest-debtor');
      expect(codeOf(reckoned({ ground: claimed(), rail: 'gold' }))).equal('contest-debtor');
      expect(codeOf(reckoned({ ground: agreed(settlementOf({ amount: 0n })) }))).equal('contest-debtor');
    });
    it('whatever the age of the carry: 4 intervals or none', () => {
      for (const carryIntervals of [0, 1, 4, 1000]) {
        const rail = { price: GIB, quantum: 100n, dust: 5000n };
        const of = termsOf({ carryIntervals, rails: { ledger: rail } });
        const basis = basisOf(contestBody({ ground: claimed({ carry: before(20n) }) }));
        expect(dueOf(of, 'ledger', basis), String(carryIntervals)).equal(720n);
      }
    });
  });

  describe('of a creditor that left no settlement in time (rule 9)', () => {
    const coarse = termsOf({ rails: { ledger: { price: GIB, quantum: 100n, dust: 500n } } });
    const dust = (digest: string) =>
      claimed({
        held: iouOf('A', 'C', 499n, { terms: digest }),
        issued: null,
      });
    const open = (letterAt: number | null) => {
      const digest = termsDigest(coarse);
      return filed({ terms: digest, amount: 499n, ground: dust(digest) }, { terms: coarse, letterAt });
    };
    it('is refused where the fallback takes nothing: the accused had nothing to pay', () => {
      expect(codeOf(open(null))).equal('contest-debtor');
      expect(codeOf(open(schedule.bst))).equal('contest-debtor');
      expect(aboutOf(open(null))).include('left no settlement in time');
    });
    it('is taken where it lay ready: who does not sign a carry owes it at once', () => {
      expect(codeOf(open(schedule.bst - 1))).equal('ok');
    });
    it('claims its net where the fallback takes a part of it', () => {
      expect(codeOf(filed({ ground: claimed() }, { letterAt: null }))).equal('ok');
    });
  });

  it('has its refusals in the order of the checks, each with a remedy', () => {
    expect(Object.keys(contestRefusals)).deep.equal([
      'contest-unknown',
      'contest-family',
      'contest-policy',
      'contest-early',
      'contest-late',
      'contest-pair',
      'contest-barred',
      'contest-quota',
      'contest-docket',
      'contest-void',
      'contest-signature',
      'contest-evidence',
      'contest-other-terms',
      'contest-debtor',
      'contest-amount',
    ]);
  });

  it('wrong in every way is refused by the first check, and peeled one fault at a time', () => {
    const broken = claimed({ held: iouOf('A', 'C', 100n, {}, 'X'), issued: iouOf('C', 'A', 300n) });
    const other = termsOf({ graceSec: 1 });
    const open = (changes: Parameters<typeof contestBody>[0], by: 'C' | 'X', of = terms) => codeOf(filedBy(changes, by, of));
    expect(open({ ground: broken, amount: 9n }, 'X', other)).equal('contest-signature');
    expect(open({ ground: broken, amount: 9n }, 'C', other)).equal('contest-evidence');
    const debtor = claimed({ held: iouOf('A', 'C', 100n) });
    expect(open({ ground: debtor, amount: 9n }, 'C', other)).equal('contest-other-terms');
    expect(open({ ground: debtor, amount: 9n }, 'C')).equal('contest-debtor');
    expect(open({ ground: claimed(), amount: 9n }, 'C')).equal('contest-amount');
    expect(open({ ground: claimed() }, 'C')).equal('ok');
  });
});

describe('what is due', () => {
  const bytes = fc.bigInt({ min: 0n, max: 2n ** 45n });
  const traffic = fc.record({ relayBytes: bytes, exitBytes: bytes });
  const amount = fc.bigInt({ min: -(10n ** 9n), max: 10n ** 9n });
  const rail = fc.record({
    price: fc.bigInt({ min: 0n, max: 10n ** 10n }),
    quantum: fc.bigInt({ min: 0n, max: 10n ** 6n }),
    dust: fc.bigInt({ min: 0n, max: 10n ** 6n }),
  });
  const given = fc.record({ held: traffic, issued: traffic, amount, rail, carryIntervals: fc.nat(8), age: fc.nat(5) });
  const basisIn = ({ held, issued, amount: of, age }: typeof given extends fc.Arbitrary<infer T> ? T : never) => ({
    ...{ held, issued, issuedSerial: 1n, carry: { amount: of, since: interval - age }, agreed: null },
  });

  it('is what netOf gives without quantum and dust, and to one side alone', () => {
    fc.assert(
      fc.property(given, (one) => {
        const of = termsOf({ rails: { ledger: one.rail }, carryIntervals: one.carryIntervals });
        const basis = basisIn(one);
        const due = dueOf(of, 'ledger', basis);
        const net = netOf(of, { ...one.rail, quantum: 1n, dust: 0n }, basis);
        expect(due).equal(net.creditor === 'me' ? net.amount : 0n);
        // No unit is carried or forgiven: the rounding down to a unit is the only one.
        expect(net.carryLeft.amount + net.forgiven).equal(0n);
        const mirrored = { ...basis, held: one.issued, issued: one.held, carry: { ...basis.carry, amount: -one.amount } };
        expect(due === 0n || dueOf(of, 'ledger', mirrored) === 0n).equal(true);
      }),
      { seed: 1710, numRuns: 300 },
    );
  });

  it('at the fallback is never more than the whole net without the carry', () => {
    fc.assert(
      fc.property(given, (one) => {
        const of = termsOf({ rails: { ledger: one.rail }, carryIntervals: one.carryIntervals });
        const basis = basisIn(one);
        const at = dueAtFallback(of, 'ledger', basis);
        expect(at <= dueOf(of, 'ledger', { ...basis, carry: { amount: 0n, since: interval } })).equal(true);
        if (at > 0n && one.rail.quantum > 0n) expect(at % one.rail.quantum).equal(0n);
        if (at > 0n) expect(at >= one.rail.dust - (one.rail.quantum === 0n ? 0n : one.rail.quantum)).equal(true);
      }),
      { seed: 1711, numRuns: 300 },
    );
  });

  it('drops the fraction of the net once, not of its parts', () => {
    const of = termsOf({ rails: { ledger: { price: 1000n, quantum: 1n, dust: 0n } } });
    const part = (n: bigint) => ({ relayBytes: (n * GIB) / 10_000n, exitBytes: 0n });
    const basis = { held: part(19n), issued: part(5n), issuedSerial: 0n, carry: { amount: 0n, since: 5 }, agreed: null };
    // 1.9 − 0.5 is 1.4: one; and 1.9 − 0.95 less than one: nothing.
    expect(dueOf(of, 'ledger', basis)).equal(1n);
    expect(dueOf(of, 'ledger', { ...basis, issued: part(10n) })).equal(0n);
  });
});

function filedBy(changes: Parameters<typeof contestBody>[0], by: 'C' | 'X', of: typeof terms) {
  return openContest(networkId, contestOf(changes, by), parties, of, { filedAt: schedule.paymentEnd, letterAt: null });
}
