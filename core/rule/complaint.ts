/*
 * Rule 15: what a subscriber's complaint shows, and what a guard's answer shows against it. Objects, the guard's descriptor and the
 * windows in; findings out. The directory decides by it, and every verdict is checked again by it.
 */
import { bare, verify, verifyBoth, type Countersigned, type Signed, type Verified } from '../crypto/sign.ts';
import { ACCOUNT_DEPOSITS_MAX } from '../limits.ts';
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
  const claimed = body.about.kind === 'deposit' ? claimDeposit(rails, body) : claimWithdrawal(keys, rails, body);
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

function claimWithdrawal(
  keys: ComplaintKeys,
  rails: RailRules,
  { account, about, subscriber, guard }: Complaint,
): Claimed | null {
  if (about.kind !== 'withdrawal') return null;
  const { body } = about.request;
  if (body.ask.kind !== 'withdraw' || body.subscriber !== subscriber || body.guard !== guard) return null;
  if (verify('request', keys.networkId, bare(about.request), subscriber) === null) return null;
  const { amount, destination } = body.ask;
  // A guard refuses what nobody can pay to, and what would be a deposit again.
  if (!rails.isDestination(account.body.rail, destination) || destination === account.body.destination) return null;
  // Before it was taken the balance covers it; afterwards it stands among what was withdrawn.
  const { balance, withdrawn, at } = account.body;
  const isCovered = balance >= amount || (at >= body.at && withdrawn >= amount);
  return amount > 0n && isCovered ? { kind: 'withdrawal', subject: body.id, amount, destination, since: body.at } : null;
}

/** What an accepted answer does to its case. */
export interface Answered {
  readonly by: Answer['evidence']['kind'];
  /** Credited or paid only after the time that a guard has for it. */
  readonly late: boolean;
}

export interface Complained {
  readonly complaint: Complaint;
  readonly claimed: Claimed;
  readonly parameters: Parameters;
  readonly filedAt: number;
}

/** Everything about an answer but its sender's signature: `answer-evidence` where it does not answer the complaint. */
export function examineAnswer(
  complained: Complained,
  keys: ComplaintKeys,
  rails: RailRules,
  { evidence }: Answer,
): Result<Answered> {
  const { complaint, claimed } = complained;
  const no = (why: string) => refuseAnswer('answer-evidence', why);
  const by = evidence.kind;
  if (evidence.kind === 'account') {
    const isTheirs = claimed.kind === 'deposit' && isAccountSigned(keys, evidence.account);
    if (!isTheirs || !isCredited(complaint, claimed, evidence.account.body))
      return no('the account does not credit that deposit');
    return ok({ by, late: wasUncredited(complained) });
  }
  if (claimed.kind !== 'withdrawal') return no(by);
  if (evidence.kind === 'payout') {
    const shown = rails.payment(evidence.proof);
    if (evidence.proof.rail !== complaint.account.body.rail || shown === null) return no('the payout');
    if (!isPayout(claimed, shown, complained.parameters.skewSec)) return no('the payout');
    return ok({ by, late: shown.at >= payoutDueBy(complained) });
  }
  const used = usedUpBy(complaint, keys, evidence.tallies);
  if (used === null) return no('a tally');
  const others = evidence.kind === 'withdrawals' ? paidElsewhere(complaint, claimed, keys, rails, evidence.withdrawals) : 0n;
  if (others === null) return no('a withdrawal');
  // What is among the withdrawn was set aside for this one, unless others are shown that it went to.
  const { balance, withdrawn } = complaint.account.body;
  if (balance + withdrawn - used - others >= claimed.amount) return no('the balance still covered it');
  return ok({ by, late: false });
}

/** The deposit is listed, and a later account has grown by it, but where the one complained with had lost it from a full list. */
function isCredited({ account, subscriber, guard }: Complaint, claimed: Claimed, answer: Account): boolean {
  const { body } = account;
  const credited = creditedIn(answer, claimed.subject);
  const isSame = answer.subscriber === subscriber && answer.guard === guard && answer.destination === body.destination;
  if (!isSame || answer.rail !== body.rail || credited === null || credited.amount < claimed.amount) return false;
  const isLater = answer.serial > body.serial && !isListFull(body);
  return !isLater || answer.deposited >= body.deposited + claimed.amount;
}

function isListFull({ deposits }: Account): boolean {
  return deposits.length >= ACCOUNT_DEPOSITS_MAX;
}

/** The guard itself signed, when its time was over, that it had not credited. Its own dating of the answer says nothing. */
function wasUncredited({ complaint, claimed, parameters }: Complained): boolean {
  const { body } = complaint.account;
  return !isListFull(body) && body.at >= claimed.since + parameters.withdrawWindowSec;
}

/**
 * From the request on where the account shows that the guard took it. Else nobody can tell whether it was ever sent, and the guard
 * knows of it from the filing on.
 */
function payoutDueBy({ complaint, claimed, parameters, filedAt }: Complained): number {
  const wasTaken = complaint.account.body.balance < claimed.amount;
  return (wasTaken ? claimed.since : Math.max(claimed.since, filedAt)) + parameters.withdrawWindowSec;
}

function isPayout(claimed: Claimed, shown: ShownPayment, skewSec: number): boolean {
  if (claimed.kind !== 'withdrawal') return false;
  const isThere = shown.destination === claimed.destination && shown.amount >= claimed.amount;
  return isThere && shown.at >= claimed.since - skewSec;
}

type OtherWithdrawals = Extract<Answer['evidence'], { kind: 'withdrawals' }>['withdrawals'];

/** What other withdrawals that the subscriber asked for were paid; null where one is not shown, or stands twice. */
function paidElsewhere(
  { subscriber, guard, account }: Complaint,
  claimed: Claimed,
  keys: ComplaintKeys,
  rails: RailRules,
  withdrawals: OtherWithdrawals,
): bigint | null {
  const seen = new Set<string>();
  let sum = 0n;
  for (const { request, proof } of withdrawals) {
    const { body } = request;
    const shown = proof.rail === account.body.rail ? rails.payment(proof) : null;
    if (body.ask.kind !== 'withdraw' || body.subscriber !== subscriber || body.guard !== guard || shown === null) return null;
    if (verify('request', keys.networkId, bare(request), subscriber) === null) return null;
    if (shown.destination !== body.ask.destination || shown.amount < body.ask.amount || body.id === claimed.subject) return null;
    const names = [`request ${body.id}`, `payment ${shown.payment}`];
    if (names.some((name) => seen.has(name))) return null;
    names.forEach((name) => seen.add(name));
    sum += body.ask.amount;
  }
  return sum;
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
