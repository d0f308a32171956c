/*
 * A verdict checked again, with nothing but the evidence in it: each step of the case is a named check, and the case comes out as far
 * as it goes. Pure; the rails check proofs offline. Called by the offline verifier, and by whoever audits an authority.
 *
 *   descriptors → filing → answers, one after the other → end of the appeal window → outcome and reason
 *
 * What only the authority can know stands in the verdict on its word: when things came, when a letter lay ready, that no descriptor is
 * missing, that no answer was left out.
 */
import { verify, type Signed, type Verified } from '../crypto/sign.ts';
import { type Refusal, type Result } from '../refusal.ts';
import { sameFamily, type Descriptor } from '../wire/descriptor.ts';
import type { Terms } from '../wire/terms.ts';
import { termsDigest } from '../wire/terms.ts';
import type { Verdict } from '../wire/verdict.ts';
import { complaintCaseOf } from './complaint.ts';
import { caseOf, fitsPair, type RailRules } from './contest.ts';
import { isUndecided } from './course.ts';
import { intervalAt, scheduleOf } from './interval.ts';
import {
  appealBy,
  checkAnswer,
  checkAppeal,
  expire,
  openComplaint,
  openContest,
  outcomeOf,
  takeAnswer,
  takeAppeal,
  type Case,
  type ComplaintCase,
  type ContestCase,
} from './verdict.ts';

export interface Check {
  /** In the words of a person. */
  readonly what: string;
  readonly holds: boolean;
}

export interface Replay {
  /** In order, up to the first that does not hold. */
  readonly checks: readonly Check[];
  /** As it ended by the evidence; null where a check fails before. */
  readonly ended: Case | null;
}

type OfKind<K extends Verdict['about']['kind']> = Verdict & { readonly about: Extract<Verdict['about'], { kind: K }> };

/** All of it but the authority's own signature. */
export function replay(networkId: string, verdict: Verdict, rails: RailRules): Replay {
  const checks: Check[] = [];
  const ended = checkedCase(networkId, verdict, rails, checklist(checks));
  return { checks, ended };
}

export function replays({ checks, ended }: Replay): boolean {
  return ended !== null && checks.every((one) => one.holds);
}

/** Writes down what is checked, and says whether it holds. */
interface Checklist {
  holds(what: string, holds: boolean): boolean;
  /** Of a result: what it says no with stands behind the check. */
  taken<T>(what: string, result: Result<T>): T | null;
}

function checklist(checks: Check[]): Checklist {
  const holds = (what: string, holds: boolean): boolean => {
    checks.push({ what, holds });
    return holds;
  };
  const why = ({ code, text, about }: Refusal): string => `${code}: ${text}; ${about}`;
  return {
    holds,
    taken(what, result) {
      holds(result.ok ? what : `${what} (${why(result.refusal)})`, result.ok);
      return result.ok ? result.value : null;
    },
  };
}

function checkedCase(networkId: string, verdict: Verdict, rails: RailRules, list: Checklist): Case | null {
  const { terms, filedAt, at } = verdict;
  if (!list.holds('its terms are of this network', terms.networkId === networkId)) return null;
  if (!list.holds('it was decided after it was filed', filedAt <= at)) return null;
  const ended = isContest(verdict)
    ? replayContest(networkId, verdict, rails, list)
    : isComplaint(verdict)
      ? replayComplaint(networkId, verdict, rails, list)
      : null;
  if (ended === null) return null;
  const last = isUndecided(ended.state) && at >= appealBy(ended) ? expire(ended, at) : ended;
  const outcome = outcomeOf(last);
  const isOver = list.holds('by its time an answer had ended it, or the appeal window was over', outcome !== null);
  if (!isOver) return null;
  if (!list.holds(`its outcome is what the evidence gives: ${outcome}`, verdict.outcome === outcome)) return null;
  return list.holds(`its reason is what ended it: ${last.reason}`, verdict.reason === last.reason) ? last : null;
}

function isContest(verdict: Verdict): verdict is OfKind<'contest'> {
  return verdict.about.kind === 'contest';
}

function isComplaint(verdict: Verdict): verdict is OfKind<'complaint'> {
  return verdict.about.kind === 'complaint';
}

