/*
 * Rule 15: what a complaint shows and what a guard's answer shows against it; and what neither of them can do to the other: a guard
 * that paid is not upheld against, and no word of one side alone makes the other late.
 */
import { expect } from 'chai';
import fc from 'fast-check';
import { countersign, sign, type Countersigned, type Signed } from '../../core/crypto/sign.ts';
import { ACCOUNT_DEPOSITS_MAX } from '../../core/limits.ts';
import type { Result } from '../../core/refusal.ts';
import type { RailRules } from '../../core/rule/contest.ts';
import {
  amountOf,
  appealBy,
  checkAnswer,
  expire,
  openComplaint,
  takeAnswer,
  type ComplaintCase,
} from '../../core/rule/verdict.ts';
import {
  complaintRefusals,
  answerRefusals,
  type Answer,
  type AnswerEvidence,
  type Complaint,
} from '../../core/wire/complaint.ts';
import type { Account, SubscriberRequest, Tally } from '../../core/wire/guard.ts';
import { networkId, testKey } from '../harness/view.ts';
import { codeOf, digest, idOf, interval, parties, proofOf, schedule, terms, valueOf } from './docket.ts';

const guard = parties.accused;
const subscriber = testKey('U account').publicKey;
const window = terms.parameters.withdrawWindowSec;
const asked = schedule.start + 1000;
const dueBy = asked + window;
const filedAt = dueBy + 50;

function accountOf(changes: Partial<Account> = {}, by = 'A guard'): Signed<Account> {
  const body: Account = {
    ...{ guard: idOf('A'), guardKey: 1, subscriber, serial: 7n, rail: 'ledger', destination: 'U-deposits' },
    deposits: [{ payment: 'old', amount: 1000n, at: asked - 500 }],
    ...{ deposited: 1000n, unconfirmed: 0n, withdrawn: 0n, spent: 0n, lastTally: null, balance: 1000n, state: 'open' },
    at: asked - 10,
    ...changes,
  };
  return sign('account', networkId, body, testKey(by));
}

function requestOf(changes: Partial<SubscriberRequest> = {}, amount = 400n, destination = 'U-wallet'): Signed<SubscriberRequest> {
  const body: SubscriberRequest = {
    ...{ subscriber, guard: idOf('A'), id: '11'.repeat(16), at: asked },
    ask: { kind: 'withdraw', amount, destination },
    ...changes,
  };
  return sign('request', networkId, body, testKey('U account'));
}

type About = Complaint['about'];
const withdrawal = (request = requestOf()): About => ({ kind: 'withdrawal', request });
const deposit = (proof = 'deposit'): About => ({ kind: 'deposit', proof: proofOf(proof) });

const payments: Readonly<Record<string, readonly [string, bigint, number]>> = {
  deposit: ['U-deposits', 500n, asked],
  nothing: ['U-deposits', 0n, asked],
  stray: ['X-deposits', 500n, asked],
  old: ['U-deposits', 1000n, asked],
  payout: ['U-wallet', 400n, dueBy - 1],
  'payout-then': ['U-wallet', 400n, dueBy],
  'payout-filed': ['U-wallet', 400n, filedAt + window - 1],
  'payout-late': ['U-wallet', 400n, filedAt + window],
  'payout-short': ['U-wallet', 399n, asked + 5],
  'payout-before': ['U-wallet', 400n, asked - 100],
  'payout-other': ['U-second', 700n, asked - 300],
  'payout-third': ['U-third', 50n, asked + 7],
};
const rails: RailRules = {
  payment({ rail, proof }) {
    const found = rail === 'ledger' ? payments[proof] : undefined;
    return found === undefined ? null : { payment: proof, destination: found[0], amount: found[1], at: found[2] };
  },
  isDestination: () => true,
  fallback: () => null,
};

function filed(
  about: About,
  account = accountOf(),
  changes: Partial<Complaint> = {},
  at = filedAt,
  by = 'U account',
): Result<ComplaintCase> {
  const body: Complaint = { subscriber, guard: idOf('A'), account, about, at, ...changes };
  return openComplaint(networkId, sign('complaint', networkId, body, testKey(by)), guard, terms, rails, at);
}

