/*
 * What the sections of a Tor document have in common: which items stand in one, and how often; lists of Keyword=Int32.
 * Items come in, a map or a refused line goes out. Called by preamble, relay, footer and microdesc.
 */
import { ok } from '../../core/refusal.ts';
import type { Result } from '../../core/refusal.ts';
import { refuseItem, refuseLine } from './document.ts';
import type { Item, TorDocumentCode } from './document.ts';

/** How often an item stands in its section; items without an entry are not looked at (dir-spec 1.2: ignore what is unknown). */
export type Counts = Readonly<Record<string, 'once' | 'at most once'>>;

/** The counted items of a section by keyword. `endLine` is the line after the section: there a missing item is missed. */
export function countItems(
  code: TorDocumentCode,
  items: readonly Item[],
  counts: Counts,
  endLine: number,
): Result<ReadonlyMap<string, Item>> {
  const found = new Map<string, Item>();
  for (const item of items) {
    if (!Object.hasOwn(counts, item.keyword)) continue;
    if (found.has(item.keyword)) return refuseItem(code, item, `"${item.keyword}" only once here`);
    found.set(item.keyword, item);
  }
  for (const [keyword, count] of Object.entries(counts)) {
    if (count === 'once' && !found.has(keyword)) return refuseLine(code, endLine, `"${keyword}" before this line`, null);
  }
  return ok(found);
}

const pairForm = /^([A-Za-z0-9_.-]{1,64})=(0|-?[1-9][0-9]{0,9})$/;

/** `Keyword=Int32` pairs, each keyword once (params, bandwidth-weights). */
export function readPairs(code: TorDocumentCode, item: Item): Result<ReadonlyMap<string, number>> {
  const pairs = new Map<string, number>();
  if (item.rest === '') return ok(pairs);
  for (const word of item.rest.split(' ')) {
    const match = pairForm.exec(word);
    const [name, value] = [match?.[1] ?? '', Number(match?.[2])];
    if (match === null || value !== (value | 0)) return refuseLine(code, item.line, 'Keyword=Int32', word);
    if (pairs.has(name)) return refuseLine(code, item.line, `"${name}" only once in its line`, word);
    pairs.set(name, value);
  }
  return ok(pairs);
}
