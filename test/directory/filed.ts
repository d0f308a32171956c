/*
 * What is filed at a docket, for tests: IOUs, settlements, contests, appeals, complaints and answers signed by relays that are known by
 * name, and the proofs of a ledger that the test pays on. An authority whose interval 0 is over, with such relays.
 */
import { bare, countersign, sign, type Countersigned, type ObjectName, type Signed } from '../../core/crypto/sign.ts';
import { createTree, hexOf, leafHash } from '../../core/log/merkle.ts';
import type { Result } from '../../core/refusal.ts';
import { scheduleOf } from '../../core/rule/interval.ts';
import { encode } from '../../core/wire/codec.ts';
import type { Answer, AnswerEvidence, Complaint } from '../../core/wire/complaint.ts';
import type { Appeal, AppealEvidence, Contest } from '../../core/wire/contest.ts';
import type { Descriptor } from '../../core/wire/descriptor.ts';
import type { Account, Tally } from '../../core/wire/guard.ts';
import type { Iou } from '../../core/wire/iou.ts';
import { entryLeaf, parseLedgerDestination, type LedgerEntry } from '../../core/wire/ledger.ts';
import type { Parameters } from '../../core/wire/parameters.ts';
import { settlementId, type PaymentProof, type Receipt, type Settlement } from '../../core/wire/settlement.ts';
import { termsDigest, type Terms } from '../../core/wire/terms.ts';
import type { DocketAnswer, DocketCase, DocketLine, DocketPage, RelayRecord, Verdict } from '../../core/wire/verdict.ts';
import type { DirectoryTor } from '../../tor/authority/directory-tor.ts';
import { networkId, testKey } from '../harness/view.ts';
import { GENESIS, givenAuthority, givenParameters, type Authority } from './given.ts';

/** A byte through a standard hop is worth one unit. Interval 0 is settled at 460, paid until 520, contested until 580. */
export function docketParameters(changes: Partial<Parameters> = {}): Parameters {
  return givenParameters({
    ...{ graceSec: 20, bstOffsetSec: 60, paymentWindowSec: 60, contestWindowSec: 60, answerWindowSec: 40, appealWindowSec: 100 },
    ...{ withdrawWindowSec: 50, skewSec: 5, exitRatio: [3n, 2n], rails: { ledger: { price: 2n ** 30n, quantum: 1n, dust: 0n } } },
    ...changes,
  });
}

export const idOf = (name: string): string => testKey(`${name} identity`).publicKey;
export const caseOf = (a: string, b: string, interval = 0): string => settlementId(networkId, interval, idOf(a), idOf(b));
export const codeOf = (answer: Result<unknown>): string => (answer.ok ? 'ok' : answer.refusal.code);
export const destinationOf = (name: string, ref = 0): string =>
  `${testKey(`${name} wallet`).publicKey}.${ref.toString(16).padStart(32, '0')}`;
/** A contestant's fresh one. */
export const freshOf = (name: string): string => destinationOf(name, 7);

export interface Docket {
  readonly authority: Authority;
  readonly parameters: Parameters;
  terms(interval?: number): Promise<Terms>;
  iou(issuer: string, holder: string, bytes: bigint, changes?: Partial<Iou>): Promise<Signed<Iou>>;
  /** Both signed it; the creditor first. */
  agreed(creditor: string, debtor: string, bytes: bigint, changes?: Partial<Settlement>): Promise<Countersigned<Settlement>>;
  /** By the accused's IOU alone, with changes that are signed over. */
  contest(by: string, against: string, bytes?: bigint, changes?: Partial<Contest>): Promise<Signed<Contest>>;
  file(signed: Signed<Contest>): Promise<Result<DocketAnswer>>;
  appeal(from: string, id: string, evidence: AppealEvidence, changes?: Partial<Appeal>): Promise<Result<DocketAnswer>>;
  receipt(creditor: string, debtor: string, changes?: Partial<Receipt>): Signed<Receipt>;
  /** Pays on the ledger, at the clock's time. */
  pay(destination: string, amount: bigint, at?: number): PaymentProof;
  /** Answers a state, or the code of a refusal. */
  complain(of: string, body: Partial<Complaint> & Pick<Complaint, 'about'>, by?: string): Promise<string>;
  answer(guard: string, id: string, evidence: AnswerEvidence, changes?: Partial<Answer>): Promise<string>;
  account(guard: string, changes?: Partial<Account>): Signed<Account>;
  page(query?: { readonly before?: string; readonly relay?: string }): Promise<DocketPage>;
  line(id: string): Promise<DocketLine>;
  one(id: string): Promise<DocketCase>;
  verdict(id: string): Promise<Signed<Verdict>>;
  record(relay: string): Promise<RelayRecord>;
  /** Names of those with Guard in the newest consensus, in order of standing. */
  guards(): Promise<string[]>;
  /** Names in the newest consensus, best first. */
  order(): Promise<string[]>;
}

