/*
 * What an appeal shows (rule 11): each kind of evidence with what it finds, every refusal, and the attacks of either side: what a
 * contestant conceals, what an accused borrows.
 */
import { expect } from 'chai';
import fc from 'fast-check';
import { APPEALS_MAX } from '../../core/limits.ts';
import { dueOf } from '../../core/rule/contest.ts';
import { GIB } from '../../core/rule/price.ts';
import { amountOf, appealBy, checkAppeal, expire, takeAppeal, type ContestCase } from '../../core/rule/verdict.ts';
import { appealRefusals, type Appeal, type AppealEvidence, type Contest } from '../../core/wire/contest.ts';
import { termsDigest } from '../../core/wire/terms.ts';
import { networkId } from '../harness/view.ts';
import {
  aboutOf,
  agreed,
  appealOf,
  before,
  bothRails,
  caseId,
  claimed,
  codeOf,
  filed,
  filedAt,
  idOf,
  interval,
  iouOf,
  parties,
  proofOf,
  railTable,
  receiptOf,
  schedule,
  settlementOf,
  termsOf,
  valueOf,
  type Filing,
  type Name,
} from './docket.ts';

const paid = (proof: string, settlement: Extract<AppealEvidence, { kind: 'payment' }>['settlement'] = null): AppealEvidence => ({
  ...{ kind: 'payment', settlement },
  proof: proofOf(proof, proof.startsWith('coin') ? 'coin' : 'ledger'),
});
const receipt = (one = receiptOf()): AppealEvidence => ({ kind: 'receipt', receipt: one });
const carried = (settlement = settlementOf({ amount: 0n, destination: null })): AppealEvidence => ({
  kind: 'carried',
  settlement,
});
const setOff = (units: bigint, serial: bigint, by: Name = 'C', changes = {}): AppealEvidence => ({
  ...{ kind: 'set-off', iou: iouOf('C', 'A', units, { serial, ...changes }, by) },
});

const check = (one: ContestCase, appeal: ReturnType<typeof appealOf>, at = filedAt + 10) =>
  checkAppeal(networkId, one, railTable, appeal, at);
/** What it comes to: state, reason and what is still due; or the code of the refusal. */
function after(
  one: ContestCase,
  evidence: AppealEvidence,
  changes: Partial<Appeal> = {},
  by: Name = 'A',
  at = filedAt + 10,
): string {
  const signed = appealOf(evidence, changes, by);
  const found = check(one, signed, at);
  if (!found.ok) return found.refusal.code;
  const { verified, event, reason } = found.value;
  const next = takeAppeal(one, { at, signed: verified }, event, reason);
  return `${next.state} ${next.reason ?? '-'} ${amountOf(next)}`;
}
const taken = (one: ContestCase, evidence: AppealEvidence, by: Name = 'A', at = filedAt + 10): ContestCase => {
  const { verified, event, reason } = valueOf(check(one, appealOf(evidence, {}, by), at));
  return takeAppeal(one, { at, signed: verified }, event, reason);
};

const byAgreed = valueOf(filed());
const byClaim = valueOf(filed({ ground: claimed() }));
const silent = valueOf(filed({ ground: claimed() }, { letterAt: null }));
const filedWith = (changes: Partial<Contest>, filing: Filing = {}): ContestCase => valueOf(filed(changes, filing));

/** A settlement on the other rail that both signed, and the contestant conceals. */
const inCoins = settlementOf({ rail: 'coin', amount: 10n, destination: 'C-coin-fresh' });
/** By it C owes A. */
const turnedRoles = settlementOf({ creditor: idOf('A'), debtor: idOf('C'), destination: 'A-fresh' }, ['A', 'C']);

