/*
 * The docket in plain words, for the offline verifier: what was shown, what came of it, and why. Objects in, sentences out.
 */
import type { AnswerEvidence, Complaint } from '../wire/complaint.ts';
import type { AppealEvidence, ContestGround } from '../wire/contest.ts';
import { totalsOf, type Iou } from '../wire/iou.ts';
import type { PaymentProof } from '../wire/settlement.ts';
import type { Reason, Verdict } from '../wire/verdict.ts';
import { timeText, type Known } from './kind.ts';

export function groundText(ground: ContestGround): string {
  if (ground.kind === 'agreed') return 'the settlement that both signed';
  const { held, issued, carry } = ground;
  const parts = [`held of the accused: ${iouText(held)}`, `issued to it: ${iouText(issued)}`];
  if (carry !== null) parts.push(`carried, as both signed in the interval before: ${carry.body.carryLeft.amount}`);
  return `the accused signed no settlement; ${parts.join('; ')}`;
}

export function appealText(evidence: AppealEvidence, known: Known): string {
  switch (evidence.kind) {
    case 'receipt':
      return `the contestant’s receipt for ${evidence.receipt.body.amount} on ${evidence.receipt.body.rail}`;
    case 'payment':
      return `${paymentText(evidence.proof, known)}${evidence.settlement === null ? '' : ', with the settlement that both signed'}`;
    case 'carried':
      return `a settlement that both signed, for interval ${evidence.settlement.body.interval}: ${evidence.settlement.body.amount} to pay`;
    case 'set-off':
      return `an IOU of the contestant, ${iouText(evidence.iou)}`;
  }
}

export function aboutText(about: Complaint['about']): string {
  if (about.kind === 'deposit') return `a deposit on ${about.proof.rail} that it does not credit`;
  const { ask, id } = about.request.body;
  return ask.kind === 'withdraw' ? `a withdrawal of ${ask.amount} that it does not pay, request ${id}` : `request ${id}`;
}

export function answerText(evidence: AnswerEvidence, known: Known): string {
  switch (evidence.kind) {
    case 'account':
      return 'the account that credits the deposit';
    case 'payout':
      return paymentText(evidence.proof, known);
    case 'tallies':
      return `${evidence.tallies.length} tallies that the subscriber signed`;
    case 'withdrawals':
      return `${evidence.withdrawals.length} other withdrawals, paid, and ${evidence.tallies.length} tallies`;
  }
}

/** The relay's nickname by the descriptors in the verdict. */
export function nameIn({ about }: Verdict, relay: string): string {
  const described = about.kind === 'contest' ? [...about.contestant, about.accused] : [about.guard];
  return described.find((one) => one.body.id === relay)?.body.nickname ?? relay;
}

export function meaningOf({ about, outcome }: Verdict): string {
  return meanings[about.kind][outcome];
}

const meanings: Readonly<Record<Verdict['about']['kind'], Readonly<Record<Verdict['outcome'], string>>>> = {
  contest: {
    upheld: 'the accused has not shown that it paid',
    dismissed: 'the accused had paid in time, or had nothing to pay',
    withdrawn: 'the contestant gave a receipt and took it back',
    late: 'the accused paid, after its time',
  },
  complaint: {
    upheld: 'the guard has not shown that it credited or paid it',
    dismissed: 'the guard credited or paid it, or did not owe it',
    withdrawn: 'it was taken back',
    late: 'the guard credited or paid it, after its time',
  },
};

export const reasons: Readonly<Record<Reason, string>> = {
  'no-answer': 'no answer that holds came in the appeal window',
  withdrawn: 'the contestant itself showed its receipt',
  receipt: 'the accused showed the contestant’s receipt',
  payment: 'the rail proves the payment',
  carried: 'by what both signed nothing is to be paid',
  'set-off': 'the contestant’s own IOU leaves nothing to be paid',
  account: 'the guard’s account credits the deposit',
  payout: 'the rail proves the payout',
  tallies: 'tallies that the subscriber signed used the balance up',
  withdrawals: 'other withdrawals, and tallies, left too little',
};

function paymentText(proof: PaymentProof, known: Known): string {
  const shown = known.payment(proof);
  if (shown === null) return `a proof on ${proof.rail} that shows no payment`;
  return `a payment on ${proof.rail} of ${shown.amount} to ${shown.destination}, ${timeText(shown.at)}`;
}

function iouText(held: { readonly body: Iou } | null): string {
  if (held === null) return 'no IOU';
  const { relayBytes, exitBytes } = totalsOf(held);
  return `serial ${held.body.serial}, ${relayBytes} bytes standard, ${exitBytes} exit`;
}
