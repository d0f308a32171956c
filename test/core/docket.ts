/*
 * A pair of relays for the tests of the docket: C contests, A is accused, X is a stranger. Whoever makes an object here changes any
 * field of it before it is signed. The rail is a table: a proof's text names the payment that it shows.
 */
import { countersign, sign, type Countersigned, type Signed, type Verified } from '../../core/crypto/sign.ts';
import type { Result } from '../../core/refusal.ts';
import type { RailRules, ShownPayment } from '../../core/rule/contest.ts';
import { scheduleOf } from '../../core/rule/interval.ts';
import { GIB } from '../../core/rule/price.ts';
import { openContest, type ContestCase, type Parties } from '../../core/rule/verdict.ts';
import type { Appeal, AppealEvidence, Contest, ContestGround } from '../../core/wire/contest.ts';
import type { Descriptor } from '../../core/wire/descriptor.ts';
import type { Iou } from '../../core/wire/iou.ts';
import type { Parameters } from '../../core/wire/parameters.ts';
import { settlementId, type PaymentProof, type Receipt, type Settlement } from '../../core/wire/settlement.ts';
import { termsDigest, type Terms } from '../../core/wire/terms.ts';
import { networkId, testDescriptor, testKey, testTerms } from '../harness/view.ts';

export type Name = 'C' | 'A' | 'X';
export const idOf = (name: Name): string => testKey(`${name} identity`).publicKey;
export const interval = 5;

/** A byte through a standard hop is a unit of the ledger, or a 64th of a coin. */
export const rails = {
  ledger: { price: GIB, quantum: 1n, dust: 0n },
  coin: { price: GIB / 64n, quantum: 1n, dust: 0n },
};

export const bothRails = (name: Name, changes: Partial<Descriptor> = {}): Verified<Descriptor> =>
  testDescriptor(name, {
    rails: [
      { rail: 'ledger', fallback: `${name}-fallback` },
      { rail: 'coin', fallback: `${name}-coins` },
    ],
    ...changes,
  });

export const parties: Parties = { contestant: [bothRails('C')], accused: bothRails('A') };
export const keys = { networkId, contestant: parties.contestant[0]!.body, accused: parties.accused.body };

export const termsOf = (changes: Partial<Parameters> = {}, of = interval): Terms => testTerms(of, { rails, ...changes });
export const terms = termsOf();
export const digest = termsDigest(terms);
export const schedule = scheduleOf(terms.parameters, interval);
export const caseId = settlementId(networkId, interval, idOf('C'), idOf('A'));

export function iouOf(issuer: Name, holder: Name, units: bigint, changes: Partial<Iou> = {}, by = issuer): Signed<Iou> {
  const body: Iou = {
    issuer: idOf(issuer),
    issuerKey: 1,
    holder: idOf(holder),
    interval,
    terms: digest,
    serial: 3n,
    relayBytes: units,
    exitBytes: 0n,
    issuedAt: schedule.start + 10,
    ...changes,
  };
  return sign('iou', networkId, body, testKey(`${by} iou`));
}

/** A owes C 700 by it. */
export function settlementOf(
  changes: Partial<Settlement> = {},
  by: readonly [Name, Name] = ['C', 'A'],
): Countersigned<Settlement> {
  const of = changes.interval ?? interval;
  const body: Settlement = {
    id: settlementId(networkId, of, idOf('C'), idOf('A')),
    creditor: idOf('C'),
    creditorKey: 1,
    debtor: idOf('A'),
    debtorKey: 1,
    interval,
    terms: digest,
    owed: iouOf('A', 'C', 700n),
    owing: null,
    carryIn: { amount: 0n, since: interval },
    amount: 700n,
    carryLeft: { amount: 0n, since: interval },
    rail: 'ledger',
    destination: 'C-fresh',
    due: schedule.bst,
    ...changes,
  };
  const first = sign('settlement', networkId, body, testKey(`${by[0]} settlement`));
  return countersign('settlement', networkId, first, testKey(`${by[1]} settlement`));
}

/** The settlement of the interval before: it left so much, to `creditor`. */
export function before(left: bigint, creditor: Name = 'C', changes: Partial<Settlement> = {}): Countersigned<Settlement> {
  const [by, against]: [Name, Name] = creditor === 'C' ? ['C', 'A'] : ['A', 'C'];
  const carryLeft = { amount: left, since: interval - 1 };
  const rest = { amount: 0n, destination: null, owed: null, terms: termsDigest(termsOf({}, interval - 1)) };
  const body = { ...rest, interval: interval - 1, creditor: idOf(by), debtor: idOf(against), carryLeft, ...changes };
  return settlementOf(body, [by, against]);
}

