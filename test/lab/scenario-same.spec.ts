/*
 * One scenario file, run twice: a relay that does not pay, a contest, a balance that ends; the same output, byte for byte.
 */
import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import { settledText } from './settled.ts';

describe('scenario: again', () => {
  it('the same file gives the same output', async () => {
    const file = readFileSync(new URL('../../examples/unpaid.json', import.meta.url), 'utf8');
    const [first, second] = [await settledText(file), await settledText(file)];
    expect(second).equal(first);
    expect(first).include('"contests":[{');
  });
});
