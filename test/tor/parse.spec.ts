import { gzipSync } from 'node:zlib';
import { expect } from 'chai';
import fc from 'fast-check';
import { carriedConsensus } from '../../lab/network/carried.ts';
import { TOR_DOCUMENT_CHARS_MAX } from '../../tor/consensus/document.ts';
import { parseConsensus, relaysAndExits } from '../../tor/consensus/parse.ts';
import { unpackDocument } from '../../tor/consensus/unpack.ts';
import { must, realText } from './given.ts';

const small = `@type network-status-consensus-3 1.0
network-status-version 3
vote-status consensus
consensus-method 28
valid-after 2018-02-03 00:00:00
fresh-until 2018-02-03 01:00:00
valid-until 2018-02-03 03:00:00
known-flags BadExit Exit Fast Guard Running Valid
dir-source somebody 0232AF901C31A04EE9848595AF9BB7620D4C5B2E localhost 10.0.0.1 80 443
contact anybody at all ÿ
r alpha AAAAAAAAAAAAAAAAAAAAAAAAAAA AAAAAAAAAAAAAAAAAAAAAAAAAAA 2018-02-02 20:00:00 10.1.2.3 9001 9030
a [2001:db8::1]:9001
s Exit Fast Running Valid
w Bandwidth=20 Unmeasured=1 Later=word
p accept 80,443,8000-8100
r beta AQAAAAAAAAAAAAAAAAAAAAAAAAA AAAAAAAAAAAAAAAAAAAAAAAAAAA 2018-02-02 20:00:00 10.2.2.3 9001 0
s
r gamma AgAAAAAAAAAAAAAAAAAAAAAAAAA AAAAAAAAAAAAAAAAAAAAAAAAAAA 2018-02-02 20:00:00 10.3.2.3 443 0
s BadExit Exit Guard Running Valid
w Bandwidth=4294967295
unknown-word anything
directory-footer
bandwidth-weights Wgg=5000
directory-signature 0232AF901C31A04EE9848595AF9BB7620D4C5B2E 9E5ECDF8D87A1B11C000A11B57AEB31D2EE48A72
-----BEGIN SIGNATURE-----
o8LkJYydikZD6Oqz51s=
-----END SIGNATURE-----
directory-signature sha256 0232AF901C31A04EE9848595AF9BB7620D4C5B2E 9E5ECDF8D87A1B11C000A11B57AEB31D2EE48A72
-----BEGIN SIGNATURE-----
o8LkJYydikZD6Oqz51s=
-----END SIGNATURE-----
`;

