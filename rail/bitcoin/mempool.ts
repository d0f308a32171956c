/*
 * What waits for a block: the node's mempool in; the outputs in it that are a wallet's own, out. Each transaction is read once, and of
 * very many the best paying first, so that a round has an end. Called by receiving.ts.
 */
import { Transaction } from 'bitcoinjs-lib';
import { z } from 'zod';
import { ok, type Result } from '../../core/refusal.ts';
import { hash, rawHex } from './exact.ts';
import { ownOutputs, type OwnOutput } from './outputs.ts';
import { refuseBitcoin } from './refusals.ts';
import type { Rpc } from './rpc.ts';
import type { Watch } from './watch.ts';

export interface Waiting extends OwnOutput {
  /** When it was seen first. */
  readonly at: number;
}

export interface Mempool {
  look(now: number): Promise<Result<Waiting[]>>;
}

/** Read in one look: more than come in between two, so that a full mempool is known after a few. */
const READ_MAX = 5_000;
const BATCH = 100;
const TXID_BYTES = 70;
/** Of a mempool with a million transactions; a batch of the largest standard ones. */
const LIST_BYTES_MAX = 1_000_000 * TXID_BYTES;

export function createMempool(rpc: Rpc, watch: Pick<Watch, 'find'>): Mempool {
  /** Own outputs of each transaction that was read. */
  let known = new Map<string, readonly Waiting[]>();

  async function look(now: number): Promise<Result<Waiting[]>> {
    const listed = await rpc.call('getrawmempool', [], z.array(hash), { answerMax: LIST_BYTES_MAX });
    if (!listed.ok) return listed;
    const kept = new Map<string, readonly Waiting[]>();
    const fresh: string[] = [];
    for (const txid of listed.value) {
      const before = known.get(txid);
      if (before !== undefined) kept.set(txid, before);
      else if (fresh.length < READ_MAX) fresh.push(txid);
    }
    known = kept;
    for (let at = 0; at < fresh.length; at += BATCH) {
      const read = await readOn(fresh.slice(at, at + BATCH), now);
      if (!read.ok) return read;
    }
    return ok([...known.values()].flat());
  }

  async function readOn(txids: readonly string[], now: number): Promise<Result<true>> {
    const raws = await rpc.batch(
      'getrawtransaction',
      txids.map((txid) => [txid]),
      rawHex,
    );
    if (!raws.ok) return raws;
    for (const [index, raw] of raws.value.entries()) {
      // It has left the mempool meanwhile: for a block, or for good.
      if (!raw.ok) continue;
      const txid = txids[index] ?? '';
      const transaction = parse(raw.value);
      if (transaction?.getId() !== txid) return refuseBitcoin('bitcoin-nonsense', `getrawtransaction: not ${txid}`);
      known.set(
        txid,
        ownOutputs(transaction, watch).map((one) => ({ ...one, at: now })),
      );
    }
    return ok(true);
  }

  return { look };
}

function parse(raw: string): Transaction | null {
  try {
    return Transaction.fromHex(raw);
  } catch {
    return null;
  }
}
