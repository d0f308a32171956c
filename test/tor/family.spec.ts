import { expect } from 'chai';
import { sha256 } from '../../core/crypto/hash.ts';
import { carriedMicrodescs } from '../../lab/network/carried.ts';
import { withFamilies } from '../../tor/consensus/family.ts';
import { parseMicrodescs } from '../../tor/consensus/microdesc.ts';
import type { Microdesc } from '../../tor/consensus/microdesc.ts';
import { carried, must, relayOf } from './given.ts';

const key = `onion-key
-----BEGIN RSA PUBLIC KEY-----
MIGJAoGBAMGZpHVKVhZW
-----END RSA PUBLIC KEY-----
ntor-onion-key 0GVzULsfJ4DGdCrZCFLAGZWnjyYGyBqwHVAXKUBgMWE=
`;
const [one, two] = ['A'.repeat(40), 'b'.repeat(40)];

describe('reading microdescriptors', () => {
  it('finds digest, family and identity, in a cache file with its annotations', () => {
    const first = `${key}family $${one} $${two}~bee $${two}=bee Gamma\nid ed25519 ${'A'.repeat(43)}\n`;
    const second = `${key}p accept 80\nfamily-ids ed25519:x ed25519:y\n`;
    const read = [
      ...must(parseMicrodescs(`@last-listed 2016-09-20 13:00:00\n${first}@last-listed 2016-09-20 13:00:00\n${second}`)).values(),
    ];
    expect(read).to.deep.equal([
      {
        digest: Buffer.from(sha256(first)).toString('base64').slice(0, 43),
        ed25519: '00'.repeat(32),
        relatives: [one.toLowerCase(), two, two],
        relativeNames: ['gamma'],
        familyIds: [],
      },
      {
        digest: Buffer.from(sha256(second)).toString('base64').slice(0, 43),
        ed25519: null,
        relatives: [],
        relativeNames: [],
        familyIds: ['ed25519:x', 'ed25519:y'],
      },
    ]);
  });

  for (const [text, line] of [
    ['family nobody\n', 1],
    [`${key}family $${one.slice(1)}\n`, 6],
    [`${key}family a\nfamily b\n`, 7],
    [`${key}id ed25519 short\n`, 6],
    [key.replace('-----END', '-----AND'), 4],
    [key.slice(0, -1), 5],
  ] as const) {
    it(`refuses line ${line} of ${JSON.stringify(text.slice(-40))}`, () => {
      const read = parseMicrodescs(text);
      expect(read)
        .to.have.nested.property('refusal.about')
        .that.matches(new RegExp(`^line ${line}: expected `));
    });
  }

  it('gives every relay of the carried network the digest that its consensus names', () => {
    const microdescs = must(parseMicrodescs(carriedMicrodescs));
    expect(microdescs.size).to.equal(60);
    expect(carried().relays.every((relay) => microdescs.has(relay.microdesc ?? ''))).to.equal(true);
  });
});

describe('mutual families', () => {
  const ids = [1, 2, 3, 4].map((digit) => String(digit).repeat(40));
  const [a = '', b = '', c = '', d = ''] = ids;
  const join = (declared: Partial<Microdesc>[], names = ['Ann', 'Bob', 'Cid', 'Dan']) => {
    const relays = declared.map((_, place) =>
      relayOf({ identity: ids[place] ?? '', nickname: names[place] ?? '', microdesc: `m${place}` }),
    );
    const blank = { ed25519: null, relatives: [], relativeNames: [], familyIds: [] };
    const microdescs = new Map(declared.map((given, place) => [`m${place}`, { ...blank, digest: `m${place}`, ...given }]));
    return withFamilies({ ...carried(), relays }, microdescs).relays.map((relay) => relay.family);
  };

  it('are those where each names the other', () => {
    expect(join([{ relatives: [b, c] }, { relatives: [a] }, {}])).to.deep.equal([[b], [a], []]);
  });

  it('do not reach further than they are declared, nor to oneself', () => {
    expect(join([{ relatives: [a, b] }, { relatives: [a, c] }, { relatives: [b] }])).to.deep.equal([[b], [a, c], [b]]);
  });

  it('take a nickname where one relay alone bears it', () => {
    expect(join([{ relativeNames: ['bob'] }, { relatives: [a] }])).to.deep.equal([[b], [a]]);
    expect(join([{ relativeNames: ['bob'] }, { relatives: [a] }, { relatives: [a] }], ['Ann', 'Bob', 'BOB'])).to.deep.equal([
      [],
      [],
      [],
    ]);
  });

  it('are also those with the same family key', () => {
    expect(join([{ familyIds: ['k'] }, { familyIds: ['j', 'k'] }, { familyIds: ['j'] }, {}])).to.deep.equal([
      [b],
      [a, c],
      [b],
      [],
    ]);
    expect(d).to.have.length(40);
  });

  it('are four in the carried network, and one claim that nobody returns', () => {
    const sizes = carried().relays.map((relay) => relay.family.length + 1);
    expect(sizes.filter((size) => size > 1).sort()).to.deep.equal([2, 2, 3, 3, 3, 3, 3, 3, 4, 4, 4, 4]);
    const claims = [...must(parseMicrodescs(carriedMicrodescs)).values()].filter((microdesc) => microdesc.relatives.length > 0);
    expect(claims).to.have.length(13);
  });

  it('stay empty without microdescriptors', () => {
    const consensus = carried();
    expect(withFamilies(consensus, new Map()).relays.every((relay) => relay.family.length === 0)).to.equal(true);
  });
});
