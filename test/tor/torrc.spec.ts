/*
 * A relay's torrc: how its lines are read, and what is found in it. Debian's own defaults, a relay's file beside them; GETCONF's
 * answers as tor 0.4.9 gives them.
 */
import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { checkRunning, checkTorrc } from '../../tor/torrc/check.ts';
import { readTorrc, settingsOf, type Settings } from '../../tor/torrc/settings.ts';

const captured = (name: string): { name: string; text: string } => ({
  name,
  text: readFileSync(new URL(`captured/${name}`, import.meta.url), 'latin1'),
});
const key = 'ab'.repeat(32);
const named = `ContactInfo email:op[]example.org ptg:${key} ciissversion:2`;
/** All that a relay beside a node needs. */
const whole = ['ORPort 9001', named, 'ControlPort 9051', 'CookieAuthentication 1', 'CookieAuthFileGroupReadable 1'].join('\n');

function read(...texts: string[]): Settings {
  const settings = readTorrc(texts.map((text, at) => ({ name: `torrc${at || ''}`, text })));
  if (!settings.ok) throw new Error(`${settings.refusal.code}: ${settings.refusal.about}`);
  return settings.value;
}
const valuesOf = (settings: Settings, option: string): string[] => settings.of(option).map(({ value }) => value);

describe('tor/torrc: its lines', () => {
  it('are read as tor reads them: any case, comments, quotes, lines that go on, several of one option', () => {
    const settings = readTorrc([captured('defaults-torrc'), captured('relay-torrc')]);
    if (!settings.ok) throw new Error(settings.refusal.about);
    expect(valuesOf(settings.value, 'Nickname')).deep.equal(['birch']);
    expect(valuesOf(settings.value, 'ORPort')).deep.equal(['9001', '[2001:db8::7]:9001']);
    expect(valuesOf(settings.value, 'SocksPort')).deep.equal(['0']);
    expect(valuesOf(settings.value, 'Log')).deep.equal(['notice file /var/log/tor/notices.log']);
    expect(valuesOf(settings.value, 'ControlPort')).deep.equal([]);
    expect(settings.value.of('contactinfo')).deep.equal([
      { value: 'email:op[]example.org url:https://example.org   proof:uri-rsa ciissversion:2', at: 'relay-torrc:9' },
    ]);
    expect(settings.value.of('ControlSocket')[0]?.at).match(/^defaults-torrc:\d+$/);
    expect(valuesOf(read('ContactInfo "a \\"b\\" # no comment" # one\n'), 'ContactInfo')).deep.equal(['a "b" # no comment']);
  });

  it('of a later file replace those of an earlier, or add to them, or take them away', () => {
    expect(valuesOf(read('ORPort 1\nORPort 2', 'ORPort 3\nORPort 4'), 'ORPort')).deep.equal(['3', '4']);
    expect(valuesOf(read('ORPort 1', '+ORPort 2'), 'ORPort')).deep.equal(['1', '2']);
    expect(valuesOf(read('ORPort 1', '/ORPort'), 'ORPort')).deep.equal([]);
  });

  it('that tor would not take are refused with file and number; any text is read or refused', () => {
    for (const text of ['ORPort 1\n!!', 'A 1\n\nContactInfo "open', 'ContactInfo "a" b']) {
      const refused = readTorrc([{ name: 'torrc', text }]);
      expect(refused.ok || [refused.refusal.code, /^torrc:[123]: /.test(refused.refusal.about)], text).deep.equal([
        'torrc-line',
        true,
      ]);
    }
    const piece = fc.oneof(fc.constantFrom('ORPort', ' ', '"', '\\', '\n', '#', '%include', '+', '1', '\\\n'), fc.string());
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        const settings = readTorrc([{ name: 'torrc', text: pieces.join('') }]);
        if (settings.ok) checkTorrc(settings.value, key);
        else expect(settings.refusal.code).equal('torrc-line');
      }),
    );
  });
});

