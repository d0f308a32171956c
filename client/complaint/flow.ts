/*
 * `ptg complain` (rule 15): what could be complained of, what would become public, and, once its user says yes, the complaint signed,
 * written down and filed at every authority; and how its cases stand. Called by http.ts and the job `complaints`.
 */
import { bare, sign, type Signed, type Verified } from '../../core/crypto/sign.ts';
import { ok, refuser, type Refusal, type Result } from '../../core/refusal.ts';
import { checkComplaint, complaintCaseOf, type Claimed } from '../../core/rule/complaint.ts';
import { complaintRefusals, type Complaint } from '../../core/wire/complaint.ts';
import type { Account } from '../../core/wire/guard.ts';
import { DOCKET_CASE_BYTES_MAX, docketAnswer, docketCase, type DocketLine } from '../../core/wire/verdict.ts';
import { placeAt } from '../../host/http/place.ts';
import { parametersOf } from '../../host/network/prices.ts';
import { railRules } from '../../rail/rails.ts';
import { readAccountsBy } from '../account/store.ts';
import { retryAfter, type Client } from '../context.ts';
import { placeOf } from '../guards/find.ts';
import { clientRefusals } from '../refusals.ts';
import { readRequest } from '../withdraw/store.ts';
import { findCandidates, type Candidate } from './find.ts';
import {
  dropRefused,
  insertComplaint,
  readComplaints,
  readFilings,
  saveFiling,
  type ComplaintRow,
  type FilingRow,
} from './store.ts';

const refuse = refuser({ ...clientRefusals, ...complaintRefusals });

export interface CandidateShown extends Candidate {
  readonly nickname: string;
}

/** What is disclosed by filing, whole. */
export interface Disclosed extends CandidateShown {
  readonly subscriber: string;
  readonly account: Signed<Account>;
}

export interface CaseShown {
  readonly case: string;
  readonly guard: string;
  readonly nickname: string;
  readonly kind: Candidate['kind'];
  readonly subject: string;
  readonly rail: string;
  readonly amount: bigint;
  readonly filedAt: number;
  readonly authorities: readonly {
    readonly authority: string;
    readonly filing: FilingRow['state'];
    readonly code: string | null;
    /** As the docket shows it; null where it does not answer. */
    readonly line: Pick<DocketLine, 'state' | 'reason' | 'appealBy' | 'decidedAt'> | null;
  }[];
}

export interface ComplainInput {
  readonly kind: Candidate['kind'];
  readonly subject: string;
  readonly confirm: boolean;
}

export interface Complaints {
  candidates(): Promise<Result<{ candidates: CandidateShown[] }>>;
  /** Without `confirm` nothing is filed. */
  complain(input: ComplainInput): Promise<Result<{ disclosed: Disclosed; filed: CaseShown | null }>>;
  list(): Promise<Result<{ cases: CaseShown[] }>>;
  /** The job. */
  run(now: number): Promise<number | null>;
}

interface Prepared {
  readonly complaint: Signed<Complaint>;
  readonly claimed: Claimed;
  readonly disclosed: Disclosed;
}

