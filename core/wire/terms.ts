/*
 * The terms of one interval: its prices and parameters, fixed by a consensus before it begins (design §5). Everything of the
 * interval is reckoned by them, whenever and by whomever; its objects carry their digest and are refused with another.
 */
import { z } from 'zod';
import { sha256Hex } from '../crypto/hash.ts';
import { encode } from './codec.ts';
import { interval, networkId, units } from './field.ts';
import { parameters } from './parameters.ts';

export const terms = z.strictObject({
  networkId,
  interval,
  parameters,
  /** |N| and |E|: the exit price is their ratio times the standard price (PG-41), exact. */
  relays: units.refine((n) => n > 0n, 'at least one'),
  exits: units.refine((n) => n > 0n, 'at least one'),
});
export type Terms = z.infer<typeof terms>;

/** Lower-case hex of SHA-256 over the canonical terms. */
export function termsDigest(value: Terms): string {
  return sha256Hex('ptg/terms/v1\0', encode(value));
}
