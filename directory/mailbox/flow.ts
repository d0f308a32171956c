/*
 * The mailbox: sealed letters in, until their recipient fetches them or they expire. Neither is public, so neither is in the log.
 * Called by http.ts.
 */
import type { Signed } from '../../core/crypto/sign.ts';
import { LETTERS_BYTES_MAX, LETTERS_MAX, LETTERS_OF_SENDER_MAX, LETTERS_SENT_MAX } from '../../core/limits.ts';
import type { Done } from '../../core/local/messages.ts';
import { invariant, ok, refuser, type Result } from '../../core/refusal.ts';
import { mailboxRefusals, type Letter, type MailboxAnswer, type MailboxFetch } from '../../core/wire/mailbox.ts';
import type { Parameters } from '../../core/wire/parameters.ts';
import type { Ports, Tx } from '../../host/ports.ts';
import type { Book } from '../log/flow.ts';
import { acceptFetch, acceptLetter } from './decide.ts';
import { countLetters, deleteExpired, insertLetter, listLetters, markFetched, readLetter } from './store.ts';

export interface Mailbox {
  /** The same letter again is answered the same. */
  put(signed: Signed<Letter>): Promise<Result<Done>>;
  /** Letters stay until they expire: whoever crashed after fetching fetches again. */
  fetch(signed: Signed<MailboxFetch>): Promise<Result<MailboxAnswer>>;
}

const refuse = refuser(mailboxRefusals);
const done = ok<Done>({ done: true });

export function createMailbox(ports: Pick<Ports, 'clock' | 'database'>, parameters: Parameters, book: Book): Mailbox {
  const { clock, database } = ports;
  return {
    async put(signed) {
      const now = clock.now();
      const accepted = acceptLetter(book.state(), parameters, signed, now);
      return accepted.ok ? database.transaction((tx) => keep(tx, accepted.value.body, now)) : accepted;
    },
    async fetch(signed) {
      const now = clock.now();
      const accepted = acceptFetch(book.state(), parameters, signed, now);
      if (!accepted.ok) return accepted;
      return ok({ letters: await database.transaction((tx) => handOver(tx, signed.body.relay, now)) });
    },
  };
}

async function keep(tx: Tx, letter: Letter, now: number): Promise<Result<Done>> {
  await deleteExpired(tx, now);
  const known = await readLetter(tx, letter.to, letter.id);
  if (known !== null) {
    const same = known.sealed === letter.sealed && known.sender === letter.from;
    return same ? done : refuse('mailbox-conflict', letter.id);
  }
  const waiting = await countLetters(tx, letter.to, letter.from);
  if (waiting.toRecipient >= LETTERS_MAX) return refuse('mailbox-full', letter.to);
  if (waiting.ofSender >= LETTERS_OF_SENDER_MAX) return refuse('mailbox-full', `${letter.to}, of ${letter.from}`);
  if (waiting.sent >= LETTERS_SENT_MAX) return refuse('mailbox-full', `all of ${letter.from}`);
  await insertLetter(tx, letter, now);
  return done;
}

async function handOver(tx: Tx, recipient: string, now: number): Promise<MailboxAnswer['letters']> {
  const letters: MailboxAnswer['letters'] = [];
  let room = LETTERS_BYTES_MAX;
  for (const { id, chars } of await listLetters(tx, recipient, now)) {
    room -= chars;
    if (room < 0) break;
    const letter = await readLetter(tx, recipient, id);
    invariant(letter !== null, 'a listed letter is there');
    await markFetched(tx, recipient, id, now);
    letters.push({ id, sealed: letter.sealed });
  }
  return letters;
}
