/*
 * A signed object as a row keeps it: its text in; an object out that is read when somebody asks for what is in it. Most steps of a pair
 * move on its figures alone, and hand the objects through. Called by pair/store.ts.
 */
import type { ZodType } from 'zod';
import { asStored, type Signed, type Verified } from '../../core/crypto/sign.ts';
import { invariant } from '../../core/refusal.ts';
import { decode } from '../../core/wire/codec.ts';

/** Of what came from a row: it goes back as it was. */
const texts = new WeakMap<object, string>();

export function fromText<T>(stored: string, schema: ZodType<Signed<T>>): Verified<T> {
  let read: Signed<T> | null = null;
  const value = (): Signed<T> => (read ??= parse(stored, schema));
  // Its own properties: whoever copies or encodes it sees what any other signed object has.
  const later: Signed<T> = {
    get body() {
      return value().body;
    },
    get signature() {
      return value().signature;
    },
  };
  texts.set(later, stored);
  return asStored(later);
}

/** The text that it was read from, or null. */
export function textOf(signed: Signed<unknown>): string | null {
  return texts.get(signed) ?? null;
}

function parse<T>(stored: string, schema: ZodType<Signed<T>>): Signed<T> {
  const read = decode(stored, schema);
  invariant(read.ok, 'a stored object reads back');
  return read.value;
}
