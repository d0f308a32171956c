/*
 * Contests that count against Guard flags (rule 12). State and a time in; how many reporters, families as one, each accused has, out.
 * Pure; called by flags, by standing and by docket.
 */
import { counts, countReporters } from '../../core/rule/flag.ts';
import { accusedOf, type Case, type ContestCase } from '../../core/rule/verdict.ts';
import { sameFamily, type Descriptor } from '../../core/wire/descriptor.ts';
import type { DirectoryState } from '../state/decide.ts';
import { sameTorFamily } from '../tor/kin.ts';

/** A complaint never does. */
export function countsNow(one: Case, now: number): one is ContestCase {
  return one.kind === 'contest' && counts(one.state, one.filedAt, one.terms.parameters.answerWindowSec, now);
}

/** By accused; who is not in it has none. */
export function reportersOf(state: Pick<DirectoryState, 'cases' | 'relays'>, now: number): ReadonlyMap<string, number> {
  const byAccused = new Map<string, ContestCase[]>();
  for (const one of state.cases.values()) {
    if (!countsNow(one, now)) continue;
    const accused = accusedOf(one);
    const others = byAccused.get(accused);
    if (others === undefined) byAccused.set(accused, [one]);
    else others.push(one);
  }
  return new Map([...byAccused].map(([accused, cases]) => [accused, countOf(state, cases)]));
}

function countOf({ relays }: Pick<DirectoryState, 'relays'>, cases: readonly ContestCase[]): number {
  const described = new Map<string, Descriptor[]>();
  for (const { signed, contestant } of cases) {
    const id = signed.body.contestant;
    const newest = relays.get(id)?.descriptor.body;
    const said = [...(described.get(id) ?? []), ...contestant.slice(0, 1).map((one) => one.body)];
    described.set(id, newest === undefined ? said : [...said, newest]);
  }
  // By what they say now, or said when they filed: who leaves a family afterwards counts no more for it.
  const areFamily = (a: string, b: string): boolean =>
    sameTorFamily(relays.get(a)?.tor, relays.get(b)?.tor) ||
    (described.get(a) ?? []).some((one) => (described.get(b) ?? []).some((other) => sameFamily(one, other)));
  return countReporters([...described.keys()], areFamily);
}