describe('reading a Tor consensus', () => {
  it('reads flavour ns, with or without its name', () => {
    const read = must(parseConsensus(small));
    expect(read).to.deep.include({
      flavour: 'ns',
      method: 28,
      validAfter: 1_517_616_000,
      freshUntil: 1_517_619_600,
      signatures: 1,
    });
    expect(read.validUntil - read.validAfter).to.equal(10_800);
    expect(read.relays[0]).to.deep.equal({
      nickname: 'alpha',
      identity: '00'.repeat(20),
      microdesc: null,
      subnet: '10.1',
      orPort: 9001,
      flags: new Set(['Exit', 'Fast', 'Running', 'Valid']),
      bandwidth: 20,
      unmeasured: true,
      policy: 'accept 80,443,8000-8100',
      family: [],
    });
    expect(read.relays[1]).to.deep.include({
      nickname: 'beta',
      bandwidth: 0,
      flags: new Set(),
      identity: `01${'00'.repeat(19)}`,
    });
    expect(read.relays[2]).to.deep.include({ bandwidth: 4_294_967_295, policy: null });
    expect([...read.weights]).to.deep.equal([['Wgg', 5000]]);
    expect(must(parseConsensus(small.replace('version 3\n', 'version 3 ns\n')))).to.deep.equal(read);
  });

  it('reads flavour microdesc, as the project carries one', () => {
    const read = must(parseConsensus(carriedConsensus));
    expect(read.flavour).to.equal('microdesc');
    expect(read.relays).to.have.length(60);
    expect(read.relays.every((relay) => relay.microdesc?.length === 43 && relay.policy === null)).to.equal(true);
    expect(read.params.get('NumEntryGuards')).to.equal(1);
  });

  it('counts relays that are Running and Valid, and no bad exit', () => {
    expect(relaysAndExits(must(parseConsensus(small)))).to.deep.equal({ n: 2n, e: 1n });
    expect(
      relaysAndExits(must(parseConsensus(small.replaceAll(' Valid', '').replace('known-flags', 'known-flags Valid')))),
    ).to.deep.equal({
      n: 0n,
      e: 0n,
    });
    expect(relaysAndExits(must(parseConsensus(carriedConsensus)))).to.deep.equal({ n: 60n, e: 8n });
  });

  it('reads a whole real one in well under a second', function () {
    const text = realText(this);
    const before = process.cpuUsage();
    const read = must(parseConsensus(text));
    const { user, system } = process.cpuUsage(before);
    // Time on a processor, in microseconds: what else runs on the machine does not count.
    expect(user + system).to.be.below(1_000_000);
    const having = (flag: string) => read.relays.filter((relay) => relay.flags.has(flag));
    expect(relaysAndExits(read)).to.deep.equal({ n: 7213n, e: 938n });
    expect([having('Guard').length, having('Exit').length]).to.deep.equal([2535, 941]);
    expect(having('Exit').filter((relay) => relay.flags.has('BadExit'))).to.have.length(3);
    expect(having('Exit').filter((relay) => relay.flags.has('Guard'))).to.have.length(440);
    expect(read.signatures).to.equal(7);
    expect(read.relays.filter((relay) => relay.unmeasured)).to.have.length(107);
  });
});

