import { expect } from 'chai';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { z } from 'zod';
import fc from 'fast-check';
import { decode, encode } from '../../core/wire/codec.ts';
import { signedUnits, units } from '../../core/wire/field.ts';

const external = new URL('../../../shared/vectors/jcs/', import.meta.url);
const shape = z.strictObject({ a: units, b: z.array(z.int()).max(3) });
const code = (text: string, max?: number): string => {
  const read = decode(text, shape, max);
  return read.ok ? 'ok' : read.refusal.code;
};

describe('core/wire/codec', () => {
  it('reads what it writes', () => {
    expect(encode({ b: [1, 2], a: 7n })).equal('{"a":"7","b":[1,2]}');
    expect(decode('{"a":"7","b":[1,2]}', shape)).deep.equal({ ok: true, value: { a: 7n, b: [1, 2] } });
  });

  for (const [what, text, expected] of [
    ['too long', `{"a":"7","b":[${'1,'.repeat(40)}1]}`, 'too-large'],
    ['no JSON', '{"a":"7"', 'not-json'],
    ['a number where a string belongs', '{"a":7,"b":[]}', 'bad-shape'],
    ['an unknown field', '{"a":"7","b":[],"c":1}', 'bad-shape'],
    ['a leading zero', '{"a":"07","b":[]}', 'bad-shape'],
    ['above 2^63 - 1', '{"a":"9223372036854775808","b":[]}', 'bad-shape'],
    ['white space', '{"a": "7","b":[]}', 'not-canonical'],
    ['keys out of order', '{"b":[],"a":"7"}', 'not-canonical'],
    ['a key twice', '{"a":"6","a":"7","b":[]}', 'not-canonical'],
    ['a number in another form', '{"a":"7","b":[1e0]}', 'not-canonical'],
    ['an escape that is not needed', '{"\\u0061":"7","b":[]}', 'not-canonical'],
  ] as const) {
    it(`refuses ${what}`, () => expect(code(text, 80)).equal(expected));
  }

  it('refuses a key that a record would pass over, and takes it as a text', () => {
    const table = z.strictObject({ a: z.record(z.string(), z.int()), b: z.string() });
    const read = (text: string) => decode(text, table).ok;
    expect(read('{"a":{"__proto__":1},"b":""}')).equal(false);
    expect(read('{"a":{"x":1},"b":"\\"__proto__\\":"}')).equal(true);
  });

  it('survives nesting as deep as its limit', () => {
    expect(code('['.repeat(60_000), 65_536)).equal('not-json');
    expect(code('['.repeat(30_000) + ']'.repeat(30_000), 65_536)).equal('bad-shape');
  });

  it('never throws, whatever comes', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        expect(code(text)).to.be.a('string');
      }),
      { numRuns: 500, seed: 1 },
    );
  });

  it('amounts of either sign keep every digit', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 63n) + 1n, max: 2n ** 63n - 1n }), (value) => {
        expect(signedUnits.parse(value.toString())).equal(value);
        expect(units.safeParse(value.toString()).success).equal(value >= 0n);
      }),
      { seed: 1 },
    );
  });

  it('writes the RFC 8785 vectors', function () {
    if (!existsSync(external)) {
      console.log('      skipped: ../shared/vectors/jcs is not there');
      this.skip();
    }
    const names = readdirSync(new URL('input/', external));
    expect(names.length).greaterThan(4);
    for (const name of names) {
      const input: unknown = JSON.parse(readFileSync(new URL(`input/${name}`, external), 'utf8'));
      expect(encode(input), name).equal(readFileSync(new URL(`output/${name}`, external), 'utf8').trimEnd());
    }
  });
});
