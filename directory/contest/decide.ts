/*
 * Whether a contest is taken (rule 10). State, a signed contest and a time in; its case, or the first refusal in the order of
 * contestRefusals, out: who, when and how often before any signature. Pure; called by contest/flow.ts.
 */
import type { Signed } from '../../core/crypto/sign.ts';
import { invariant, ok, refuser, type Result } from '../../core/refusal.ts';
import { CONTESTS_OF_RELAY_MAX, NULLIFIED_MAX } from '../../core/limits.ts';
import { caseOf, fitsPair, verifyContest } from '../../core/rule/contest.ts';
import { isRefuted } from '../../core/rule/flag.ts';
import { scheduleOf } from '../../core/rule/interval.ts';
import { openContest, pairKeys, type ContestCase } from '../../core/rule/verdict.ts';
import { contestRefusals, docketDigest, type Contest } from '../../core/wire/contest.ts';
import { sameFamily } from '../../core/wire/descriptor.ts';
import type { Parameters } from '../../core/wire/parameters.ts';
import type { Terms } from '../../core/wire/terms.ts';
import type { DocketAnswer } from '../../core/wire/verdict.ts';
import type { DirectoryState } from '../state/decide.ts';
import { partiesOf } from '../state/docket.ts';

export interface Accepted {
  readonly answer: DocketAnswer;
  /** Null when just this one was filed before. */
  readonly opened: ContestCase | null;
}

const refuse = refuser(contestRefusals);

/** What each check sees. */
interface Given {
  readonly body: Contest;
  readonly state: DirectoryState;
  readonly networkId: string;
  /** Of the interval; null where no consensus fixed any. */
  readonly terms: Terms | null;
  /** Those of the terms, or else of now. */
  readonly parameters: Parameters;
  readonly now: number;
}
type Check = (given: Given) => ReturnType<typeof refuse> | null;

const checks: readonly Check[] = [
  checkKnown,
  checkFamily,
  checkPolicy,
  checkEarly,
  checkLate,
  checkPair,
  checkBarred,
  checkQuota,
  checkRoom,
  checkVoid,
];

/** Who, when, how often, and whether it is void: all that needs neither a signature nor the mailbox. */
export function screenContest(state: DirectoryState, body: Contest, now: number): Result<DocketAnswer | null> {
  const given = givenOf(state, body, now);
  const same = sameBefore(given);
  return same === null ? screen(given) : ok(same);
}

export function acceptContest(
  state: DirectoryState,
  signed: Signed<Contest>,
  { now, letterAt }: { readonly now: number; readonly letterAt: number | null },
): Result<Accepted> {
  const given = givenOf(state, signed.body, now);
  const same = sameBefore(given);
  if (same !== null) return ok({ answer: same, opened: null });
  const screened = screen(given);
  return screened.ok ? open(given, signed, letterAt) : screened;
}

function givenOf(state: DirectoryState, body: Contest, now: number): Given {
  invariant(state.parameters !== null, 'a log begins with its parameters');
  const terms = state.terms.get(body.interval) ?? null;
  const parameters = terms?.parameters ?? state.parameters;
  return { body, state, networkId: state.networkId ?? '', terms, parameters, now };
}

function screen(given: Given): Result<null> {
  for (const check of checks) {
    const refusal = check(given);
    if (refusal !== null) return refusal;
  }
  return ok(null);
}

/** The same body again is answered the same, whoever sends it and whatever has happened since. */
function sameBefore({ state, networkId, body }: Given): DocketAnswer | null {
  const one = state.cases.get(caseOf(networkId, body));
  if (one?.kind !== 'contest' || docketDigest(one.signed.body) !== docketDigest(body)) return null;
  return { case: one.id, state: one.state };
}

/** The expired too: they may still be owed. */
function checkKnown({ body, state }: Given) {
  const missing = [body.contestant, body.accused].find((id) => !state.relays.has(id));
  return missing === undefined ? null : refuse('contest-unknown', missing);
}

function checkFamily({ body: { contestant, accused }, state }: Given) {
  const [by, against] = [state.relays.get(contestant), state.relays.get(accused)];
  invariant(by !== undefined && against !== undefined, 'both are known by now');
  return sameFamily(by.descriptor.body, against.descriptor.body) ? refuse('contest-family', accused) : null;
}

