/*
 * Whether a withdrawal is taken: what was asked, what is known of its id, and what is free in; a refusal, the old row, or the new
 * one out. Pure; the order of the checks is that of guardRefusals.
 */
import { ok, refuser, type Refusal, type Result } from '../../core/refusal.ts';
import { guardRefusals } from '../../core/wire/guard.ts';
import type { WithdrawalRow } from './store.ts';

const refuse = refuser(guardRefusals);

export interface WithdrawAsk {
  readonly id: string;
  readonly subscriber: string;
  readonly rail: string;
  readonly destination: string;
  readonly amount: bigint;
}

export interface Purview {
  readonly known: WithdrawalRow | null;
  /** Balance less what running circuits may still cost. */
  readonly free: bigint;
  readonly isDestination: boolean;
}

export function decideWithdrawal(ask: WithdrawAsk, { known, free, isDestination }: Purview): Result<WithdrawalRow> {
  if (known !== null && isSame(known, ask)) {
    return known.state === 'refused' ? refuse('withdraw-destination', ask.destination) : ok(known);
  }
  if (ask.amount === 0n || ask.amount > free)
    return refuse('withdraw-funds', `${ask.amount} asked, ${free > 0n ? free : 0n} free`);
  if (!isDestination) return refuse('withdraw-destination', ask.destination);
  if (known !== null) return refuse('withdraw-conflict', ask.id);
  return ok({ ...ask, state: 'accepted', payment: null });
}

function isSame(known: WithdrawalRow, ask: WithdrawAsk): boolean {
  return known.subscriber === ask.subscriber && known.destination === ask.destination && known.amount === ask.amount;
}

/**
 * Whether settlement has never taken the order and never will. Any other refusal (a token, an address, a version that does not
 * fit) says nothing of what an earlier call has done.
 */
export function isNeverPaid({ code }: Refusal): boolean {
  return code === 'settlement-rail' || code === 'settlement-destination' || code === 'order-conflict';
}
