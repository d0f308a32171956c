/*
 * How far a chain was read, as a text between two calls.
 */
import { expect } from 'chai';
import fc from 'fast-check';
import { heightsFrom, parsePlace, placeText } from '../../../rail/bitcoin/place.ts';

describe('the place where a chain was read to', () => {
  it('knows blocks further and further apart, down to the first', () => {
    expect(heightsFrom(100)).deep.equal([100, 99, 98, 96, 92, 84, 68, 36, 0]);
    expect(heightsFrom(0)).deep.equal([0]);
    expect(heightsFrom(1)).deep.equal([1, 0]);
    expect(heightsFrom(2)).deep.equal([2, 1, 0]);
    expect(heightsFrom(1_000_000)).length(22);
  });

  it('falls at each step, whatever the height', () => {
    fc.assert(
      fc.property(fc.nat(10_000_000), (height) => {
        const heights = heightsFrom(height);
        expect([heights[0], heights.at(-1)]).deep.equal([height, 0]);
        heights.slice(1).forEach((one, index) => expect(one).lessThan(heights[index] as number));
      }),
    );
  });

  it('is read as it was written, and as nothing else', () => {
    const place = { height: 3, work: 2n ** 95n, hashes: ['aa', 'bb', 'cc', 'dd'].map((one) => one.repeat(32)) };
    expect(parsePlace(placeText(place))).deep.equal(place);
    expect(() => parsePlace('3 5 aa')).throw('a place');
    expect(() => parsePlace('7')).throw();
  });
});