/** One fault each: what is replaced, by what, and the code and line that say so. */
const faults: readonly (readonly [string | RegExp, string, string, number])[] = [
  ['network-status-version 3', 'network-status-version 4', 'tor-kind', 2],
  ['network-status-version 3\n', 'network-status-version 3 bridge\n', 'tor-kind', 2],
  ['network-status-version 3\n', '', 'tor-kind', 2],
  ['vote-status consensus', 'vote-status vote', 'tor-kind', 3],
  ['consensus-method 28', 'consensus-method x', 'tor-preamble', 4],
  ['2018-02-03 00:00:00', '2018-02-30 00:00:00', 'tor-preamble', 5],
  ['fresh-until 2018-02-03 01', 'fresh-until 2018-02-03 00', 'tor-preamble', 6],
  ['valid-until 2018-02-03 03', 'valid-until 2018-02-03 00', 'tor-preamble', 7],
  ['valid-until 2018-02-03 03:00:00\n', '', 'tor-preamble', 10],
  ['contact anybody', 'valid-after 2018-02-03 00:00:00\ncontact', 'tor-preamble', 10],
  ['contact anybody at all ÿ', 'params A=1 A=2', 'tor-preamble', 10],
  ['contact anybody at all ÿ', 'params A=2147483648', 'tor-preamble', 10],
  ['contact anybody at all ÿ', 'params A=one', 'tor-preamble', 10],
  ['contact anybody', 'contact\0anybody', 'tor-syntax', 10],
  ['contact anybody', '', 'tor-syntax', 10],
  ['dir-source somebody', '\ndir-source somebody', 'tor-syntax', 9],
  ['r alpha ', 'r al_pha ', 'tor-relay', 11],
  ['r alpha AAAAAA', 'r alpha AAAA', 'tor-relay', 11],
  ['r alpha AAAAAAAAAAAAAAAAAAAAAAAAAAA', 'r alpha AAAAAAAAAAAAAAAAAAAAAAAAAAB', 'tor-relay', 11],
  ['AAA 2018-02-02', '!!! 2018-02-02', 'tor-relay', 11],
  ['20:00:00 10.1', '20:00 10.1', 'tor-relay', 11],
  ['10.1.2.3', '10.1.2.256', 'tor-relay', 11],
  ['10.1.2.3 9001', '10.1.2.3 0', 'tor-relay', 11],
  ['9001 9030', '9001 65536', 'tor-relay', 11],
  ['9001 9030', '9001', 'tor-relay', 11],
  ['s Exit Fast', 's Exit Slow', 'tor-relay', 13],
  ['s Exit Fast', 's Exit Exit', 'tor-relay', 13],
  ['s Exit Fast Running Valid\n', '', 'tor-relay', 15],
  ['Bandwidth=20 ', 'Bandwidth=-20 ', 'tor-relay', 14],
  ['Bandwidth=20 ', '', 'tor-relay', 14],
  ['Bandwidth=20 ', 'Bandwidth=20 Bandwidth=21 ', 'tor-relay', 14],
  ['Bandwidth=4294967295', 'Bandwidth=4294967296', 'tor-relay', 20],
  ['p accept 80', 'p perhaps 80', 'tor-relay', 15],
  ['8000-8100', '8100-8000', 'tor-relay', 15],
  ['8000-8100', '80000', 'tor-relay', 15],
  ['p accept 80', 'w Bandwidth=1\np accept 80', 'tor-relay', 15],
  ['r beta AQAA', 'r beta AAAA', 'tor-relay', 16],
  ['r gamma AgAA', 'r gamma AQAA', 'tor-relay', 18],
  [/directory-footer[^]*/, '', 'tor-footer', 22],
  [/directory-footer[^]*/, 'directory-footer\n', 'tor-footer', 23],
  ['Wgg=5000', 'Wgg=10001', 'tor-footer', 23],
  ['Wgg=5000', 'Wgg=-1', 'tor-footer', 23],
  ['Wgg=5000', 'Wgg', 'tor-footer', 23],
  ['bandwidth-weights Wgg=5000', 'r delta', 'tor-footer', 23],
  ['directory-signature 0232', 'directory-signature 232', 'tor-footer', 24],
  [/-----BEGIN[^]*?END SIGNATURE-----\n/, '', 'tor-footer', 24],
  ['-----BEGIN SIGNATURE-----', '-----BEGIN signature', 'tor-syntax', 25],
  ['o8LkJYydikZD6Oqz51s=', 'not base64', 'tor-syntax', 26],
  [/-----END[^]*/, '', 'tor-syntax', 27],
  [/=\n-----END[^]*/, '', 'tor-syntax', 26],
];

