/*
 * The cases of the docket, as a fold over the log: filings, answers and verdicts in, in their order; cases and what happened to them
 * out. It checks nothing again: what is in the log was checked. Called by state/decide.ts; whose word counts, by the items too.
 */
import { asStored } from '../../core/crypto/sign.ts';
import { invariant } from '../../core/refusal.ts';
import { complaintCaseOf } from '../../core/rule/complaint.ts';
import { isUndecided } from '../../core/rule/course.ts';
import { intervalAt, scheduleOf } from '../../core/rule/interval.ts';
import { complaintCase, contestCase, expire, takeAnswer, takeAppeal, type Case, type Parties } from '../../core/rule/verdict.ts';
import type { Contest } from '../../core/wire/contest.ts';
import type { Parameters } from '../../core/wire/parameters.ts';
import type { Terms } from '../../core/wire/terms.ts';
import type { DocketChange } from '../../core/wire/verdict.ts';
import type { LogEntry } from '../log/entry.ts';
import type { KnownRelay } from './decide.ts';
import { inForceSince } from './earlier.ts';

/** What of the state a case is made of. */
export interface Grounds {
  readonly networkId: string | null;
  readonly parameters: Parameters | null;
  readonly relays: ReadonlyMap<string, KnownRelay>;
  readonly terms: ReadonlyMap<number, Terms>;
}

export interface DocketDraft extends Grounds {
  /** Entries folded before this one: the place of this one in the log. */
  readonly size: number;
  readonly cases: Map<string, Case>;
  readonly changes: DocketChange[];
}

type OfKind<K extends LogEntry['kind']> = Extract<LogEntry, { kind: K }>;
export type DocketEntry = OfKind<'contest' | 'appeal' | 'complaint' | 'answer' | 'verdict'>;

export function isDocketEntry(entry: LogEntry): entry is DocketEntry {
  return ['contest', 'appeal', 'complaint', 'answer', 'verdict'].includes(entry.kind);
}

export function takeDocketEntry(draft: DocketDraft, entry: DocketEntry): void {
  const { what, after } = folded(draft, entry);
  draft.cases.set(after.id, after);
  const { state, reason } = after;
  draft.changes.push({ id: BigInt(draft.size), at: entry.at, what, case: after.id, state, reason });
}

interface Folded {
  readonly what: DocketChange['what'];
  readonly after: Case;
}

function folded(draft: DocketDraft, entry: DocketEntry): Folded {
  switch (entry.kind) {
    case 'contest':
      return { what: 'filed', after: contestOf(draft, entry) };
    case 'complaint':
      return { what: 'filed', after: complaintOf(draft, entry) };
    case 'appeal': {
      const one = known(draft, entry.signed.body.case);
      invariant(one.kind === 'contest', 'an appeal is of a contest');
      const dated = { at: entry.at, signed: asStored(entry.signed) };
      return { what: 'answered', after: takeAppeal(one, dated, entry.event, entry.reason) };
    }
    case 'answer': {
      const one = known(draft, entry.signed.body.case);
      invariant(one.kind === 'complaint', 'an answer is of a complaint');
      const dated = { at: entry.at, signed: asStored(entry.signed) };
      return { what: 'answered', after: takeAnswer(one, dated, entry.event, entry.reason) };
    }
    case 'verdict': {
      // By an answer it ended already; without one, by this.
      const one = known(draft, entry.case);
      return { what: 'decided', after: isUndecided(one.state) ? expire(one, entry.at) : one };
    }
  }
}

function contestOf(draft: DocketDraft, { at, signed, letterAt }: OfKind<'contest'>): Case {
  const terms = draft.terms.get(signed.body.interval);
  const parties = terms === undefined ? null : partiesOf(draft, signed.body, terms.parameters);
  invariant(terms !== undefined && parties !== null, 'a contest in the log is of known relays, in known terms');
  return contestCase(draft.networkId ?? '', asStored(signed), parties, terms, { filedAt: at, letterAt });
}

function complaintOf(draft: DocketDraft, { at, signed, claimed }: OfKind<'complaint'>): Case {
  const guard = draft.relays.get(signed.body.guard)?.descriptor;
  const terms = termsRunning(draft, at);
  invariant(guard !== undefined && terms !== null, 'a complaint in the log is of a known guard, in known terms');
  const id = complaintCaseOf(draft.networkId ?? '', signed.body, claimed);
  return complaintCase(id, { verified: asStored(signed), claimed }, guard, terms, at);
}

function known(draft: DocketDraft, id: string): Case {
  const one = draft.cases.get(id);
  invariant(one !== undefined, 'an answer or verdict in the log is of a case in it');
  return one;
}

/** The descriptors by which a contest is judged for good: as they stand when it is filed. Null: one relay is not known. */
export function partiesOf(
  { relays }: Pick<Grounds, 'relays'>,
  { contestant, accused, interval }: Contest,
  parameters: Parameters,
): Parties | null {
  const [by, against] = [relays.get(contestant), relays.get(accused)];
  if (by === undefined || against === undefined) return null;
  const { bst } = scheduleOf(parameters, interval);
  const before = inForceSince(by.earlier, bst, parameters);
  return { contestant: [by.descriptor, ...before], accused: against.descriptor };
}

/** By which a complaint is judged: of the running interval; after a long silence of the authority the newest that there are. */
export function termsRunning({ parameters, terms }: Grounds, now: number): Terms | null {
  if (parameters === null) return null;
  const running = intervalAt(parameters, now);
  let newest: Terms | null = terms.get(running) ?? null;
  if (newest !== null) return newest;
  for (const one of terms.values()) {
    if (one.interval < running && (newest === null || one.interval > newest.interval)) newest = one;
  }
  return newest;
}