type Claimed = Extract<ContestGround, { kind: 'claimed' }>;
export const agreed = (settlement = settlementOf()): ContestGround => ({ kind: 'agreed', settlement });
export const claimed = (changes: Partial<Claimed> = {}): ContestGround => ({
  ...{ kind: 'claimed', held: iouOf('A', 'C', 1000n), issued: iouOf('C', 'A', 300n), carry: null },
  ...changes,
});

export function contestBody(changes: Partial<Contest> = {}): Contest {
  const destination = changes.ground?.kind === 'claimed' ? 'C-public' : 'C-fresh';
  const rest = { terms: digest, rail: 'ledger', amount: 700n, destination, ground: agreed(), at: schedule.paymentEnd + 1 };
  return { contestant: idOf('C'), contestantKey: 1, accused: idOf('A'), interval, ...rest, ...changes };
}

export const contestOf = (changes: Partial<Contest> = {}, by: Name = 'C'): Verified<Contest> =>
  sign('contest', networkId, contestBody(changes), testKey(`${by} settlement`));

export interface Filing {
  readonly letterAt?: number | null;
  readonly terms?: Terms;
  readonly parties?: Parties;
}
/** A letter lay ready in time, unless it is said otherwise. */
export const filedAt = schedule.paymentEnd + 5;
export function filed(changes: Partial<Contest> = {}, filing: Filing = {}): Result<ContestCase> {
  const letterAt = filing.letterAt === undefined ? schedule.bst - 1 : filing.letterAt;
  const of = filing.parties ?? parties;
  return openContest(networkId, contestOf(changes), of, filing.terms ?? terms, { filedAt, letterAt });
}

export function valueOf<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(`${result.refusal.code}: ${result.refusal.about}`);
  return result.value;
}
export const codeOf = (result: Result<unknown>): string => (result.ok ? 'ok' : result.refusal.code);
export const aboutOf = (result: Result<unknown>): string => (result.ok ? 'ok' : result.refusal.about);

export function appealOf(evidence: AppealEvidence, changes: Partial<Appeal> = {}, by: Name = 'A'): Verified<Appeal> {
  const body = { case: caseId, from: idOf(by), fromKey: 1, evidence, at: filedAt + 10, ...changes };
  return sign('appeal', networkId, body, testKey(`${by} settlement`));
}

export function receiptOf(changes: Partial<Receipt> = {}, by: Name = 'C'): Signed<Receipt> {
  const body: Receipt = {
    creditor: idOf('C'),
    creditorKey: 1,
    debtor: idOf('A'),
    settlement: caseId,
    interval,
    rail: 'ledger',
    amount: 700n,
    payment: 'paid',
    proof: proofOf('paid'),
    at: schedule.bst + 5,
    ...changes,
  };
  return sign('receipt', networkId, body, testKey(`${by} settlement`));
}

export const proofOf = (name: string, rail = 'ledger'): PaymentProof => ({ rail, proof: name });

/** The payments that proofs show, by their names. */
export const payments: Readonly<Record<string, ShownPayment>> = Object.fromEntries(
  (
    [
      ['paid', 'C-fresh', 700n, schedule.bst + 3],
      ['short', 'C-fresh', 699n, schedule.bst + 3],
      ['late', 'C-fresh', 700n, schedule.paymentEnd],
      ['in-time', 'C-fresh', 700n, schedule.paymentEnd - 1],
      ['public', 'C-public', 700n, schedule.paymentEnd + 20],
      ['elsewhere', 'X-fresh', 700n, schedule.bst + 3],
      ['fallback', `C-fallback/${caseId}`, 700n, schedule.bst + 3],
      ['fallback-short', `C-fallback/${caseId}`, 600n, schedule.bst + 3],
      ['fallback-before', `C-before/${caseId}`, 700n, schedule.bst + 3],
      ['fallback-of-another', 'C-fallback/another', 700n, schedule.bst + 3],
      ['coins', `C-coins/${caseId}`, 10n, schedule.bst + 3],
      ['coins-at-ledger', `C-fallback/${caseId}`, 700n, schedule.bst + 3],
      ['coins-fresh', 'C-coin-fresh', 10n, schedule.bst + 3],
    ] as const
  ).map(([payment, destination, amount, at]) => [payment, { payment, destination, amount, at }]),
);

/** A proof shows its payment on the rail that `payments` means: coins on `coin`, all others on `ledger`. */
export const railTable: RailRules = {
  payment: ({ rail, proof }) => ((proof.startsWith('coin') ? 'coin' : 'ledger') === rail ? (payments[proof] ?? null) : null),
  isDestination: (_, text) => text !== 'nowhere',
  fallback: (_, published, settlement) => `${published}/${settlement}`,
};
