/*
 * Whether a transaction that the node has never seen can still be confirmed: its coins in; true where a block spends one of them, so deep
 * that it stays. Called by pay.ts: another program of the same keys may have been quicker, while the node or the signer was away.
 */
import { z } from 'zod';
import { ok, type Result } from '../../../core/refusal.ts';
import { hash, integer } from '../exact.ts';
import { readBlock, shown } from '../follow.ts';
import { outpointOf, type Outpoint } from './coin.ts';
import type { Desk } from './desk.ts';

export async function areGone(desk: Desk, coins: readonly Outpoint[]): Promise<Result<boolean>> {
  const { rpc, watch } = desk;
  // By blocks alone: what the mempool spends may be replaced.
  const asked = coins.map(({ txid, vout }) => [txid, vout, false]);
  const there = await rpc.batch('gettxout', asked, z.object({}).nullable());
  if (!there.ok) return there;
  const missing: Outpoint[] = [];
  for (const [place, one] of there.value.entries()) {
    if (!one.ok) return one;
    if (one.value === null) missing.push(coins[place] as Outpoint);
  }
  for (const one of missing) {
    const from = await watch.transaction(one.txid);
    if (!from.ok) return from;
    // Of a block that was undone: it may come back, and the transaction with it.
    if ((from.value?.confirmations ?? 0) < 1) return ok(false);
  }
  const lately = missing.length === 0 ? ok(new Set<string>()) : await spentLately(desk);
  return lately.ok ? ok(missing.some((one) => !lately.value.has(outpointOf(one)))) : lately;
}

/** In the blocks that are not deep enough yet. */
async function spentLately({ rpc, rules }: Desk): Promise<Result<Set<string>>> {
  const height = await rpc.call('getblockcount', [], integer);
  if (!height.ok) return height;
  const spent = new Set<string>();
  for (let back = 0; back < Math.min(rules.confirmations - 1, height.value); back++) {
    const name = await rpc.call('getblockhash', [height.value - back], hash);
    if (!name.ok) return name;
    const block = await readBlock(rpc, name.value);
    if (!block.ok) return block;
    for (const { ins } of block.value.transactions ?? []) {
      for (const input of ins) spent.add(outpointOf({ txid: shown(input.hash), vout: input.index }));
    }
  }
  return ok(spent);
}