const answerOf = (one: ComplaintCase, evidence: AnswerEvidence, changes: Partial<Answer> = {}, by = 'A guard') =>
  sign('answer', networkId, { case: one.id, guard: idOf('A'), guardKey: 1, evidence, at: filedAt + 60, ...changes }, testKey(by));
function after(one: ComplaintCase, evidence: AnswerEvidence, at = filedAt + 60, signed = answerOf(one, evidence)): string {
  const found = checkAnswer(networkId, one, rails, signed, at);
  if (!found.ok) return found.refusal.code;
  const { verified, event, reason } = found.value;
  const next = takeAnswer(one, { at, signed: verified }, event, reason);
  return `${next.state} ${next.reason}`;
}

function tallyOf(
  amount: bigint,
  changes: Partial<Tally> = {},
  by: readonly [string, string] = ['A guard', 'U account'],
): Countersigned<Tally> {
  const body: Tally = {
    ...{ guard: idOf('A'), guardKey: 1, subscriber, interval, terms: digest, rail: 'ledger', serial: 4n },
    ...{ circuitBytes: amount, otherBytes: 0n, relayBytes: amount, exitBytes: 0n, amount },
    ...changes,
  };
  return countersign('tally', networkId, sign('tally', networkId, body, testKey(by[0])), testKey(by[1]));
}
const tallies = (...those: Countersigned<Tally>[]): AnswerEvidence => ({ kind: 'tallies', tallies: those });
const payout = (proof = 'payout'): AnswerEvidence => ({ kind: 'payout', proof: proofOf(proof) });
const credit = (changes: Partial<Account> = {}, by = 'A guard'): AnswerEvidence => ({
  kind: 'account',
  account: accountOf(
    {
      ...{ serial: 8n, deposited: 1500n, balance: 1500n, at: filedAt + 5 },
      deposits: [
        { payment: 'old', amount: 1000n, at: asked - 500 },
        { payment: 'deposit', amount: 500n, at: asked },
      ],
      ...changes,
    },
    by,
  ),
});
type Withdrawals = Extract<AnswerEvidence, { kind: 'withdrawals' }>;
const second = requestOf({ id: '22'.repeat(16), at: asked - 400 }, 700n, 'U-second');
const withdrawals = (those: Withdrawals['withdrawals'], ...of: Countersigned<Tally>[]): AnswerEvidence => ({
  ...{ kind: 'withdrawals', withdrawals: those, tallies: of },
});
const other = { request: second, proof: proofOf('payout-other') };

