/*
 * Whether a letter is its sender's, and whether whoever fetches is the recipient. State and request in; the first refusal in the order of
 * mailboxRefusals, or what was asked, out. Pure; called by mailbox/flow.ts.
 */
import { verify, type Signed, type Verified } from '../../core/crypto/sign.ts';
import { ok, refuser, type Result } from '../../core/refusal.ts';
import { intervalAt } from '../../core/rule/interval.ts';
import { keySetFor } from '../../core/wire/descriptor.ts';
import { mailboxRefusals, type Letter, type MailboxFetch } from '../../core/wire/mailbox.ts';
import type { Parameters } from '../../core/wire/parameters.ts';
import { isCurrent, type DirectoryState, type KnownRelay } from '../state/decide.ts';

const refuse = refuser(mailboxRefusals);

/** From the first day of an interval to the end of the last window that it opens. */
export function keptSecMax(parameters: Parameters): number {
  const { intervalSec, bstOffsetSec, paymentWindowSec, contestWindowSec, appealWindowSec } = parameters;
  return intervalSec + bstOffsetSec + paymentWindowSec + contestWindowSec + appealWindowSec;
}

/** Of a relay that was reached once, so that a box is not filled by whoever makes up names. */
export function acceptLetter(
  state: DirectoryState,
  parameters: Parameters,
  signed: Signed<Letter>,
  now: number,
): Result<Verified<Letter>> {
  const { from, key, to, expires } = signed.body;
  if (expires <= now || expires > now + keptSecMax(parameters) + parameters.skewSec) {
    return refuse('mailbox-expiry', `${expires} at ${now}`);
  }
  // Expired relays too: they may still be owed.
  if (!state.relays.has(to)) return refuse('mailbox-unknown', to);
  const sender = state.relays.get(from);
  if (sender === undefined || !isCurrent(sender, now) || sender.uptime.reachedAt === null) return refuse('mailbox-sender', from);
  const publicKey = settlementKeyOf(sender, key, parameters, now);
  if (publicKey === null) return refuse('mailbox-key', `${from}, key ${key}`);
  const verified = verify('letter', state.networkId ?? '', signed, publicKey);
  return verified === null ? refuse('mailbox-signature', from) : ok(verified);
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
  const publicKey = settlementKeyOf(relay, key, parameters, now);
  if (publicKey === null) return refuse('mailbox-key', `${id}, key ${key}`);
  const verified = verify('mailbox', state.networkId ?? '', signed, publicKey);
  if (verified === null) return refuse('mailbox-signature', id);
  if (Math.abs(at - now) > parameters.skewSec) return refuse('mailbox-time', `${at} at ${now}`);
  return ok(verified);
}

function settlementKeyOf(relay: KnownRelay, key: number, parameters: Parameters, now: number): string | null {
  return keySetFor(relay.descriptor.body, key, intervalAt(parameters, now))?.settlement ?? null;
}
