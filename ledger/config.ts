/*
 * What the ledger is told: its network, the seed of the log's key and the mint's public key. Read by main.ts; filled in by node.
 */
import { z } from 'zod';
import { hex32, networkId } from '../core/wire/field.ts';

export const ledgerConfig = z.strictObject({
  networkId,
  /** 32 bytes, from a key file; its public half stands in network.json. */
  logSeed: z.custom<Uint8Array>((seed) => seed instanceof Uint8Array && seed.length === 32, '32 bytes'),
  /** The only account that may go below zero. */
  mintKey: hex32,
});
export type LedgerConfig = z.infer<typeof ledgerConfig>;