describe('a complaint', () => {
  const table: [string, Result<ComplaintCase>, string][] = [
    ['about a withdrawal that the balance covers', filed(withdrawal()), 'ok'],
    ['about a deposit that the account does not credit', filed(deposit()), 'ok'],
    ['that another signed', filed(withdrawal(), accountOf(), {}, filedAt, 'X account'), 'complaint-signature'],
    ['with the account of another', filed(withdrawal(), accountOf({ subscriber: idOf('X') })), 'complaint-account'],
    ['with an account at another guard', filed(withdrawal(), accountOf({ guard: idOf('X') })), 'complaint-account'],
    ['with an account that the guard did not sign', filed(withdrawal(), accountOf({}, 'U account')), 'complaint-account'],
    ['with an account by a key that is none', filed(withdrawal(), accountOf({ guardKey: 3 })), 'complaint-account'],
    ['about a request of another', filed(withdrawal(requestOf({ subscriber: idOf('X') }))), 'complaint-evidence'],
    ['about a request to another guard', filed(withdrawal(requestOf({ guard: idOf('X') }))), 'complaint-evidence'],
    ['about a request for something else', filed(withdrawal(requestOf({ ask: { kind: 'account' } }))), 'complaint-evidence'],
    [
      'about a request that it did not sign',
      filed(withdrawal(sign('request', networkId, requestOf().body, testKey('X')))),
      'complaint-evidence',
    ],
    ['about more than the balance', filed(withdrawal(requestOf({}, 1001n))), 'complaint-evidence'],
    ['about nothing', filed(withdrawal(requestOf({}, 0n))), 'complaint-evidence'],
    [
      'about what stands among the withdrawn',
      filed(withdrawal(), accountOf({ balance: 0n, withdrawn: 400n, at: asked + 1 })),
      'ok',
    ],
    [
      'about what was withdrawn before it asked',
      filed(withdrawal(), accountOf({ balance: 0n, withdrawn: 400n })),
      'complaint-evidence',
    ],
    ['about a deposit elsewhere', filed(deposit('stray')), 'complaint-evidence'],
    ['about a deposit of nothing', filed(deposit('nothing')), 'complaint-evidence'],
    ['about a deposit that is not there', filed(deposit('none')), 'complaint-evidence'],
    ['about a deposit on another rail', filed({ kind: 'deposit', proof: proofOf('deposit', 'coin') }), 'complaint-evidence'],
    ['about a deposit that the account credits', filed(deposit('old')), 'complaint-credited'],
    ['within the guard’s time', filed(withdrawal(), accountOf(), {}, dueBy - 1), 'complaint-early'],
    ['at its end', filed(withdrawal(), accountOf(), {}, dueBy), 'ok'],
  ];
  for (const [name, result, code] of table) it(`${name}: ${code}`, () => expect(codeOf(result)).equal(code));

  it('has here every refusal but those that the directory makes: of an unknown guard, and of a full docket', () => {
    const met = new Set(table.map(([, , code]) => code));
    expect(Object.keys(complaintRefusals).filter((code) => !met.has(code))).deep.equal(['complaint-unknown', 'complaint-docket']);
  });

  it('is one case for each deposit and each withdrawal, whatever else it shows', () => {
    const idWith = (about: About, account = accountOf()) => valueOf(filed(about, account)).id;
    expect(idWith(withdrawal())).equal(
      idWith(withdrawal(requestOf({ at: asked - 1 })), accountOf({ balance: 900n, serial: 9n })),
    );
    expect(idWith(withdrawal())).not.equal(idWith(withdrawal(requestOf({ id: '22'.repeat(16) }))));
    expect(idWith(withdrawal())).not.equal(idWith(deposit()));
    expect([amountOf(valueOf(filed(deposit()))), amountOf(valueOf(filed(withdrawal())))]).deep.equal([500n, 400n]);
  });
});

