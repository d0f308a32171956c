/*
 * The docket's objects between relays: the contest of a net creditor that was not paid, and the appeal that answers it (design §5,
 * PG-30, PG-36). From settlement roles to the directory, and on to whoever reads its log: all of it is public.
 */
import { z } from 'zod';
import { sha256Hex } from '../crypto/hash.ts';
import { signedSchema, countersignedSchema } from '../crypto/sign.ts';
import { encode } from './codec.ts';
import { destination, hex32, interval, keyNumber, railName, seconds, units } from './field.ts';
import { iou } from './iou.ts';
import { paymentProof, receipt, settlement } from './settlement.ts';

/** What shows that something is due. */
export const contestGround = z.discriminatedUnion('kind', [
  /** The settlement that both signed. */
  z.strictObject({ kind: z.literal('agreed'), settlement: countersignedSchema(settlement) }),
  /** The accused signed none: its IOU to the contestant, the contestant's to it, and the rest that the interval before left. */
  z.strictObject({
    kind: z.literal('claimed'),
    held: signedSchema(iou).nullable(),
    issued: signedSchema(iou).nullable(),
    /** The settlement of the interval before, which both signed: what it carried is due as well. */
    carry: countersignedSchema(settlement).nullable(),
  }),
]);
export type ContestGround = z.infer<typeof contestGround>;

/** Its case is the settlement's id: one a pair and interval, whoever of the two files. */
export const contest = z.strictObject({
  contestant: hex32,
  contestantKey: keyNumber,
  accused: hex32,
  interval,
  terms: hex32,
  rail: railName,
  /** The net that is claimed; the whole of it, without dust and quantum, where the accused signed no settlement. */
  amount: units.refine((amount) => amount > 0n, 'from 1'),
  /** The contestant's fresh one: that of the settlement, where there is one. */
  destination,
  ground: contestGround,
  at: seconds,
});
export type Contest = z.infer<typeof contest>;
export const signedContest = signedSchema(contest);

/** What is held against a contest. */
export const appealEvidence = z.discriminatedUnion('kind', [
  /** The contestant's own word. From the contestant itself it withdraws the contest. */
  z.strictObject({ kind: z.literal('receipt'), receipt: signedSchema(receipt) }),
  /** The rail's word; with the settlement that both signed, where the contest does not show it. */
  z.strictObject({
    kind: z.literal('payment'),
    proof: paymentProof,
    settlement: countersignedSchema(settlement).nullable(),
  }),
  /** Both signed that nothing is to be paid now. */
  z.strictObject({ kind: z.literal('carried'), settlement: countersignedSchema(settlement) }),
  /** A later IOU of the contestant to the accused than the contest shows. */
  z.strictObject({ kind: z.literal('set-off'), iou: signedSchema(iou) }),
]);
export type AppealEvidence = z.infer<typeof appealEvidence>;

export const appeal = z.strictObject({
  case: hex32,
  /** The accused, or the contestant that withdraws. */
  from: hex32,
  fromKey: keyNumber,
  evidence: appealEvidence,
  at: seconds,
});
export type Appeal = z.infer<typeof appeal>;
export const signedAppeal = signedSchema(appeal);

/** The digest by which the same contest or appeal is known again. */
export function docketDigest(body: unknown): string {
  return sha256Hex('ptg/docket-digest/v1\0', encode(body));
}