describe('tor/torrc: what is found', () => {
  const codes = (...texts: string[]): string[] => checkTorrc(read(...texts), key).map(({ code }) => code);

  it('nothing in one that has all; in Debian’s defaults the control socket and its cookie are there', () => {
    expect(codes(whole)).deep.equal([]);
    expect(codes(captured('defaults-torrc').text, `ORPort 9001\n${named}`)).deep.equal([]);
  });

  it('in a relay’s as one finds it: that ContactInfo does not name the key, and where', () => {
    const settings = readTorrc([captured('defaults-torrc'), captured('relay-torrc')]);
    const [finding, ...others] = settings.ok ? checkTorrc(settings.value, key) : [];
    expect(others).deep.equal([]);
    expect(finding).include({ code: 'contact-without-key', state: 'fail', remedy: `add among its words: ptg:${key}` });
    expect(finding?.seen).match(/^relay-torrc:9: email:op/);
    expect(codes(captured('relay-torrc').text)).deep.equal(['contact-without-key', 'control-closed', 'control-open']);
  });

  const faults: readonly [string, (text: string) => string, string[]][] = [
    ['an empty file', () => '', ['not-a-relay', 'contact-missing', 'control-closed', 'control-open']],
    ['no ORPort', (text) => text.replace('ORPort 9001', ''), ['not-a-relay']],
    ['ORPort 0', (text) => text.replace('ORPort 9001', 'ORPort 0'), ['not-a-relay']],
    ['ClientOnly', (text) => `${text}\nClientOnly 1`, ['not-a-relay']],
    ['a bridge', (text) => `${text}\nBridgeRelay 1`, ['is-bridge']],
    ['a bridge no more', (text) => `${text}\nBridgeRelay 1\nBridgeRelay 0`, []],
    ['unpublished', (text) => `${text}\nPublishServerDescriptor 0`, ['not-published']],
    ['published to bridge authorities', (text) => `${text}\nPublishServerDescriptor bridge`, ['not-published']],
    ['no ContactInfo', (text) => text.replace(named, ''), ['contact-missing']],
    ['a commented ContactInfo', (text) => text.replace(named, `#${named}`), ['contact-missing']],
    ['another key', (text) => text.replace(key, 'cd'.repeat(32)), ['contact-other-key']],
    ['a key that is none', (text) => text.replace(key, 'cd'), ['contact-without-key']],
    ['another ContactInfo after it', (text) => `${text}\nContactInfo me`, ['contact-twice', 'contact-without-key']],
    ['ControlPort 0', (text) => text.replace('9051', '0'), ['control-closed']],
    ['CookieAuthentication 0', (text) => text.replace('Authentication 1', 'Authentication 0'), ['cookie-off']],
    ['no CookieAuthentication', (text) => text.replace('CookieAuthentication 1', ''), ['control-open']],
    ['a password', (text) => text.replace('CookieAuthentication 1', 'HashedControlPassword 16:AB'), []],
    ['a cookie for tor alone', (text) => text.replace('GroupReadable 1', 'GroupReadable 0'), ['cookie-owner-alone']],
    ['another file', (text) => `${text}\n%include /etc/torrc.d/*.conf`, ['include-unread']],
  ];
  for (const [what, spoil, found] of faults) {
    it(`${found.length === 0 ? 'nothing in' : 'in'} one with ${what}`, () => {
      if (what !== 'a bridge no more') expect(spoil(whole)).not.equal(whole);
      const findings = checkTorrc(read(spoil(whole)), key);
      expect(findings.map(({ code }) => code)).deep.equal(found);
      for (const { remedy } of findings) expect(remedy).not.match(/KEY/);
    });
  }

  it('of a running tor: its answer to GETCONF, of which an option that is not set has no value', () => {
    const running = (contact: string): string[] => {
      const lines = ['ORPort=127.0.0.1:19974', 'ClientOnly=0', 'BridgeRelay=0', 'PublishServerDescriptor=1', contact];
      const reply = { status: 250, lines: lines.map((text) => ({ text, data: null })) };
      return checkRunning(settingsOf(reply), key).map(({ code }) => code);
    };
    expect(running('ContactInfo')).deep.equal(['contact-missing']);
    expect(running('ContactInfo=nobody@example.org')).deep.equal(['contact-without-key']);
    expect(running(named.replace(' ', '='))).deep.equal([]);
    expect(running(`ContactInfo="\\"op\\" ptg:${key}"`)).deep.equal([]);
  });
});
