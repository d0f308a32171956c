/*
 * Complaints of subscribers (rule 15): the docket's notice in; the case fetched from the authorities, checked, put right where it is
 * right, and answered at each, out. Again and again until it has ended there. Called by http.ts and the job `complaints`.
 */
import { bare, sign } from '../../core/crypto/sign.ts';
import type { Done } from '../../core/local/messages.ts';
import { ok, type Result } from '../../core/refusal.ts';
import { examineAnswer, type ComplaintKeys } from '../../core/rule/complaint.ts';
import { intervalAt } from '../../core/rule/interval.ts';
import type { Answer } from '../../core/wire/complaint.ts';
import type { Parameters } from '../../core/wire/parameters.ts';
import {
  DOCKET_CASE_BYTES_MAX,
  docketAnswer,
  docketCase,
  docketPage,
  type CaseNotice,
  type DocketCase,
} from '../../core/wire/verdict.ts';
import { placeAt } from '../../host/http/place.ts';
import { refuseHttp } from '../../host/http/refusals.ts';
import { parametersOf } from '../../host/network/prices.ts';
import { railRules } from '../../rail/rails.ts';
import type { Guard } from '../context.ts';
import { pollAfter } from '../deposit/flow.ts';
import { claimIn, isToAnswer, lookedAtUntil } from './decide.ts';
import { evidenceFor, type Items } from './evidence.ts';
import { dropCase, noteCase, readCases, saveExpiry, type CaseRow } from './store.ts';

/** Anybody may send notices: more that nobody has looked at are not kept. What an authority lists, a page at a time, always is. */
const CASES_MAX = 1000;
/** A page of the docket has a hundred lines at most. */
const PAGE_BYTES_MAX = 128 * 1024;

export interface Complaints {
  /** Anybody may say so: nothing is believed before an authority shows the case. */
  noticed(notice: CaseNotice): Promise<Result<Done>>;
  /** The job. */
  run(now: number): Promise<number | null>;
}

export function createComplaints(guard: Guard, items: Items): Complaints {
  const { ports, config } = guard;
  const { database, network, clock, http, log } = ports;
  const { networkId, authorities } = network.network;
  const rails = railRules(ports.readers ?? {});

  async function noticed({ case: id }: CaseNotice): Promise<Result<Done>> {
    const parameters = parametersOf(network);
    if (parameters === null) return refuseHttp('overloaded', 'no consensus yet');
    const now = clock.now();
    const kept = await database.transaction(async (tx) => {
      const isThere = await noteCase(tx, config.id, { id, expires: now + parameters.appealWindowSec }, CASES_MAX);
      if (isThere) await guard.schedule(tx, 'complaints', now);
      return isThere;
    });
    return kept ? ok({ done: true }) : refuseHttp('overloaded', 'too many cases are waiting');
  }

  async function run(now: number): Promise<number | null> {
    const parameters = parametersOf(network);
    if (parameters === null) return null;
    for (const { url } of authorities) await lookFor(url, parameters, now);
    for (const row of await database.transaction((tx) => readCases(tx, config.id))) {
      const isOver = row.expires <= now || (await attend(row, parameters));
      if (isOver) await database.transaction((tx) => dropCase(tx, config.id, row.id));
    }
    const left = await database.transaction((tx) => readCases(tx, config.id));
    // The next consensus is a reason to look, too.
    return left.length === 0 ? null : pollAfter(parameters, now);
  }

  /** A notice may be lost, and a database restored from before. */
  async function lookFor(authority: string, parameters: Parameters, now: number): Promise<void> {
    const url = placeAt(authority, `/directory/docket?relay=${config.id}`);
    const page = await http.get(url, docketPage, { answerMax: PAGE_BYTES_MAX });
    if (!page.ok) return log.info('docket-not-read', { role: 'guard', code: page.refusal.code });
    for (const line of page.value.cases) {
      const expires = lookedAtUntil(line, parameters);
      if (!isToAnswer(line, config.id) || expires <= now) continue;
      await database.transaction((tx) => noteCase(tx, config.id, { id: line.case, expires }, Infinity));
    }
  }

  /** Whether there is nothing more to do: no authority that could be asked has it open. */
  async function attend(row: CaseRow, parameters: Parameters): Promise<boolean> {
    let isOver = true;
    for (const { url } of authorities) {
      const answer = await http.get(placeAt(url, `/directory/docket/case/${row.id}`), docketCase, {
        answerMax: DOCKET_CASE_BYTES_MAX,
      });
      if (!answer.ok) {
        if (answer.refusal.retry) isOver = false;
        continue;
      }
      const { line } = answer.value;
      if (line.case !== row.id || !isToAnswer(line, config.id)) continue;
      await database.transaction((tx) => saveExpiry(tx, config.id, { id: row.id, expires: lookedAtUntil(line, parameters) }));
      if (!(await answerAt(url, answer.value, parameters))) isOver = false;
    }
    return isOver;
  }

  /** Whether the authority has taken it, or there is nothing to take. */
  async function answerAt(authority: string, shown: DocketCase, newest: Parameters): Promise<boolean> {
    const own = network.descriptor(config.id);
    if (own === null) return false;
    const { filedAt, case: id } = shown.line;
    const interval = intervalAt(newest, filedAt);
    const parameters = network.terms(interval)?.parameters ?? newest;
    const keys: ComplaintKeys = { networkId, guard: own.body };
    const claim = claimIn(shown, keys, rails, parameters);
    if (!claim.ok) {
      log.warn('complaint-not-so', { role: 'guard', code: claim.refusal.code });
      return false;
    }
    const { complaint, claimed } = claim.value;
    // The key of the filing: a newer one is not in the descriptor that the docket holds against it.
    const { number, key } = guard.keys.of(interval);
    for (const evidence of await evidenceFor(guard, items, complaint, claimed)) {
      const body: Answer = { case: id, guard: config.id, guardKey: number, evidence, at: clock.now() };
      // Nothing is shown that does not answer it.
      if (!examineAnswer({ complaint, claimed, parameters, filedAt }, keys, rails, body).ok) continue;
      const sent = await http.post(
        placeAt(authority, '/directory/answer'),
        bare(sign('answer', networkId, body, key)),
        docketAnswer,
      );
      const what = { role: 'guard', code: sent.ok ? evidence.kind : sent.refusal.code } as const;
      if (sent.ok) log.info('complaint-answered', what);
      else log.warn('complaint-answer-refused', what);
      return sent.ok;
    }
    log.warn('complaint-not-answered', { role: 'guard', code: claimed.kind });
    return false;
  }

  return { noticed, run };
}
