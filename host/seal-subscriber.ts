/*
 * Sealing of what a subscriber, who has no key in the directory, says to a role: crypto_box_seal to the role's key, with a fresh
 * reply key inside to which the answer is sealed (design §5). Called by host/http alone.
 * Envelope: version 1 ‖ receiver's key number 4 ‖ sealed box of padded canonical JSON. Answer: version 1 ‖ sealed box.
 */
import sodium from 'sodium-native';
import { z } from 'zod';
import { ok, refuser, type Result } from '../core/refusal.ts';
import { decode, encode } from '../core/wire/codec.ts';
import { hex32 } from '../core/wire/field.ts';
import type { Entropy, SealingKey } from './ports.ts';
import { sealRefusals, sealingKeyFromSeed, VERSION, type PublicSealingKey } from './seal.ts';
import { CONTENT_BYTES_MAX, pad, PADDED_BYTES_MAX, unpad } from './seal-pad.ts';

const refuse = refuser(sealRefusals);

/** What the box adds to the padded content. */
export const BOX_BYTES = 1 + 4 + 48;

/** Content around a body of `bodyMax`: at worst each character is escaped. */
export function boxContentMax(bodyMax: number): number {
  return 2 * bodyMax + 512;
}

/** Inside the box: without it a box of one network or object could be taken for another's. */
const inner = z.strictObject({ body: z.string(), network: z.string(), replyKey: hex32, tag: z.string() });
const INNER_CHARS_MAX = CONTENT_BYTES_MAX;

export interface BoxContext {
  readonly networkId: string;
  readonly tag: string;
}

/** The subscriber's side. `body` is canonical JSON; `open` takes the answer to just this box. */
export function sealBoxRequest(context: BoxContext, theirs: PublicSealingKey, body: string, entropy: Entropy) {
  const reply = sealingKeyFromSeed(entropy.bytes(32), 0);
  const replyKey = Buffer.from(reply.publicKey).toString('hex');
  const content = encode({ body, network: context.networkId, replyKey, tag: context.tag });
  const head = Buffer.alloc(5);
  head.writeUInt8(VERSION, 0);
  head.writeUInt32BE(theirs.number, 1);
  const box = seal(Buffer.from(content, 'utf8'), theirs.publicKey);
  if (box === null) return refuse('bad-seal', `key ${theirs.number}`);
  return ok({ envelope: Buffer.concat([head, box]), open: (answer: Uint8Array) => openBoxAnswer(Buffer.from(answer), reply) });
}

export interface OpenedBox {
  /** Canonical JSON, not yet checked. */
  readonly body: string;
  seal(answer: Uint8Array): Uint8Array;
}

/** The role's side. `seal` makes the answer to just this box. */
export function openBoxRequest(context: BoxContext, keys: readonly SealingKey[], bytes: Uint8Array): Result<OpenedBox> {
  const envelope = Buffer.from(bytes);
  if (envelope.length <= BOX_BYTES || envelope.length > PADDED_BYTES_MAX + BOX_BYTES || envelope[0] !== VERSION) {
    return refuse('seal-shape', `${envelope.length} bytes`);
  }
  const number = envelope.readUInt32BE(1);
  const mine = keys.find((key) => key.number === number);
  if (mine === undefined) return refuse('not-sealed-for-me', `key ${number}`);
  const content = open(envelope.subarray(5), mine);
  if (content === null) return refuse('bad-seal', 'box');
  const opened = decode(Buffer.from(content).toString('utf8'), inner, INNER_CHARS_MAX);
  if (!opened.ok) return opened;
  const { body, network, replyKey, tag } = opened.value;
  if (network !== context.networkId || tag !== context.tag) return refuse('bad-seal', 'network or tag');
  const replyTo = Buffer.from(replyKey, 'hex');
  // A reply key of small order could not be sealed to; found out before anything is done.
  if (seal(Buffer.alloc(0), replyTo) === null) return refuse('bad-seal', 'reply key');
  return ok({ body, seal: (answer) => Buffer.concat([Buffer.of(VERSION), seal(answer, replyTo) as Buffer]) });
}

function openBoxAnswer(answer: Buffer, reply: SealingKey): Result<Uint8Array> {
  if (answer.length <= 1 + 48 || answer[0] !== VERSION) return refuse('seal-shape', `${answer.length} bytes`);
  const content = open(answer.subarray(1), reply);
  return content === null ? refuse('bad-seal', 'answer') : ok(content);
}

function seal(content: Uint8Array, publicKey: Uint8Array): Buffer | null {
  const padded = pad(content);
  const cipher = Buffer.alloc(padded.length + sodium.crypto_box_SEALBYTES);
  try {
    sodium.crypto_box_seal(cipher, padded, Buffer.from(publicKey));
  } catch {
    return null;
  }
  return cipher;
}

function open(cipher: Buffer, mine: SealingKey): Uint8Array | null {
  if (cipher.length < sodium.crypto_box_SEALBYTES) return null;
  const padded = Buffer.alloc(cipher.length - sodium.crypto_box_SEALBYTES);
  const opened = sodium.crypto_box_seal_open(padded, cipher, Buffer.from(mine.publicKey), Buffer.from(mine.secretKey));
  return opened ? unpad(padded) : null;
}
