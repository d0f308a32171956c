/*
 * A docket for tests of its pages: one contest that was upheld and paid late, one that is open on IOUs alone, and two complaints,
 * with all kinds of evidence. Whatever a stranger may have written is as hostile as its schema lets it be.
 */
import { bare, countersign, sign, type Countersigned, type Signed } from '../../core/crypto/sign.ts';
import { ok, refuser } from '../../core/refusal.ts';
import { complaintId, type Complaint } from '../../core/wire/complaint.ts';
import type { Appeal, AppealEvidence, Contest } from '../../core/wire/contest.ts';
import type { Account, SubscriberRequest, Tally } from '../../core/wire/guard.ts';
import type { Iou } from '../../core/wire/iou.ts';
import { settlementId, type Settlement } from '../../core/wire/settlement.ts';
import { termsDigest } from '../../core/wire/terms.ts';
import { docketRefusals, type DocketCase, type DocketChange, type DocketLine } from '../../core/wire/verdict.ts';
import type { Docket, Known } from '../../directory/pages/known.ts';
import { networkId, testDescriptor, testKey, testTerms } from '../harness/view.ts';

export const HOSTILE = `"><script>alert('&')</script><img src=http://evil.example onerror=x>\u202e\u0000`;
export const idOf = (name: string): string => testKey(`${name} identity`).publicKey;
export const subscriber = testKey('alice').publicKey;
export const terms = testTerms(3);
export const GIB = 2n ** 30n;
const digest = termsDigest(terms);
const refuse = refuser(docketRefusals);

function iou(issuer: string, holder: string, serial: bigint, bytes: bigint): Signed<Iou> {
  const body: Iou = {
    ...{ issuer: idOf(issuer), issuerKey: 1, holder: idOf(holder), interval: 3, terms: digest, serial },
    ...{ relayBytes: bytes, exitBytes: bytes / 2n, issuedAt: 1_080_000 },
  };
  return bare(sign('iou', networkId, body, testKey(`${issuer} iou`)));
}

const pair = settlementId(networkId, 3, idOf('A'), idOf('B'));
const agreed: Settlement = {
  ...{ id: pair, creditor: idOf('A'), creditorKey: 1, debtor: idOf('B'), debtorKey: 1, interval: 3, terms: digest },
  ...{ owed: iou('B', 'A', 7n, 4n * GIB), owing: iou('A', 'B', 2n, GIB) },
  ...{ carryIn: { amount: -12n, since: 2 }, amount: 5_249_999_988n, carryLeft: { amount: 0n, since: 3 } },
  ...{ rail: 'ledger', destination: HOSTILE, due: 1_088_200 },
};
const both = (one: Settlement): Countersigned<Settlement> =>
  countersign('settlement', networkId, sign('settlement', networkId, one, testKey('A settlement')), testKey('B settlement'));

const filedAt = 1_091_900;
const lineOf = (changes: Partial<DocketLine>): DocketLine => ({
  ...{
    case: pair,
    kind: 'contest',
    reporter: idOf('A'),
    accused: idOf('B'),
    interval: 3,
    rail: 'ledger',
    amount: 5_249_999_988n,
  },
  ...{ state: 'late', reason: 'payment', filedAt, answerBy: filedAt + 43_200, appealBy: filedAt + 604_800 },
  ...{ decidedAt: filedAt + 700_000, counts: false },
  ...changes,
});
const contest = (changes: Partial<Contest>): Signed<Contest> => {
  const body: Contest = {
    ...{ contestant: idOf('A'), contestantKey: 1, accused: idOf('B'), interval: 3, terms: digest, rail: 'ledger' },
    ...{ amount: 5_249_999_988n, destination: HOSTILE, ground: { kind: 'agreed', settlement: both(agreed) }, at: filedAt },
    ...changes,
  };
  return bare(sign('contest', networkId, body, testKey('A settlement')));
};
const proof = { rail: 'ledger', proof: HOSTILE };
const appeal = (evidence: AppealEvidence, at: number) => {
  const body: Appeal = { case: pair, from: idOf('B'), fromKey: 1, evidence, at };
  return { at, signed: bare(sign('appeal', networkId, body, testKey('B settlement'))) };
};
const receiptBody = {
  ...{ creditor: idOf('A'), creditorKey: 1, debtor: idOf('B'), settlement: pair, interval: 3, rail: 'ledger' },
  ...{ amount: 5_249_999_988n, payment: HOSTILE, proof, at: filedAt + 700_000 },
};
const receipt = bare(sign('receipt', networkId, receiptBody, testKey('A settlement')));