/** Who had it is known while the interval may be contested; before and after, its windows refuse everybody. */
function checkPolicy({ body: { contestant, interval }, state, parameters }: Given) {
  const had = state.guardsOf.get(interval);
  const mayContest = parameters.contestants === 'any' || had === undefined || had.has(contestant);
  return mayContest ? null : refuse('contest-policy', contestant);
}

function checkEarly({ body: { interval }, parameters, now }: Given) {
  const { paymentEnd } = scheduleOf(parameters, interval);
  return now >= paymentEnd ? null : refuse('contest-early', `from ${paymentEnd}, now ${now}`);
}

function checkLate({ body: { interval }, parameters, now }: Given) {
  const { contestEnd } = scheduleOf(parameters, interval);
  return now < contestEnd ? null : refuse('contest-late', `until ${contestEnd}, now ${now}`);
}

function checkPair({ body, networkId }: Given) {
  return fitsPair(networkId, body) ? null : refuse('contest-pair', caseOf(networkId, body));
}

/** For an interval's length after it was shown to be wrong. */
function checkBarred({ body: { contestant }, state, parameters, now }: Given) {
  for (const one of filedBy(state, contestant)) {
    const until = (one.decidedAt ?? 0) + parameters.intervalSec;
    if (isRefuted(one.state, one.reason) && until > now) return refuse('contest-barred', `until ${until}`);
  }
  return null;
}

/** An upheld one, and one that the accused paid late, was right; one that its reporter withdrew is only said to be. */
function checkQuota({ body: { contestant, interval }, state, parameters: { reportsPerInterval } }: Given) {
  if (reportsPerInterval === 0) return null;
  const counted = filedBy(state, contestant).filter(
    (one) =>
      one.signed.body.interval === interval && one.state !== 'upheld' && (one.state !== 'late' || one.reason === 'withdrawn'),
  );
  return counted.length < reportsPerInterval ? null : refuse('contest-quota', `${counted.length} of ${reportsPerInterval}`);
}

/** Each takes a place in every consensus until its windows are over: withdrawn, dismissed or upheld. */
function checkRoom({ body: { contestant }, state, now }: Given) {
  let [mine, all] = [0, 0];
  for (const one of state.cases.values()) {
    if (one.kind !== 'contest' || !isListed(one, now)) continue;
    all += 1;
    if (one.signed.body.contestant === contestant) mine += 1;
  }
  if (mine >= CONTESTS_OF_RELAY_MAX) return refuse('contest-docket', `${mine} of ${CONTESTS_OF_RELAY_MAX} of this relay`);
  return all >= NULLIFIED_MAX ? refuse('contest-docket', `${all} of ${NULLIFIED_MAX}`) : null;
}

/** While a window of its interval is open (rule 10): its pair is then in the consensus. */
export function isListed(one: ContestCase, at: number): boolean {
  return scheduleOf(one.terms.parameters, one.signed.body.interval).appealEnd > at;
}

function filedBy({ cases }: DirectoryState, contestant: string): ContestCase[] {
  return [...cases.values()].filter(
    (one): one is ContestCase => one.kind === 'contest' && one.signed.body.contestant === contestant,
  );
}

/** Whoever of the two filed it: a counter-contest too. The carry of a contested interval is as void as its IOUs. */
function checkVoid({ body, networkId, state }: Given) {
  const carry = body.ground.kind === 'claimed' ? body.ground.carry : null;
  const id = [caseOf(networkId, body), carry?.body.id ?? ''].find((one) => state.cases.has(one));
  return id === undefined ? null : refuse('contest-void', id);
}

/** The rest of the refusals is the evidence's own. */
function open(given: Given, signed: Signed<Contest>, letterAt: number | null): Result<Accepted> {
  const { body, state, networkId, terms, now } = given;
  const parties = partiesOf(state, body, given.parameters);
  invariant(parties !== null, 'both are known by now');
  if (terms === null) {
    const verified = verifyContest(pairKeys(networkId, parties), signed);
    return verified.ok ? refuse('contest-other-terms', `interval ${body.interval}: none were fixed`) : verified;
  }
  const opened = openContest(networkId, signed, parties, terms, { filedAt: now, letterAt });
  if (!opened.ok) return opened;
  const one = opened.value;
  return ok({ answer: { case: one.id, state: one.state }, opened: one });
}
