/*
 * What the chain has taken back: the batches of lately that were final, and the node's word on their transactions, in; those that are not deep
 * enough any more opened again, and the ids of all that are open out. Called by wallet.ts.
 */
import { ok, type Result } from '../../../core/refusal.ts';
import { integer } from '../exact.ts';
import type { Desk } from './desk.ts';
import { readBatch, readFinalSince, readOpenBatches, reopenBatch } from './store.ts';

/** Two days: what is deeper is not looked at again. */
const LATELY_BLOCKS = 288;

export async function findUnfinished(desk: Desk): Promise<Result<string[]>> {
  const { rpc, ports, rules, watch } = desk;
  const { database } = ports;
  const height = await rpc.call('getblockcount', [], integer);
  if (!height.ok) return height;
  const since = height.value - LATELY_BLOCKS - rules.confirmations;
  for (const id of await database.transaction((tx) => readFinalSince(tx, since))) {
    const batch = await database.transaction((tx) => readBatch(tx, id));
    let isDeep = false;
    for (const { txid } of batch?.transactions ?? []) {
      const seen = await watch.transaction(txid);
      if (!seen.ok) return seen;
      isDeep ||= (seen.value?.confirmations ?? 0) >= rules.confirmations;
    }
    if (isDeep) continue;
    ports.log.warn('batch-undone', { role: 'settlement' });
    await database.transaction((tx) => reopenBatch(tx, id));
  }
  return ok(await database.transaction(readOpenBatches));
}
