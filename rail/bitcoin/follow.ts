/*
 * The chain as a node has it, followed by hash: a place in; the place itself, or the last one before it that still stands, and the
 * blocks after it, out. Called by receiving.ts.
 */
import { Block } from 'bitcoinjs-lib';
import { z } from 'zod';
import { ok, type Result } from '../../core/refusal.ts';
import { hash, integer, rawHex } from './exact.ts';
import type { Chain } from './network.ts';
import { heightsFrom, type Place } from './place.ts';
import { refuseBitcoin } from './refusals.ts';
import { RPC_CODES, type Rpc } from './rpc.ts';

export interface Tip {
  readonly height: number;
  readonly work: bigint;
  /** The lowest block whose data a pruned node still has; 0 of one that is not pruned. */
  readonly keptFrom: number;
}

export interface ReadBlock {
  readonly height: number;
  readonly block: Block;
}

const work = z
  .string()
  .regex(/^[0-9a-f]{64}$/)
  .transform((text) => BigInt(`0x${text}`));
const chainInfo = z.object({ chain: z.string(), blocks: integer, chainwork: work, pruneheight: integer.optional() });
const header = z.object({ chainwork: work, mediantime: integer });

export async function readTip(rpc: Rpc, chain: Chain): Promise<Result<Tip>> {
  const info = await rpc.call('getblockchaininfo', [], chainInfo);
  if (!info.ok) return info;
  if (info.value.chain !== chain.name) return refuseBitcoin('bitcoin-chain', `${info.value.chain}, not ${chain.name}`);
  const { blocks, chainwork, pruneheight = 0 } = info.value;
  return ok({ height: blocks, work: chainwork, keptFrom: pruneheight });
}

/** The last place at or before this one whose block is in the node's chain. */
export async function standing(rpc: Rpc, place: Place, tip: Tip): Promise<Result<Place>> {
  const heights = heightsFrom(place.height).filter((height) => height <= tip.height);
  const there = await hashesAt(rpc, heights);
  if (!there.ok) return there;
  const above = place.hashes.length - heights.length;
  const found = heights.findIndex((_, index) => there.value[index] === place.hashes[above + index]);
  if (found === 0 && above === 0) return ok(place);
  // Blocks are undone by more work alone. A node that is still loading, or was set up anew, has less than what was seen.
  if (tip.work < place.work) return refuseBitcoin('bitcoin-behind', `block ${tip.height}, and ${place.height} was seen`);
  const height = heights[found];
  if (height === undefined) return refuseBitcoin('bitcoin-chain', 'another first block');
  return placeAt(rpc, height, place.hashes[above + found]);
}

/** `expected`: the block that is to be at that height, and so all before it. */
export async function placeAt(rpc: Rpc, height: number, expected?: string): Promise<Result<Place>> {
  const hashes = await hashesAt(rpc, heightsFrom(height));
  if (!hashes.ok) return hashes;
  const top = hashes.value[0] ?? '';
  if (expected !== undefined && top !== expected) return refuseBitcoin('bitcoin-moved', `block ${height}`);
  const last = await rpc.call('getblockheader', [top], header);
  return last.ok ? ok({ height, work: last.value.chainwork, hashes: hashes.value }) : last;
}

/** The last block whose time lies before `time`, by the median that never falls; 0 where all are later. */
export async function heightBefore(rpc: Rpc, tip: Tip, time: number): Promise<Result<number>> {
  let [low, high] = [0, tip.height];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    const found = await hashesAt(rpc, [middle]);
    if (!found.ok) return found;
    const read = await rpc.call('getblockheader', [found.value[0] ?? ''], header);
    if (!read.ok) return read;
    if (read.value.mediantime < time) low = middle;
    else high = middle - 1;
  }
  return ok(low);
}

/** Up to `through`, each the child of the one before; fewer where the chain changes meanwhile. */
export async function blocksAfter(rpc: Rpc, place: Place, through: number): Promise<Result<ReadBlock[]>> {
  const heights = Array.from({ length: Math.max(0, through - place.height) }, (_, index) => place.height + 1 + index);
  const hashes = await hashesAt(rpc, heights);
  if (!hashes.ok) return hashes;
  const read: ReadBlock[] = [];
  let before = place.hashes[0];
  for (const [index, wanted] of hashes.value.entries()) {
    const block = await readBlock(rpc, wanted);
    if (!block.ok) return block;
    if (shown(block.value.prevHash) !== before) break;
    before = wanted;
    read.push({ height: heights[index] ?? 0, block: block.value });
  }
  return ok(read);
}

/** Not what a node says of a block, but the block: its header has that hash, and its transactions that root. */
export async function readBlock(rpc: Rpc, wanted: string): Promise<Result<Block>> {
  const raw = await rpc.call('getblock', [wanted, 0], rawHex);
  if (!raw.ok) return raw.rpcCode === RPC_CODES.misc ? refuseBitcoin('bitcoin-pruned', wanted) : raw;
  try {
    const block = Block.fromHex(raw.value);
    if (block.getId() === wanted && block.checkTxRoots()) return ok(block);
  } catch {
    // Cut short: refused below.
  }
  return refuseBitcoin('bitcoin-nonsense', `getblock: not block ${wanted}`);
}

/** In their order; the lowest is asked first, so that a highest one that stands says that all stood. */
async function hashesAt(rpc: Rpc, heights: readonly number[]): Promise<Result<string[]>> {
  const isFalling = (heights[0] ?? 0) > (heights.at(-1) ?? 0);
  const asked = isFalling ? heights.toReversed() : heights;
  const answers = await rpc.batch(
    'getblockhash',
    asked.map((height) => [height]),
    hash,
  );
  if (!answers.ok) return answers;
  const hashes: string[] = [];
  for (const one of answers.value) {
    if (!one.ok) return one.rpcCode === RPC_CODES.invalidParameter ? refuseBitcoin('bitcoin-moved', one.refusal.about) : one;
    hashes.push(one.value);
  }
  return ok(isFalling ? hashes.toReversed() : hashes);
}

/** Bytes as the network has them, in the order in which hashes are shown. */
export function shown(bytes: Uint8Array | undefined): string {
  return bytes === undefined ? '' : Buffer.from(bytes).reverse().toString('hex');
}