describe('refusing a malformed Tor consensus', () => {
  for (const [what, by, code, line] of faults) {
    it(`${JSON.stringify(String(what))} → ${JSON.stringify(by)}: ${code}, line ${line}`, () => {
      const text = small.replace(what, by);
      expect(text).to.not.equal(small);
      const read = parseConsensus(text);
      if (read.ok) expect.fail('it was read');
      expect([read.refusal.code, read.refusal.about.split(':')[0]]).to.deep.equal([code, `line ${line}`]);
      expect(read.refusal.about).to.match(/^line \d+: expected .+, found .+$/);
    });
  }

  it('refuses line ends of two characters, an empty file, and what is too large', () => {
    const [windows, empty, large] = [small.replaceAll('\n', '\r\n'), '', 'x'.repeat(TOR_DOCUMENT_CHARS_MAX + 1)].map(
      parseConsensus,
    );
    expect(windows).to.have.nested.property('refusal.code', 'tor-syntax');
    expect(empty).to.have.nested.property('refusal.about', 'line 1: expected "network-status-version 3", found the end');
    expect(large).to.have.nested.property('refusal.code', 'tor-too-large');
  });

  it('wants the digest in flavour microdesc, since method 13', () => {
    const text = carriedConsensus.replace(/\nm [^\n]*/, '');
    expect(parseConsensus(text)).to.have.nested.property('refusal.code', 'tor-relay');
    expect(must(parseConsensus(text.replace('method 33', 'method 12'))).relays[0]?.microdesc).to.equal(null);
    expect(parseConsensus(carriedConsensus.replace(/\nm ./, '\nm '))).to.have.nested.property('refusal.code', 'tor-relay');
  });

  it('says the first fault first: in the order of the document', () => {
    const order = ['s Exit Slow', 'vote-status vote', 'Wgg=x', 'known-flags ?', 'alpha ?'];
    let text = small
      .replace('s Exit Fast', 's Exit Slow')
      .replace('vote-status consensus', 'vote-status vote')
      .replace('Wgg=5000', 'Wgg=x')
      .replace('known-flags BadExit', 'known-flags ?')
      .replace('r alpha A', 'r alpha ?');
    expect(order.every((fault) => text.includes(fault))).to.equal(true);
    const peeled: string[] = [];
    const mend: Record<string, (text: string) => string> = {
      'line 3': (wrong) => wrong.replace('vote-status vote', 'vote-status consensus'),
      'line 8': (wrong) => wrong.replace('known-flags ?', 'known-flags BadExit'),
      'line 11': (wrong) => wrong.replace('r alpha ?', 'r alpha A'),
      'line 13': (wrong) => wrong.replace('s Exit Slow', 's Exit Fast'),
      'line 23': (wrong) => wrong.replace('Wgg=x', 'Wgg=5000'),
    };
    for (let read = parseConsensus(text); !read.ok && peeled.length < 9; read = parseConsensus(text)) {
      const where = read.refusal.about.split(':')[0] ?? '';
      peeled.push(where);
      text = mend[where]?.(text) ?? '';
    }
    expect(peeled).to.deep.equal(Object.keys(mend));
    expect(text).to.equal(small);
  });

  it('never throws, and names a line, whatever is done to a document', () => {
    const lines = carriedConsensus.split('\n');
    const piece = fc.oneof(
      fc.constantFrom('\n', ' ', '\0', 'r ', 's ', '-----BEGIN SIGNATURE-----\n', 'directory-footer\n', '=', '99999999999', '�'),
      fc.string({ maxLength: 6 }),
      fc.nat(lines.length - 1).map((place) => `${lines[place]}\n`),
    );
    const cut = fc.record({ from: fc.nat(carriedConsensus.length), length: fc.nat(80), piece });
    let refused = 0;
    fc.assert(
      fc.property(fc.array(cut, { minLength: 1, maxLength: 3 }), (cuts) => {
        let text = carriedConsensus;
        for (const { from, length, piece: put } of cuts) text = text.slice(0, from) + put + text.slice(from + length);
        const read = parseConsensus(text);
        if (read.ok) return;
        refused++;
        const line = Number(/^line (\d+): expected /.exec(read.refusal.about)?.[1]);
        expect(line, read.refusal.about).to.be.within(1, text.split('\n').length);
      }),
      { numRuns: 400 },
    );
    expect(refused).to.be.above(100);
  });
});

describe('unpacking a Tor document', () => {
  it('takes it plain or gzipped', () => {
    expect(must(unpackDocument(Buffer.from(small)))).to.equal(small);
    expect(must(unpackDocument(gzipSync(small)))).to.equal(small);
  });

  it('refuses what is damaged, and what is too large once unpacked', () => {
    const packed = gzipSync(small);
    expect(unpackDocument(packed.subarray(0, 40))).to.have.nested.property('refusal.code', 'tor-not-gzip');
    const bomb = gzipSync(Buffer.alloc(TOR_DOCUMENT_CHARS_MAX + 1));
    expect(unpackDocument(bomb)).to.have.nested.property('refusal.code', 'tor-too-large');
    expect(unpackDocument(Buffer.alloc(TOR_DOCUMENT_CHARS_MAX + 1))).to.have.nested.property('refusal.code', 'tor-too-large');
  });
});