/** In the order of the checks. */
export const contestRefusals = {
  'contest-unknown': { retry: true, text: 'the directory does not know both relays', remedy: 'publish a descriptor first' },
  'contest-family': {
    retry: false,
    text: 'both relays are one relay, or of one family',
    remedy: 'settle it between your own relays',
  },
  'contest-policy': {
    retry: false,
    text: 'only relays that had Guard in the terms of that interval may contest',
    remedy: 'nothing: the network’s parameter contestants is guards',
  },
  'contest-early': { retry: true, text: 'the payment window of that interval is still open', remedy: 'file when it is over' },
  'contest-late': { retry: false, text: 'the contest window of that interval is over', remedy: 'nothing: the debt has lapsed' },
  'contest-pair': {
    retry: false,
    text: 'what it shows is not of this pair, interval, rail or destination',
    remedy: 'show the IOUs and the settlement of the pair alone',
  },
  'contest-barred': {
    retry: false,
    text: 'a contest of this relay was dismissed a short while ago',
    remedy: 'wait for an interval’s length after that verdict',
  },
  'contest-quota': {
    retry: false,
    text: 'this relay has as many open or dismissed contests of this interval as the network allows',
    remedy: 'contest the largest debts first',
  },
  'contest-docket': {
    retry: true,
    text: 'the docket takes no more contests at present: of this relay, or of all relays together',
    remedy: 'file again within the contest window: there is room when the windows of others are over',
  },
  'contest-void': {
    retry: false,
    text: 'this pair and interval is contested already: its IOUs are void, both ways',
    remedy: 'nothing: see the case with ptg docket',
  },
  'contest-signature': {
    retry: false,
    text: 'the contestant’s settlement key has not signed it',
    remedy: 'sign with the key that the descriptor certifies for that interval',
  },
  'contest-evidence': {
    retry: false,
    text: 'a signature under what it shows does not fit',
    remedy: 'show the IOUs and settlements as they were signed',
  },
  'contest-other-terms': {
    retry: false,
    text: 'it is reckoned by terms that are not of that interval',
    remedy: 'use the terms of the consensus before the interval',
  },
  'contest-debtor': {
    retry: false,
    text: 'by what it shows the contestant is owed nothing',
    remedy: 'nothing: a debtor cannot contest',
  },
  'contest-amount': {
    retry: false,
    text: 'it claims another amount than what it shows comes to',
    remedy: 'claim the amount of the signed settlement, or else the whole net',
  },
} as const;

/** In the order of the checks. */
export const appealRefusals = {
  'appeal-unknown': { retry: true, text: 'the docket has no such case', remedy: 'see ptg docket' },
  'appeal-stranger': {
    retry: false,
    text: 'only the accused may appeal, and only the contestant may withdraw, with a receipt',
    remedy: 'nothing: the case is not yours',
  },
  'appeal-decided': { retry: false, text: 'the case has ended', remedy: 'nothing: see its verdict with ptg docket' },
  'appeal-late': {
    retry: false,
    text: 'the appeal window is over; only a payment can still lift an upheld contest',
    remedy: 'pay, and appeal with the proof of payment',
  },
  'appeal-signature': {
    retry: false,
    text: 'the sender’s settlement key has not signed it',
    remedy: 'sign with the key that the descriptor certifies for that interval',
  },
  'appeal-pair': {
    retry: false,
    text: 'what it shows is of another pair, interval or rail',
    remedy: 'show what belongs to this case',
  },
  'appeal-evidence': {
    retry: false,
    text: 'a signature under what it shows does not fit, or the rail’s proof shows nothing',
    remedy: 'show it as it was signed, or as the rail proves it',
  },
  'appeal-destination': {
    retry: false,
    text: 'that payment went to no destination that the contestant gave for this settlement',
    remedy: 'show the payment of this settlement',
  },
  'appeal-fallback': {
    retry: false,
    text: 'it was paid to the fallback though a fresh destination was there before the settlement time',
    remedy: 'pay to the destination in the contest, then appeal with that payment',
  },
  'appeal-amount': { retry: false, text: 'less was paid than was due', remedy: 'pay the whole amount in one payment' },
  'appeal-owed': {
    retry: false,
    text: 'that settlement leaves something to be paid',
    remedy: 'show its payment',
  },
  'appeal-set-off': {
    retry: false,
    text: 'this IOU takes nothing off: it is not above the one shown, or both signed the settlement',
    remedy: 'show a later IOU of the contestant, or a payment',
  },
  'appeal-shown': {
    retry: false,
    text: 'that payment has ended another case: it pays one debt',
    remedy: 'show your own payment, or the contestant’s receipt for it',
  },
} as const;
