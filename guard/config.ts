/*
 * What a guard is told: who it is, its keys by number, and its house rules. Read by main.ts; filled in by node from ptg.toml and
 * key files.
 */
import { z } from 'zod';
import { hex32, keyNumber, nickname, railName } from '../core/wire/field.ts';

const seed = z.custom<Uint8Array>((value) => value instanceof Uint8Array && value.length === 32, '32 bytes');

export const guardConfig = z.strictObject({
  /** The relay's id, in whose name it signs. */
  id: hex32,
  nickname,
  /** One entry a key set of the descriptor. */
  keys: z.array(z.strictObject({ number: keyNumber, seed, sealingSeed: seed })).min(1),
  /** Of a deposit before it counts; a rail that is not named needs one. */
  confirmations: z.record(railName, z.int().min(0)).default({}),
  /** An account is low when less than this share of its newest deposit is left. */
  lowBalanceThousandths: z.int().min(0).max(1000).default(200),
  /** Bytes that the meter has told of and no tally of the subscriber covers: beyond, nothing is allowed. Without it there is no limit. */
  unsignedBytesMax: z.bigint().min(0n).optional(),
  subscribersMax: z.int().min(0).default(100_000),
});
export type GuardConfig = z.infer<typeof guardConfig>;
export type GuardSettings = z.input<typeof guardConfig>;
