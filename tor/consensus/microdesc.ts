/*
 * Microdescriptors (dir-spec 3.3), as authorities serve and clients cache them, one after another: of each its digest, by which a
 * microdesc consensus names it, and whom it declares as family. Called with family.ts, which joins them to a consensus.
 */
import { sha256 } from '../../core/crypto/hash.ts';
import { ok } from '../../core/refusal.ts';
import type { Result } from '../../core/refusal.ts';
import { readItems, refuseItem, refuseLine } from './document.ts';
import type { Item } from './document.ts';
import { countItems } from './section.ts';

export interface Microdesc {
  /** Base64 of SHA-256 without =, as in the consensus' m line. */
  readonly digest: string;
  /** Ed25519 identity in lower-case hex, or null. */
  readonly ed25519: string | null;
  /** Fingerprints (lower-case hex) that its family line names. */
  readonly relatives: readonly string[];
  /** Nicknames (lower case) that its family line names without a fingerprint. */
  readonly relativeNames: readonly string[];
  /** Family keys it proved to belong to (`family-ids`). */
  readonly familyIds: readonly string[];
}

/** By digest. */
export function parseMicrodescs(text: string): Result<ReadonlyMap<string, Microdesc>> {
  const read = readItems(text);
  if (!read.ok) return read;
  const items = read.value;
  const found = new Map<string, Microdesc>();
  for (let start = 0; start < items.length;) {
    const opening = items[start] as Item;
    let end = start + 1;
    while (end < items.length && !opensMicrodesc(items[end] as Item)) end++;
    if (!opening.keyword.startsWith('@')) {
      if (opening.keyword !== 'onion-key')
        return refuseItem('tor-microdesc', opening, '"onion-key", which opens a microdescriptor');
      const from = opening.offset;
      const to = items[end]?.offset ?? text.length;
      const microdesc = readMicrodesc(items.slice(start, end), text.slice(from, to), opening.line);
      if (!microdesc.ok) return microdesc;
      found.set(microdesc.value.digest, microdesc.value);
    }
    start = end;
  }
  return ok(found);
}

/** Caches write annotations (`@last-listed ...`) between microdescriptors; they are no part of the digest. */
function opensMicrodesc(item: Item): boolean {
  return item.keyword === 'onion-key' || item.keyword.startsWith('@');
}

const counts = { 'onion-key': 'once', family: 'at most once', 'family-ids': 'at most once' } as const;

function readMicrodesc(items: readonly Item[], written: string, line: number): Result<Microdesc> {
  const counted = countItems('tor-microdesc', items, counts, line);
  if (!counted.ok) return counted;
  const ed25519 = readEd25519(items.find((item) => item.keyword === 'id' && item.rest.startsWith('ed25519 ')));
  if (!ed25519.ok) return ed25519;
  const relatives: string[] = [];
  const relativeNames: string[] = [];
  const family = counted.value.get('family');
  for (const word of wordsOf(family)) {
    const match = /^(?:\$([0-9A-Fa-f]{40})(?:[=~][A-Za-z0-9]{1,19})?|([A-Za-z0-9]{1,19}))$/.exec(word);
    if (match === null) return refuseLine('tor-microdesc', family?.line ?? line, '$fingerprint or a nickname', word);
    if (match[1] !== undefined) relatives.push(match[1].toLowerCase());
    else relativeNames.push((match[2] ?? '').toLowerCase());
  }
  const digest = Buffer.from(sha256(written)).toString('base64').replace(/=+$/, '');
  return ok({ digest, ed25519: ed25519.value, relatives, relativeNames, familyIds: wordsOf(counted.value.get('family-ids')) });
}

function wordsOf(item: Item | undefined): string[] {
  return item === undefined ? [] : item.rest.split(' ').filter((word) => word !== '');
}

function readEd25519(item: Item | undefined): Result<string | null> {
  if (item === undefined) return ok(null);
  const text = /^ed25519 ([A-Za-z0-9+/]{43})$/.exec(item.rest)?.[1];
  if (text === undefined) return refuseItem('tor-microdesc', item, '"id ed25519" and 43 base64 characters');
  return ok(Buffer.from(text, 'base64').toString('hex'));
}
