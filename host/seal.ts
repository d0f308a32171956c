/*
 * Sealing of what two relays' roles say to each other: bytes and both keys in, an envelope out, and back (design §5). Session keys
 * by crypto_kx, then XChaCha20-Poly1305 with the object's tag in the associated data. Called by host/http alone.
 * Envelope: version 1 ‖ sender's id 32 ‖ its key number 4 ‖ receiver's key number 4 ‖ nonce 24 ‖ ciphertext.
 * Answer: version 1 ‖ nonce 24 ‖ ciphertext. All ciphertexts are padded (seal-pad.ts).
 */
import sodium from 'sodium-native';
import { invariant, ok, refuser, type Result } from '../core/refusal.ts';
import type { Entropy, SealingKey } from './ports.ts';
import { padInto, PADDED_BYTES_MAX, paddedSize, unpad } from './seal-pad.ts';

export const sealRefusals = {
  'seal-shape': { retry: false, text: 'this is not a sealed message', remedy: 'seal it as docs/spec says' },
  'not-sealed-for-me': {
    retry: true,
    text: 'it is sealed to a key that this role does not have',
    remedy: 'fetch the newest descriptor',
  },
  'unknown-sender': {
    retry: true,
    text: 'the sender or its key is not in the directory',
    remedy: 'publish a descriptor, or wait for the consensus',
  },
  'bad-seal': { retry: false, text: 'the seal does not open', remedy: 'seal it with the keys, tag and network that it names' },
} as const;
const refuse = refuser(sealRefusals);

/** Who speaks to whom, and of what. Ids in hex. */
export interface Link {
  readonly networkId: string;
  readonly tag: string;
  readonly from: string;
  readonly to: string;
}

export interface PublicSealingKey {
  readonly number: number;
  readonly publicKey: Uint8Array;
}

/** What an envelope adds to the padded content. */
export const ENVELOPE_BYTES = 1 + 32 + 4 + 4 + 24 + 16;
export const VERSION = 1;
const NONCE_BYTES = 24;
const HEAD_BYTES = 1 + 32 + 4 + 4;
const { crypto_aead_xchacha20poly1305_ietf_ABYTES: SEAL_BYTES } = sodium;

/** An X25519 key pair from a role's 32-byte seed. */
export function sealingKeyFromSeed(seed: Uint8Array, number: number): SealingKey {
  invariant(seed.length === 32, 'a seed has 32 bytes');
  const publicKey = Buffer.alloc(32);
  const secretKey = Buffer.alloc(32);
  sodium.crypto_box_seed_keypair(publicKey, secretKey, Buffer.from(seed));
  return { number, publicKey, secretKey };
}

/** The sender's side. `open` takes the answer to just this envelope. */
export function sealLinkRequest(link: Link, mine: SealingKey, theirs: PublicSealingKey, content: Uint8Array, entropy: Entropy) {
  const keys = sessionKeys(mine, theirs.publicKey, link.from < link.to);
  if (keys === null || link.from === link.to) return refuse('bad-seal', link.to);
  const nonce = buffer(entropy.bytes(NONCE_BYTES));
  const envelope = encrypt(HEAD_BYTES + NONCE_BYTES, content, dataOf(link, 'request', nonce), nonce, keys.send);
  envelope.writeUInt8(VERSION, 0);
  envelope.write(link.from, 1, 'hex');
  envelope.writeUInt32BE(mine.number, 33);
  envelope.writeUInt32BE(theirs.number, 37);
  envelope.set(nonce, HEAD_BYTES);
  return ok({ envelope, open: (answer: Uint8Array) => openAnswer(buffer(answer), dataOf(link, 'answer', nonce), keys.receive) });
}

/** What the receiver knows before it reads. */
export interface LinkReceiver {
  readonly networkId: string;
  readonly tag: string;
  readonly to: string;
  readonly keys: readonly SealingKey[];
  senderKey(id: string, number: number): Uint8Array | null;
}

export interface OpenedRequest {
  readonly from: string;
  readonly content: Uint8Array;
  seal(answer: Uint8Array, entropy: Entropy): Uint8Array;
}

