/*
 * A subscriber's public claim against its guard, and the guard's answer (design §6.15). From client and guard roles to the
 * directory. It discloses that deposit or withdrawal: the client says so first.
 */
import { z } from 'zod';
import { sha256Hex } from '../crypto/hash.ts';
import { signedSchema } from '../crypto/sign.ts';
import { COMPLAINT_TALLIES_MAX, COMPLAINT_WITHDRAWALS_MAX } from '../limits.ts';
import { hex32, keyNumber, seconds } from './field.ts';
import { countersignedTally, signedAccount, signedRequest } from './guard.ts';
import { paymentProof } from './settlement.ts';

export const complaintAbout = z.discriminatedUnion('kind', [
  /** A payment to the account's own destination that the guard does not credit. */
  z.strictObject({ kind: z.literal('deposit'), proof: paymentProof }),
  /** The withdrawal that was asked for, and is not paid. */
  z.strictObject({ kind: z.literal('withdrawal'), request: signedRequest }),
]);

/** Signed with the subscriber's own key. */
export const complaint = z.strictObject({
  subscriber: hex32,
  guard: hex32,
  /** The newest one that the guard signed. */
  account: signedAccount,
  about: complaintAbout,
  at: seconds,
});
export type Complaint = z.infer<typeof complaint>;
export const signedComplaint = signedSchema(complaint);

export const answerEvidence = z.discriminatedUnion('kind', [
  /** The account in which that deposit is credited. */
  z.strictObject({ kind: z.literal('account'), account: signedAccount }),
  /** The rail's proof that the withdrawal was paid. */
  z.strictObject({ kind: z.literal('payout'), proof: paymentProof }),
  /** Later tallies that the subscriber signed: the balance was used up. */
  z.strictObject({ kind: z.literal('tallies'), tallies: z.array(countersignedTally).min(1).max(COMPLAINT_TALLIES_MAX) }),
  /** Other withdrawals that were asked for and paid, at any time, and tallies as above: together they left too little. */
  z.strictObject({
    kind: z.literal('withdrawals'),
    withdrawals: z
      .array(z.strictObject({ request: signedRequest, proof: paymentProof }))
      .min(1)
      .max(COMPLAINT_WITHDRAWALS_MAX),
    tallies: z.array(countersignedTally).max(COMPLAINT_TALLIES_MAX),
  }),
]);
export type AnswerEvidence = z.infer<typeof answerEvidence>;

/** Signed with the guard's key. */
export const answer = z.strictObject({
  case: hex32,
  guard: hex32,
  guardKey: keyNumber,
  evidence: answerEvidence,
  at: seconds,
});
export type Answer = z.infer<typeof answer>;
export const signedAnswer = signedSchema(answer);

/** One for each deposit and each withdrawal: `subject` is the rail's name for the payment, or the request's id. */
export function complaintId(networkId: string, guard: string, subscriber: string, subject: string): string {
  return sha256Hex('ptg/complaint-id/v1\0', networkId, '\0', guard, '\0', subscriber, '\0', subject);
}

/** In the order of the checks. */
export const complaintRefusals = {
  'complaint-unknown': { retry: false, text: 'the directory knows no such guard', remedy: 'check the guard’s id' },
  'complaint-signature': {
    retry: false,
    text: 'the subscriber has not signed it',
    remedy: 'sign with the account’s key',
  },
  'complaint-account': {
    retry: false,
    text: 'the account in it is not this subscriber’s, or the guard has not signed it',
    remedy: 'show the account as the guard signed it: ptg balance fetches it',
  },
  'complaint-evidence': {
    retry: false,
    text: 'it shows no payment to the account’s destination, or no withdrawal that the balance covers',
    remedy: 'show the rail’s proof of the deposit, or the withdrawal that was asked for',
  },
  'complaint-credited': {
    retry: false,
    text: 'the account in it credits that deposit',
    remedy: 'nothing: see ptg balance',
  },
  'complaint-early': {
    retry: true,
    text: 'the guard still has time to credit or to pay it',
    remedy: 'complain when the withdrawal window is over',
  },
  'complaint-docket': {
    retry: true,
    text: 'the docket takes no more complaints at present: of this subscriber, about this guard, or of all',
    remedy: 'complain again later: there is room when others are decided',
  },
} as const;

/** In the order of the checks. */
export const answerRefusals = {
  'answer-unknown': { retry: true, text: 'the docket has no such complaint', remedy: 'see ptg docket' },
  'answer-stranger': { retry: false, text: 'the complaint is about another guard', remedy: 'nothing: the case is not yours' },
  'answer-decided': { retry: false, text: 'the case has ended', remedy: 'nothing: see its verdict with ptg docket' },
  'answer-signature': {
    retry: false,
    text: 'the guard’s key has not signed it',
    remedy: 'sign with a key that the descriptor certifies',
  },
  'answer-evidence': {
    retry: false,
    text: 'what it shows does not answer this complaint',
    remedy: 'credit the deposit and show the account, or show the payout, or what else used the balance up',
  },
} as const;
