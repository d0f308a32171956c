/*
 * Tor's document format (dir-spec 1.2): text comes in, items go out: a keyword line each, with its PEM-like object where it has
 * one. Everything that reads a Tor document starts here, and refuses with the line and what was expected there.
 */
import { ok, refuser } from '../../core/refusal.ts';
import type { Result } from '../../core/refusal.ts';

/** A consensus of twice today's relays has 6 MB, all their microdescriptors 12. */
export const TOR_DOCUMENT_CHARS_MAX = 16 * 1024 * 1024;

export const torDocumentRefusals = {
  'tor-too-large': { retry: false, text: 'the Tor document is larger than its limit', remedy: 'check that it is the file meant' },
  'tor-not-gzip': { retry: false, text: 'the compressed file is damaged', remedy: 'fetch it again' },
  'tor-syntax': { retry: false, text: 'a line is not one of a Tor document', remedy: 'fetch the document again, unchanged' },
  'tor-kind': {
    retry: false,
    text: 'it is not a Tor consensus of version 3',
    remedy: 'give a consensus, flavour ns or microdesc',
  },
  'tor-preamble': {
    retry: false,
    text: 'the head of the Tor consensus is malformed',
    remedy: 'fetch the document again, unchanged',
  },
  'tor-relay': { retry: false, text: 'a relay of the Tor consensus is malformed', remedy: 'fetch the document again, unchanged' },
  'tor-footer': {
    retry: false,
    text: 'the foot of the Tor consensus is malformed',
    remedy: 'fetch the document again, unchanged',
  },
  'tor-microdesc': { retry: false, text: 'a Tor microdescriptor is malformed', remedy: 'fetch the document again, unchanged' },
} as const;

export type TorDocumentCode = keyof typeof torDocumentRefusals;

/** One keyword line, and the object under it. */
export interface Item {
  readonly keyword: string;
  /** What follows the keyword, without the space between. */
  readonly rest: string;
  /** Counted from 1. */
  readonly line: number;
  /** Where the line begins in the text. */
  readonly offset: number;
  /** The label of the object that follows, or null. */
  readonly object: string | null;
}

/** All items of a document in order. */
export function readItems(text: string): Result<Item[]> {
  if (text.length > TOR_DOCUMENT_CHARS_MAX) return refuse('tor-too-large', `${text.length} characters`);
  const items: Item[] = [];
  for (let offset = 0, line = 1; offset < text.length;) {
    const read = readItem(text, offset, line);
    if (!read.ok) return read;
    items.push(read.value.item);
    offset = read.value.next;
    line = read.value.nextLine;
  }
  return ok(items);
}

/** The refusal of one line: where it is, what belongs there, what stands there. */
export function refuseLine(code: TorDocumentCode, line: number, expected: string, found: string | null) {
  const stands = found === null ? 'the end' : JSON.stringify(found.length > 60 ? `${found.slice(0, 60)}…` : found);
  return refuse(code, `line ${line}: expected ${expected}, found ${stands}`);
}

/** The refusal of an item that is there but wrong. */
export function refuseItem(code: TorDocumentCode, item: Item, expected: string) {
  return refuseLine(code, item.line, expected, `${item.keyword} ${item.rest}`.trimEnd());
}

export const refuse = refuser(torDocumentRefusals);

const lineForm = /^(@?[A-Za-z0-9-]+)(?: ([^\0\r]*))?$/;
const beginForm = /^-----BEGIN ([A-Z0-9 ]{1,64})-----$/;
const bodyForm = /^[A-Za-z0-9+/=]{1,76}$/;

interface Read {
  readonly item: Item;
  readonly next: number;
  readonly nextLine: number;
}

function readItem(text: string, offset: number, line: number): Result<Read> {
  const end = text.indexOf('\n', offset);
  if (end < 0) return refuseLine('tor-syntax', line, 'a line that ends in a line feed', text.slice(offset));
  const written = text.slice(offset, end);
  const match = lineForm.exec(written);
  // The keyword may hold hyphens, and so would an object's first line: an object without its item is refused here.
  if (match === null || written.startsWith('-----')) {
    return refuseLine('tor-syntax', line, 'a keyword of letters, digits and hyphens, then a space or the end', written);
  }
  const head = { keyword: match[1] ?? '', rest: match[2] ?? '', line, offset };
  if (!text.startsWith('-----', end + 1)) {
    return ok({ item: { ...head, object: null }, next: end + 1, nextLine: line + 1 });
  }
  const object = readObject(text, end + 1, line + 1);
  if (!object.ok) return object;
  return ok({ item: { ...head, object: object.value.label }, next: object.value.next, nextLine: object.value.nextLine });
}

function readObject(text: string, start: number, startLine: number): Result<{ label: string; next: number; nextLine: number }> {
  let label: string | null = null;
  for (let offset = start, line = startLine; ; line++) {
    const end = text.indexOf('\n', offset);
    if (end < 0) return refuseLine('tor-syntax', line, 'the object to go on to its END line', text.slice(offset) || null);
    const written = text.slice(offset, end);
    offset = end + 1;
    if (label === null) {
      label = beginForm.exec(written)?.[1] ?? null;
      if (label === null) return refuseLine('tor-syntax', line, 'an object that opens with -----BEGIN LABEL-----', written);
    } else if (written === `-----END ${label}-----`) {
      return ok({ label, next: offset, nextLine: line + 1 });
    } else if (!bodyForm.test(written)) {
      return refuseLine('tor-syntax', line, `base64 or -----END ${label}-----`, written);
    }
  }
}
