/*
 * JSON from bitcoind: text in; the value out with every number as the text that it was written with, so that no amount is ever a
 * float. Whoever reads a field knows which it is (the schemas below). Called by rpc.ts, and by whoever writes a schema of an answer.
 */
import { z } from 'zod';
import { amountOf } from './amount.ts';

const STRING = /"(?:[^"\\]|\\[^])*"/.source;
const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/.source;
const TOKEN = new RegExp(`${STRING}|${NUMBER}`, 'g');

/** Throws SyntaxError where it is no JSON. */
export function parseExact(text: string): unknown {
  return JSON.parse(text.replace(TOKEN, (token) => (token.startsWith('"') ? token : `"${token}"`)));
}

/** BTC with at most eight decimals, as units of 10⁻⁸ (satoshi). */
export const amount = z.string().transform((text, context) => {
  const units = amountOf(text);
  if (units !== null) return units;
  context.addIssue('an amount in BTC');
  return z.NEVER;
});

/** A height, a count, a time: a safe integer. */
export const integer = z
  .string()
  .regex(/^-?(0|[1-9][0-9]{0,15})$/, 'an integer')
  .transform(Number)
  .refine(Number.isSafeInteger, 'a safe integer');

/** A txid, a block's hash. */
export const hash = z.string().regex(/^[0-9a-f]{64}$/, '32 bytes of lower-case hex');
/** A raw transaction, block or script. */
export const rawHex = z.string().regex(/^(?:[0-9a-f]{2})*$/, 'bytes in lower-case hex');
