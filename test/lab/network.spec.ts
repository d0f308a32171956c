import { expect } from 'chai';
import { carriedConsensus, carriedMicrodescs } from '../../lab/network/carried.ts';
import { makeNetwork } from '../../lab/network/make.ts';

describe('the carried network', () => {
  it('is what make.ts makes (else run: npx tsx lab/network/write.ts)', () => {
    const made = makeNetwork();
    expect(carriedConsensus).to.equal(made.consensus);
    expect(carriedMicrodescs).to.equal(made.microdescs);
  });

  it('names no address that anybody could have', () => {
    const addresses = [...carriedConsensus.matchAll(/\d+\.\d+\.\d+\.\d+ 9001/g)].map((match) => match[0]);
    expect(addresses).to.have.length(60);
    for (const address of addresses) expect(address).to.match(/^10\./);
  });
});
