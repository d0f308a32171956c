/*
 * Earnings: the pairs in, a line an interval and peer and sums a rail out: `gross + carry in = net + carry out`, what was
 * forgiven apart, and `received − paid − fee` is what the wallet gained. Pure; called by earnings/flow.ts.
 */
import type { PairState } from '../pair/decide.ts';
import type { PairFigures } from '../pair/pair.ts';
import { grossOf } from '../pair/reckon.ts';
import type { Sweep } from '../sweep/store.ts';

/** Signed amounts are in my favour. */
export interface EarningsLine {
  readonly interval: number;
  readonly peer: string;
  readonly nickname: string | null;
  readonly rail: string | null;
  readonly state: PairState;
  /** What the IOUs of either direction are worth, each rounded down. */
  readonly held: bigint;
  readonly issued: bigint;
  readonly carryIn: bigint;
  readonly gross: bigint;
  readonly fee: bigint;
  readonly net: bigint;
  readonly carryOut: bigint;
  readonly forgiven: bigint;
  /** What has moved; by which payment, and when, in seconds since 1970. */
  readonly received: bigint;
  readonly paid: bigint;
  readonly payment: string | null;
  readonly at: number | null;
}

export interface EarningsSums {
  readonly received: bigint;
  readonly paid: bigint;
  readonly fee: bigint;
  /** received − paid − fee: the wallet's change. */
  readonly change: bigint;
}

export interface Earnings {
  readonly lines: readonly EarningsLine[];
  readonly sums: Readonly<Record<string, EarningsSums>>;
  /** What was sent away of them by itself, in no sum. */
  readonly sweeps: readonly Sweep[];
}

export function earningsOf(
  pairs: readonly PairFigures[],
  sweeps: readonly Sweep[],
  nicknameOf: (peer: string) => string | null,
): Earnings {
  const sums: Record<string, EarningsSums> = {};
  for (const { rail, received, paid, fee } of pairs) {
    if (rail === null) continue;
    const before = sums[rail] ?? { received: 0n, paid: 0n, fee: 0n, change: 0n };
    sums[rail] = {
      received: before.received + received,
      paid: before.paid + paid,
      fee: before.fee + fee,
      change: before.change + received - paid - fee,
    };
  }
  return { lines: pairs.map((pair) => lineOf(pair, nicknameOf(pair.peer))), sums, sweeps };
}

function lineOf(pair: PairFigures, nickname: string | null): EarningsLine {
  const { interval, peer, rail, state, fee, forgiven, received, paid } = pair;
  return {
    ...{ interval, peer, nickname, rail, state },
    held: pair.heldValue,
    issued: pair.issuedValue,
    carryIn: pair.carryIn.amount,
    gross: grossOf(pair),
    fee,
    net: pair.side === 'debtor' ? -pair.amount : pair.amount,
    carryOut: pair.carryOut.amount,
    ...{ forgiven, received, paid, payment: pair.payment, at: pair.paidAt },
  };
}
