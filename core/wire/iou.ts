/*
 * The IOU: the signed certificate of what issuer owes holder for one interval, a running total that only grows (design §5,
 * PG-11). The delivery that carries it, signed whole, and the holder's acknowledgement. Between two relays' `relay` roles.
 */
import { z } from 'zod';
import { signedSchema } from '../crypto/sign.ts';
import { DELIVERY_CIRCUITS_MAX, ORDER_CHARS_MAX } from '../limits.ts';
import { circuitId, hex32, hops, interval, keyNumber, seconds, units } from './field.ts';

export const iou = z.strictObject({
  issuer: hex32,
  issuerKey: keyNumber,
  holder: hex32,
  interval,
  terms: hex32,
  /** Grows by at least one with each IOU of this issuer, holder and interval; the first is 1. */
  serial: units.refine((serial) => serial > 0n, 'from 1'),
  /** Bytes times standard-price hops from the holder on (rule 2). */
  relayBytes: units,
  /** Bytes that leave Tor. */
  exitBytes: units,
  issuedAt: seconds,
});
export type Iou = z.infer<typeof iou>;

/** One paid circuit that began, moved or closed since the last acknowledged delivery. */
export const certifiedCircuit = z.strictObject({
  /** Link circuit id, the same at both ends of the link. */
  circuit: circuitId,
  /** Certified in this interval when the holder last acknowledged, and now. */
  from: units,
  bytes: units,
  hopsLeft: hops,
  leavesTor: z.boolean(),
  closed: z.boolean(),
  /** The subscriber's sealed order to the holder (rule 7), base64. Nothing reads it today, and nobody sends one. */
  order: z
    .string()
    .max(ORDER_CHARS_MAX)
    .regex(/^[A-Za-z0-9+/]+={0,2}$/, 'base64')
    .nullable(),
});
export type CertifiedCircuit = z.infer<typeof certifiedCircuit>;

export const iouDelivery = z.strictObject({
  iou: signedSchema(iou),
  /** Serial of the holder's last acknowledged IOU of this interval; 0 before the first. */
  since: units,
  circuits: z.array(certifiedCircuit).max(DELIVERY_CIRCUITS_MAX),
  /** Growth that a restarted issuer can no longer attribute to circuits; owed all the same. */
  unattributed: z.strictObject({ relayBytes: units, exitBytes: units }),
});
export type IouDelivery = z.infer<typeof iouDelivery>;

/** What the holder holds. Also the answer to an issuer that asks before its first IOU after a start. */
export const ack = z.strictObject({
  holder: hex32,
  holderKey: keyNumber,
  issuer: hex32,
  interval,
  held: signedSchema(iou).nullable(),
  /** Further bytes through one standard hop that the holder still lends the issuer. */
  creditLeftBytes: units,
});
export type Ack = z.infer<typeof ack>;

/** What an issuer asks a holder after a start. */
export const ackQuery = z.strictObject({ issuer: hex32, holder: hex32, interval });
export type AckQuery = z.infer<typeof ackQuery>;

/** In the order of the checks. */
export const iouRefusals = {
  'iou-wrong-holder': { retry: false, text: 'the IOU is made out to another relay', remedy: 'send it to its holder' },
  'iou-wrong-issuer': { retry: false, text: 'the sender is not the issuer, or owes itself', remedy: 'send your own IOUs only' },
  'iou-unknown-issuer': {
    retry: true,
    text: 'the issuer is not in the directory',
    remedy: 'publish a descriptor and wait for the consensus',
  },
  'iou-unknown-key': {
    retry: true,
    text: 'the issuer has no such key for that interval',
    remedy: 'publish the key before using it',
  },
  'iou-signature': {
    retry: false,
    text: 'the signature does not fit',
    remedy: 'sign with the key that the descriptor certifies',
  },
  'iou-unknown-terms': {
    retry: true,
    text: 'the terms of that interval are not known here',
    remedy: 'wait for the next consensus',
  },
  'iou-other-terms': {
    retry: false,
    text: 'it is reckoned by other terms',
    remedy: 'use the terms of the consensus before the interval',
  },
  'iou-time': { retry: false, text: 'it is dated outside its interval, or ahead of the clock', remedy: 'set the clock' },
  'iou-closed': {
    retry: false,
    text: 'the books of that interval are closed',
    remedy: 'nothing: what no IOU covered in time is not owed',
  },
  'iou-conflict': {
    retry: false,
    text: 'it contradicts an IOU that the same issuer signed',
    remedy: 'never sign a lower total or a serial twice',
  },
  'iou-behind': {
    retry: true,
    text: 'it does not follow the last one acknowledged',
    remedy: 'ask the holder what it holds and continue from there',
  },
  'iou-growth': {
    retry: false,
    text: 'its growth is not that of the circuits that it names',
    remedy: 'state each circuit’s bytes since the last acknowledged delivery',
  },
  'iou-credit': { retry: false, text: 'it exceeds the credit left', remedy: 'sign no more than the last acknowledgement left' },
} as const;

export const zeroTotals = { relayBytes: 0n, exitBytes: 0n } as const;

/** The totals of an IOU, or zero where there is none. */
export function totalsOf(held: { readonly body: Iou } | null): { readonly relayBytes: bigint; readonly exitBytes: bigint } {
  return held === null ? zeroTotals : { relayBytes: held.body.relayBytes, exitBytes: held.body.exitBytes };
}
