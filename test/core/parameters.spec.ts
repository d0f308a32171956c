import { expect } from 'chai';
import { decode, encode } from '../../core/wire/codec.ts';
import { descriptor } from '../../core/wire/descriptor.ts';
import { defaultParameters, parameters } from '../../core/wire/parameters.ts';
import { weightAt, FULL } from '../../directory/state/half-life.ts';
import { testDescriptor, testParameters } from '../harness/view.ts';

describe('core/wire/parameters', () => {
  it('have no ratio of or over nothing: its terms would be refused by the authority’s own log', () => {
    const at = (relays: bigint, exits: bigint) => decode(encode(testParameters({ exitRatio: [relays, exits] })), parameters).ok;
    expect([at(3n, 2n), at(3n, 0n), at(0n, 2n)]).deep.equal([true, false, false]);
  });

  it('weigh uptime as Tor does: by 0.95 every twelve hours', () => {
    const halfLife = defaultParameters.flags.uptimeHalfLifeSec;
    expect(Number((weightAt(12 * 3600, halfLife) * 10_000n) / FULL) / 10_000).closeTo(0.95, 0.0005);
  });
});

describe('core/wire/descriptor', () => {
  it('names each rail once: two fallbacks of one rail would be none', () => {
    const [one] = testDescriptor('a').body.rails;
    const read = (rails: unknown) => decode(encode({ ...testDescriptor('a').body, rails }), descriptor).ok;
    expect([read([one]), read([one, { ...one, rail: 'bitcoin' }]), read([one, one])]).deep.equal([true, true, false]);
  });
});