const change = (id: bigint, of: string, at: number, what: DocketChange['what'], state: DocketChange['state']): DocketChange => ({
  ...{ id, at, what, case: of, state },
  reason: state === 'upheld' ? 'no-answer' : state === 'late' ? 'payment' : null,
});

export const openCase = settlementId(networkId, 3, idOf('A'), idOf('C'));
const account: Account = {
  ...{ guard: idOf('B'), guardKey: 1, subscriber, serial: 12n, rail: 'ledger', destination: HOSTILE },
  ...{ deposits: [{ payment: HOSTILE, amount: 700n, at: 1_000_900 }], deposited: 700n, unconfirmed: 0n, withdrawn: 0n },
  ...{ spent: 40n, lastTally: { interval: 2, serial: 3n, amount: 40n }, balance: 660n, state: 'open', at: 1_001_000 },
};
const signedAccount = bare(sign('account', networkId, account, testKey('B guard')));
const request: SubscriberRequest = {
  ...{ subscriber, guard: idOf('B'), id: 'ab'.repeat(16), at: 1_002_000 },
  ask: { kind: 'withdraw', amount: 600n, destination: HOSTILE },
};
const complaint = (about: Complaint['about']): Signed<Complaint> =>
  bare(
    sign(
      'complaint',
      networkId,
      { subscriber, guard: idOf('B'), account: signedAccount, about, at: filedAt + 5 },
      testKey('alice'),
    ),
  );
const tally: Tally = {
  ...{ guard: idOf('B'), guardKey: 1, subscriber, interval: 3, terms: digest, rail: 'ledger', serial: 4n },
  ...{ circuitBytes: 5n, otherBytes: 6n, relayBytes: 7n, exitBytes: 8n, amount: 650n },
};
const tallies = [countersign('tally', networkId, sign('tally', networkId, tally, testKey('B guard')), testKey('alice'))];
export const depositCase = complaintId(networkId, idOf('B'), subscriber, 'p1');
export const withdrawalCase = complaintId(networkId, idOf('B'), subscriber, request.id);
const answerOf = (evidence: unknown, at: number) => {
  const body = { case: withdrawalCase, guard: idOf('B'), guardKey: 1, evidence, at } as never;
  return { at, signed: bare(sign('answer', networkId, body, testKey('B guard'))) };
};

const complaintLine = (changes: Partial<DocketLine>): DocketLine =>
  lineOf({
    ...{ kind: 'complaint', reporter: subscriber, accused: idOf('B'), interval: null, state: 'open', reason: null },
    ...{ decidedAt: null, ...changes },
  });

const verdictOf = (signed: Signed<Contest>) => {
  const about = {
    ...{ kind: 'contest' as const, signed, contestant: [bare(testDescriptor('A'))], accused: bare(testDescriptor('B')) },
    ...{ letterAt: null, appeals: [] },
  };
  const body = {
    ...{ authority: testKey('authority').publicKey, case: pair, about, terms, filedAt },
    ...{ outcome: 'late' as const, reason: 'payment' as const, at: filedAt + 700_000 },
  };
  return bare(sign('verdict', networkId, body, testKey('authority')));
};

