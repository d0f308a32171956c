import { expect } from 'chai';
import { sign } from '../../core/crypto/sign.ts';
import { LETTER_CHARS_MAX, LETTERS_MAX } from '../../core/limits.ts';
import type { Result } from '../../core/refusal.ts';
import type { Letter, MailboxFetch } from '../../core/wire/mailbox.ts';
import { acceptFetch, keptSecMax } from '../../directory/mailbox/decide.ts';
import { networkId, testKey } from '../harness/view.ts';
import { GENESIS, givenAuthority, givenDescriptor, givenParameters, givenRelay, stateOf, type Authority } from './given.ts';

const idOf = (name: string): string => givenDescriptor(name).body.id;
const number = (index: number): string => index.toString(16).padStart(64, '0');
const codeOf = (answer: Result<unknown>): string => (answer.ok ? 'ok' : answer.refusal.code);
const sealed = (text: string): string => Buffer.from(text).toString('base64');

describe('directory/mailbox', () => {
  let authority: Authority;
  beforeEach(async () => {
    authority = await givenAuthority(GENESIS);
    await authority.publish('a');
    await authority.publish('b');
  });
  afterEach(() => authority.close());

  const put = async (changes: Partial<Letter> = {}) =>
    codeOf(
      await authority.call('/directory/mailbox', {
        to: idOf('a'),
        id: number(1),
        sealed: sealed('one'),
        expires: GENESIS + 100,
        ...changes,
      }),
    );
  const ask = (changes: Partial<MailboxFetch> = {}, key = 'a settlement') =>
    sign('mailbox', networkId, { relay: idOf('a'), key: 1, at: authority.clock.now(), ...changes }, testKey(key));
  const fetch = async (): Promise<string[]> => {
    const answer = (await authority.call('/directory/mailbox/fetch', ask())) as Result<{ letters: { id: string }[] }>;
    if (!answer.ok) throw new Error(answer.refusal.code);
    return answer.value.letters.map((letter) => letter.id);
  };

  it('keeps letters for their recipient until they expire', async () => {
    expect(await put()).equal('ok');
    expect(await put({ id: number(2), expires: GENESIS + 50 })).equal('ok');
    expect(await put({ id: number(3), to: idOf('b') })).equal('ok');
    expect(await fetch()).deep.equal([number(1), number(2)]);
    expect(await fetch()).deep.equal([number(1), number(2)]);
    await authority.goTo(GENESIS + 50);
    expect(await fetch()).deep.equal([number(1)]);
  });

  it('answers the same letter the same, and refuses another of its id', async () => {
    expect(await put()).equal('ok');
    expect(await put()).equal('ok');
    expect(await put({ sealed: sealed('two') })).equal('mailbox-conflict');
    expect(await put({ sealed: sealed('two'), to: idOf('b') })).equal('ok');
    expect(await fetch()).deep.equal([number(1)]);
  });

  it('refuses letters for nobody, of the past, and that would stay too long', async () => {
    const last = GENESIS + keptSecMax(givenParameters()) + givenParameters().skewSec;
    expect(await put({ to: idOf('c'), expires: GENESIS })).equal('mailbox-expiry');
    expect(await put({ to: idOf('c') })).equal('mailbox-unknown');
    expect(await put({ expires: last + 1 })).equal('mailbox-expiry');
    expect(await put({ expires: last })).equal('ok');
    expect(await put({ id: number(2), sealed: 'not base64' })).equal('bad-shape');
    expect(await put({ id: number(2), sealed: 'A'.repeat(LETTER_CHARS_MAX + 4) })).equal('bad-shape');
  });

  it('holds so many and no more, and has room again when some expire', async () => {
    for (let index = 1; index <= LETTERS_MAX; index += 1) {
      expect(await put({ id: number(index), expires: GENESIS + (index === 1 ? 10 : 100) })).equal('ok');
    }
    expect(await put({ id: number(900) })).equal('mailbox-full');
    expect(await put({ id: number(5) })).equal('ok');
    expect(await put({ id: number(900), to: idOf('b') })).equal('ok');
    await authority.goTo(GENESIS + 10);
    expect(await put({ id: number(900) })).equal('ok');
  });

  it('hands over what fits, the least lately fetched first', async () => {
    const large = 'A'.repeat(LETTER_CHARS_MAX);
    for (let index = 1; index <= 14; index += 1) await put({ id: number(index), sealed: large });
    const first = await fetch();
    expect(first).deep.equal(Array.from({ length: 11 }, (_, index) => number(index + 1)));
    await authority.goTo(GENESIS + 1);
    expect((await fetch()).slice(0, 3)).deep.equal([number(12), number(13), number(14)]);
  });

  it('remembers when a letter was first fetched', async () => {
    await put();
    await authority.goTo(GENESIS + 5);
    const rows = () =>
      authority.database.transaction((tx) => tx.all('SELECT received_at, fetched_at, last_fetched_at FROM directory_letter'));
    expect(await rows()).deep.equal([{ received_at: GENESIS, fetched_at: null, last_fetched_at: null }]);
    await fetch();
    await authority.goTo(GENESIS + 9);
    await fetch();
    expect(await rows()).deep.equal([{ received_at: GENESIS, fetched_at: GENESIS + 5, last_fetched_at: GENESIS + 9 }]);
  });

  it('hands nothing over for the first fault, and each mended one shows the next', () => {
    const parameters = givenParameters();
    const state = stateOf([givenRelay('a')], parameters);
    const faults: Partial<MailboxFetch> = { relay: idOf('b'), key: 2, at: GENESIS - 61 };
    const code = (key: string, now = GENESIS) => codeOf(acceptFetch(state, parameters, ask(faults, key), now));
    expect(code('b settlement')).equal('mailbox-unknown');
    faults.relay = idOf('a');
    expect(code('b settlement')).equal('mailbox-key');
    faults.key = 1;
    expect(code('a identity')).equal('mailbox-signature');
    expect(code('a settlement')).equal('mailbox-time');
    faults.at = GENESIS - 60;
    expect(code('a settlement')).equal('ok');
    faults.at = GENESIS + 61;
    expect(code('a settlement')).equal('mailbox-time');
  });
});
