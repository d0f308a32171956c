/*
 * The only place where `Signed<T>`, as it comes off the wire, becomes `Verified<T>`, which rules and stores take.
 * Signed bytes: "ptg/<object>/v1" ‖ 0x00 ‖ networkId ‖ 0x00 ‖ canonical JSON of the body (design §5).
 */
import { z, type ZodType } from 'zod';
import { encode } from '../wire/codec.ts';
import { hex64 } from '../wire/field.ts';
import { signBytes, type SigningKey } from './keys.ts';
import { verifyBytes } from './verify.ts';

declare const checked: unique symbol;

/** As it came: nobody has checked the signature. */
export interface Signed<T> {
  readonly body: T;
  readonly signature: string;
}

/** Checked against the key that should have signed. */
export interface Verified<T> extends Signed<T> {
  readonly [checked]: true;
}

/** Signed by a first and then by a second party (settlement, tally). */
export interface Countersigned<T> extends Signed<T> {
  readonly countersignature: string;
}

export type ObjectName =
  | 'descriptor'
  | 'consensus'
  | 'iou'
  | 'delivery'
  | 'ack'
  | 'statement'
  | 'settlement'
  | 'receipt'
  | 'account'
  | 'tally'
  | 'bill'
  | 'request'
  | 'transfer'
  | 'loghead'
  | 'letter'
  | 'mailbox'
  | 'contest'
  | 'appeal'
  | 'complaint'
  | 'answer'
  | 'verdict';

export function signedSchema<T>(body: ZodType<T>): ZodType<Signed<T>> {
  return z.strictObject({ body, signature: hex64 }) as unknown as ZodType<Signed<T>>;
}

export function countersignedSchema<T>(body: ZodType<T>): ZodType<Countersigned<T>> {
  return z.strictObject({ body, signature: hex64, countersignature: hex64 }) as unknown as ZodType<Countersigned<T>>;
}

export function sign<T>(object: ObjectName, networkId: string, body: T, key: SigningKey): Verified<T> {
  const signature = signBytes(signedBytes(object, networkId, body), key).toString('hex');
  return { body, signature } as Verified<T>;
}

/** Null when the signature is not `publicKey`'s (hex) over this object in this network. */
export function verify<T>(object: ObjectName, networkId: string, signed: Signed<T>, publicKey: string): Verified<T> | null {
  const good = verifyBytes(unhexed(signed.signature, 64), signedBytes(object, networkId, signed.body), unhexed(publicKey, 32));
  return good ? ({ body: signed.body, signature: signed.signature } as Verified<T>) : null;
}

export function countersign<T>(object: ObjectName, networkId: string, first: Verified<T>, key: SigningKey): Countersigned<T> {
  return { ...bare(first), countersignature: sign(object, networkId, first.body, key).signature };
}

/** Both signatures; null when either fails. */
export function verifyBoth<T>(
  object: ObjectName,
  networkId: string,
  signed: Countersigned<T>,
  firstKey: string,
  secondKey: string,
): (Verified<T> & Countersigned<T>) | null {
  const first = verify(object, networkId, bare(signed), firstKey);
  const second = verify(object, networkId, { body: signed.body, signature: signed.countersignature }, secondKey);
  return first && second ? { ...first, countersignature: signed.countersignature } : null;
}

/** For a store alone: what it reads back was verified before it was written. */
export function asStored<T>(signed: Signed<T>): Verified<T> {
  return signed as Verified<T>;
}

/** What goes on the wire of a verified object. */
export function bare<T>(signed: Signed<T>): Signed<T> {
  return { body: signed.body, signature: signed.signature };
}

export function signedBytes(object: ObjectName, networkId: string, body: unknown): Uint8Array {
  return Buffer.from(`ptg/${object}/v1\0${networkId}\0${encode(body)}`, 'utf8');
}

/** Used again for each check, which is over before the next begins. */
const scratch = new Map([64, 32].map((length) => [length, Buffer.alloc(length)]));
const noBytes = Buffer.alloc(0);

/** No bytes where it is not the hex of just so many. */
function unhexed(hex: string, length: 64 | 32): Buffer {
  const bytes = scratch.get(length) as Buffer;
  return hex.length === 2 * length && bytes.write(hex, 'hex') === length ? bytes : noBytes;
}