export const paidLate = pair;
export const cases: readonly DocketCase[] = [
  {
    line: complaintLine({ case: withdrawalCase, amount: 600n, filedAt: filedAt + 6 }),
    changes: [change(33n, withdrawalCase, filedAt + 6, 'filed', 'open')],
    about: {
      ...{
        kind: 'complaint',
        signed: complaint({ kind: 'withdrawal', request: bare(sign('request', networkId, request, testKey('alice'))) }),
      },
      answers: [
        answerOf({ kind: 'payout', proof }, filedAt + 60),
        answerOf({ kind: 'tallies', tallies }, filedAt + 61),
        answerOf({ kind: 'account', account: signedAccount }, filedAt + 62),
      ],
    },
    verdict: null,
  },
  {
    line: complaintLine({ case: depositCase, amount: 700n, filedAt: filedAt + 5 }),
    changes: [change(32n, depositCase, filedAt + 5, 'filed', 'open')],
    about: { kind: 'complaint', signed: complaint({ kind: 'deposit', proof }), answers: [] },
    verdict: null,
  },
  {
    line: lineOf({
      ...{ case: openCase, accused: idOf('C'), amount: 1_750_000_000n, state: 'open', reason: null, filedAt: filedAt + 4 },
      ...{ decidedAt: null, counts: true },
    }),
    changes: [change(31n, openCase, filedAt + 4, 'filed', 'open')],
    about: {
      kind: 'contest',
      signed: contest({
        ...{ accused: idOf('C'), amount: 1_750_000_000n, at: filedAt + 4 },
        ground: { kind: 'claimed', held: iou('C', 'A', 1n, GIB), issued: null, carry: both({ ...agreed, interval: 2 }) },
      }),
      letterAt: filedAt - 5000,
      appeals: [],
    },
    verdict: null,
  },
  {
    line: lineOf({}),
    changes: [
      change(30n, pair, filedAt, 'filed', 'open'),
      change(34n, pair, filedAt + 604_800, 'decided', 'upheld'),
      change(35n, pair, filedAt + 700_000, 'decided', 'late'),
    ],
    about: {
      kind: 'contest',
      signed: contest({}),
      letterAt: null,
      appeals: [
        appeal({ kind: 'set-off', iou: iou('A', 'B', 3n, 2n * GIB) }, filedAt + 100),
        appeal({ kind: 'carried', settlement: both(agreed) }, filedAt + 101),
        appeal({ kind: 'receipt', receipt }, filedAt + 102),
        appeal({ kind: 'payment', proof, settlement: both(agreed) }, filedAt + 700_000),
      ],
    },
    verdict: verdictOf(contest({})),
  },
];

export const now = filedAt + 50;

/** As the directory answers, by the contract of core/wire/verdict.ts. */
export function givenDocket(more: readonly DocketChange[] = []): Docket & { asked: number } {
  const changes = [...cases.flatMap((one) => one.changes), ...more].sort((a, b) => Number(a.id - b.id));
  const docket = {
    asked: 0,
    page: ({ before, relay }: Parameters<Docket['page']>[0]) => {
      const lines = cases.map((one) => one.line);
      const of = lines.filter((one) => relay === null || one.accused === relay || one.reporter === relay);
      return ok(
        before === null ? { cases: of.slice(0, 3), before: of.length > 3 ? 30n : null } : { cases: of.slice(3), before: null },
      );
    },
    one: (id: string) => {
      docket.asked += 1;
      const found = cases.find((one) => one.line.case === id);
      return found === undefined ? refuse('docket-no-case', id) : ok(found);
    },
    record: (relay: string) =>
      relay === idOf('B')
        ? ok({ relay, upheld: 1, late: 2, refuted: 3, onTime: 4, firstSeen: 1_000_000, place: 7, of: 9, reporters: 2 })
        : refuse('docket-no-case', relay),
    changes: (after: bigint | null) => {
      const next = changes.filter((one) => after === null || one.id > after).slice(0, 2);
      return ok({ changes: next, last: changes.at(-1)?.id ?? null });
    },
  };
  return docket;
}

export const known: Known = {
  authority: { name: 'auth', key: testKey('authority').publicKey },
  networkId,
  now: () => now,
  begun: () => 1_000_000,
  nickname: (relay) => (relay === idOf('B') ? HOSTILE : relay === idOf('A') ? 'alder' : null),
  idOf: (name) => (name === 'alder' ? idOf('A') : name === idOf('B') ? name : null),
  terms: () => terms,
  flag: () => ({ has: false, missing: ['2 relays contest it'] }),
  payment: (shown) => ({ payment: shown.proof, destination: HOSTILE, amount: 700n, at: 1_000_900 }),
};