/** The receiver's side. `seal` makes the answer to just this envelope. */
export function openLinkRequest(receiver: LinkReceiver, bytes: Uint8Array): Result<OpenedRequest> {
  const envelope = buffer(bytes);
  if (envelope.length <= ENVELOPE_BYTES || envelope.length > PADDED_BYTES_MAX + ENVELOPE_BYTES || envelope[0] !== VERSION) {
    return refuse('seal-shape', `${envelope.length} bytes`);
  }
  const from = envelope.toString('hex', 1, 33);
  const number = envelope.readUInt32BE(37);
  const mine = receiver.keys.find((key) => key.number === number);
  if (mine === undefined) return refuse('not-sealed-for-me', `key ${number}`);
  const theirs = receiver.senderKey(from, envelope.readUInt32BE(33));
  if (theirs === null) return refuse('unknown-sender', from);
  const keys = sessionKeys(mine, theirs, receiver.to < from);
  if (keys === null || from === receiver.to) return refuse('bad-seal', from);
  const link: Link = { networkId: receiver.networkId, tag: receiver.tag, from, to: receiver.to };
  const nonce = envelope.subarray(41, 65);
  const content = decrypt(envelope.subarray(65), dataOf(link, 'request', nonce), nonce, keys.receive);
  if (content === null) return refuse('bad-seal', from);
  return ok({ from, content, seal: (answer, entropy) => sealAnswer(answer, dataOf(link, 'answer', nonce), keys.send, entropy) });
}

function sealAnswer(answer: Uint8Array, data: Buffer, key: Buffer, entropy: Entropy): Buffer {
  const nonce = buffer(entropy.bytes(NONCE_BYTES));
  const sealed = encrypt(1 + NONCE_BYTES, answer, data, nonce, key);
  sealed.writeUInt8(VERSION, 0);
  sealed.set(nonce, 1);
  return sealed;
}

function openAnswer(answer: Buffer, data: Buffer, key: Buffer): Result<Uint8Array> {
  if (answer.length <= 1 + NONCE_BYTES + 16 || answer[0] !== VERSION) return refuse('seal-shape', `${answer.length} bytes`);
  const content = decrypt(answer.subarray(25), data, answer.subarray(1, 25), key);
  return content === null ? refuse('bad-seal', 'answer') : ok(content);
}

/** The request's nonce is in both directions' data: an answer belongs to one request. */
function dataOf(link: Link, direction: 'request' | 'answer', requestNonce: Buffer): Buffer {
  const parts = ['ptg/seal/v1', link.networkId, link.tag, link.from, link.to, direction, requestNonce.toString('hex')];
  return Buffer.from(parts.join('\0'), 'utf8');
}

/** After room for `head` bytes, which the caller fills. In one piece of memory: the content is padded and encrypted where it stands. */
function encrypt(head: number, content: Uint8Array, data: Buffer, nonce: Buffer, key: Buffer): Buffer {
  const size = paddedSize(content.length);
  const whole = Buffer.allocUnsafe(head + size + SEAL_BYTES);
  const padded = whole.subarray(head, head + size);
  padInto(padded, content);
  sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(whole.subarray(head), padded, data, null, nonce, key);
  return whole;
}

function decrypt(cipher: Buffer, data: Buffer, nonce: Buffer, key: Buffer): Uint8Array | null {
  const padded = Buffer.allocUnsafe(cipher.length - SEAL_BYTES);
  try {
    sodium.crypto_aead_xchacha20poly1305_ietf_decrypt(padded, null, cipher, data, nonce, key);
  } catch {
    return null;
  }
  return unpad(padded);
}

interface SessionKeys {
  readonly receive: Buffer;
  readonly send: Buffer;
}

/** One scalar multiplication a pair of keys; kept for as many links as a large relay has. */
const SESSIONS_MAX = 16_384;
const sessions = new Map<string, SessionKeys>();

/** The side with the smaller id is crypto_kx's client. Null when the other's key is no key (small order). */
function sessionKeys(mine: SealingKey, theirs: Uint8Array, iAmClient: boolean): SessionKeys | null {
  const name = `${buffer(mine.publicKey).toString('latin1')}${buffer(theirs).toString('latin1')}${iAmClient}`;
  const known = sessions.get(name);
  if (known !== undefined) return known;
  const keys = { receive: Buffer.alloc(32), send: Buffer.alloc(32) };
  const derive = iAmClient ? sodium.crypto_kx_client_session_keys : sodium.crypto_kx_server_session_keys;
  try {
    derive(keys.receive, keys.send, buffer(mine.publicKey), buffer(mine.secretKey), buffer(theirs));
  } catch {
    return null;
  }
  const oldest = sessions.keys().next();
  if (sessions.size >= SESSIONS_MAX && !oldest.done) sessions.delete(oldest.value);
  sessions.set(name, keys);
  return keys;
}

function buffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
