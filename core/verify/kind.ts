/*
 * What a kind of object must say of itself to be verified offline: its shape, who must have signed it, what else must hold, what it
 * then proves. The kinds stand beside this file, one small entry each; verify.ts goes through them.
 */
import { z, type ZodType } from 'zod';
import { verify, type ObjectName, type Signed, type Verified } from '../crypto/sign.ts';
import { ok, refuser, type Result } from '../refusal.ts';
import type { RailRules } from '../rule/contest.ts';
import { keySetFor, type Descriptor } from '../wire/descriptor.ts';
import type { Network } from '../wire/network.ts';
import type { Terms } from '../wire/terms.ts';

/** What the reader knows beside the object. */
export interface Known extends RailRules {
  readonly network: Network;
  /** Verified ones of that relay, the newest first. */
  descriptors(relay: string): readonly Verified<Descriptor>[];
  /** By their digest, or null. */
  terms(digest: string): Terms | null;
}

export interface Signer {
  /** What it is in the object: its creditor, an authority. */
  readonly role: string;
  /** The relay's nickname where one is known. */
  readonly name: string | null;
  readonly id: string;
  readonly key: string;
}

/** What must hold, in the words of a person; null: it cannot be told from what is known. */
export interface Claim {
  readonly what: string;
  readonly holds: boolean | null;
}

export interface Kind<T> {
  readonly title: string;
  readonly schema: ZodType<T>;
  readonly charsMax?: number;
  signers(object: T, known: Known): Result<Signer[]>;
  claims(object: T, known: Known): Claim[];
  /** Name and value. */
  says(object: T, known: Known): [string, string][];
  readonly proves: string;
  readonly provesNot: readonly string[];
}

/** In the order of the checks. */
export const verifyRefusals = {
  'verify-unknown': {
    retry: false,
    text: 'this is no object that is known here',
    remedy: 'give one signed object as canonical JSON (docs/spec)',
  },
  'verify-shape': {
    retry: false,
    text: 'the object does not have its shape: it was changed, or is not whole',
    remedy: 'get it as it was signed, from whoever keeps it',
  },
  'verify-no-descriptor': {
    retry: false,
    text: 'the descriptor of who should have signed is not at hand',
    remedy: 'give it with --descriptors FILE, a JSON list of signed descriptors',
  },
  'verify-no-key': {
    retry: false,
    text: 'no descriptor at hand certifies that key for that interval',
    remedy: 'give the descriptor of that time with --descriptors FILE',
  },
  'verify-signature': {
    retry: false,
    text: 'a signature does not fit: the object was changed, or is of another network',
    remedy: 'check network.json; otherwise the object proves nothing',
  },
  'verify-claim': {
    retry: false,
    text: 'it is signed, but what it says does not hold',
    remedy: 'do not rely on it; keep it as evidence against who signed it',
  },
} as const;
export const refuseVerify = refuser(verifyRefusals);

/** A signature by the key of that number, which the relay's descriptor certifies for the interval; null: for any. */
export interface ByRelay {
  readonly role: string;
  readonly object: ObjectName;
  readonly signed: Signed<unknown>;
  readonly relay: string;
  readonly use: 'iou' | 'settlement' | 'guard';
  readonly number: number;
  readonly interval: number | null;
}

/** A signature by a key that the object or network.json names itself. */
export interface ByKey {
  readonly role: string;
  readonly object: ObjectName;
  readonly signed: Signed<unknown>;
  readonly key: string;
}

/** The first that fails is refused. */
export function signedBy(known: Known, signatures: readonly (ByRelay | ByKey)[]): Result<Signer[]> {
  const signers: Signer[] = [];
  for (const one of signatures) {
    const signer = 'key' in one ? checkKey(known, one) : checkRelay(known, one);
    if (!signer.ok) return signer;
    signers.push(signer.value);
  }
  return ok(signers);
}

function checkKey(known: Known, { role, object, signed, key }: ByKey): Result<Signer> {
  if (verify(object, known.network.networkId, signed, key) === null)
    return refuseVerify('verify-signature', `${role}, key ${key}`);
  return ok({ role, name: null, id: key, key });
}

function checkRelay(known: Known, { role, object, signed, relay, use, number, interval }: ByRelay): Result<Signer> {
  const described = known.descriptors(relay);
  if (described.length === 0) return refuseVerify('verify-no-descriptor', `${role}, relay ${relay}`);
  for (const { body } of described) {
    const set = interval === null ? body.keys.find((one) => one.number === number) : keySetFor(body, number, interval);
    const key = set?.[use] ?? null;
    if (key === null) continue;
    if (verify(object, known.network.networkId, signed, key) === null)
      return refuseVerify('verify-signature', `${role}, relay ${relay}`);
    return ok({ role, name: body.nickname, id: relay, key });
  }
  return refuseVerify('verify-no-key', `${role}, relay ${relay}, ${use} key ${number}`);
}

/** Sums are reckoned again where the terms are known. */
export function termsClaim(body: { readonly interval: number; readonly terms: string }, known: Known): Claim {
  const terms = known.terms(body.terms);
  if (terms !== null) return { what: 'its terms are of its interval', holds: terms.interval === body.interval };
  return { what: `the terms of interval ${body.interval} are not at hand, so no sum was reckoned again`, holds: null };
}

/** A line of the table, whatever its object. */
export type AnyKind = Kind<never>;

export function kind<T>(entry: Kind<T>): AnyKind {
  return entry as unknown as AnyKind;
}

/** Names of fields, those of the body with it: by them an object is recognised. */
export function fieldsOf(schema: ZodType): string[] {
  if (!(schema instanceof z.ZodObject)) return [];
  const shape = schema.shape as Record<string, ZodType>;
  return Object.entries(shape).flatMap(([name, inner]) => [
    name,
    ...(inner instanceof z.ZodObject && name === 'body' ? fieldsOf(inner).map((field) => `body.${field}`) : []),
  ]);
}

export function timeText(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');
}
