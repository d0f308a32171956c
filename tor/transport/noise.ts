/*
 * Noise_IK_25519_ChaChaPoly_BLAKE2b (Noise revision 34): keys and a payload in; the two messages of the handshake, and the two
 * ciphers that it leaves both sides with, out. No chance in here: ephemeral keys are given. Called by handshake.ts.
 */
import { createHmac } from 'node:crypto';
import sodium from 'sodium-native';
import { invariant } from '../../core/refusal.ts';

/** X25519. */
export interface KeyPair {
  readonly publicKey: Buffer;
  readonly secretKey: Buffer;
}

/** One direction after the handshake: its nonces count up, so nothing is taken twice, nor out of order. */
export interface Sealer {
  seal(plain: Uint8Array): Buffer;
}
export interface Opener {
  /** Null when it was not sealed just now by the other side. */
  open(sealed: Uint8Array): Buffer | null;
}

export interface Secured {
  readonly send: Sealer;
  readonly receive: Opener;
  /** The same 64 bytes on both sides, and of this handshake alone. */
  readonly hash: Buffer;
}

export interface Initiator {
  readonly message: Buffer;
  /** Null when this is no answer to the message by who has the key. */
  finish(reply: Uint8Array): (Secured & { readonly payload: Buffer }) | null;
}

export interface Responder {
  readonly payload: Buffer;
  /** Who sent it; that it is not an old message of theirs is shown by what they seal next. */
  readonly theirs: Buffer;
  reply(ephemeral: KeyPair, payload: Uint8Array): Secured & { readonly message: Buffer };
}

const NAME = 'Noise_IK_25519_ChaChaPoly_BLAKE2b';
const KEY_BYTES = 32;
/** By which a sealed text is longer. */
export const MAC_BYTES = 16;
const HASH_BYTES = 64;
/** Of a message without payload: e, s and two MACs; e and one. */
export const FIRST_BYTES = KEY_BYTES + KEY_BYTES + MAC_BYTES + MAC_BYTES;
export const SECOND_BYTES = KEY_BYTES + MAC_BYTES;

export interface InitiatorKeys {
  readonly mine: KeyPair;
  readonly ephemeral: KeyPair;
  readonly theirs: Uint8Array;
  readonly prologue: Uint8Array;
}

/** `-> e, es, s, ss`, then `<- e, ee, se`. Null when theirs is no key (small order). */
export function initiate({ mine, ephemeral, theirs, prologue }: InitiatorKeys, payload: Uint8Array): Initiator | null {
  const remote = Buffer.from(theirs);
  const state = symmetric(prologue);
  state.mixHash(remote);
  state.mixHash(ephemeral.publicKey);
  if (!state.mixKey(shared(ephemeral, remote))) return null;
  const s = state.encrypt(mine.publicKey);
  if (!state.mixKey(shared(mine, remote))) return null;
  const message = Buffer.concat([ephemeral.publicKey, s, state.encrypt(payload)]);
  return {
    message,
    finish(reply) {
      if (reply.length < SECOND_BYTES) return null;
      const e = Buffer.from(reply.subarray(0, KEY_BYTES));
      state.mixHash(e);
      if (!state.mixKey(shared(ephemeral, e)) || !state.mixKey(shared(mine, e))) return null;
      const opened = state.decrypt(reply.subarray(KEY_BYTES));
      return opened === null ? null : { payload: opened, ...state.split(true) };
    },
  };
}

/** Null when it is not a first message to this key with this prologue. */
export function respond(mine: KeyPair, prologue: Uint8Array, message: Uint8Array): Responder | null {
  if (message.length < FIRST_BYTES) return null;
  const state = symmetric(prologue);
  state.mixHash(mine.publicKey);
  const e = Buffer.from(message.subarray(0, KEY_BYTES));
  state.mixHash(e);
  if (!state.mixKey(shared(mine, e))) return null;
  const theirs = state.decrypt(message.subarray(KEY_BYTES, 2 * KEY_BYTES + MAC_BYTES));
  if (theirs === null || !state.mixKey(shared(mine, theirs))) return null;
  const payload = state.decrypt(message.subarray(2 * KEY_BYTES + MAC_BYTES));
  if (payload === null) return null;
  return {
    payload,
    theirs,
    reply(ephemeral, answer) {
      state.mixHash(ephemeral.publicKey);
      const mixed = state.mixKey(shared(ephemeral, e)) && state.mixKey(shared(ephemeral, theirs));
      invariant(mixed, 'keys of small order were refused before');
      const message = Buffer.concat([ephemeral.publicKey, state.encrypt(answer)]);
      return { message, ...state.split(false) };
    },
  };
}

