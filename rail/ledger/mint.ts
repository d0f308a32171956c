/*
 * Issuing: the mint's key, an id and outputs in, money on their accounts out. Only whoever founds a network has the key. Called
 * by lab; the same id issues once.
 */
import type { SigningKey } from '../../core/crypto/keys.ts';
import { invariant, type Result } from '../../core/refusal.ts';
import type { Batch, BatchPaid } from '../rail.ts';
import { ledgerApi, ledgerOf, type LedgerAccess } from './api.ts';
import { payBatch } from './pay.ts';

export function mint(
  { http, network, mintKey }: LedgerAccess & { readonly mintKey: SigningKey },
  id: string,
  outputs: Batch['outputs'],
): Promise<Result<BatchPaid>> {
  invariant(ledgerOf(network).mintKey === mintKey.publicKey, 'the key is this network’s mint');
  return payBatch(ledgerApi({ http, network }), network.networkId, mintKey, { id, outputs });
}
