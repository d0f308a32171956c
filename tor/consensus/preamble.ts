/*
 * The head of a consensus (dir-spec 3.4.1): kind, flavour, times, flags, parameters. The authorities' entries are passed over.
 * Called by parse.ts.
 */
import { ok } from '../../core/refusal.ts';
import type { Result } from '../../core/refusal.ts';
import { refuseItem } from './document.ts';
import type { Item } from './document.ts';
import { countItems, readPairs } from './section.ts';

export interface Preamble {
  readonly flavour: 'ns' | 'microdesc';
  /** The consensus method by which the authorities made it. */
  readonly method: number;
  /** Whole seconds since 1970. */
  readonly validAfter: number;
  readonly freshUntil: number;
  readonly validUntil: number;
  readonly knownFlags: ReadonlySet<string>;
  readonly params: ReadonlyMap<string, number>;
}

/** `first` is the document's first item after any annotations; nothing else is read before it is known what this is. */
export function readFlavour(first: Item): Result<Preamble['flavour']> {
  const match = /^3(?: (ns|microdesc))?$/.exec(first.rest);
  if (first.keyword !== 'network-status-version' || match === null) {
    return refuseItem('tor-kind', first, '"network-status-version 3", with flavour "ns", "microdesc" or none');
  }
  return ok(match[1] === 'microdesc' ? 'microdesc' : 'ns');
}

export function readPreamble(flavour: Preamble['flavour'], items: readonly Item[], endLine: number): Result<Preamble> {
  const counted = countItems('tor-preamble', items, counts, endLine);
  if (!counted.ok) return counted;
  const item = (keyword: string) => counted.value.get(keyword) as Item;
  if (item('vote-status').rest !== 'consensus') return refuseItem('tor-kind', item('vote-status'), '"vote-status consensus"');
  const method = item('consensus-method');
  if (!/^[1-9][0-9]{0,3}$/.test(method.rest)) return refuseItem('tor-preamble', method, 'the number of a consensus method');
  const times = readTimes(item('valid-after'), item('fresh-until'), item('valid-until'));
  if (!times.ok) return times;
  const flags = item('known-flags').rest.split(' ');
  if (!flags.every((flag) => /^[A-Za-z0-9]{1,32}$/.test(flag)))
    return refuseItem('tor-preamble', item('known-flags'), 'names of flags');
  const params = counted.value.get('params');
  const pairs = params === undefined ? ok(new Map<string, number>()) : readPairs('tor-preamble', params);
  if (!pairs.ok) return pairs;
  return ok({ flavour, method: Number(method.rest), ...times.value, knownFlags: new Set(flags), params: pairs.value });
}

const counts = {
  'network-status-version': 'once',
  'vote-status': 'once',
  'consensus-method': 'once',
  'valid-after': 'once',
  'fresh-until': 'once',
  'valid-until': 'once',
  'known-flags': 'once',
  params: 'at most once',
} as const;

function readTimes(after: Item, fresh: Item, until: Item): Result<Pick<Preamble, 'validAfter' | 'freshUntil' | 'validUntil'>> {
  const [validAfter, freshUntil, validUntil] = [readTime(after.rest), readTime(fresh.rest), readTime(until.rest)];
  if (validAfter === null) return refuseItem('tor-preamble', after, 'a time, YYYY-MM-DD HH:MM:SS');
  if (freshUntil === null) return refuseItem('tor-preamble', fresh, 'a time, YYYY-MM-DD HH:MM:SS');
  if (validUntil === null) return refuseItem('tor-preamble', until, 'a time, YYYY-MM-DD HH:MM:SS');
  if (freshUntil <= validAfter) return refuseItem('tor-preamble', fresh, 'a time after valid-after');
  if (validUntil < freshUntil) return refuseItem('tor-preamble', until, 'a time not before fresh-until');
  return ok({ validAfter, freshUntil, validUntil });
}

/** Seconds since 1970 of a UTC time that exists, or null. */
function readTime(text: string): number | null {
  if (!/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/.test(text)) return null;
  const iso = `${text.replace(' ', 'T')}.000Z`;
  const milliseconds = Date.parse(iso);
  // 31 February parses as a day in March: only a time that reads back the same exists.
  if (Number.isNaN(milliseconds) || new Date(milliseconds).toISOString() !== iso) return null;
  return milliseconds / 1000;
}
