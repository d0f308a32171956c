/*
 * The feerate of the next transaction, in units per 1000 virtual bytes: the node's estimate, or the configured one where it has none;
 * refused above the cap. Called by pay.ts, replace.ts and the quote.
 */
import { z } from 'zod';
import { ok, type Result } from '../../../core/refusal.ts';
import { amount } from '../exact.ts';
import type { Rpc } from '../rpc.ts';
import { refusePayment } from './refusals.ts';

/** All in units per 1000 virtual bytes. */
export interface FeeRules {
  /** Blocks within which a payment should be confirmed. */
  readonly targetBlocks: number;
  /** Without an estimate: a node that has just started, or a chain without traffic. */
  readonly fallback: bigint;
  readonly max: bigint;
}

/** What every node passes on. */
const LEAST = 1_000n;

const estimate = z.object({ feerate: amount.optional() });

export async function feerateNow(rpc: Rpc, { targetBlocks, fallback, max }: FeeRules): Promise<Result<bigint>> {
  const asked = await rpc.call('estimatesmartfee', [targetBlocks, 'economical'], estimate);
  if (!asked.ok) return asked;
  const found = asked.value.feerate ?? fallback;
  const feerate = found < LEAST ? LEAST : found;
  return feerate > max ? refusePayment('bitcoin-fee', `${feerate} units per 1000 vbytes, at most ${max}`) : ok(feerate);
}
