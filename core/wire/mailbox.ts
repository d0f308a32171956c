/*
 * The mailbox at an authority: what could not be delivered to a relay waits there, sealed, until the relay fetches it
 * (design §6.9). Put there and fetched by settlement roles; kept by directory.
 */
import { z } from 'zod';
import { signedSchema } from '../crypto/sign.ts';
import { LETTER_CHARS_MAX, LETTERS_MAX } from '../limits.ts';
import { hex32, keyNumber, seconds } from './field.ts';

const sealed = z.base64().min(4).max(LETTER_CHARS_MAX);

/** POST /directory/mailbox, object `letter`: signed with the sender's settlement key. The same again is answered the same. */
export const letter = z.strictObject({ from: hex32, key: keyNumber, to: hex32, id: hex32, sealed, expires: seconds });
export type Letter = z.infer<typeof letter>;
export const signedLetter = signedSchema(letter);

/** POST /directory/mailbox/fetch, object `mailbox`: signed with the settlement key of that number. */
export const mailboxFetch = z.strictObject({ relay: hex32, key: keyNumber, at: seconds });
export type MailboxFetch = z.infer<typeof mailboxFetch>;
export const signedMailboxFetch = signedSchema(mailboxFetch);

/** Those fetched longest ago, or never, come first; what did not fit comes with the next call. */
export const mailboxAnswer = z.strictObject({ letters: z.array(z.strictObject({ id: hex32, sealed })).max(LETTERS_MAX) });
export type MailboxAnswer = z.infer<typeof mailboxAnswer>;

/** In the order of the checks; those of a fetch are `unknown`, `key`, `signature` and `time`. */
export const mailboxRefusals = {
  'mailbox-expiry': {
    retry: false,
    text: 'the letter has expired, or would stay too long',
    remedy: 'let it expire with its interval’s windows',
  },
  'mailbox-unknown': { retry: false, text: 'the directory knows no such relay', remedy: 'check the relay’s id' },
  'mailbox-sender': {
    retry: true,
    text: 'the directory has not reached the sender, or its descriptor has expired',
    remedy: 'publish a descriptor and be there when the directory asks',
  },
  'mailbox-key': { retry: false, text: 'its descriptor has no such settlement key now', remedy: 'publish the key first' },
  'mailbox-signature': {
    retry: false,
    text: 'the settlement key has not signed it',
    remedy: 'sign it with the key of that number',
  },
  'mailbox-conflict': { retry: false, text: 'another letter has this id', remedy: 'use a new id for a new letter' },
  'mailbox-full': {
    retry: true,
    text: 'too many letters are waiting',
    remedy: 'try again when some are fetched or have expired',
  },
  'mailbox-time': { retry: true, text: 'the request is not of now', remedy: 'set the clock, then ask again' },
} as const;
