/*
 * Amounts and the JSON that they come in: exact, whatever their size.
 */
import { expect } from 'chai';
import fc from 'fast-check';
import { z } from 'zod';
import { UNITS_MAX } from '../../../core/limits.ts';
import { amountOf, btcOf } from '../../../rail/bitcoin/amount.ts';
import { amount, integer, parseExact } from '../../../rail/bitcoin/exact.ts';
import { bitcoinUri } from '../../../rail/bitcoin/uri.ts';

describe('amounts of bitcoind', () => {
  it('are read to the unit, where a float would not be', () => {
    const cases: [string, bigint | null][] = [
      ['0', 0n],
      ['0.00000001', 1n],
      ['-0.00000001', -1n],
      ['1.5', 150_000_000n],
      ['20999999.97690000', 2_099_999_997_690_000n],
      ['90071992.54740993', 2n ** 53n + 1n],
      ['92233720368.54775807', UNITS_MAX],
      ['92233720368.54775808', null],
      ['0.000000001', null],
      ['1e-8', null],
      ['01', null],
      ['.5', null],
      ['1.', null],
      ['', null],
      ['NaN', null],
      [' 1', null],
      ['1,5', null],
      ['9'.repeat(400), null],
    ];
    for (const [text, units] of cases) expect(amountOf(text), text).equal(units);
  });

  it('are written with eight decimals, and read back as they were', () => {
    expect(btcOf(2n ** 53n + 1n)).equal('90071992.54740993');
    expect(btcOf(-1n)).equal('-0.00000001');
    fc.assert(
      fc.property(fc.bigInt({ min: -UNITS_MAX, max: UNITS_MAX }), (units) => {
        expect(amountOf(btcOf(units))).equal(units);
      }),
    );
    expect(() => btcOf(UNITS_MAX + 1n)).throw('64 bits');
  });

  it('pass through JSON as text: numbers within strings stay as they are', () => {
    const text = '{"a": 90071992.54740993, "b": ["1.0", -3, 1E+2, "say \\"5\\" \\\\"], "c": null, "9": true}';
    const read = { a: '90071992.54740993', b: ['1.0', '-3', '1E+2', 'say "5" \\'], c: null, 9: true };
    expect(parseExact(text)).deep.equal(read);
    expect(z.object({ a: amount }).parse(parseExact(text)).a).equal(2n ** 53n + 1n);
  });

  it('any JSON is read as JSON.parse reads it, but for its numbers', () => {
    const asText = (value: unknown): unknown => {
      if (typeof value === 'number') return JSON.stringify(value);
      if (Array.isArray(value)) return value.map(asText);
      if (typeof value !== 'object' || value === null) return value;
      return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, asText(one)]));
    };
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(parseExact(text)).deep.equal(asText(JSON.parse(text)));
      }),
    );
  });

  it('what is no JSON is none: cut off, with a leading zero, or words', () => {
    for (const text of ['', '{', '{"a": 1', '[1,]', '{"a": 01}', 'Work queue depth exceeded', '{"a": .5}', '"1']) {
      expect(() => parseExact(text), text).throw(SyntaxError);
    }
  });

  it('an integer is safe, or none', () => {
    expect(integer.parse('9007199254740991')).equal(Number.MAX_SAFE_INTEGER);
    for (const text of ['9007199254740992', '1.0', '1e3', '', '-', 7]) expect(integer.safeParse(text).success).equal(false);
  });

  it('a link names address and amount (BIP 21)', () => {
    expect(bitcoinUri('bc1qcr8te4kr609gcawutmrza0j4xv80jy8z306fyu', 2_030_000_000n)).equal(
      'bitcoin:bc1qcr8te4kr609gcawutmrza0j4xv80jy8z306fyu?amount=20.30000000',
    );
    expect(bitcoinUri('bcrt1q', null)).equal('bitcoin:bcrt1q');
  });
});
