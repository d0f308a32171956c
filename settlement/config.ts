/*
 * What the settlement role is told: whose it is, its keys by number, and whether payouts and contests wait for the operator. Filled in by node
 * from ptg.toml and key files; read by main.ts.
 */
import { z } from 'zod';
import { hex16, hex32, keyNumber, nickname } from '../core/wire/field.ts';

const seed = z.custom<Uint8Array>((value) => value instanceof Uint8Array && value.length === 32, '32 bytes');

export const settlementConfig = z.strictObject({
  id: hex32,
  nickname,
  /** Numbers as in the descriptor. */
  keys: z.array(z.strictObject({ number: keyNumber, seed, sealingSeed: seed })).min(1),
  payouts: z.enum(['auto', 'manual']),
  /** Whether who does not pay is contested at once, or the operator is asked (rule 10). */
  contests: z.enum(['auto', 'ask']).default('auto'),
  /** The database came out of a backup: ask the counterparts what they hold before anything is paid (rule 8). */
  restored: z.boolean().default(false),
  /** Which restore that was: they are asked once for each. Without it: at each start. */
  restore: hex16.optional(),
});
export type SettlementConfig = z.input<typeof settlementConfig>;
