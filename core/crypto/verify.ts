/*
 * The one verification rule (design §11): canonical encodings only, no small-order key or R, S < L, then the cofactorless
 * equation. libsodium does just that; `verifySlowly` accepts the same set, for machines where it does not load.
 */
import { Point, hashes } from '@noble/ed25519';
import { sha512 } from '@noble/hashes/sha2.js';
import sodium from 'sodium-native';

hashes.sha512 = sha512;

/** The order of the base point (RFC 8032 §5.1). */
const L = 2n ** 252n + 27742317777372353535851937790883648493n;

/** True when `signature` (64 bytes) is the key's (32 bytes) over the message. Never throws. */
export function verifyBytes(signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): boolean {
  if (signature.length !== 64 || publicKey.length !== 32) return false;
  return sodium.crypto_sign_verify_detached(buffer(signature), buffer(message), buffer(publicKey));
}

/** The same rule by noble's curve arithmetic: about thirty times slower. */
export function verifySlowly(signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): boolean {
  if (signature.length !== 64 || publicKey.length !== 32) return false;
  const encodedR = signature.subarray(0, 32);
  const s = littleEndian(signature.subarray(32));
  if (s >= L) return false;
  const a = primePoint(publicKey);
  if (a === null || primePoint(encodedR) === null) return false;
  const k = littleEndian(sha512(Buffer.concat([encodedR, publicKey, message]))) % L;
  // R = S·B − k·A, compared by its encoding: no cofactor anywhere.
  const minusKa = k === 0n ? Point.ZERO : a.negate().multiplyUnsafe(k);
  const r = (s === 0n ? Point.ZERO : Point.BASE.multiplyUnsafe(s)).add(minusKa);
  return Buffer.compare(Buffer.from(r.toBytes()), Buffer.from(encodedR)) === 0;
}

/** A canonically encoded point that is not of small order, or null. */
function primePoint(bytes: Uint8Array): InstanceType<typeof Point> | null {
  try {
    const point = Point.fromBytes(Uint8Array.from(bytes), false);
    return point.isSmallOrder() ? null : point;
  } catch {
    return null;
  }
}

function littleEndian(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`);
}

function buffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
