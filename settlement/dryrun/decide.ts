/*
 * The dry run: what every pair of an interval would come to as things stand, before anything moves. IOU totals, carries,
 * rails and fee in; lines and sums out. Pure, by the same reckoning as the settlements themselves. Called by dryrun/flow.ts.
 */
import type { Carry } from '../../core/wire/settlement.ts';
import type { Terms } from '../../core/wire/terms.ts';
import type { Side } from '../pair/pair.ts';
import { grossOf, reckonPair, type Books, type BothRails, type Reckoning } from '../pair/reckon.ts';
import { splitFee } from '../payout/decide.ts';

export interface DryPair extends Books {
  readonly peer: string;
  readonly nickname: string | null;
  readonly rails: BothRails;
  carryOn(rail: string): Carry;
}

/** Signed amounts are in my favour. */
export interface DryLine {
  readonly peer: string;
  readonly nickname: string | null;
  readonly rail: string | null;
  /** Gross, each rounded down: what the peer owes me, and what I owe it. */
  readonly held: bigint;
  readonly issued: bigint;
  readonly carryIn: bigint;
  /** Both together after the one rounding. */
  readonly gross: bigint;
  readonly fee: bigint;
  readonly net: bigint;
  readonly carryOut: bigint;
  readonly forgiven: bigint;
}

export interface DrySums {
  readonly receive: bigint;
  readonly pay: bigint;
  readonly fee: bigint;
  /** What the wallet lacks if nothing comes in before; nothing is said of it while the rail does not answer. */
  readonly short: bigint;
  /** The rail does not answer: its fee is not known, and its payments wait for it. */
  readonly away: boolean;
}

export interface DryRun {
  readonly lines: readonly DryLine[];
  readonly sums: Readonly<Record<string, DrySums>>;
}

export function dryLines(terms: Terms, pairs: readonly DryPair[]): DryLine[] {
  return pairs.map((pair) => lineOf(pair.peer, pair.nickname, reckonPair(terms, pair, pair.rails, pair.carryOn)));
}

/** Those that I would pay. */
export function payersOn(lines: readonly DryLine[], rail: string): DryLine[] {
  return lines.filter((line) => line.rail === rail && line.net < 0n);
}

/** Of a rail. */
export interface Quoted {
  /** Of all payments together; null while the rail does not answer, or costs too much. */
  readonly fee: bigint | null;
  /** Spendable now; null while it does not answer. */
  readonly funds: bigint | null;
}

export function withFees(lines: readonly DryLine[], quoted: ReadonlyMap<string, Quoted>): DryRun {
  const rails = [...new Set(lines.flatMap((line) => line.rail ?? []))].sort();
  const sums: Record<string, DrySums> = {};
  const shares = new Map<DryLine, bigint>();
  for (const rail of rails) {
    const payers = payersOn(lines, rail);
    const { fee: feeOfAll = 0n, funds = 0n } = quoted.get(rail) ?? {};
    const fee = payers.length === 0 ? 0n : (feeOfAll ?? 0n);
    const split = payers.length === 0 ? [] : splitFee(fee, payers.length);
    for (const [place, line] of payers.entries()) shares.set(line, split[place] as bigint);
    const pay = -sumOf(payers);
    const receive = sumOf(lines.filter((line) => line.rail === rail && line.net > 0n));
    const lacking = funds === null ? 0n : pay + fee - funds;
    sums[rail] = { receive, pay, fee, short: lacking > 0n ? lacking : 0n, away: feeOfAll === null || funds === null };
  }
  return { lines: lines.map((line) => ({ ...line, fee: shares.get(line) ?? 0n })), sums };
}

function sumOf(lines: readonly DryLine[]): bigint {
  return lines.reduce((sum, line) => sum + line.net, 0n);
}

interface LineSource extends Omit<Reckoning, 'rail' | 'side'> {
  readonly rail: string | null;
  readonly side: Side | null;
}

/** Without a reckoning: the two have no rail in common. */
export function lineOf(peer: string, nickname: string | null, net: LineSource | null): DryLine {
  if (net === null) {
    const nothing = { held: 0n, issued: 0n, carryIn: 0n, gross: 0n, fee: 0n, net: 0n, carryOut: 0n, forgiven: 0n };
    return { peer, nickname, rail: null, ...nothing };
  }
  return {
    peer,
    nickname,
    rail: net.rail,
    held: net.heldValue,
    issued: net.issuedValue,
    carryIn: net.carryIn.amount,
    gross: grossOf(net),
    fee: 0n,
    net: net.side === 'debtor' ? -net.amount : net.amount,
    carryOut: net.carryOut.amount,
    forgiven: net.forgiven,
  };
}
