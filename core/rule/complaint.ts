/*
 * Rule 15: what a subscriber's complaint shows, and what a guard's answer shows against it. Objects, the guard's descriptor and the
 * windows in; findings out. The directory decides by it, and every verdict is checked again by it.
 */
import { bare, verify, verifyBoth, type Countersigned, type Signed, type Verified } from '../crypto/sign.ts';
import { ok, refuser, type Result } from '../refusal.ts';
import { answerRefusals, complaintId, complaintRefusals, type Answer, type Complaint } from '../wire/complaint.ts';
import type { Descriptor } from '../wire/descriptor.ts';
import type { Account, Tally } from '../wire/guard.ts';
import type { Parameters } from '../wire/parameters.ts';
import type { RailRules, ShownPayment } from './contest.ts';

/** What is claimed of a guard, once it is shown. */
export type Claimed =
  | { readonly kind: 'deposit'; readonly subject: string; readonly amount: bigint; readonly since: number }
  | {
      readonly kind: 'withdrawal';
      readonly subject: string;
      readonly amount: bigint;
      readonly destination: string;
      readonly since: number;
    };

export interface ComplaintKeys {
  readonly networkId: string;
  readonly guard: Descriptor;
}

const refuseComplaint = refuser(complaintRefusals);
const refuseAnswer = refuser(answerRefusals);

export function complaintCaseOf(networkId: string, body: Complaint, claimed: Claimed): string {
  return complaintId(networkId, body.guard, body.subscriber, claimed.subject);
}

/** In the order of complaintRefusals, from the signature on. `now` is the time of the filing. */
export function checkComplaint(
  keys: ComplaintKeys,
  rails: RailRules,
  parameters: Parameters,
  signed: Signed<Complaint>,
  now: number,
): Result<{ readonly verified: Verified<Complaint>; readonly claimed: Claimed }> {
  const { body } = signed;
  const verified = verify('complaint', keys.networkId, signed, body.subscriber);
  if (verified === null) return refuseComplaint('complaint-signature', body.subscriber);
  const { account } = body;
  const isTheirs = account.body.subscriber === body.subscriber && account.body.guard === body.guard;
  if (!isTheirs || !isAccountSigned(keys, account)) return refuseComplaint('complaint-account', `serial ${account.body.serial}`);
  const claimed = body.about.kind === 'deposit' ? claimDeposit(rails, body) : claimWithdrawal(keys, body);
  if (claimed === null) return refuseComplaint('complaint-evidence', body.about.kind);
  if (claimed.kind === 'deposit' && creditedIn(account.body, claimed.subject) !== null)
    return refuseComplaint('complaint-credited', claimed.subject);
  const due = claimed.since + parameters.withdrawWindowSec;
  if (now < due) return refuseComplaint('complaint-early', `${due - now} seconds are left`);
  return ok({ verified, claimed });
}

function isAccountSigned(keys: ComplaintKeys, account: Signed<Account>): boolean {
  return guardKeys(keys, account.body.guardKey).some((key) => verify('account', keys.networkId, bare(account), key) !== null);
}

function guardKeys({ guard }: ComplaintKeys, number: number): string[] {
  return guard.keys.flatMap((set) => (set.number === number && set.guard !== null ? [set.guard] : []));
}

function creditedIn(account: Account, payment: string) {
  return account.deposits.find((one) => one.payment === payment) ?? null;
}

function claimDeposit(rails: RailRules, { account, about }: Complaint): Claimed | null {
  if (about.kind !== 'deposit' || about.proof.rail !== account.body.rail) return null;
  const shown = rails.payment(about.proof);
  if (shown === null || shown.destination !== account.body.destination || shown.amount === 0n) return null;
  return { kind: 'deposit', subject: shown.payment, amount: shown.amount, since: shown.at };
}