export const subscriber = testKey('subscriber').publicKey;
export const accountDestination = destinationOf('guard account', 9);

export async function givenDocket(
  names: readonly string[],
  changes: Partial<Parameters> = {},
  said: Readonly<Record<string, Partial<Descriptor>>> = {},
  tor: DirectoryTor | null = null,
): Promise<Docket> {
  const parameters = docketParameters(changes);
  const authority = await givenAuthority(GENESIS - 15, parameters, tor);
  for (const name of names) {
    authority.up.add(name);
    valueOf(await authority.publish(name, said[name]));
  }
  await authority.settle();
  const { paymentEnd } = scheduleOf(parameters, 0);
  await authority.goTo(paymentEnd);
  return docketAt(authority, parameters);
}

export function valueOf<T>(answer: Result<T>): T {
  if (!answer.ok) throw new Error(`${answer.refusal.code}: ${answer.refusal.about}`);
  return answer.value;
}

/** What a key signs of a relay: `a settlement`, `a iou`, `a guard`. */
function signedBy<T>(object: ObjectName, body: T, key: string): Signed<T> {
  return bare(sign(object, networkId, body, testKey(key)));
}

function docketAt(authority: Authority, parameters: Parameters): Docket {
  const ledger = ledgerOf(() => authority.clock.now());
  const read = async <T>(path: string, input: object = {}): Promise<T> =>
    valueOf((await authority.call(path, input)) as Result<T>);
  const now = (): number => authority.clock.now();
  const known = new Map<number, Terms>();

  const docket: Docket = {
    authority,
    parameters,
    async terms(interval = 0) {
      const terms = known.get(interval) ?? (await termsOf(authority, interval));
      known.set(interval, terms);
      return terms;
    },
    async iou(issuer, holder, bytes, changed = {}) {
      const interval = changed.interval ?? 0;
      const body: Iou = {
        ...{ issuer: idOf(issuer), issuerKey: 1, holder: idOf(holder), interval, serial: 1n, relayBytes: bytes, exitBytes: 0n },
        ...{ terms: changed.terms ?? termsDigest(await docket.terms(interval)), issuedAt: GENESIS + 10, ...changed },
      };
      return signedBy('iou', body, `${issuer} iou`);
    },
    async agreed(creditor, debtor, bytes, changed = {}) {
      const interval = changed.interval ?? 0;
      const body: Settlement = {
        ...{ id: caseOf(creditor, debtor, interval), creditor: idOf(creditor), creditorKey: 1, debtor: idOf(debtor) },
        ...{ debtorKey: 1, interval, terms: termsDigest(await docket.terms(interval)) },
        ...{ owed: await docket.iou(debtor, creditor, bytes, { interval }), owing: null },
        ...{ carryIn: { amount: 0n, since: interval }, amount: bytes, carryLeft: { amount: 0n, since: interval } },
        ...{ rail: 'ledger', destination: freshOf(creditor), due: GENESIS + 460, ...changed },
      };
      const first = sign('settlement', networkId, body, testKey(`${creditor} settlement`));
      return countersign('settlement', networkId, first, testKey(`${debtor} settlement`));
    },
    async contest(by, against, bytes = 1000n, changed = {}) {
      const interval = changed.interval ?? 0;
      const body: Contest = {
        ...{ contestant: idOf(by), contestantKey: 1, accused: idOf(against), interval, rail: 'ledger', amount: bytes },
        ...{ terms: termsDigest(await docket.terms(interval)), destination: freshOf(by), at: now() },
        ground: { kind: 'claimed', held: await docket.iou(against, by, bytes, { interval }), issued: null, carry: null },
        ...changed,
      };
      return signedBy('contest', body, `${by} settlement`);
    },
    file: (signed) => posted(authority, '/directory/contest', signed),
    appeal(from, id, evidence, changed = {}) {
      const body: Appeal = { case: id, from: idOf(from), fromKey: 1, evidence, at: now(), ...changed };
      return posted(authority, '/directory/appeal', signedBy('appeal', body, `${from} settlement`));
    },
    receipt(creditor, debtor, changed = {}) {
      const body: Receipt = {
        ...{ creditor: idOf(creditor), creditorKey: 1, debtor: idOf(debtor), settlement: caseOf(creditor, debtor), interval: 0 },
        ...{ rail: 'ledger', amount: 1000n, payment: '0', proof: { rail: 'ledger', proof: 'lost' }, at: now(), ...changed },
      };
      return signedBy('receipt', body, `${creditor} settlement`);
    },
    pay: ledger,
    async complain(of, said, by = 'subscriber') {
      const body: Complaint = { subscriber, guard: idOf(of), account: docket.account(of), at: now(), ...said };
      return stateOf(await posted(authority, '/directory/complaint', signedBy('complaint', body, by)));
    },
    async answer(guard, id, evidence, changed = {}) {
      const body: Answer = { case: id, guard: idOf(guard), guardKey: 1, evidence, at: now(), ...changed };
      return stateOf(await posted(authority, '/directory/answer', signedBy('answer', body, `${guard} guard`)));
    },
    account(guard, changed = {}) {
      const body: Account = {
        ...{ guard: idOf(guard), guardKey: 1, subscriber, serial: 3n, rail: 'ledger', destination: accountDestination },
        ...{ deposits: [], deposited: 5000n, unconfirmed: 0n, withdrawn: 0n, spent: 0n, lastTally: null, balance: 5000n },
        ...{ state: 'open', at: GENESIS + 100, ...changed },
      };
      return signedBy('account', body, `${guard} guard`);
    },
    page: (query) => read('/directory/docket', query),
    async line(id) {
      return (await docket.one(id)).line;
    },
    one: (id) => read('/directory/docket/case/:case', { case: id }),
    verdict: (id) => read('/directory/docket/verdict/:case', { case: id }),
    record: (relay) => read('/directory/docket/record/:relay', { relay }),
    async guards() {
      const { relays } = (await authority.consensus()).body;
      return relays.filter((one) => one.flags.includes('Guard')).map((one) => one.nickname);
    },
    async order() {
      return (await authority.consensus()).body.relays.map((one) => one.nickname);
    },
  };
  return docket;
}

