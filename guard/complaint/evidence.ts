/*
 * What may answer a complaint: the claim in; what this guard can show of it now, having credited what was missing and ordered what
 * was not paid, out. Whether it does answer is the rule's to say. Called by flow.ts.
 */
import { bare } from '../../core/crypto/sign.ts';
import { COMPLAINT_TALLIES_MAX, COMPLAINT_WITHDRAWALS_MAX } from '../../core/limits.ts';
import type { Claimed } from '../../core/rule/complaint.ts';
import type { AnswerEvidence, Complaint } from '../../core/wire/complaint.ts';
import type { PaymentProof } from '../../core/wire/settlement.ts';
import type { Accounts } from '../account/flow.ts';
import { readAccount } from '../account/store.ts';
import type { Guard } from '../context.ts';
import type { Deposits } from '../deposit/flow.ts';
import { isCredited, readCredit } from '../deposit/store.ts';
import type { Tallies } from '../tally/flow.ts';
import { readSignedTallies } from '../tally/store.ts';
import type { Withdrawals } from '../withdraw/flow.ts';
import { readPaid } from '../withdraw/store.ts';

export interface Items {
  readonly accounts: Accounts;
  readonly deposits: Deposits;
  readonly tallies: Tallies;
  readonly withdrawals: Withdrawals;
}

/** The likeliest first. `claimed` was checked: the subscriber has signed the complaint, and this guard the account in it. */
export async function evidenceFor(guard: Guard, items: Items, complaint: Complaint, claimed: Claimed): Promise<AnswerEvidence[]> {
  const account = await guard.ports.database.transaction((tx) => readAccount(tx, complaint.subscriber));
  if (account === null) return [];
  if (claimed.kind === 'withdrawal') return ofWithdrawal(guard, items, complaint);
  return ofDeposit(guard, items, complaint, claimed.subject);
}

async function ofDeposit(
  guard: Guard,
  { accounts, deposits, tallies }: Items,
  { subscriber, account: { body } }: Complaint,
  payment: string,
): Promise<AnswerEvidence[]> {
  await deposits.look();
  await deposits.find(subscriber, { rail: body.rail, destination: body.destination, payment });
  return guard.turns.of(subscriber, async () => {
    await tallies.write(subscriber);
    return guard.ports.database.transaction(async (tx) => {
      if (!(await isCredited(tx, subscriber, body.rail, payment))) return [];
      // A newer one names newer deposits alone.
      const first = await readCredit(tx, guard.config.id, body.rail, payment);
      const shown = [...(first === null ? [] : [first]), await accounts.sign(tx, subscriber)];
      return shown.map((account) => ({ kind: 'account' as const, account: bare(account) }));
    });
  });
}

/** What was asked for and never came is taken from the complaint itself: the subscriber has signed both. */
async function ofWithdrawal(guard: Guard, { tallies, withdrawals }: Items, complaint: Complaint): Promise<AnswerEvidence[]> {
  const { subscriber, account, about } = complaint;
  const request = about.kind === 'withdrawal' ? about.request : null;
  if (request?.body.ask.kind !== 'withdraw') return [];
  const { amount, destination } = request.body.ask;
  const ask = { id: request.body.id, subscriber, amount, destination };
  const taken = await guard.turns.of(subscriber, async () => {
    await tallies.write(subscriber);
    return guard.ports.database.transaction((tx) => withdrawals.accept(tx, ask, request));
  });
  if (!taken.ok) return taken.refusal.code === 'withdraw-funds' ? usedUp(guard, complaint) : [];
  const { state, payment } = taken.value;
  // Until it is paid the job `withdrawals` orders it; the complaint is looked at again.
  if (state !== 'paid' || payment === null) return [];
  const proof = await proofOf(guard, account.body.rail, payment);
  return proof === null ? [] : [{ kind: 'payout', proof }];
}

/**
 * By what the subscriber signed since: tallies, or other withdrawals that were paid, or both; the largest first, and of each as few as
 * answer it, since all that is shown is public.
 */
async function usedUp(guard: Guard, { subscriber, account }: Complaint): Promise<AnswerEvidence[]> {
  const { id } = guard.config;
  const from = account.body.lastTally?.interval ?? 0;
  const { tallies, paid } = await guard.ports.database.transaction(async (tx) => ({
    tallies: await readSignedTallies(tx, id, subscriber, from, COMPLAINT_TALLIES_MAX),
    paid: await readPaid(tx, id, subscriber, COMPLAINT_WITHDRAWALS_MAX),
  }));
  const withdrawals = [];
  for (const { request, payment } of paid) {
    const proof = await proofOf(guard, account.body.rail, payment);
    if (proof !== null) withdrawals.push({ request, proof });
  }
  const some = [[], ...beginnings(tallies)];
  return [
    ...beginnings(tallies).map((few) => ({ kind: 'tallies' as const, tallies: few })),
    ...beginnings(withdrawals).flatMap((few) =>
      some.map((more) => ({ kind: 'withdrawals' as const, withdrawals: few, tallies: more })),
    ),
  ];
}

/** The first one, the first two, and so on. */
function beginnings<T>(all: readonly T[]): T[][] {
  return all.map((_, index) => all.slice(0, index + 1));
}

async function proofOf({ ports: { readers = {} } }: Guard, rail: string, payment: string): Promise<PaymentProof | null> {
  const reader = Object.hasOwn(readers, rail) ? readers[rail] : undefined;
  const proof = await reader?.prove(payment);
  return proof?.ok === true ? proof.value : null;
}
