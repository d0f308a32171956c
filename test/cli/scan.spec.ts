/*
 * Where to pay, to be scanned: the link of BIP 21, and a code that says the same.
 */
import { expect } from 'chai';
import { encode } from 'uqr';
import { scanText } from '../../cli/scan.ts';

const address = 'bc1qcr8te4kr609gcawutmrza0j4xv80jy8z306fyu';

describe('a destination to be scanned', () => {
  it('is a link with the amount, and its code, line by line', () => {
    const [link = '', ...lines] = scanText('bitcoin', address, 100_000n).trimEnd().split('\n');
    expect(link).equal(`bitcoin:${address}?amount=0.00100000`);
    const { data, size } = encode(link, { border: 4 });
    expect(lines.length).equal(Math.ceil(size / 2));
    // Each character stands for two modules, one above the other.
    const halves: Record<string, readonly [boolean, boolean]> = {
      '█': [true, true],
      '▀': [true, false],
      '▄': [false, true],
      ' ': [false, false],
    };
    const dark = (x: number, y: number): boolean => data[y]?.[x] ?? false;
    const drawn = lines.map((line) => [...line.padEnd(size)].map((one) => halves[one]));
    const isInverted = drawn[0]?.[0]?.[0] === true;
    drawn.forEach((line, row) => {
      line.forEach((half, x) => {
        expect(half?.[0], `${x} ${row}`).equal(dark(x, 2 * row) !== isInverted);
        if (2 * row + 1 < size) expect(half?.[1], `${x} ${row}`).equal(dark(x, 2 * row + 1) !== isInverted);
      });
    });
  });

  it('is nothing on a rail that no wallet scans', () => {
    expect(scanText('ledger', 'ab.cd', 1n)).equal('');
  });
});
