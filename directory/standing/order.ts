/*
 * Standing (design §6.12, docs/rules): the settled record of each relay, and the order of relays in the directory by it. State and a
 * time in, figures out, best first. Pure: whoever folds the same log reckons the same. Called by consensus, flags and docket.
 */
import { isRefuted } from '../../core/rule/flag.ts';
import { scheduleOf } from '../../core/rule/interval.ts';
import { accusedOf, reporterOf, type Case } from '../../core/rule/verdict.ts';
import type { DirectoryState } from '../state/decide.ts';

export interface Standing {
  readonly relay: string;
  /** Contests and complaints against it that were upheld, and that were paid late. */
  readonly upheld: number;
  readonly late: number;
  /** Contests of its own that were dismissed. */
  readonly refuted: number;
  /** Intervals known through whose contest windows are over, without a contest against it that was upheld or paid late. */
  readonly onTime: number;
  readonly firstSeen: number;
}

/** Of every relay that the log knows, the expired too, until it is forgotten. */
export function standings(state: DirectoryState, now: number): Standing[] {
  const marks = marksOf(state.cases.values());
  const over = intervalsOver(state, now);
  return [...state.relays]
    .map(([relay, { firstSeen }]) => {
      const { upheld, late, refuted, defaulted } = marks.get(relay) ?? noMarks();
      const known = over.filter(({ start }) => start >= firstSeen);
      const onTime = known.filter(({ interval }) => !defaulted.has(interval)).length;
      return { relay, upheld, late, refuted, onTime, firstSeen };
    })
    .sort(compareStanding);
}

/** Better first. Known longer is better; ids, which nobody chooses at will, part the rest. */
export function compareStanding(a: Standing, b: Standing): number {
  if (a.upheld !== b.upheld) return a.upheld - b.upheld;
  if (a.late !== b.late) return a.late - b.late;
  if (a.refuted !== b.refuted) return a.refuted - b.refuted;
  if (a.onTime !== b.onTime) return b.onTime - a.onTime;
  if (a.firstSeen !== b.firstSeen) return a.firstSeen - b.firstSeen;
  return a.relay < b.relay ? -1 : 1;
}

/** Sorts what is about relays by their standing. */
export function inOrder<T>(state: DirectoryState, now: number, those: readonly T[], idOf: (one: T) => string): T[] {
  const place = new Map(standings(state, now).map(({ relay }, index) => [relay, index]));
  const placeOf = (one: T): number => place.get(idOf(one)) ?? place.size;
  return [...those].sort((a, b) => placeOf(a) - placeOf(b));
}

interface Marks {
  upheld: number;
  late: number;
  refuted: number;
  /** Intervals with a contest against it that was upheld or paid late. */
  readonly defaulted: Set<number>;
}

const noMarks = (): Marks => ({ upheld: 0, late: 0, refuted: 0, defaulted: new Set() });

function marksOf(cases: Iterable<Case>): Map<string, Marks> {
  const all = new Map<string, Marks>();
  const of = (relay: string): Marks => {
    const marks = all.get(relay) ?? noMarks();
    all.set(relay, marks);
    return marks;
  };
  for (const one of cases) {
    if (one.state === 'upheld' || one.state === 'late') {
      const accused = of(accusedOf(one));
      accused[one.state] += 1;
      if (one.kind === 'contest') accused.defaulted.add(one.signed.body.interval);
    } else if (one.kind === 'contest' && isRefuted(one.state, one.reason)) {
      of(reporterOf(one)).refuted += 1;
    }
  }
  return all;
}

/** Those that had terms: where the authority fixed none nobody could settle. */
function intervalsOver({ terms }: DirectoryState, now: number): { readonly interval: number; readonly start: number }[] {
  return [...terms.values()].flatMap(({ interval, parameters }) => {
    const { start, contestEnd } = scheduleOf(parameters, interval);
    return contestEnd <= now ? [{ interval, start }] : [];
  });
}