export function createComplaints(client: Client): Complaints {
  const { ports, key } = client;
  const { database, network, clock, http, log } = ports;
  const { networkId, authorities } = network.network;
  const rails = railRules(ports.readers);
  const named = (guard: string): string => network.descriptor(guard)?.body.nickname ?? guard;

  async function candidates(): Promise<Result<{ candidates: CandidateShown[] }>> {
    const found = await findCandidates(client);
    return found.ok ? ok({ candidates: found.value.map((one) => ({ ...one, nickname: named(one.guard) })) }) : found;
  }

  async function complain({ kind, subject, confirm }: ComplainInput): ReturnType<Complaints['complain']> {
    const found = await findCandidates(client);
    if (!found.ok) return found;
    const candidate = found.value.find((one) => one.kind === kind && one.subject === subject);
    if (candidate === undefined) return refuse('client-no-claim', `${kind} ${subject}`);
    const prepared = await prepare(candidate);
    if (!prepared.ok) return prepared;
    const { complaint, claimed, disclosed } = prepared.value;
    if (!confirm) return ok({ disclosed, filed: null });
    const id = complaintCaseOf(networkId, complaint.body, claimed);
    const now = clock.now();
    const expires = now + (parametersOf(network)?.appealWindowSec ?? 0);
    const { guard, rail, amount } = candidate;
    await database.transaction(async (tx) => {
      await dropRefused(tx, id);
      const row: ComplaintRow = { id, guard, kind, subject, rail, amount, filedAt: now, expires, complaint };
      await insertComplaint(
        tx,
        row,
        authorities.map((one) => one.name),
      );
      await client.schedule(tx, 'complaints', retryAfter(network, now));
    });
    const [row] = (await database.transaction(readComplaints)).filter((one) => one.id === id);
    const refusal = row === undefined ? null : await file(row);
    const filings = await database.transaction((tx) => readFilings(tx, id));
    if (row === undefined || filings.every((one) => one.state !== 'filed')) {
      return refusal === null || refusal.retry ? refuse('client-not-filed', `case ${id}`) : { ok: false, refusal };
    }
    return ok({ disclosed, filed: await shown(row) });
  }

  /** By the rule that the docket goes by, with the newest account under which the claim stands. */
  async function prepare(candidate: Candidate): Promise<Result<Prepared>> {
    const { guard, kind, subject, rail } = candidate;
    const place = placeOf(network, guard);
    const parameters = parametersOf(network);
    if (place === null || parameters === null) return refuse('client-guard-unknown', guard);
    const about = await aboutOf(kind, subject, rail);
    if (!about.ok) return about;
    const keys = { networkId, guard: place.descriptor };
    const now = clock.now();
    let refused: Result<never> = refuse('client-no-account', guard);
    for (const account of await database.transaction((tx) => readAccountsBy(tx, guard))) {
      const complaint = signComplaint(guard, account, about.value, now);
      const checked = checkComplaint(keys, rails, parameters, complaint, now);
      if (checked.ok) {
        const disclosed = { ...candidate, nickname: named(guard), subscriber: key.publicKey, account: bare(account) };
        return ok({ complaint, claimed: checked.value.claimed, disclosed });
      }
      refused = checked;
      // Under an older account this may stand: the balance had not been lowered yet.
      if (checked.refusal.code !== 'complaint-evidence') break;
    }
    return refused;
  }

  function signComplaint(guard: string, account: Verified<Account>, about: Complaint['about'], at: number): Signed<Complaint> {
    return bare(sign('complaint', networkId, { subscriber: key.publicKey, guard, account: bare(account), about, at }, key));
  }

  async function aboutOf(kind: Candidate['kind'], subject: string, rail: string): Promise<Result<Complaint['about']>> {
    if (kind === 'withdrawal') {
      const request = await database.transaction((tx) => readRequest(tx, subject));
      return request === null ? refuse('client-no-claim', `withdrawal ${subject}`) : ok({ kind, request });
    }
    const proof = await ports.readers[rail]?.prove(subject);
    if (proof === undefined) return refuse('client-rail', rail);
    return proof.ok ? ok({ kind, proof: proof.value }) : proof;
  }

  /** To each authority that has not answered. Answers the last refusal, if there was one. */
  async function file(row: ComplaintRow): Promise<Refusal | null> {
    let refusal: Refusal | null = null;
    for (const filing of await database.transaction((tx) => readFilings(tx, row.id))) {
      const authority = authorities.find((one) => one.name === filing.authority);
      if (filing.state !== 'sending' || authority === undefined) continue;
      const sent = await http.post(placeAt(authority.url, '/directory/complaint'), row.complaint, docketAnswer);
      if (!sent.ok) {
        refusal = sent.refusal;
        log.info('complaint-not-filed', { role: 'client', code: sent.refusal.code });
        if (sent.refusal.retry) continue;
      }
      const [state, code] = sent.ok ? (['filed', null] as const) : (['refused', sent.refusal.code] as const);
      await database.transaction((tx) => saveFiling(tx, { ...filing, state, code }));
    }
    return refusal;
  }

  async function shown({ id, guard, kind, subject, rail, amount, filedAt }: ComplaintRow): Promise<CaseShown> {
    const lines: CaseShown['authorities'][number][] = [];
    for (const { authority, state: filing, code } of await database.transaction((tx) => readFilings(tx, id))) {
      const url = authorities.find((one) => one.name === authority)?.url;
      const answer =
        url === undefined
          ? null
          : await http.get(placeAt(url, `/directory/docket/case/${id}`), docketCase, { answerMax: DOCKET_CASE_BYTES_MAX });
      lines.push({ authority, filing, code, line: answer?.ok === true ? lineOf(answer.value.line) : null });
    }
    return { case: id, guard, nickname: named(guard), kind, subject, rail, amount, filedAt, authorities: lines };
  }

  async function list(): Promise<Result<{ cases: CaseShown[] }>> {
    const cases: CaseShown[] = [];
    for (const row of await database.transaction(readComplaints)) {
      // No role has to run in the background: what did not get through goes with the next look.
      if (row.expires > clock.now()) await file(row);
      cases.push(await shown(row));
    }
    return ok({ cases });
  }

  async function run(now: number): Promise<number | null> {
    let left = false;
    for (const row of await database.transaction(readComplaints)) {
      if (row.expires <= now) continue;
      await file(row);
      const filings = await database.transaction((tx) => readFilings(tx, row.id));
      left ||= filings.some((one) => one.state === 'sending');
    }
    return left ? retryAfter(network, now) : null;
  }

  return { candidates, complain, list, run };
}

function lineOf({ state, reason, appealBy, decidedAt }: DocketLine) {
  return { state, reason, appealBy, decidedAt };
}
