/*
 * The settlement of a pair: statements of what either side holds and has issued, the settlement that both sign, and the
 * creditor's receipt (design §5). Between two relays' `settlement` roles.
 */
import { z } from 'zod';
import { orderedPair, sha256Hex } from '../crypto/hash.ts';
import { countersignedSchema, signedSchema } from '../crypto/sign.ts';
import { PAYMENT_PROOF_CHARS_MAX, RAILS_MAX } from '../limits.ts';
import { destination, hex32, interval, keyNumber, railName, seconds, signedUnits, units } from './field.ts';
import { iou } from './iou.ts';

export const statement = z.strictObject({
  from: hex32,
  fromKey: keyNumber,
  to: hex32,
  interval,
  terms: hex32,
  /** The best IOU of `to` that `from` holds, and the last that `from` issued to `to`. */
  held: signedSchema(iou).nullable(),
  issued: signedSchema(iou).nullable(),
  /** What `from` will take, in its order of preference. */
  rails: z.array(railName).min(1).max(RAILS_MAX),
});
export type Statement = z.infer<typeof statement>;

/** A rest that joins the next net: positive in the creditor's favour. `since`: the interval its oldest part is from. */
export const carry = z.strictObject({ amount: signedUnits, since: interval });
export type Carry = z.infer<typeof carry>;

export const settlement = z.strictObject({
  /** Of (network, interval, pair): one a pair and interval. */
  id: hex32,
  creditor: hex32,
  creditorKey: keyNumber,
  debtor: hex32,
  debtorKey: keyNumber,
  interval,
  terms: hex32,
  /** The debtor's IOU to the creditor, and the creditor's to the debtor: the highest that either side showed. */
  owed: signedSchema(iou).nullable(),
  owing: signedSchema(iou).nullable(),
  carryIn: carry,
  amount: units,
  carryLeft: carry,
  rail: railName,
  /** The creditor's fresh one; null where nothing is paid now. */
  destination: destination.nullable(),
  due: seconds,
});
export type Settlement = z.infer<typeof settlement>;
export const signedSettlement = signedSchema(settlement);
export const countersignedSettlement = countersignedSchema(settlement);

export function settlementId(networkId: string, ofInterval: number, a: string, b: string): string {
  const [first, second] = orderedPair(a, b);
  return sha256Hex('ptg/settlement-id/v1\0', networkId, '\0', String(ofInterval), '\0', first, '\0', second);
}

/** Proof of a payment on a rail: its form is the rail's own (canonical JSON text), checked offline by the rail. */
export const paymentProof = z.strictObject({ rail: railName, proof: z.string().max(PAYMENT_PROOF_CHARS_MAX) });
export type PaymentProof = z.infer<typeof paymentProof>;

export const receipt = z.strictObject({
  creditor: hex32,
  creditorKey: keyNumber,
  debtor: hex32,
  settlement: hex32,
  interval,
  rail: railName,
  amount: units,
  /** The rail's name for the payment. */
  payment: z.string().max(200),
  proof: paymentProof,
  at: seconds,
});
export type Receipt = z.infer<typeof receipt>;

/** In the order of the checks. */
export const settlementRefusals = {
  'settlement-not-mine': { retry: false, text: 'this relay is not of that pair', remedy: 'send it to the counterpart' },
  'settlement-unknown-relay': { retry: true, text: 'the sender is not in the directory', remedy: 'publish a descriptor' },
  'settlement-unknown-terms': {
    retry: true,
    text: 'the terms of that interval are not known here',
    remedy: 'wait for the next consensus',
  },
  'settlement-other-terms': { retry: false, text: 'it is reckoned by other terms', remedy: 'use the terms of the interval' },
  'settlement-signature': {
    retry: false,
    text: 'a signature does not fit',
    remedy: 'sign with the key that the descriptor certifies',
  },
  'settlement-early': {
    retry: true,
    text: 'the books of that interval are still open',
    remedy: 'send it after cut-off and grace',
  },
  'settlement-late': { retry: false, text: 'the windows of that interval are over', remedy: 'nothing: the settlement lapsed' },
  'settlement-iou': {
    retry: false,
    text: 'an IOU in it is not of this pair and interval, or not signed',
    remedy: 'show the IOUs themselves',
  },
  'settlement-no-statement': { retry: true, text: 'the statement for it has not been seen', remedy: 'send your statement first' },
  'settlement-direction': {
    retry: false,
    text: 'by the highest IOUs shown the debt runs the other way',
    remedy: 'let the counterpart write it',
  },
  'settlement-amount': {
    retry: false,
    text: 'the amount or the carry is not the net of the IOUs shown',
    remedy: 'reckon it by rule 8 from the highest IOUs',
  },
  'settlement-rail': { retry: false, text: 'this relay does not pay on that rail', remedy: 'choose one that both take' },
  'settlement-destination': {
    retry: false,
    text: 'the destination cannot be paid to',
    remedy: 'give a fresh one of that rail and network',
  },
  'settlement-conflict': {
    retry: false,
    text: 'another settlement of this pair and interval is already signed',
    remedy: 'use the first one',
  },
  'receipt-unknown': { retry: true, text: 'no payment for that settlement has been sent', remedy: 'wait for it' },
  'receipt-amount': { retry: false, text: 'it is for another amount than was due', remedy: 'sign the amount of the settlement' },
} as const;