export const stateOf = (answer: Result<DocketAnswer>): string => (answer.ok ? answer.value.state : answer.refusal.code);

export function tally(guard: string, interval: number, amount: bigint, changes: Partial<Tally> = {}): Countersigned<Tally> {
  const body: Tally = {
    ...{ guard: idOf(guard), guardKey: 1, subscriber, interval, terms: '00'.repeat(32), rail: 'ledger', serial: 1n, amount },
    ...{ circuitBytes: amount, otherBytes: 0n, relayBytes: amount, exitBytes: 0n, ...changes },
  };
  const first = sign('tally', networkId, body, testKey(`${guard} guard`));
  return countersign('tally', networkId, first, testKey('subscriber'));
}

/** A withdrawal as it was asked for. */
export function withdrawal(guard: string, id: string, amount: bigint, at: number, destination = destinationOf('subscriber')) {
  const ask = { kind: 'withdraw' as const, amount, destination };
  return signedBy('request', { subscriber, guard: idOf(guard), id: id.repeat(16), at, ask }, 'subscriber');
}

async function posted(authority: Authority, path: string, signed: Signed<unknown>): Promise<Result<DocketAnswer>> {
  const answer = (await authority.call(path, signed)) as Result<DocketAnswer>;
  await authority.settle();
  return answer;
}

async function termsOf(authority: Authority, interval: number): Promise<Terms> {
  const answer = (await authority.call('/directory/terms/:interval', { interval: `${interval}` })) as Result<{
    body: { terms: Terms[] };
  }>;
  return valueOf(answer).body.terms.find((one) => one.interval === interval)!;
}

/** A ledger of nothing but what the test pays, proven under its log's key. */
function ledgerOf(now: () => number): Docket['pay'] {
  const entries: LedgerEntry[] = [];
  const tree = createTree();
  return (destination, amount, at = now()) => {
    const { to, ref } = parseLedgerDestination(destination)!;
    const position = BigInt(entries.length);
    const entry: LedgerEntry = { position, transfer: '01'.repeat(32), from: '02'.repeat(32), to, ref, amount, at };
    entries.push(entry);
    tree.append(leafHash(entryLeaf(entry)));
    const head = signedBy('loghead', { size: BigInt(tree.size), root: hexOf(tree.root()), at }, 'log');
    const path = tree.inclusion(Number(position), tree.size).map(hexOf);
    return { rail: 'ledger', proof: encode({ entry, path, head }) };
  };
}
