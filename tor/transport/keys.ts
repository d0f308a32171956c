/*
 * The keys that shake hands: a subscription's Ed25519 key in, its X25519 form out; and the prologue that binds network and version.
 * Used by both ends.
 */
import sodium from 'sodium-native';
import type { SigningKey } from '../../core/crypto/keys.ts';
import type { Entropy } from '../../host/ports.ts';
import { keyPair, type KeyPair } from './noise.ts';

/** The subscriber's own. */
export function transportKey(key: SigningKey): KeyPair {
  const secret = Buffer.alloc(32);
  sodium.crypto_sign_ed25519_sk_to_curve25519(secret, key.secretKey);
  return keyPair(secret);
}

/** Null when it is no key. Two Ed25519 keys (a point and its negative) have one X25519 form: who has either has both. */
export function transportPublicKey(publicKey: string): Buffer | null {
  const x25519 = Buffer.alloc(32);
  try {
    sodium.crypto_sign_ed25519_pk_to_curve25519(x25519, Buffer.from(publicKey, 'hex'));
  } catch {
    return null;
  }
  return x25519;
}

/** For one handshake. */
export function ephemeralKey(entropy: Entropy): KeyPair {
  return keyPair(entropy.bytes(32));
}

export function prologueOf(networkId: string): Buffer {
  return Buffer.from(`ptg/paidguard/v1\0${networkId}`, 'utf8');
}