function claimWithdrawal(keys: ComplaintKeys, { account, about, subscriber, guard }: Complaint): Claimed | null {
  if (about.kind !== 'withdrawal') return null;
  const { body } = about.request;
  if (body.ask.kind !== 'withdraw' || body.subscriber !== subscriber || body.guard !== guard) return null;
  if (verify('request', keys.networkId, bare(about.request), subscriber) === null) return null;
  const { amount, destination } = body.ask;
  // Before it was taken the balance covers it; afterwards it stands among what was withdrawn.
  const { balance, withdrawn, at } = account.body;
  const isCovered = balance >= amount || (at >= body.at && withdrawn >= amount);
  return amount > 0n && isCovered ? { kind: 'withdrawal', subject: body.id, amount, destination, since: body.at } : null;
}

/** What an accepted answer does to its case. */
export interface Answered {
  readonly by: 'account' | 'payout' | 'tallies';
  /** Credited or paid only after the time that a guard has for it. */
  readonly late: boolean;
}

export interface Complained {
  readonly complaint: Complaint;
  readonly claimed: Claimed;
  readonly parameters: Parameters;
}

/** Everything about an answer but its sender's signature: `answer-evidence` where it does not answer the complaint. */
export function examineAnswer(
  { complaint, claimed, parameters }: Complained,
  keys: ComplaintKeys,
  rails: RailRules,
  { evidence }: Answer,
): Result<Answered> {
  const dueBy = claimed.since + parameters.withdrawWindowSec;
  const no = (why: string) => refuseAnswer('answer-evidence', why);
  if (evidence.kind === 'account') {
    const { body } = evidence.account;
    const credited = creditedIn(body, claimed.subject);
    const isSame = body.subscriber === complaint.subscriber && body.destination === complaint.account.body.destination;
    if (claimed.kind !== 'deposit' || !isSame || !isAccountSigned(keys, evidence.account)) return no('the account');
    if (credited === null || credited.amount < claimed.amount) return no('the account does not credit that deposit');
    return ok({ by: 'account', late: body.at >= dueBy });
  }
  if (claimed.kind !== 'withdrawal') return no(evidence.kind);
  if (evidence.kind === 'payout') {
    const shown = rails.payment(evidence.proof);
    if (shown === null || !isPayout(claimed, shown, parameters.skewSec)) return no('the payout');
    return ok({ by: 'payout', late: shown.at >= dueBy });
  }
  const used = usedUpBy(complaint, keys, evidence.tallies);
  if (used === null) return no('a tally');
  if (complaint.account.body.balance - used >= claimed.amount) return no('the balance still covered it');
  return ok({ by: 'tallies', late: false });
}

function isPayout(claimed: Claimed, shown: ShownPayment, skewSec: number): boolean {
  if (claimed.kind !== 'withdrawal') return false;
  const isThere = shown.destination === claimed.destination && shown.amount >= claimed.amount;
  return isThere && shown.at >= claimed.since - skewSec;
}

/** What the tallies charge beyond those that the account had counted; null where one is not both's, or stands twice. */
function usedUpBy(complaint: Complaint, keys: ComplaintKeys, tallies: readonly Countersigned<Tally>[]): bigint | null {
  const { body } = complaint.account;
  const last = body.lastTally;
  const seen = new Set<number>();
  let sum = 0n;
  for (const tally of tallies) {
    const { guard, guardKey, subscriber, interval, serial, rail, amount } = tally.body;
    if (guard !== complaint.guard || subscriber !== complaint.subscriber || rail !== body.rail || seen.has(interval)) return null;
    const isBoth = guardKeys(keys, guardKey).some(
      (key) => verifyBoth('tally', keys.networkId, tally, key, complaint.subscriber) !== null,
    );
    if (!isBoth) return null;
    seen.add(interval);
    if (last === null || interval > last.interval) sum += amount;
    else if (interval === last.interval && serial > last.serial && amount > last.amount) sum += amount - last.amount;
  }
  return sum;
}
