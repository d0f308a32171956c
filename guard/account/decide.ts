/*
 * What an account says: its sums in, balance and state out; and whether it says something new. Pure.
 */
import { sha256Hex } from '../../core/crypto/hash.ts';
import { affordableBytes, usageCeil, type Traffic } from '../../core/rule/price.ts';
import { encode } from '../../core/wire/codec.ts';
import type { Account } from '../../core/wire/guard.ts';
import type { Prices } from '../../host/network/prices.ts';
import { canBegin } from '../session/decide.ts';
import type { Sums } from './store.ts';

export function balanceOf(sums: Sums): bigint {
  return sums.deposited - sums.withdrawn - sums.spent;
}

export interface Standing {
  readonly sums: Sums;
  /** Amount of the newest deposit, 0 before the first. */
  readonly newestDeposit: bigint;
  /** The running interval's, or null where they are not known. */
  readonly prices: Prices | null;
  /** Used of this guard in the running interval. */
  readonly used: Traffic;
}

export function stateOf({ sums, newestDeposit, prices, used }: Standing, lowBalanceThousandths: number): Account['state'] {
  const balance = balanceOf(sums);
  // Before the first deposit; not where the only one was undone after it was spent.
  if (sums.deposited === 0n && balance === 0n) return 'open';
  if (balance < 0n || !coversNextCircuit(balance, prices, used)) return 'cut-off';
  return balance * 1000n < newestDeposit * BigInt(lowBalanceThousandths) ? 'low' : 'open';
}

function coversNextCircuit(balance: bigint, prices: Prices | null, used: Traffic): boolean {
  if (prices === null) return balance > 0n;
  const { startingBytes, circuitHops } = prices.terms.parameters;
  // Usage is rounded up once: what is left of its last unit counts.
  const funds = balance + usageCeil(prices.terms, prices.rail, used);
  const affordable = affordableBytes(prices.terms, prices.rail, used, funds, { hops: circuitHops, leavesTor: true });
  return canBegin(affordable, startingBytes);
}

/** Everything of an account that may change; another digest is a change. Guards of a family give the same one. */
export function contentOf(
  account: Pick<Account, 'deposits' | 'deposited' | 'unconfirmed' | 'withdrawn' | 'spent' | 'lastTally' | 'state'>,
): string {
  const { deposits, deposited, unconfirmed, withdrawn, spent, lastTally, state } = account;
  const content = { deposits, deposited, unconfirmed, withdrawn, spent, lastTally, state };
  return sha256Hex('ptg/account-content/v1\0', encode(content));
}
