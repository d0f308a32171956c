/*
 * The fields that wire objects are made of: each is a zod schema from its JSON form to what the program computes with.
 * Amounts, byte counts and serials are decimal strings in JSON and bigint inside; keys and hashes lower-case hex (design §5).
 */
import { z } from 'zod';
import { CIRCUIT_ID_MAX, HOPS_MAX, UNITS_MAX, URL_CHARS_MAX } from '../limits.ts';

const hex = (bytes: number) => z.string().regex(new RegExp(`^[0-9a-f]{${bytes * 2}}$`), `${bytes} bytes of lower-case hex`);

/** An Ed25519 or X25519 public key, a relay's id, a SHA-256 hash. */
export const hex32 = hex(32);
/** An Ed25519 signature. */
export const hex64 = hex(64);
/** A ledger reference. */
export const hex16 = hex(16);
/** A Tor RSA fingerprint. */
export const hex20 = hex(20);

/** A non-negative amount, byte count or serial. */
export const units = z
  .string()
  .regex(/^(0|[1-9][0-9]{0,18})$/, 'a decimal string without sign or leading zero')
  .transform((text) => BigInt(text))
  .refine((value) => value <= UNITS_MAX, 'below 2^63');

/** An amount with a sign: a carry. */
export const signedUnits = z
  .string()
  .regex(/^(0|-?[1-9][0-9]{0,18})$/, 'a decimal string without leading zero')
  .transform((text) => BigInt(text))
  .refine((value) => value <= UNITS_MAX && value >= -UNITS_MAX, 'within 2^63');

/** Whole seconds since 1970. */
export const seconds = z
  .int()
  .min(0)
  .max(2 ** 40);
/** A length of time in whole seconds. */
export const spanSec = z
  .int()
  .min(0)
  .max(2 ** 32);
export const interval = z
  .int()
  .min(0)
  .max(2 ** 32);
export const keyNumber = z
  .int()
  .min(0)
  .max(2 ** 16);
export const circuitId = z.int().min(1).max(CIRCUIT_ID_MAX);
export const hops = z.int().min(0).max(HOPS_MAX);

export const networkId = z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}$/, 'up to 64 of a-z, 0-9 and -');
export const nickname = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,39}$/, 'up to 40 letters, digits, _ and -');
export const railName = z.string().regex(/^[a-z][a-z0-9]{0,15}$/, 'a rail: up to 16 of a-z and 0-9');
/** Where money goes on a rail; the rail knows its form. */
export const destination = z.string().regex(/^[\x21-\x7e]{1,200}$/, 'up to 200 printable characters');
/** Where a connection goes: a name or an IPv4 address, or an IPv6 address in brackets, and a port. */
export const hostPort = z
  .string()
  .max(URL_CHARS_MAX)
  .regex(/^([A-Za-z0-9.-]+|\[[0-9a-f:]+\]):[1-9][0-9]{0,4}$/, 'host:port')
  .refine((text) => Number(text.slice(text.lastIndexOf(':') + 1)) <= 65_535, 'a port is at most 65535');
export const url = z
  .string()
  .max(URL_CHARS_MAX)
  .regex(/^https?:\/\/[A-Za-z0-9.\-[\]:]+(\/[A-Za-z0-9._~\-/]*)?$/, 'an http or https address');