/** Public key of a secret one. */
export function keyPair(secretKey: Uint8Array): KeyPair {
  invariant(secretKey.length === KEY_BYTES, 'an X25519 key has 32 bytes');
  const publicKey = Buffer.alloc(KEY_BYTES);
  sodium.crypto_scalarmult_base(publicKey, Buffer.from(secretKey));
  return { publicKey, secretKey: Buffer.from(secretKey) };
}

/** Noise's SymmetricState (section 5.2). */
function symmetric(prologue: Uint8Array) {
  let hash: Buffer = Buffer.alloc(HASH_BYTES);
  hash.write(NAME, 'latin1');
  let chain: Buffer = hash;
  let cipher: Cipher | null = null;

  const mixHash = (bytes: Uint8Array): void => {
    hash = blake2b(hash, bytes);
  };
  mixHash(prologue);
  return {
    mixHash,
    /** False for the all-zero secret of a key of small order: nothing is then secret. */
    mixKey(secret: Buffer | null): boolean {
      if (secret === null) return false;
      const [next, key] = hkdf(chain, secret);
      [chain, cipher] = [next, createCipher(key)];
      return true;
    },
    encrypt(plain: Uint8Array): Buffer {
      invariant(cipher !== null, 'a key was mixed in');
      const sealed = cipher.seal(plain, hash);
      mixHash(sealed);
      return sealed;
    },
    decrypt(sealed: Uint8Array): Buffer | null {
      invariant(cipher !== null, 'a key was mixed in');
      const plain = cipher.open(sealed, hash);
      mixHash(sealed);
      return plain;
    },
    split(isInitiator: boolean): Secured {
      const [first, second] = hkdf(chain, Buffer.alloc(0)).map(createCipher) as [Cipher, Cipher];
      const [out, into] = isInitiator ? [first, second] : [second, first];
      return { send: { seal: (plain) => out.seal(plain, null) }, receive: { open: (sealed) => into.open(sealed, null) }, hash };
    },
  };
}

interface Cipher {
  seal(plain: Uint8Array, data: Buffer | null): Buffer;
  open(sealed: Uint8Array, data: Buffer | null): Buffer | null;
}

/** Noise's CipherState (section 5.1). A message that does not open leaves the count: the connection is given up. */
function createCipher(secret: Buffer): Cipher {
  const key = secret.subarray(0, KEY_BYTES);
  let count = 0n;
  const nonce = Buffer.alloc(12);
  const next = (): Buffer => {
    nonce.writeBigUInt64LE(count++, 4);
    return nonce;
  };
  return {
    seal(plain, data) {
      const sealed = Buffer.allocUnsafe(plain.length + MAC_BYTES);
      sodium.crypto_aead_chacha20poly1305_ietf_encrypt(sealed, Buffer.from(plain), data, null, next(), key);
      return sealed;
    },
    open(sealed, data) {
      if (sealed.length < MAC_BYTES) return null;
      const plain = Buffer.allocUnsafe(sealed.length - MAC_BYTES);
      try {
        sodium.crypto_aead_chacha20poly1305_ietf_decrypt(plain, null, Buffer.from(sealed), data, next(), key);
      } catch {
        return null;
      }
      return plain;
    },
  };
}

function shared(mine: KeyPair, theirs: Buffer): Buffer | null {
  const secret = Buffer.alloc(KEY_BYTES);
  try {
    sodium.crypto_scalarmult(secret, mine.secretKey, theirs);
  } catch {
    return null;
  }
  return secret;
}

/** Two outputs (section 4.3); keys of ciphers are their first 32 bytes. */
function hkdf(chain: Buffer, secret: Buffer): [Buffer, Buffer] {
  const temporary = hmac(chain, secret);
  const first = hmac(temporary, Buffer.from([1]));
  return [first, hmac(temporary, Buffer.concat([first, Buffer.from([2])]))];
}

function hmac(key: Buffer, bytes: Buffer): Buffer {
  return createHmac('blake2b512', key).update(bytes).digest();
}

function blake2b(...parts: readonly Uint8Array[]): Buffer<ArrayBuffer> {
  const hash = Buffer.alloc(HASH_BYTES);
  sodium.crypto_generichash(hash, Buffer.concat(parts));
  return hash;
}
