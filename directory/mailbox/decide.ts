/*
 * Whether a letter is kept, and whether whoever fetches is the recipient. State and request in; the first refusal in the order of
 * mailboxRefusals, or what was asked, out. Pure; called by mailbox/flow.ts.
 */
import { verify, type Signed, type Verified } from '../../core/crypto/sign.ts';
import { ok, refuser, type Result } from '../../core/refusal.ts';
import { intervalAt } from '../../core/rule/interval.ts';
import { keySetFor } from '../../core/wire/descriptor.ts';
import { mailboxRefusals, type Letter, type MailboxFetch } from '../../core/wire/mailbox.ts';
import type { Parameters } from '../../core/wire/parameters.ts';
import { isCurrent, type DirectoryState } from '../state/decide.ts';

const refuse = refuser(mailboxRefusals);

/** From the first day of an interval to the end of the last window that it opens. */
export function keptSecMax(parameters: Parameters): number {
  const { intervalSec, bstOffsetSec, paymentWindowSec, contestWindowSec, appealWindowSec } = parameters;
  return intervalSec + bstOffsetSec + paymentWindowSec + contestWindowSec + appealWindowSec;
}

export function acceptLetter(state: DirectoryState, parameters: Parameters, letter: Letter, now: number): Result<Letter> {
  if (letter.expires <= now || letter.expires > now + keptSecMax(parameters) + parameters.skewSec) {
    return refuse('mailbox-expiry', `${letter.expires} at ${now}`);
  }
  // Expired relays too: they may still be owed.
  if (!state.relays.has(letter.to)) return refuse('mailbox-unknown', letter.to);
  return ok(letter);
}

export function acceptFetch(
  state: DirectoryState,
  parameters: Parameters,
  signed: Signed<MailboxFetch>,
  now: number,
): Result<Verified<MailboxFetch>> {
  const { relay: id, key, at } = signed.body;
  const relay = state.relays.get(id);
  if (relay === undefined || !isCurrent(relay, now)) return refuse('mailbox-unknown', id);
  const keys = keySetFor(relay.descriptor.body, key, intervalAt(parameters, now));
  if (keys === null) return refuse('mailbox-key', `${id}, key ${key}`);
  const verified = verify('mailbox', state.networkId ?? '', signed, keys.settlement);
  if (verified === null) return refuse('mailbox-signature', id);
  if (Math.abs(at - now) > parameters.skewSec) return refuse('mailbox-time', `${at} at ${now}`);
  return ok(verified);
}
