/*
 * What a client is told: the seed of the account's key. Read by main.ts; filled in by node from a key file.
 */
import { z } from 'zod';

export const clientConfig = z.strictObject({
  /** 32 bytes; whoever has them has the account. */
  seed: z.custom<Uint8Array>((value) => value instanceof Uint8Array && value.length === 32, '32 bytes'),
  /** Over a transport that carries requests, a tally is asked for and signed whenever so many bytes are not. */
  tallyStepBytes: z.bigint().min(1n).optional(),
});
export type ClientConfig = z.infer<typeof clientConfig>;
