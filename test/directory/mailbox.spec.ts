import { expect } from 'chai';
import { bare, sign } from '../../core/crypto/sign.ts';
import { LETTER_CHARS_MAX, LETTERS_MAX, LETTERS_OF_SENDER_MAX, LETTERS_SENT_MAX } from '../../core/limits.ts';
import type { Result } from '../../core/refusal.ts';
import type { Letter, MailboxFetch } from '../../core/wire/mailbox.ts';
import { acceptFetch, acceptLetter, keptSecMax } from '../../directory/mailbox/decide.ts';
import type { KnownRelay } from '../../directory/state/decide.ts';
import { insertLetter } from '../../directory/mailbox/store.ts';
import { networkId, testKey } from '../harness/view.ts';
import {
  GENESIS,
  givenAuthority,
  givenDescriptor,
  givenParameters,
  givenRelay,
  stateOf,
  upFor,
  type Authority,
} from './given.ts';

const idOf = (name: string): string => givenDescriptor(name).body.id;
const number = (index: number): string => index.toString(16).padStart(64, '0');
const codeOf = (answer: Result<unknown>): string => (answer.ok ? 'ok' : answer.refusal.code);
const sealed = (text: string): string => Buffer.from(text).toString('base64');

describe('directory/mailbox', () => {
  let authority: Authority;
  beforeEach(async () => {
    authority = await givenAuthority(GENESIS);
    for (const name of ['a', 'b']) {
      authority.up.add(name);
      await authority.publish(name);
    }
    await authority.settle();
  });
  afterEach(() => authority.close());

  const write = (changes: Partial<Letter> = {}, key = 'b settlement') => {
    const said = { to: idOf('a'), id: number(1), sealed: sealed('one'), expires: GENESIS + 100 };
    return bare(sign('letter', networkId, { from: idOf('b'), key: 1, ...said, ...changes }, testKey(key)));
  };
  const put = async (changes: Partial<Letter> = {}, key?: string) =>
    codeOf(await authority.call('/directory/mailbox', write(changes, key)));
  /** As many as these, of senders that were let in before. */
  const fill = (rows: readonly Partial<Letter>[]) =>
    authority.database.transaction(async (tx) => {
      const first = { ...write().body, from: idOf('a') };
      for (const row of rows) await insertLetter(tx, { ...first, ...row }, GENESIS);
    });
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

  it('is not filled by one sender, nor are all boxes, and has room again when some expire', async () => {
    for (let index = 1; index <= LETTERS_OF_SENDER_MAX; index += 1) {
      expect(await put({ id: number(index), expires: GENESIS + (index === 1 ? 10 : 100) })).equal('ok');
    }
    expect(await put({ id: number(900) })).equal('mailbox-full');
    expect(await put({ id: number(2) })).equal('ok');
    expect(await put({ id: number(900), from: idOf('a') }, 'a settlement')).equal('ok');
    expect(await put({ id: number(900), to: idOf('b') })).equal('ok');
    await authority.goTo(GENESIS + 10);
    expect(await put({ id: number(901) })).equal('ok');
    await fill(Array.from({ length: LETTERS_SENT_MAX }, (_, index) => ({ to: number(index), id: number(index) })));
    expect(await put({ id: number(902), from: idOf('a'), to: idOf('b') }, 'a settlement')).equal('mailbox-full');
  });

  it('holds so many of all senders together', async () => {
    await fill(Array.from({ length: LETTERS_MAX }, (_, index) => ({ from: number(index), id: number(index + 10) })));
    expect(await put()).equal('mailbox-full');
    expect(await put({ to: idOf('b') })).equal('ok');
  });

  it('takes no letter in another’s name', async () => {
    expect(await put({ from: idOf('a') })).equal('mailbox-signature');
    expect(await put()).equal('ok');
    expect(await put({ from: idOf('a') }, 'a settlement')).equal('mailbox-conflict');
  });

  it('refuses a letter for the first fault, and each mended one shows the next', () => {
    const parameters = givenParameters();
    const reached = { uptime: upFor(10, GENESIS) };
    const state = (changes: Partial<KnownRelay>) => stateOf([givenRelay('a'), givenRelay('b', changes)], parameters);
    const faults: Partial<Letter> = { expires: GENESIS, to: idOf('c'), from: idOf('d'), key: 2 };
    const code = (key: string, changes: Partial<KnownRelay> = reached, now = GENESIS) =>
      codeOf(acceptLetter(state(changes), parameters, write(faults, key), now));
    expect(code('d settlement')).equal('mailbox-expiry');
    faults.expires = GENESIS + 100;
    expect(code('d settlement')).equal('mailbox-unknown');
    faults.to = idOf('a');
    expect(code('d settlement')).equal('mailbox-sender');
    faults.from = idOf('b');
    expect(code('d settlement', {})).equal('mailbox-sender');
    expect(code('d settlement')).equal('mailbox-key');
    faults.key = 1;
    expect(code('d settlement')).equal('mailbox-signature');
    expect(code('b settlement')).equal('ok');
  });

  it('hands over what fits, the least lately fetched first', async () => {
    const large = 'A'.repeat(LETTER_CHARS_MAX);
    await fill(Array.from({ length: 14 }, (_, index) => ({ id: number(index + 1), sealed: large })));
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
