/*
 * Canonical JSON (RFC 8785) both ways. What goes out: any value, bigint as decimal strings. What comes in: text that must be
 * the canonical form of what its schema accepts. Called for everything that is signed, hashed, sent or stored.
 */
import type { ZodType } from 'zod';
import { ok, refuser, type Result } from '../refusal.ts';

export const codecRefusals = {
  'too-large': { retry: false, text: 'the message is larger than its limit', remedy: 'send it in smaller parts' },
  'not-json': { retry: false, text: 'the message is not JSON in UTF-8', remedy: 'send canonical JSON (RFC 8785)' },
  'bad-shape': { retry: false, text: 'a field is missing, unknown or out of bounds', remedy: 'see the object in docs/spec' },
  'not-canonical': {
    retry: false,
    text: 'the message is not in canonical form',
    remedy: 'encode it after RFC 8785, with no key twice',
  },
} as const;
const refuse = refuser(codecRefusals);

/** Canonical text of a value; throws on what JSON cannot say (undefined, NaN, lone surrogates). */
export function encode(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return quoted(value);
    case 'number':
      if (!Number.isFinite(value)) throw new Error(`JSON cannot say ${value}`);
      // ECMAScript's own form of a number is RFC 8785's; of minus zero it is "0".
      return `${value}`;
    case 'bigint':
      return `"${value}"`;
    case 'boolean':
      return value ? 'true' : 'false';
    case 'object':
      if (value === null) return 'null';
      return Array.isArray(value) ? encodeArray(value) : encodeObject(value as Record<string, unknown>);
    default:
      throw new Error(`JSON cannot say ${typeof value}`);
  }
}

/** Canonical text to value. Never throws. */
export function decode<T>(text: string, schema: ZodType<T>, charsMax = 65_536): Result<T> {
  if (text.length > charsMax) return refuse('too-large', `${text.length} characters, at most ${charsMax}`);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return refuse('not-json', text.slice(0, 40));
  }
  const shape = schema.safeParse(json);
  if (!shape.success) return refuse('bad-shape', firstIssue(shape.error));
  // A record's schema passes over this one key: two texts would be one value, and have one signature.
  if (text.includes('"__proto__":')) return refuse('bad-shape', 'a key of JavaScript’s own');
  // After the schema, so that its depth is bounded: the canonical form is reckoned from what was read.
  if (encodedOrNull(json) !== text) return refuse('not-canonical', text.slice(0, 40));
  return ok(shape.data);
}

/** The schema alone, for values that were already parsed. */
export function shaped<T>(json: unknown, schema: ZodType<T>): Result<T> {
  const shape = schema.safeParse(json);
  return shape.success ? ok(shape.data) : refuse('bad-shape', firstIssue(shape.error));
}

function firstIssue(error: { issues: readonly { path: readonly PropertyKey[]; message: string }[] }): string {
  const issue = error.issues[0];
  return issue === undefined ? 'unknown' : `${issue.path.map(String).join('.') || 'the whole'}: ${issue.message}`.slice(0, 200);
}

function encodedOrNull(json: unknown): string | null {
  try {
    return encode(json);
  } catch {
    return null;
  }
}

/** What needs no escape, and is no part of a pair: nearly all that is ever said. */
const plain = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/;

function quoted(text: string): string {
  if (plain.test(text)) return '"' + text + '"';
  if (/\p{Surrogate}/u.test(text)) throw new Error('JSON cannot say half a character');
  return JSON.stringify(text);
}

function encodeArray(items: readonly unknown[]): string {
  let text = '[';
  for (let at = 0; at < items.length; at++) {
    if (at > 0) text += ',';
    text += items[at] === undefined ? 'null' : encode(items[at]);
  }
  return `${text}]`;
}

function encodeObject(fields: Record<string, unknown>): string {
  let text = '';
  for (const key of sortedKeys(fields)) {
    const value = fields[key];
    if (value === undefined) continue;
    const name = nameOf(key);
    // Every piece that is put together is memory: nearly all fields are texts that need no escape.
    if (typeof value === 'string' && plain.test(value)) text += (text === '' ? name.firstText : name.nextText) + value + '"';
    else text += (text === '' ? name.first : name.next) + encode(value);
  }
  return text === '' ? '{}' : `${text}}`;
}

/** `{"key":` and `,"key":` of the few keys that there are, and the same before a text. */
interface Name {
  readonly first: string;
  readonly next: string;
  readonly firstText: string;
  readonly nextText: string;
}
const names = new Map<string, Name>();
const NAMES_MAX = 1_000;
const NAME_CHARS_MAX = 40;

function nameOf(key: string): Name {
  const known = names.get(key);
  if (known !== undefined) return known;
  const said = `${quoted(key)}:`;
  const name = { first: `{${said}`, next: `,${said}`, firstText: `{${said}"`, nextText: `,${said}"` };
  if (names.size < NAMES_MAX && key.length <= NAME_CHARS_MAX) names.set(key, name);
  return name;
}

/** So many are put in order one by one: `sort` takes more memory than all the rest of an encoding. */
const FEW = 40;

/** By UTF-16 code units, which is how text is compared here. What was read off the wire is in order already. */
function sortedKeys(fields: object): string[] {
  const keys = Object.keys(fields);
  if (keys.length > FEW) return keys.sort();
  for (let at = 1; at < keys.length; at++) {
    const key = keys[at] as string;
    let before = at - 1;
    for (; before >= 0 && (keys[before] as string) > key; before--) keys[before + 1] = keys[before] as string;
    keys[before + 1] = key;
  }
  return keys;
}
