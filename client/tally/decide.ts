/*
 * Whether a tally is signed: the guard's tally, the client's own count and the last one that both signed in; a refusal, or what
 * to do, out. Pure; the order of the checks is that of clientRefusals.
 */
import { verify, type Signed, type Verified } from '../../core/crypto/sign.ts';
import { ok, refuser, type Result } from '../../core/refusal.ts';
import { usageCeil } from '../../core/rule/price.ts';
import { keySetFor, type Descriptor } from '../../core/wire/descriptor.ts';
import type { Tally } from '../../core/wire/guard.ts';
import { termsDigest } from '../../core/wire/terms.ts';
import type { Prices } from '../../host/network/prices.ts';
import { clientRefusals } from '../refusals.ts';
import type { Usage } from './count.ts';

const refuse = refuser(clientRefusals);

export interface TallyExpected {
  readonly networkId: string;
  readonly guard: Descriptor;
  readonly subscriber: string;
  readonly interval: number;
  readonly rail: string;
  readonly prices: Prices;
}

export interface Known {
  /** What it may come to: `chargeable`. */
  readonly own: Usage;
  /** Of this guard and interval, the newest. */
  readonly signed: Tally | null;
}

/** `sign`: it is new and right. `same`: the last one that was signed, or nothing yet. */
export type Verdict = { readonly todo: 'sign' | 'same'; readonly tally: Verified<Tally> };

export function checkTally(given: Signed<Tally>, expected: TallyExpected, { own, signed }: Known): Result<Verdict> {
  const { guard, interval, prices } = expected;
  const tally = given.body;
  const key = keySetFor(guard, tally.guardKey, interval)?.guard ?? null;
  const verified = key === null ? null : verify('tally', expected.networkId, given, key);
  const about = `interval ${interval}, serial ${tally.serial}`;
  if (verified === null) return refuse('tally-guard-signature', about);
  if (!isOf(tally, expected)) return refuse('tally-subject', about);
  if (tally.amount !== usageCeil(prices.terms, prices.rail, tally)) return refuse('tally-amount', about);
  if (signed !== null && fell(tally, signed)) return refuse('tally-fell', `${about}, signed is ${signed.serial}`);
  if (isOvercharge(tally, own)) return refuse('tally-overcharge', `${about}: ${bytesOf(tally)}, own count is ${bytesOf(own)}`);
  return ok({ todo: tally.serial > (signed?.serial ?? 0n) ? 'sign' : 'same', tally: verified });
}

/** An interval's count, and what both have signed of it. */
export interface Counted {
  readonly own: Usage;
  readonly signed: Usage | null;
}

/**
 * What the guard may charge for an interval. It tells of what was some seconds ago (docs/spec/21), so what is carried just before an
 * interval's end may come in the next one's tally: in one of the two, never in both.
 */
export function chargeable(own: Usage, before: Counted, after: Counted): Usage {
  const spare = (of: keyof Usage): bigint => above(before.own[of], before.signed?.[of] ?? 0n);
  const taken = (of: keyof Usage): bigint => above(after.signed?.[of] ?? 0n, after.own[of]);
  const bound = (of: keyof Usage): bigint => above(own[of] + spare(of), taken(of));
  return {
    circuitBytes: bound('circuitBytes'),
    otherBytes: bound('otherBytes'),
    relayBytes: bound('relayBytes'),
    exitBytes: bound('exitBytes'),
  };
}

/** By how much; nothing where it is not. */
function above(a: bigint, b: bigint): bigint {
  return a > b ? a - b : 0n;
}

/** The guard has nothing to ask for beyond what both have signed. */
export function isCovered(own: Usage, signed: Tally | null): boolean {
  return !isAbove(own, signed ?? { circuitBytes: 0n, otherBytes: 0n, relayBytes: 0n, exitBytes: 0n });
}

function isOf(tally: Tally, { guard, subscriber, interval, rail, prices }: TallyExpected): boolean {
  return (
    tally.guard === guard.id &&
    tally.subscriber === subscriber &&
    tally.interval === interval &&
    tally.rail === rail &&
    tally.terms === termsDigest(prices.terms)
  );
}

function fell(tally: Tally, signed: Tally): boolean {
  if (tally.serial < signed.serial || isAbove(signed, tally)) return true;
  return tally.serial === signed.serial && isAbove(tally, signed);
}

/** What a guard's tor did not tell of a circuit is to it the rest, and costs less: of both together no more than there was. */
function isOvercharge(tally: Usage, own: Usage): boolean {
  const other = own.otherBytes + above(own.circuitBytes, tally.circuitBytes);
  return isAbove(tally, { ...own, otherBytes: other });
}

/** In any of the four counts. */
function isAbove(a: Usage, b: Usage): boolean {
  return (
    a.circuitBytes > b.circuitBytes || a.otherBytes > b.otherBytes || a.relayBytes > b.relayBytes || a.exitBytes > b.exitBytes
  );
}

function bytesOf({ circuitBytes, otherBytes }: Usage): string {
  return `${circuitBytes} + ${otherBytes} bytes`;
}