describe('the answer of a guard', () => {
  const money = valueOf(filed(withdrawal()));
  const missing = valueOf(filed(deposit()));
  /** The account shows that it was taken: the guard knew from the request on. */
  const was = valueOf(filed(withdrawal(), accountOf({ balance: 0n, withdrawn: 400n, spent: 600n, at: asked + 1 })));
  const table: [string, ComplaintCase, AnswerEvidence, string][] = [
    ['the account that credits the deposit', missing, credit(), 'dismissed account'],
    [
      'one that credits less',
      missing,
      credit({ deposits: [{ payment: 'deposit', amount: 499n, at: asked }] }),
      'answer-evidence',
    ],
    [
      'one that credits another',
      missing,
      credit({ deposits: [{ payment: 'stray', amount: 500n, at: asked }] }),
      'answer-evidence',
    ],
    ['one that lists it and has not grown', missing, credit({ deposited: 1000n }), 'answer-evidence'],
    ['one of another subscriber', missing, credit({ subscriber: idOf('X') }), 'answer-evidence'],
    ['one of another guard', missing, credit({ guard: idOf('X') }), 'answer-evidence'],
    ['one with another destination', missing, credit({ destination: 'X-deposits' }), 'answer-evidence'],
    ['one that another signed', missing, credit({}, 'U account'), 'answer-evidence'],
    ['a payout, of a deposit', missing, payout(), 'answer-evidence'],
    ['tallies, of a deposit', missing, tallies(tallyOf(1000n)), 'answer-evidence'],

    ['the payout in time', money, payout(), 'dismissed payout'],
    ['the payout after the filing: nobody can tell that it was asked before', money, payout('payout-filed'), 'dismissed payout'],
    ['the payout after the time that runs from the filing', money, payout('payout-late'), 'late payout'],
    ['the payout in time of what was taken', was, payout(), 'dismissed payout'],
    ['the payout after the time, of what was taken', was, payout('payout-then'), 'late payout'],
    ['a payout of less', money, payout('payout-short'), 'answer-evidence'],
    ['a payout to that place from before', money, payout('payout-before'), 'answer-evidence'],
    ['a payout elsewhere', money, payout('payout-other'), 'answer-evidence'],
    ['a payout that is not there', money, payout('none'), 'answer-evidence'],
    ['an account, of a withdrawal', money, credit(), 'answer-evidence'],

    ['tallies that used the balance up', money, tallies(tallyOf(601n)), 'dismissed tallies'],
    ['tallies of two intervals', money, tallies(tallyOf(301n), tallyOf(300n, { interval: interval - 1 })), 'dismissed tallies'],
    ['tallies that left enough', money, tallies(tallyOf(600n)), 'answer-evidence'],
    ['one tally twice', money, tallies(tallyOf(301n), tallyOf(301n)), 'answer-evidence'],
    ['a tally that the subscriber did not sign', money, tallies(tallyOf(601n, {}, ['A guard', 'A guard'])), 'answer-evidence'],
    ['a tally of another', money, tallies(tallyOf(601n, { subscriber: idOf('X') })), 'answer-evidence'],
    ['a tally at another guard', money, tallies(tallyOf(601n, { guard: idOf('X') })), 'answer-evidence'],
    ['a tally on another rail', money, tallies(tallyOf(601n, { rail: 'coin' })), 'answer-evidence'],
    ['any tally, of what was taken and not paid', was, tallies(tallyOf(0n)), 'answer-evidence'],

    ['other withdrawals that left too little', money, withdrawals([other]), 'dismissed withdrawals'],
    [
      'others, and a tally',
      money,
      withdrawals(
        [{ request: requestOf({ id: '33'.repeat(16) }, 50n, 'U-third'), proof: proofOf('payout-third') }],
        tallyOf(551n),
      ),
      'dismissed withdrawals',
    ],
    [
      'others that left enough',
      money,
      withdrawals([{ request: requestOf({ id: '33'.repeat(16) }, 50n, 'U-third'), proof: proofOf('payout-third') }]),
      'answer-evidence',
    ],
    ['one of them twice', money, withdrawals([other, other]), 'answer-evidence'],
    [
      'one payment for two',
      money,
      withdrawals([other, { ...other, request: requestOf({ id: '44'.repeat(16) }, 700n, 'U-second') }]),
      'answer-evidence',
    ],
    ['the one complained of', money, withdrawals([{ request: requestOf(), proof: proofOf('payout') }]), 'answer-evidence'],
    ['one that was not paid there', money, withdrawals([{ request: second, proof: proofOf('payout') }]), 'answer-evidence'],
    [
      'one that was paid less',
      money,
      withdrawals([{ request: requestOf({ id: '22'.repeat(16) }, 701n, 'U-second'), proof: proofOf('payout-other') }]),
      'answer-evidence',
    ],
    [
      'one that the subscriber did not ask for',
      money,
      withdrawals([{ ...other, request: sign('request', networkId, second.body, testKey('A guard')) }]),
      'answer-evidence',
    ],
    [
      'one of another guard',
      money,
      withdrawals([{ ...other, request: requestOf({ guard: idOf('X') }, 700n, 'U-second') }]),
      'answer-evidence',
    ],
  ];
  for (const [name, one, evidence, comesTo] of table)
    it(`${name}: ${comesTo}`, () => expect(after(one, evidence)).equal(comesTo));

  it('comes from the guard that is meant, signed, to a case that has not ended', () => {
    const said = (one: ComplaintCase, changes: Partial<Answer>, by?: string, at = filedAt + 60) =>
      after(one, payout(), at, answerOf(one, payout(), changes, by));
    expect(said(money, { case: 'ab'.repeat(32) })).equal('answer-unknown');
    expect(said(money, { guard: idOf('X') })).equal('answer-stranger');
    expect(said(money, {}, 'U account')).equal('answer-signature');
    expect(said(money, { guardKey: 9 })).equal('answer-signature');
    const ended = { ...money, state: 'dismissed' as const };
    expect(said(ended, {})).equal('answer-decided');
    expect(said(ended, { guard: idOf('X') })).equal('answer-stranger');
    expect(said(ended, {}, 'U account')).equal('answer-decided');
    expect(Object.keys(answerRefusals)).deep.equal([
      'answer-unknown',
      'answer-stranger',
      'answer-decided',
      'answer-signature',
      'answer-evidence',
    ]);
  });

  it('after the window is late, whenever it was paid or credited', () => {
    for (const one of [money, expire(money, appealBy(money))]) expect(after(one, payout(), appealBy(one))).equal('late payout');
    expect(after(expire(missing, appealBy(missing)), credit(), appealBy(missing))).equal('late account');
    expect(after(money, payout(), appealBy(money) - 1)).equal('dismissed payout');
  });

  it('is late where the guard itself signed after its time that it had not credited, and not by any date of its own', () => {
    const [then, now] = [asked + window - 1, asked + window].map((at) => valueOf(filed(deposit(), accountOf({ at }))));
    expect([after(then!, credit()), after(now!, credit())]).deep.equal(['dismissed account', 'late account']);
    for (const at of [asked, dueBy, filedAt + 9]) expect(after(missing, credit({ at })), String(at)).equal('dismissed account');
  });

  it('about a deposit that fell off a full list is the account that had it', () => {
    const full = Array.from({ length: ACCOUNT_DEPOSITS_MAX }, (_, at) => ({ payment: `p${at}`, amount: 1n, at: asked }));
    const one = valueOf(filed(deposit(), accountOf({ deposits: full, at: filedAt, serial: 9n })));
    expect(after(one, credit({ serial: 3n, at: asked + 9 }))).equal('dismissed account');
    expect(after(one, credit({ serial: 10n, deposited: 1000n }))).equal('dismissed account');
  });

  it('is not forced by what was withdrawn before: a guard that paid it shows it', () => {
    // Withdrawn and paid before; the same money is asked for again, with the account of today.
    const again = valueOf(filed(withdrawal(), accountOf({ balance: 300n, withdrawn: 700n, at: asked + 1 })));
    expect(after(again, withdrawals([other]))).equal('dismissed withdrawals');
    expect(after(again, tallies(tallyOf(300n)))).equal('answer-evidence');
    // And with an account from before.
    expect(after(money, withdrawals([other]))).equal('dismissed withdrawals');
  });

  it('is not the withdrawal complained of among the others: that is a payout', () => {
    const one = valueOf(filed(withdrawal(), accountOf({ balance: 700n })));
    expect(after(one, withdrawals([{ request: requestOf(), proof: proofOf('payout') }]))).equal('answer-evidence');
    expect(after(one, withdrawals([other]))).equal('dismissed withdrawals');
  });

  it('never lets a guard keep money that is there: as much as it holds is as much as it must show', () => {
    const amounts = fc.record({ balance: fc.bigInt(400n, 1500n), used: fc.bigInt(0n, 1500n), paid: fc.boolean() });
    fc.assert(
      fc.property(amounts, ({ balance, used, paid }) => {
        const one = valueOf(filed(withdrawal(), accountOf({ balance })));
        const evidence = paid ? withdrawals([other], tallyOf(used)) : tallies(tallyOf(used));
        const left = balance - used - (paid ? 700n : 0n);
        expect(after(one, evidence).startsWith('dismissed')).equal(left < 400n);
      }),
      { seed: 1715, numRuns: 60 },
    );
  });
});
