/*
 * What control frames say: canonical JSON, sealed by the ciphers that the handshake left. Read and written by both ends.
 */
import { z } from 'zod';
import { decode, encode } from '../../core/wire/codec.ts';
import { hex32, hops } from '../../core/wire/field.ts';
import { requestAnswer, signedRequest } from '../../core/wire/guard.ts';
import { refusalShape } from '../../host/http/refusals.ts';
import { PAYLOAD_MAX } from './frame.ts';
import { MAC_BYTES } from './noise.ts';

export const REASON_CHARS_MAX = 500;
export const MESSAGE_BYTES_MAX = PAYLOAD_MAX - MAC_BYTES;

/** The client's first: for whom, and which circuits it will build. */
export const transportOpen = z.strictObject({
  kind: z.literal('open'),
  /** Ed25519; its X25519 form is the key that shook hands. */
  subscriber: hex32,
  hops: hops.min(1),
  leavesTor: z.boolean(),
});
/** The guard's answer: data may follow. */
export const transportOpened = z.strictObject({ kind: z.literal('opened') });
/** A subscriber's request, as it would be posted to the guard; `id` names the answer to it. */
export const transportAsk = z.strictObject({ kind: z.literal('ask'), id: z.int().min(0), request: signedRequest });
/** One of the two is null. */
export const transportAnswer = z.strictObject({
  kind: z.literal('answer'),
  id: z.int().min(0),
  answer: requestAnswer.nullable(),
  refusal: refusalShape.nullable(),
});
/** The guard's last, instead of the answer or at any time after it. */
export const transportEnd = z.strictObject({ kind: z.literal('end'), reason: z.string().max(REASON_CHARS_MAX) });

/** The guard's, at any time after `opened`; the session goes on. */
export const transportWarning = z.strictObject({
  kind: z.literal('warning'),
  code: z.enum(['low-balance', 'guard-flag', 'closing']),
  text: z.string().max(REASON_CHARS_MAX),
});

const message = z.discriminatedUnion('kind', [
  transportOpen,
  transportOpened,
  transportAsk,
  transportAnswer,
  transportWarning,
  transportEnd,
]);
export type TransportMessage = z.infer<typeof message>;

export function writeMessage(said: TransportMessage): Buffer {
  return Buffer.from(encode(said), 'utf8');
}

/** Null when it is none. */
export function readMessage(bytes: Buffer): TransportMessage | null {
  const read = decode(bytes.toString('utf8'), message, MESSAGE_BYTES_MAX);
  return read.ok ? read.value : null;
}
