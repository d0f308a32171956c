/*
 * The handshake on a stream. The guard's side: a stream in; a connection whose other end has just shown that it has a subscriber's
 * key, and what it asks for, out. The client's side: the same, answered. Called by guard.ts and client.ts.
 */
import type { Duplex } from 'node:stream';
import type { SigningKey } from '../../core/crypto/keys.ts';
import { ok, refuser, type Result } from '../../core/refusal.ts';
import type { Entropy } from '../../host/ports.ts';
import { createFramed, type Framed } from './framed.ts';
import { take } from './inlet.ts';
import { ephemeralKey, prologueOf, transportKey, transportPublicKey } from './keys.ts';
import type { TransportMessage } from './message.ts';
import { FIRST_BYTES, initiate, respond, SECOND_BYTES, type KeyPair } from './noise.ts';
import { refuseTransport, transportRefusals } from './refusals.ts';

export type Open = Extract<TransportMessage, { kind: 'open' }>;

export interface Answering {
  readonly networkId: string;
  /** Of its key sets, the newest first. */
  readonly keys: readonly KeyPair[];
  readonly entropy: Entropy;
}

const NOTHING = Buffer.alloc(0);

/**
 * Nothing is kept of a first message: who has only recorded one cannot read the answer, and so cannot seal what must follow.
 * Nobody is told why, before that.
 */
export async function answerHandshake(stream: Duplex, own: Answering): Promise<Result<{ framed: Framed; open: Open }>> {
  const first = await take(stream, FIRST_BYTES);
  if (first === null) return refuseTransport('transport-handshake', 'no first message');
  const prologue = prologueOf(own.networkId);
  let responder = null;
  for (const key of own.keys) responder ??= respond(key, prologue, first);
  if (responder === null || responder.payload.length > 0) return refuseTransport('transport-handshake', 'first message');
  const { message, ...secured } = responder.reply(ephemeralKey(own.entropy), NOTHING);
  stream.write(message);
  const framed = createFramed(stream, secured);
  const item = await framed.next();
  if (item?.kind !== 'message' || item.message.kind !== 'open') return refuseTransport('transport-open', 'first frame');
  const open = item.message;
  const shown = transportPublicKey(open.subscriber);
  if (shown?.equals(responder.theirs) !== true) {
    framed.send({ kind: 'end', reason: reasonOf('transport-open') });
    return refuseTransport('transport-open', 'key');
  }
  return ok({ framed, open });
}

export interface Asking {
  readonly networkId: string;
  readonly subscriber: SigningKey;
  /** The guard's transport key. */
  readonly guardKey: Uint8Array;
  readonly hops: number;
  readonly leavesTor: boolean;
  readonly entropy: Entropy;
}

/** A guard's own refusal comes back in its words. */
export async function askHandshake(stream: Duplex, ask: Asking): Promise<Result<Framed>> {
  const keys = { mine: transportKey(ask.subscriber), ephemeral: ephemeralKey(ask.entropy), theirs: ask.guardKey };
  const initiator = initiate({ ...keys, prologue: prologueOf(ask.networkId) }, NOTHING);
  if (initiator === null) return refuseTransport('transport-arguments', 'key');
  stream.write(initiator.message);
  const second = await take(stream, SECOND_BYTES);
  const secured = second === null ? null : initiator.finish(second);
  if (secured === null) return refuseTransport('transport-no-answer', 'handshake');
  const framed = createFramed(stream, secured);
  const { hops, leavesTor, subscriber } = ask;
  framed.send({ kind: 'open', subscriber: subscriber.publicKey, hops, leavesTor });
  const item = await framed.next();
  if (item?.kind !== 'message') return refuseTransport('transport-no-answer', 'open');
  if (item.message.kind === 'end') return refuseTold('transport-told', item.message.reason);
  return item.message.kind === 'opened' ? ok(framed) : refuseTransport('transport-no-answer', 'open');
}

/** As it is sent: what is wrong, and what to do. */
export function reasonOf(code: keyof typeof transportRefusals): string {
  const { text, remedy } = transportRefusals[code];
  return `${text}: ${remedy} [${code}]`;
}

/** The guard's own words stand in `about`. */
export const toldRefusals = {
  'transport-told': { retry: false, text: 'the guard does not take the session', remedy: 'do what it says' },
} as const;
const refuseTold = refuser(toldRefusals);
