/*
 * Whether an account that a guard gave is taken: signed by its key, of this subscriber, to a destination that exists, adding up,
 * and not older than what it signed before. Pure; the order of the checks is that of clientRefusals.
 */
import { verify, type Signed, type Verified } from '../../core/crypto/sign.ts';
import { ok, refuser, type Result } from '../../core/refusal.ts';
import { encode } from '../../core/wire/codec.ts';
import type { Descriptor } from '../../core/wire/descriptor.ts';
import { ACCOUNT_DEPOSITS_MAX } from '../../core/limits.ts';
import type { Account, CreditedDeposit } from '../../core/wire/guard.ts';
import type { RailReader } from '../../rail/rail.ts';
import { clientRefusals } from '../refusals.ts';

const refuse = refuser(clientRefusals);

export interface AccountExpected {
  readonly networkId: string;
  /** Who was asked. */
  readonly guard: Descriptor;
  readonly subscriber: string;
  readonly rail: string;
  readonly reader: Pick<RailReader, 'isDestination'> | undefined;
  /** The newest that the guard or one of its family gave. */
  readonly last: Verified<Account> | null;
}

export function checkAccount(given: Signed<Account>, expected: AccountExpected): Result<Verified<Account>> {
  const { guard, subscriber, rail, reader, last } = expected;
  const account = given.body;
  const key = guardKeyOf(guard, account.guardKey);
  const verified = key === null ? null : verify('account', expected.networkId, given, key);
  if (verified === null) return refuse('account-signature', guard.nickname);
  if (account.guard !== guard.id || account.subscriber !== subscriber || account.rail !== rail) {
    return refuse('account-subject', guard.nickname);
  }
  if (reader?.isDestination(account.destination) !== true) return refuse('account-destination', account.destination);
  if (!addsUp(account)) return refuse('account-sum', `serial ${account.serial}`);
  if (last !== null && isOlder(account, last.body))
    return refuse('account-old', `serial ${account.serial}, known is ${last.body.serial}`);
  return ok(verified);
}

/** The guard key of a number, hex; null where the descriptor names none. */
export function guardKeyOf(guard: Descriptor, number: number): string | null {
  return guard.keys.find((one) => one.number === number)?.guard ?? null;
}

function addsUp({ deposits, deposited, withdrawn, spent, lastTally, balance }: Account): boolean {
  const named = deposits.reduce((sum, one) => sum + one.amount, 0n);
  const isOfSpent = lastTally === null ? spent === 0n : lastTally.amount <= spent;
  return balance === deposited - withdrawn - spent && named <= deposited && isOfSpent;
}

/** Credited by an account before, and by the newest no more: undone on the rail, or taken away by the guard. */
export function undoneIn(newest: Account, before: readonly Account[]): CreditedDeposit[] {
  const named = new Set(newest.deposits.map((one) => one.payment));
  // A full list names the newest alone.
  const isFull = newest.deposits.length >= ACCOUNT_DEPOSITS_MAX;
  const since = isFull ? (newest.deposits.at(-1)?.at ?? 0) : -1;
  const undone = new Map<string, CreditedDeposit>();
  for (const one of before.flatMap(({ deposits }) => deposits)) {
    if (!named.has(one.payment) && one.at > since) undone.set(one.payment, one);
  }
  return [...undone.values()];
}

/** A lower serial, or the same one over other content. Guards of a family sign the same one, each in its name. */
function isOlder(account: Account, last: Account): boolean {
  if (account.serial !== last.serial) return account.serial < last.serial;
  return contentOf(account) !== contentOf(last);
}

function contentOf({ destination, deposits, deposited, unconfirmed, withdrawn, spent, lastTally, state }: Account): string {
  return encode({ destination, deposits, deposited, unconfirmed, withdrawn, spent, lastTally, state });
}
