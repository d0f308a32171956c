/*
 * network.json: how anybody first trusts a network. Read by every role and by offline verifiers; written by `ptg up` and by
 * whoever founds a network.
 */
import { z } from 'zod';
import { AUTHORITIES_MAX } from '../limits.ts';
import { bitcoinNetwork } from './bitcoin.ts';
import { hex32, networkId, nickname, url } from './field.ts';

export const network = z.strictObject({
  networkId,
  authorities: z
    .array(z.strictObject({ name: nickname, key: hex32, url }))
    .min(1)
    .max(AUTHORITIES_MAX),
  /** The embedded ledger's log and mint keys; null where the network has none. */
  ledger: z.strictObject({ url, logKey: hex32, mintKey: hex32 }).nullable(),
  /** Of a network that settles in Bitcoin. */
  bitcoin: bitcoinNetwork.optional(),
});
export type Network = z.infer<typeof network>;

/** Signatures that make a consensus valid: a majority of the authorities that the reader knows. */
export function majorityOf(known: Network): number {
  return Math.floor(known.authorities.length / 2) + 1;
}
