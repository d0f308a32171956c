/*
 * The encoder of core/wire/codec.ts beside the package `canonicalize`: the same bytes for every value that JSON can say, and the same
 * values refused. The text of both is what is signed.
 */
import canonicalize from 'canonicalize';
import { expect } from 'chai';
import fc from 'fast-check';
import { z } from 'zod';
import { decode, encode } from '../../core/wire/codec.ts';

/** Every unit of UTF-16, halves of characters too, and what JSON escapes. */
const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: fc.nat({ max: 0xffff }).map((unit) => String.fromCharCode(unit)) }),
  fc.string({
    unit: fc.constantFrom('"', '\\', '/', '\b', '\f', '\n', '\r', '\t', '\u0000', '\u001f', '\u007f', '\u2028', 'é', '€', '😀'),
  }),
  fc.constantFrom('__proto__', 'toString', '10', '9', '1e3', '', ' '),
);
const anyNumber = fc.oneof(fc.double(), fc.integer(), fc.constantFrom(-0, 1e21, 1e-7, 5e-324, 2 ** 53, NaN, Infinity, -Infinity));
const { anyValue } = fc.letrec<{ anyValue: unknown }>((tie) => ({
  anyValue: fc.oneof(
    { maxDepth: 4 },
    anyText,
    anyNumber,
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('anyValue'), { maxLength: 6 }),
    fc.dictionary(anyText, tie('anyValue'), { maxKeys: 8 }),
  ),
}));

const saidBy = (say: (value: unknown) => string | undefined, value: unknown): string | null => {
  try {
    return say(value) ?? null;
  } catch {
    return null;
  }
};

describe('the canonical encoder', () => {
  it('gives the bytes that canonicalize gives, and refuses what that refuses', () => {
    let said = 0;
    let refused = 0;
    fc.assert(
      fc.property(anyValue, (value) => {
        const theirs = saidBy(canonicalize, value);
        expect(saidBy(encode, value)).to.equal(theirs);
        if (theirs === null) refused++;
        else said++;
      }),
      { numRuns: 5_000 },
    );
    // Neither side of it is empty.
    expect(said).to.be.greaterThan(1_000);
    expect(refused).to.be.greaterThan(50);
  });

  it('gives them for keys in whatever order they were set', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.tuple(anyText, fc.integer()), { selector: ([key]) => key, maxLength: 40 }), (entries) => {
        const fields = Object.fromEntries(entries);
        expect(saidBy(encode, fields)).to.equal(saidBy(canonicalize, fields));
      }),
    );
  });

  it('gives them for more keys than are put in order one by one', () => {
    const keys = Array.from({ length: 300 }, (_, at) => `key ${(at * 7919) % 300}`);
    expect(new Set(keys).size).to.equal(300);
    for (const count of [39, 40, 41, 300]) {
      const fields = Object.fromEntries(keys.slice(0, count).map((key, at) => [key, at]));
      expect(encode(fields)).to.equal(canonicalize(fields));
    }
  });

  it('leaves out what is undefined, as canonicalize does', () => {
    for (const value of [
      { a: undefined, b: 1 },
      { a: undefined },
      [undefined, 1],
      { b: [undefined], a: { c: undefined } },
      {},
      [],
    ])
      expect(encode(value)).to.equal(canonicalize(value));
  });

  it('throws on what JSON cannot say', () => {
    for (const value of [undefined, NaN, [Infinity], { a: () => 1 }, Symbol('a'), '\ud800', { '\udc00': 1 }])
      expect(() => encode(value)).to.throw(/JSON cannot say/);
  });

  it('says a bigint as text, wherever it stands', () => {
    fc.assert(fc.property(fc.bigInt(), (value) => encode({ b: [value], a: value }) === `{"a":"${value}","b":["${value}"]}`));
  });

  it('is taken back as it was given', () => {
    fc.assert(
      fc.property(anyValue, (value) => {
        const text = saidBy(encode, value);
        if (text === null || text.includes('"__proto__":')) return;
        const read = decode(text, z.unknown());
        expect(read.ok && encode(read.value)).to.equal(text);
      }),
    );
  });
});
