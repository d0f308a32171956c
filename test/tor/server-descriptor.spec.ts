/*
 * A relay's own Tor descriptor and a small consensus, captured from a private network of tor 0.4.9.11.
 */
import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { readContact } from '../../tor/authority/contact.ts';
import { openDirectoryTor, seenIn, type DirectoryTor } from '../../tor/authority/directory-tor.ts';
import { readServerDescriptor, SERVER_DESCRIPTOR_CHARS_MAX } from '../../tor/authority/server-descriptor.ts';
import { later, undoAll } from '../harness/later.ts';
import { scripted, settled } from './control-port.ts';

const captured = (name: string): string => readFileSync(new URL(`captured/${name}`, import.meta.url), 'latin1');
const descriptor = captured('server-descriptor.txt');
const consensus = captured('consensus-small.txt');
const GUARD = '2ad7ae8d528c6057cc905ff0bd140dfebce01dfb';
const key = 'ab'.repeat(32);
const secrets = { cookieFile: null, passwordFile: null, read: async () => null };

describe('tor/authority: a relay’s own descriptor', () => {
  afterEach(undoAll);
  const codeOf = (text: string): string => {
    const read = readServerDescriptor(text);
    return read.ok ? 'ok' : read.refusal.code;
  };

  it('gives fingerprint, family, payment key and payout addresses', () => {
    const read = readServerDescriptor(descriptor);
    expect(read.ok && read.value).deep.equal({
      fingerprint: GUARD,
      family: [GUARD, 'c748373ac6943886619d93ac9d36e0ccc2c109b8'],
      paymentKey: key,
      payouts: ['btc:bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4'],
    });
  });

  it('of a relay without ContactInfo and family gives none', () => {
    const read = readServerDescriptor(descriptor.replace(/^(contact|family) .*\n/gm, ''));
    expect(read.ok && read.value).deep.equal({ fingerprint: GUARD, family: [], paymentKey: null, payouts: [] });
  });

  it('refuses what is none: too large, without its first line, a line twice, cut anywhere', () => {
    expect(codeOf(descriptor + 'x y\n'.repeat(SERVER_DESCRIPTOR_CHARS_MAX / 4))).equal('tor-descriptor');
    expect(codeOf(descriptor.replace(/^router .*\n/, ''))).equal('tor-relay');
    expect(codeOf(descriptor.replace(/^(contact .*\n)/m, '$1$1'))).equal('tor-relay');
    expect(codeOf(descriptor.replace(/^fingerprint .*$/m, 'fingerprint 2AD7'))).equal('tor-relay');
    fc.assert(
      fc.property(fc.string({ maxLength: 300 }), (text) => {
        expect(codeOf(text)).not.equal('ok');
      }),
    );
    fc.assert(
      fc.property(fc.nat(descriptor.length - 1), (at) => {
        const read = readServerDescriptor(descriptor.slice(0, at));
        // A whole line less is still a document; what it says of itself is nothing else then.
        if (read.ok) expect([read.value.fingerprint, [null, key].includes(read.value.paymentKey)]).deep.equal([GUARD, true]);
      }),
    );
  });

  it('reads ContactInfo as CIISS writes it: the first of a key counts, other words are passed over', () => {
    const of = (text: string) => readContact(text);
    expect(of(`op-g1 email:a[]b.org ptg:${key.toUpperCase()} ptg:${'cd'.repeat(32)} ciissversion:2`).paymentKey).equal(key);
    for (const text of ['', 'ptg:', `ptg:${key}00`, `ptg: ${key}`, `xptg:${key}`, `ptg:${'g'.repeat(64)}`])
      expect(of(text).paymentKey, text).equal(null);
    expect(of('btc:BC1QW508 btc:other xmr:pay.example.org zec:t1abc url:https://x').payouts).deep.equal([
      'btc:bc1qw508',
      'xmr:pay.example.org',
      'zec:t1abc',
    ]);
    expect(of(`btc:${'a'.repeat(100)} xmr:a/b`).payouts).deep.equal([]);
  });

  it('counts |N| and |E|, and gives flags and weights of Tor’s consensus', () => {
    const seen = seenIn(consensus);
    if (!seen.ok) throw new Error(seen.refusal.about);
    expect([seen.value.relays, seen.value.relay('0'.repeat(40))]).deep.equal([6, null]);
    expect([...(seen.value.relay(GUARD)?.flags ?? [])]).include.members(['Running', 'Valid']);
    expect(seen.value.relay(GUARD)?.bandwidth).a('number');
  });
});

describe('tor/authority: what is asked of the tor beside a directory', () => {
  afterEach(undoAll);
  async function given(answer: (command: string) => string): Promise<DirectoryTor> {
    const control = scripted((command) => {
      if (command === 'PROTOCOLINFO 1') return '250-PROTOCOLINFO 1\r\n250-AUTH METHODS=NULL\r\n250 OK\r\n';
      return command === 'AUTHENTICATE' ? '250 OK\r\n' : answer(command);
    });
    const tor = openDirectoryTor(control.ports, { place: { path: '/x' }, secrets, approvedRouters: null });
    later(() => tor.close());
    await settled();
    return tor;
  }
  const data = (name: string, text: string): string => `250+${name}=\r\n${text.replace(/\n/g, '\r\n')}.\r\n250 OK\r\n`;
  const codeOf = (result: { readonly ok: boolean; readonly refusal?: { readonly code: string } }): string =>
    result.refusal?.code ?? 'ok';

  it('reads both documents, and knows when tor has none', async () => {
    const tor = await given((command) => {
      if (command === `GETINFO desc/id/${GUARD.toUpperCase()}`) return data('desc/id/x', descriptor);
      if (command === 'GETINFO dir/status-vote/current/consensus') return data('dir/x', consensus);
      return `552 Unrecognized key "${command}"\r\n`;
    });
    const said = await tor.descriptor(GUARD);
    expect(said.ok && said.value?.paymentKey).equal(key);
    expect(await tor.descriptor('0'.repeat(40))).deep.equal({ ok: true, value: null });
    const seen = await tor.consensus();
    expect(seen.ok && seen.value.relays).equal(6);
  });

  it('refuses a tor that keeps no consensus, says so while it is away, and refuses what is no document', async () => {
    const without = await given(() => '552 Unrecognized key "dir/status-vote/current/consensus"\r\n');
    expect(codeOf(await without.consensus())).equal('tor-no-consensus');
    const garbled = await given(() => data('x', 'what is this\n'));
    expect(codeOf(await garbled.consensus())).equal('tor-kind');
    expect(codeOf(await garbled.descriptor(GUARD))).equal('tor-relay');
    const refusing = await given(() => '551 Internal error\r\n');
    expect(codeOf(await refusing.descriptor(GUARD))).equal('control-refused');
    await refusing.close();
    expect(codeOf(await refusing.consensus())).equal('control-closed');
  });
});
