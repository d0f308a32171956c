/*
 * Sending a raw transaction to the node: what it refuses by its state or its rules is logged, and tried again later. Called by pay.ts,
 * again at each look: a node that was restarted, or is short of memory, has forgotten it.
 */
import { ok, type Result } from '../../../core/refusal.ts';
import { hash } from '../exact.ts';
import type { Desk } from './desk.ts';

/** bitcoin: src/rpc/protocol.h. Of RPC_VERIFY_*: its inputs are gone or not there yet; its rules; it is in a block already. */
const [ERROR, REJECTED, IN_CHAIN] = [-25, -26, -27];

export async function broadcast({ rpc, ports }: Desk, raw: string): Promise<Result<null>> {
  const sent = await rpc.call('sendrawtransaction', [raw], hash);
  if (sent.ok || sent.rpcCode === IN_CHAIN) return ok(null);
  if (sent.rpcCode !== ERROR && sent.rpcCode !== REJECTED) return sent;
  ports.log.warn('transaction-refused', { role: 'settlement', code: sent.refusal.code, error: sent.refusal.about });
  return ok(null);
}
