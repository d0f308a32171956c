/*
 * Sending a raw transaction to the node: what it refuses by its state or its rules is logged, and tried again later. Called by pay.ts,
 * again at each look: a node that was restarted, or is short of memory, has forgotten it.
 */
import { ok, type Result } from '../../../core/refusal.ts';
import { hash } from '../exact.ts';
import { RPC_CODES } from '../rpc.ts';
import type { Desk } from './desk.ts';

export async function broadcast({ rpc, ports }: Desk, raw: string): Promise<Result<null>> {
  const sent = await rpc.call('sendrawtransaction', [raw], hash);
  if (sent.ok || sent.rpcCode === RPC_CODES.inChain) return ok(null);
  if (sent.rpcCode !== RPC_CODES.verifyError && sent.rpcCode !== RPC_CODES.verifyRejected) return sent;
  ports.log.warn('transaction-refused', { role: 'settlement', code: sent.refusal.code, error: sent.refusal.about });
  return ok(null);
}