function replayContest(networkId: string, verdict: OfKind<'contest'>, rails: RailRules, list: Checklist): ContestCase | null {
  const { about, terms, filedAt } = verdict;
  const { body } = about.signed;
  const contestant = describedBy(networkId, 'contestant', about.contestant, body.contestant, list);
  const accused = contestant === null ? null : describedBy(networkId, 'accused', [about.accused], body.accused, list);
  const [newest, against] = [contestant?.[0], accused?.[0]];
  if (contestant === null || newest === undefined || against === undefined) return null;
  const isFirst = contestant.every((one) => one.body.published <= newest.body.published);
  if (!list.holds('the newest descriptor of the contestant stands first', isFirst)) return null;
  const parties = { contestant, accused: against };
  if (!list.holds('the terms are those of the contest', isOfTerms(terms, body))) return null;
  const isStranger = body.contestant !== body.accused && !sameFamily(newest.body, against.body);
  if (!list.holds('contestant and accused are two relays, not of one family', isStranger)) return null;
  if (!list.holds('it is of that case', verdict.case === caseOf(networkId, body))) return null;
  const { paymentEnd, contestEnd } = scheduleOf(terms.parameters, body.interval);
  if (!list.holds('it was filed in the contest window', paymentEnd <= filedAt && filedAt < contestEnd)) return null;
  const isBefore = about.letterAt === null || about.letterAt <= filedAt;
  if (!list.holds('the letter lay there before the filing', isBefore)) return null;
  const fits = fitsPair(networkId, body);
  if (!list.holds('what the contest shows is of its pair, interval, rail and destination', fits)) return null;
  const filed = { filedAt, letterAt: about.letterAt };
  let one = list.taken(
    'contest and evidence are signed, and give the amount claimed',
    openContest(networkId, about.signed, parties, terms, filed),
  );
  if (one === null || !areInOrder('appeal', about.appeals, verdict, list)) return null;
  for (const [index, { at, signed }] of about.appeals.entries()) {
    const what = `appeal ${index + 1} (${signed.body.evidence.kind}) is signed, shows what it says, and was to be taken`;
    const found = list.taken(what, checkAppeal(networkId, one, rails, signed, at));
    if (found === null) return null;
    one = takeAppeal(one, { at, signed: found.verified }, found.event, found.reason);
  }
  return one;
}

function replayComplaint(
  networkId: string,
  verdict: OfKind<'complaint'>,
  rails: RailRules,
  list: Checklist,
): ComplaintCase | null {
  const { about, terms, filedAt } = verdict;
  const { body } = about.signed;
  const guard = describedBy(networkId, 'guard', [about.guard], body.guard, list)?.[0];
  if (guard === undefined) return null;
  const isBegun = terms.interval <= intervalAt(terms.parameters, filedAt);
  if (!list.holds('its terms are of an interval that had begun when it was filed', isBegun)) return null;
  let one = list.taken(
    'complaint, account and evidence are signed, and show what is claimed',
    openComplaint(networkId, about.signed, guard, terms, rails, filedAt),
  );
  if (one === null) return null;
  if (!list.holds('it is of that case', verdict.case === complaintCaseOf(networkId, body, one.claimed))) return null;
  if (!areInOrder('answer', about.answers, verdict, list)) return null;
  for (const [index, { at, signed }] of about.answers.entries()) {
    const what = `answer ${index + 1} (${signed.body.evidence.kind}) is signed, and answers the complaint`;
    const found = list.taken(what, checkAnswer(networkId, one, rails, signed, at));
    if (found === null) return null;
    one = takeAnswer(one, { at, signed: found.verified }, found.event, found.reason);
  }
  return one;
}

/** The terms of the interval contested: contestant and, in what it signed, accused name their digest. */
function isOfTerms(terms: Terms, body: { readonly terms: string; readonly interval: number }): boolean {
  return termsDigest(terms) === body.terms && terms.interval === body.interval;
}

/** Null where one is of another relay or not signed by its identity. */
function describedBy(
  networkId: string,
  role: string,
  descriptors: readonly Signed<Descriptor>[],
  relay: string,
  list: Checklist,
): Verified<Descriptor>[] | null {
  const found: Verified<Descriptor>[] = [];
  for (const one of descriptors) {
    if (!list.holds(`the descriptor of the ${role} is of that relay`, one.body.id === relay)) return null;
    const verified = verify('descriptor', networkId, one, relay);
    list.holds(`the descriptor of the ${role} is signed by its identity`, verified !== null);
    if (verified === null) return null;
    found.push(verified);
  }
  return found;
}

/** Each no earlier than what came before it, and none after the verdict. */
function areInOrder(what: string, those: readonly { readonly at: number }[], { filedAt, at }: Verdict, list: Checklist): boolean {
  const times = [filedAt, ...those.map((one) => one.at), at];
  const isOrdered = times.every((time, index) => index === 0 || (times[index - 1] ?? 0) <= time);
  return list.holds(`each ${what} came after what was before it, and before the verdict`, isOrdered);
}