describe('an appeal', () => {
  const table: [string, ContestCase, AppealEvidence, string][] = [
    ['a receipt', byAgreed, receipt(), 'dismissed receipt 700'],
    ['a receipt of a late payment', byAgreed, receipt(receiptOf({ proof: proofOf('late') })), 'late receipt 700'],
    [
      'a receipt without a proof that holds: the creditor’s word, in time',
      byAgreed,
      receipt(receiptOf({ proof: proofOf('none'), at: schedule.paymentEnd - 1 })),
      'dismissed receipt 700',
    ],
    ['the same, late', byAgreed, receipt(receiptOf({ proof: proofOf('none'), at: schedule.paymentEnd })), 'late receipt 700'],
    ['a receipt of another settlement', byAgreed, receipt(receiptOf({ settlement: 'ab'.repeat(32) })), 'appeal-pair'],
    ['a receipt of another interval', byAgreed, receipt(receiptOf({ interval: 4 })), 'appeal-pair'],
    ['a receipt to another debtor', byAgreed, receipt(receiptOf({ debtor: idOf('X') })), 'appeal-pair'],
    ['a receipt of another creditor', byAgreed, receipt(receiptOf({ creditor: idOf('X') }, 'X')), 'appeal-pair'],
    ['a receipt that the accused signed', byAgreed, receipt(receiptOf({}, 'A')), 'appeal-evidence'],
    ['a receipt by a key that is none', byAgreed, receipt(receiptOf({ creditorKey: 9 })), 'appeal-evidence'],

    ['a payment as agreed', byAgreed, paid('paid'), 'dismissed payment 700'],
    ['a payment in the last second', byAgreed, paid('in-time'), 'dismissed payment 700'],
    ['a payment a second later', byAgreed, paid('late'), 'late payment 700'],
    ['a payment of less', byAgreed, paid('short'), 'appeal-amount'],
    ['a payment that is not there', byAgreed, paid('nothing'), 'appeal-evidence'],
    [
      'a payment on a rail that neither named',
      byAgreed,
      { kind: 'payment', proof: proofOf('paid', 'gold'), settlement: null },
      'appeal-pair',
    ],
    ['another’s payment', byAgreed, paid('elsewhere'), 'appeal-destination'],
    [
      'another’s payment with the settlement that it belongs to',
      byAgreed,
      paid('elsewhere', settlementOf({ debtor: idOf('X'), destination: 'X-fresh' }, ['C', 'X'])),
      'appeal-pair',
    ],
    ['a payment to the fallback though both signed a destination', byAgreed, paid('fallback'), 'appeal-fallback'],

    ['a late payment to the place in the contest', byClaim, paid('public'), 'late payment 700'],
    ['a payment by a settlement that the contestant conceals', byClaim, paid('paid', settlementOf()), 'dismissed payment 700'],
    [
      'less, by a settlement of less that it conceals',
      byClaim,
      paid('short', settlementOf({ amount: 690n })),
      'dismissed payment 700',
    ],
    ['less than that settlement', byClaim, paid('short', settlementOf()), 'appeal-amount'],
    ['what is left, by a settlement of more', byClaim, paid('paid', settlementOf({ amount: 900n })), 'dismissed payment 700'],
    ['a payment on the rail of a settlement that it conceals', byClaim, paid('coins-fresh', inCoins), 'dismissed payment 700'],
    ['the same without the settlement', byClaim, paid('coins-fresh'), 'appeal-destination'],
    ['a payment by a settlement that one alone signed', byClaim, paid('paid', settlementOf({}, ['A', 'A'])), 'appeal-evidence'],
    ['a payment by a settlement with roles turned', byClaim, paid('paid', turnedRoles), 'appeal-pair'],
    [
      'a payment by a settlement that pays nothing',
      byClaim,
      paid('paid', settlementOf({ amount: 0n, destination: null })),
      'appeal-pair',
    ],
    ['to the fallback though a letter lay ready', byClaim, paid('fallback'), 'appeal-fallback'],
    ['to the fallback of a silent creditor', silent, paid('fallback'), 'dismissed payment 700'],
    ['less to the fallback', silent, paid('fallback-short'), 'appeal-amount'],
    ['to the fallback for another settlement', silent, paid('fallback-of-another'), 'appeal-destination'],
    ['to the fallback on the other rail that it publishes', silent, paid('coins'), 'dismissed payment 700'],
    ['to the fallback of one rail on another', silent, paid('coins-at-ledger'), 'appeal-destination'],
    ['to a fallback that was never published', silent, paid('fallback-before'), 'appeal-destination'],

    ['a settlement that carries it all', byClaim, carried(), 'dismissed carried 700'],
    ['a settlement that leaves something to pay', byClaim, carried(settlementOf()), 'appeal-owed'],
    ['a settlement by which the contestant owes', byClaim, carried(turnedRoles), 'dismissed carried 700'],
    [
      'a carried settlement that one alone signed',
      byClaim,
      carried(settlementOf({ amount: 0n, destination: null }, ['A', 'A'])),
      'appeal-evidence',
    ],
    [
      'a carried settlement of another pair',
      byClaim,
      carried(settlementOf({ amount: 0n, creditor: idOf('X') }, ['X', 'A'])),
      'appeal-pair',
    ],
    ['a carry in its favour that the contestant conceals', byClaim, carried(before(20n, 'A')), 'answered - 680'],
    ['a carry that is all of it', byClaim, carried(before(700n, 'A')), 'dismissed carried 700'],
    ['a carry against itself', byClaim, carried(before(20n)), 'appeal-owed'],
    ['a carry against what both signed', byAgreed, carried(before(20n, 'A')), 'appeal-owed'],
    ['a carry that one alone signed', byClaim, carried(settlementOf(before(20n, 'A').body, ['A', 'A'])), 'appeal-evidence'],
    ['a carry of two intervals before', byClaim, carried(before(20n, 'A', { interval: interval - 2 })), 'appeal-pair'],
    ['a carry on another rail', byClaim, carried(before(20n, 'A', { rail: 'coin' })), 'appeal-pair'],

    ['a later IOU of the contestant', byClaim, setOff(400n, 4n), 'answered - 600'],
    ['one that leaves nothing', byClaim, setOff(1000n, 4n), 'dismissed set-off 700'],
    ['one that turns the debt', byClaim, setOff(5000n, 4n), 'dismissed set-off 700'],
    ['the one that the contest shows', byClaim, setOff(400n, 3n), 'appeal-set-off'],
    ['an older one', byClaim, setOff(400n, 2n), 'appeal-set-off'],
    ['a later one of less', byClaim, setOff(300n, 4n), 'appeal-set-off'],
    ['one against what both signed', byAgreed, setOff(400n, 4n), 'appeal-set-off'],
    ['one of another interval', byClaim, setOff(400n, 4n, 'C', { interval: 4 }), 'appeal-pair'],
    ['one by other terms', byClaim, setOff(400n, 4n, 'C', { terms: 'ab'.repeat(32) }), 'appeal-pair'],
    ['one to another', byClaim, setOff(400n, 4n, 'C', { holder: idOf('X') }), 'appeal-pair'],
    ['its own', byClaim, setOff(400n, 4n, 'A', { issuer: idOf('A'), holder: idOf('C') }), 'appeal-pair'],
    ['one that it wrote itself', byClaim, setOff(400n, 4n, 'A'), 'appeal-evidence'],
  ];
  for (const [name, one, evidence, comesTo] of table)
    it(`with ${name}: ${comesTo}`, () => expect(after(one, evidence)).equal(comesTo));

  it('has here every refusal that evidence can meet, and those of whom and when below', () => {
    const met = new Set(table.map(([, , , comesTo]) => comesTo));
    const elsewhere = ['appeal-unknown', 'appeal-stranger', 'appeal-decided', 'appeal-late', 'appeal-signature', 'appeal-shown'];
    expect(Object.keys(appealRefusals).filter((code) => !met.has(code))).deep.equal(elsewhere);
  });

  describe('from whom and when', () => {
    const by = appealBy(byAgreed);
    it('not of another case', () => expect(after(byAgreed, receipt(), { case: 'ab'.repeat(32) })).equal('appeal-unknown'));
    it('not of a stranger, nor of the contestant but with a receipt', () => {
      expect(after(byAgreed, receipt(), {}, 'X')).equal('appeal-stranger');
      expect(after(byAgreed, paid('paid'), {}, 'C')).equal('appeal-stranger');
      expect(after(byClaim, setOff(1000n, 4n), {}, 'C')).equal('appeal-stranger');
      expect(after(byAgreed, receipt(), {}, 'C')).equal('withdrawn withdrawn 700');
    });
    it('not once the case has ended', () => {
      const ended = taken(byAgreed, receipt());
      expect(after(ended, receipt())).equal('appeal-decided');
      expect(after(ended, receipt(), {}, 'C')).equal('appeal-decided');
    });
    it('once it ended late, with a payment in time alone, and in the window', () => {
      const word = receipt(receiptOf({ proof: proofOf('none'), at: schedule.paymentEnd }));
      const late = taken(byAgreed, word, 'C');
      expect([late.state, late.reason]).deep.equal(['late', 'withdrawn']);
      expect(after(late, paid('in-time'))).equal('dismissed payment 700');
      expect(after(late, paid('in-time'), {}, 'A', by - 1)).equal('dismissed payment 700');
      expect(after(late, paid('in-time'), {}, 'A', by)).equal('appeal-decided');
      expect(after(late, paid('late'))).equal('appeal-decided');
      expect(after(late, paid('elsewhere'))).equal('appeal-destination');
      expect(after(late, receipt(), {}, 'C')).equal('appeal-decided');
      expect(after(taken(late, paid('in-time')), paid('paid'))).equal('appeal-decided');
    });
    it('not after the window, but with a payment, which then is late', () => {
      for (const one of [byClaim, expire(byClaim, by)]) {
        expect(after(one, setOff(1000n, 4n), {}, 'A', by)).equal('appeal-late');
        expect(after(one, carried(), {}, 'A', by)).equal('appeal-late');
        expect(after(one, paid('paid', settlementOf()), {}, 'A', by)).equal('late payment 700');
        expect(after(one, receipt(), {}, 'A', by)).equal('late receipt 700');
        expect(after(one, receipt(), {}, 'C', by)).equal('late withdrawn 700');
      }
      expect(after(byClaim, setOff(1000n, 4n), {}, 'A', by - 1)).equal('dismissed set-off 700');
      expect(after(byAgreed, paid('paid'), {}, 'A', by - 1)).equal('dismissed payment 700');
    });
    it('signed by the sender’s own settlement key', () => {
      const forged = (changes: Partial<Appeal>, name: Name) =>
        codeOf(check(byAgreed, appealOf(receipt(), { from: idOf('A'), ...changes }, name)));
      expect(forged({}, 'C')).equal('appeal-signature');
      expect(forged({ fromKey: 2 }, 'A')).equal('appeal-signature');
      expect(codeOf(check(byAgreed, appealOf(receipt(), { from: idOf('C') }, 'A')))).equal('appeal-signature');
      expect(forged({}, 'A')).equal('ok');
    });
    it('wrong in every way is refused by the first check, and peeled one fault at a time', () => {
      const evidence = paid('fallback-short', settlementOf({ debtor: idOf('X') }, ['A', 'A']));
      const wrong = { case: 'ab'.repeat(32), from: idOf('X') };
      const ended = taken(byAgreed, receipt());
      expect(after(ended, evidence, wrong, 'C')).equal('appeal-unknown');
      expect(after(ended, evidence, { from: idOf('X') }, 'C')).equal('appeal-stranger');
      expect(after(ended, evidence, { from: idOf('A') }, 'C')).equal('appeal-decided');
      expect(after(byAgreed, evidence, { from: idOf('A') }, 'C')).equal('appeal-signature');
      expect(after(byAgreed, evidence)).equal('appeal-pair');
      expect(after(byAgreed, paid('fallback-short', settlementOf({}, ['A', 'A'])))).equal('appeal-evidence');
      expect(after(byAgreed, paid('elsewhere'))).equal('appeal-destination');
      expect(after(byAgreed, paid('fallback-short'))).equal('appeal-fallback');
      expect(after(silent, paid('fallback-short'))).equal('appeal-amount');
    });
  });

  describe('in several steps', () => {
    it('a set-off leaves a rest, which is paid', () => {
      const rest = taken(byClaim, setOff(301n, 4n));
      expect([rest.state, amountOf(rest)]).deep.equal(['answered', 699n]);
      expect(after(rest, paid('short', settlementOf()))).equal('dismissed payment 699');
      expect(after(byClaim, paid('short', settlementOf()))).equal('appeal-amount');
    });
    it('the same IOU again takes nothing off', () => {
      const rest = taken(byClaim, setOff(400n, 4n));
      expect(after(rest, setOff(400n, 4n))).equal('appeal-set-off');
    });
    it('an answered case that is not paid is upheld all the same', () => {
      const rest = taken(byClaim, setOff(400n, 4n));
      expect(expire(rest, appealBy(rest)).state).equal('upheld');
    });
    it('keeps the last places for what ends it, and for what clears a false end', () => {
      let one = byClaim;
      for (let step = 1; step < APPEALS_MAX - 1; step += 1) one = taken(one, setOff(300n + BigInt(step), 3n + BigInt(step)));
      expect(one.appeals.length).equal(APPEALS_MAX - 2);
      expect(after(one, setOff(400n, 90n))).equal('appeal-set-off');
      expect(aboutOf(check(one, appealOf(setOff(400n, 90n))))).include('6 such answers');
      expect(after(one, setOff(1000n, 90n))).equal('dismissed set-off 694');
      expect(after(one, paid('paid', settlementOf()))).match(/^dismissed payment/);
      const late = taken(one, receipt(receiptOf({ proof: proofOf('none'), at: schedule.paymentEnd })), 'C');
      expect(late.appeals.length).equal(APPEALS_MAX - 1);
      expect(after(late, paid('paid', settlementOf()))).match(/^dismissed payment/);
    });
  });

  describe('and the fallback (rule 9)', () => {
    it('counts as published at the settlement time, whatever the contestant published since', () => {
      const earlier = bothRails('C', { rails: [{ rail: 'ledger', fallback: 'C-before' }], published: 900_000 });
      const now = bothRails('C', { published: 950_000 });
      const moved = filedWith(
        { ground: claimed() },
        { letterAt: null, parties: { contestant: [now, earlier], accused: parties.accused } },
      );
      expect(after(moved, paid('fallback-before'))).equal('dismissed payment 700');
      expect(after(moved, paid('fallback'))).equal('dismissed payment 700');
      expect(after(moved, paid('elsewhere'))).equal('appeal-destination');
    });
    it('is left where a letter came only at the settlement time', () => {
      const [late, ready] = [schedule.bst, schedule.bst - 1].map((letterAt) => filedWith({ ground: claimed() }, { letterAt }));
      expect(after(late!, paid('fallback'))).equal('dismissed payment 700');
      expect(after(ready!, paid('fallback'))).equal('appeal-fallback');
    });
    it('is left where the contest names a place that nobody can pay to', () => {
      expect(after(filedWith({ ground: claimed(), destination: 'nowhere' }), paid('fallback'))).equal('dismissed payment 700');
    });
    it('takes all of what both signed, where that cannot be paid to', () => {
      const nowhere = { destination: 'nowhere' };
      const one = filedWith({ ...nowhere, ground: agreed(settlementOf(nowhere)) });
      expect(after(one, paid('fallback-short'))).equal('appeal-amount');
      expect(after(one, paid('fallback'))).equal('dismissed payment 700');
    });
    it('takes whole quanta, without the carry', () => {
      const coarse = termsOf({ rails: { ledger: { price: GIB, quantum: 100n, dust: 500n } } });
      const of = { terms: termsDigest(coarse) };
      const held = iouOf('A', 'C', 765n, of);
      const one = filedWith(
        { ...of, amount: 785n, ground: claimed({ held, issued: null, carry: before(20n) }) },
        { terms: coarse, letterAt: null },
      );
      expect(after(one, paid('fallback'))).equal('dismissed payment 785');
      // An IOU that brings the net below dust: the silent creditor is owed nothing now.
      const off = setOff(300n, 4n, 'C', of);
      expect(after(one, off)).equal('dismissed set-off 785');
      expect(after({ ...one, letterAt: schedule.bst - 1 }, off)).equal('answered - 485');
    });
  });

  it('is known again by case: what was shown in one is refused in another', () => {
    const next = { ...byAgreed, id: 'cd'.repeat(32) };
    expect(after(next, receipt())).equal('appeal-unknown');
    expect(after(next, receipt(), { case: next.id })).equal('appeal-pair');
    expect(caseId).equal(byAgreed.id);
  });

  it('never raises what is due, whatever IOUs and carries are shown', () => {
    const units = fc.bigInt({ min: 0n, max: 2000n });
    const step = fc.record({ units, serial: fc.bigInt({ min: 1n, max: 9n }), carry: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 8 }), (steps) => {
        let one = byClaim;
        for (const { units: of, serial, carry } of steps) {
          const evidence = carry ? carried(before(of, serial % 2n === 0n ? 'A' : 'C')) : setOff(of, serial);
          const found = check(one, appealOf(evidence));
          if (!found.ok) continue;
          const due = dueOf(one.terms, 'ledger', one.basis);
          one = takeAppeal(one, { at: filedAt + 10, signed: found.value.verified }, found.value.event, found.value.reason);
          if (one.state === 'dismissed') continue;
          expect(dueOf(one.terms, 'ledger', one.basis) < due).equal(true);
          expect(amountOf(one) > 0n).equal(true);
        }
      }),
      { seed: 1714, numRuns: 60 },
    );
  });
});
