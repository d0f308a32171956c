/*
 * The docket as it is read: cases and changes in; lines, pages and a relay's record out. Pure; called by docket/flow.ts.
 */
import { bare } from '../../core/crypto/sign.ts';
import { DOCKET_PAGE_MAX } from '../../core/limits.ts';
import { accusedOf, amountOf, answerBy, appealBy, reporterOf, type Case } from '../../core/rule/verdict.ts';
import type { DocketCase, DocketChange, DocketChanges, DocketLine, DocketPage, RelayRecord } from '../../core/wire/verdict.ts';
import { compareStanding, standings, type Standing } from '../standing/order.ts';
import { countsNow, reportersOf } from '../standing/record.ts';
import { isCurrent, type DirectoryState } from '../state/decide.ts';

export function lineOf(one: Case, now: number): DocketLine {
  return {
    case: one.id,
    kind: one.kind,
    reporter: reporterOf(one),
    accused: accusedOf(one),
    interval: one.kind === 'contest' ? one.signed.body.interval : null,
    rail: one.kind === 'contest' ? one.signed.body.rail : one.signed.body.account.body.rail,
    amount: amountOf(one),
    state: one.state,
    reason: one.reason,
    filedAt: one.filedAt,
    answerBy: answerBy(one),
    appealBy: appealBy(one),
    decidedAt: one.decidedAt,
    counts: countsNow(one, now),
  };
}

export interface PageQuery {
  /** The place in the log of a filing: those before it. */
  readonly before: bigint | null;
  /** Id of a relay. */
  readonly relay: string | null;
}

/** Newest first. */
export function pageOf({ cases, changes }: DirectoryState, { before, relay }: PageQuery, now: number): DocketPage {
  const found: DocketLine[] = [];
  let last: bigint | null = null;
  for (let index = changes.length - 1; index >= 0; index -= 1) {
    const { what, id, case: of } = changes[index] as DocketChange;
    const one = cases.get(of);
    if (what !== 'filed' || one === undefined || (before !== null && id >= before)) continue;
    if (relay !== null && !isAbout(one, relay)) continue;
    if (found.length === DOCKET_PAGE_MAX) return { cases: found, before: last };
    found.push(lineOf(one, now));
    last = id;
  }
  return { cases: found, before: null };
}

/** By whom a complaint is, nobody is helped to list. */
function isAbout(one: Case, relay: string): boolean {
  return accusedOf(one) === relay || (one.kind === 'contest' && reporterOf(one) === relay);
}

/** Oldest first. `last` is where to go on from: of the last one here, or what was asked when there is none. */
export function changesAfter({ changes }: DirectoryState, after: bigint | null): DocketChanges {
  const first = after === null ? 0 : firstAfter(changes, after);
  const found = changes.slice(first, first + DOCKET_PAGE_MAX);
  return { changes: found, last: found.at(-1)?.id ?? after };
}

/** Their ids rise. */
function firstAfter(changes: readonly DocketChange[], after: bigint): number {
  let [low, high] = [0, changes.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((changes[middle] as DocketChange).id <= after) low = middle + 1;
    else high = middle;
  }
  return low;
}

export function caseShown(one: Case, { changes }: DirectoryState, verdict: DocketCase['verdict'], now: number): DocketCase {
  const mine = changes.filter((change) => change.case === one.id);
  return { line: lineOf(one, now), changes: mine, about: evidenceShown(one), verdict };
}

function evidenceShown(one: Case): DocketCase['about'] {
  if (one.kind === 'complaint') {
    const answers = one.answers.map(({ at, signed }) => ({ at, signed: bare(signed) }));
    return { kind: 'complaint', signed: bare(one.signed), answers };
  }
  const appeals = one.appeals.map(({ at, signed }) => ({ at, signed: bare(signed) }));
  return { kind: 'contest', signed: bare(one.signed), letterAt: one.letterAt, appeals };
}

/** Its place is among those that the directory lists; of one that it lists no more, the place that it would have. */
export function recordOf(
  state: DirectoryState,
  relay: string,
  now: number,
  /** Of all relays, at that time. */
  all: readonly Standing[] = standings(state, now),
): RelayRecord | null {
  const own = all.find((one) => one.relay === relay);
  if (own === undefined) return null;
  const others = all.filter((one) => one.relay !== relay && isListed(state, one.relay, now));
  const better = others.filter((one) => compareStanding(one, own) < 0);
  const reporters = reportersOf(state, now).get(relay) ?? 0;
  return { ...own, place: better.length + 1, of: others.length + 1, reporters };
}

function isListed({ relays }: DirectoryState, id: string, now: number): boolean {
  const relay = relays.get(id);
  return relay !== undefined && isCurrent(relay, now);
}

/** By id or nickname; of those whose name it was, the one that is still there. */
export function idOf({ relays }: DirectoryState, nameOrId: string, now: number): string | null {
  const asked = nameOrId.toLowerCase();
  if (relays.has(asked)) return asked;
  const named = [...relays].filter(([, one]) => one.descriptor.body.nickname.toLowerCase() === asked);
  const found = named.find(([, one]) => isCurrent(one, now)) ?? named.at(-1);
  return found?.[0] ?? null;
}
