/*
 * The limits that signatures set: bare libsodium, so many messages of a length. Called by the benches for their limits.
 */
import sodium from 'sodium-native';
import { keyOf } from './bst-peers.ts';

/** Checks as many signatures, made beforehand. */
export function bareVerification(count: number, length: number): () => void {
  const { publicKey, secretKey } = keyOf('somebody');
  const key = Buffer.from(publicKey, 'hex');
  const signed = Array.from({ length: Math.min(count, 256) }, (_, place) => {
    const [message, signature] = [Buffer.alloc(length, place), Buffer.alloc(64)];
    sodium.crypto_sign_detached(signature, message, secretKey);
    return { message, signature };
  });
  return () => {
    for (let one = 0; one < count; one += 1) {
      const { message, signature } = signed[one % signed.length] as (typeof signed)[number];
      if (!sodium.crypto_sign_verify_detached(signature, message, key)) throw new Error('a good signature was refused');
    }
  };
}

export function bareSigning(count: number, length: number): () => void {
  const { secretKey } = keyOf('somebody');
  const [message, signature] = [Buffer.alloc(length, 1), Buffer.alloc(64)];
  return () => {
    for (let one = 0; one < count; one += 1) {
      message.writeUInt32LE(one);
      sodium.crypto_sign_detached(signature, message, secretKey);
    }
  };
}
