/*
 * The history of an address: a scan of the node's block filters (BIP 158, -blockfilterindex), then of the blocks that they point to. A
 * stock node has no index of addresses, and its unspent outputs leave out what was spent. A node scans once at a time, so that all who
 * ask meanwhile go together with the next scan. Called by reader.ts.
 */
import { z } from 'zod';
import { invariant, ok, type Result } from '../../core/refusal.ts';
import { inTurn } from '../../host/in-turn.ts';
import type { IncomingPayment } from '../rail.ts';
import { scriptOf } from './address.ts';
import { hash, integer } from './exact.ts';
import { readBlock } from './follow.ts';
import { chains, type ChainName } from './network.ts';
import { paymentOf } from './payment.ts';
import { RPC_CODES, type Rpc } from './rpc.ts';
import { refusePayment } from './wallet/refusals.ts';

export type History = (address: string) => Promise<Result<IncomingPayment[]>>;

/** Half a year: longer than any window in which a payment is asked for. */
const BLOCKS_MAX = 26_000;
const SCAN_DEADLINE_MS = 120_000;

const scanned = z.object({ relevant_blocks: z.array(hash), completed: z.boolean() });
const header = z.object({ height: integer, confirmations: integer });

/** Addresses are of the chain. What is in no block yet is not in it. */
export function openHistory(rpc: Rpc, chain: ChainName): History {
  const turn = inTurn();
  let waiting: { readonly address: string; answer(found: Result<IncomingPayment[]>): void; fail(thrown: unknown): void }[] = [];
  async function scan(): Promise<void> {
    const asked = waiting;
    waiting = [];
    try {
      const found = await scanFor(rpc, chain, new Set(asked.map((one) => one.address)));
      for (const one of asked) one.answer(found.ok ? ok(found.value.filter((paid) => paid.destination === one.address)) : found);
    } catch (thrown) {
      for (const one of asked) one.fail(thrown);
    }
  }
  return (address) =>
    new Promise((answer, fail) => {
      waiting.push({ address, answer, fail });
      if (waiting.length === 1) void turn(scan);
    });
}

async function scanFor(rpc: Rpc, chain: ChainName, addresses: ReadonlySet<string>): Promise<Result<IncomingPayment[]>> {
  const height = await rpc.call('getblockcount', [], integer);
  if (!height.ok) return height;
  const from = Math.max(0, height.value - BLOCKS_MAX);
  const descriptors = [...addresses].map((one) => `addr(${one})`);
  const call = { deadlineMs: SCAN_DEADLINE_MS };
  const found = await rpc.call('scanblocks', ['start', descriptors, from, height.value, 'basic'], scanned, call);
  if (!found.ok) return found.rpcCode === RPC_CODES.misc ? refusePayment('bitcoin-index', found.refusal.about) : found;
  if (!found.value.completed) return refusePayment('bitcoin-index', 'the scan was broken off');
  const payments: IncomingPayment[] = [];
  for (const one of found.value.relevant_blocks) {
    const paid = await paidIn(rpc, chain, one, addresses);
    if (!paid.ok) return paid;
    payments.push(...paid.value);
  }
  return ok(payments);
}

async function paidIn(
  rpc: Rpc,
  chain: ChainName,
  blockHash: string,
  addresses: ReadonlySet<string>,
): Promise<Result<IncomingPayment[]>> {
  const block = await readBlock(rpc, blockHash);
  if (!block.ok) return block;
  const at = await rpc.call('getblockheader', [blockHash], header);
  if (!at.ok) return at;
  const { height, confirmations } = at.value;
  // The chain changed since the scan.
  if (confirmations < 1) return ok([]);
  const wanted = new Map([...addresses].map((one) => [hexOf(scriptOf(one, chains[chain])), one]));
  const found: IncomingPayment[] = [];
  for (const transaction of block.value.transactions ?? []) {
    for (const [index, { script, value }] of transaction.outs.entries()) {
      const destination = wanted.get(hexOf(script));
      if (destination === undefined) continue;
      const payment = paymentOf(transaction.getId(), index);
      found.push({ payment, destination, amount: value, confirmations, at: block.value.timestamp, height });
    }
  }
  return ok(found);
}

function hexOf(script: Uint8Array | null): string {
  invariant(script !== null, 'an address that is looked for is of the chain');
  return Buffer.from(script).toString('hex');
}
