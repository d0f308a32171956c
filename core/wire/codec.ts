/*
 * Canonical JSON (RFC 8785) both ways. What goes out: any value, bigint as decimal strings. What comes in: text that must be
 * the canonical form of what its schema accepts. Called for everything that is signed, hashed, sent or stored.
 */
import canonicalize from 'canonicalize';
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
  const text = canonicalize(plain(value));
  if (text === undefined) throw new Error('nothing to encode');
  return text;
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
  if (canonicalOrNull(json) !== text) return refuse('not-canonical', text.slice(0, 40));
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

function canonicalOrNull(json: unknown): string | null {
  try {
    return canonicalize(json) ?? null;
  } catch {
    return null;
  }
}

function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (Array.isArray(value)) return value.map(plain);
  if (value !== null && typeof value === 'object') {
    const copy: Record<string, unknown> = {};
    for (const [key, inner] of Object.entries(value)) copy[key] = plain(inner);
    return copy;
  }
  return value;
}
