/*
 * Receiving on Bitcoin without a private key: an account's public key in; an address for each name, and what was paid to them, out.
 * Blocks are read from the node and checked here, so that nothing rests on a wallet inside it. Called by guard and settlement.
 */
import { invariant, ok, type Result } from '../../core/refusal.ts';
import type { Clock, Database, Tx } from '../../host/ports.ts';
import type { IncomingPage, IncomingPayment, Receiving } from '../rail.ts';
import { derivation } from './derive.ts';
import { RECEIVING, type Account } from './descriptor.ts';
import { blocksAfter, heightBefore, placeAt, readTip, standing, type ReadBlock, type Tip } from './follow.ts';
import { createMempool, type Waiting } from './mempool.ts';
import { ownOutputs } from './outputs.ts';
import { BITCOIN } from './payment.ts';
import { parsePlace, placeText, type Place } from './place.ts';
import { refuseBitcoin } from './refusals.ts';
import type { Rpc } from './rpc.ts';
import { leaveOutGiven } from './restored.ts';
import { insertAddress, isCaughtUp, readAddress, readFirstGiven, readHighest } from './store.ts';
import { createWatch } from './watch.ts';

export interface BitcoinReceivingOptions {
  readonly rpc: Rpc;
  readonly account: Account;
  /** With bitcoinAddressTables. */
  readonly database: Database;
  readonly clock: Clock;
  /** So many addresses in a row are given out without being paid to, and looked beyond the last known one. */
  readonly gapLimit: number;
  /** Payments are shown from so many confirmations on; 0 shows the mempool too. */
  readonly shownFrom: number;
  /** Names the restore from a backup since which these books run; null where they were never restored. */
  readonly restore?: string | null;
}

/** The address of index 0 is published; names have the others. */
const FALLBACK = 0;
/** Blocks in one page: their money is one transaction of the caller. */
const BLOCKS_MAX = 25;
/** The time of a block may be two hours ahead, or an hour behind the blocks before it (BIP 113). */
const BLOCK_TIME_SKEW_SEC = 3 * 3600;

export function bitcoinReceiving(options: BitcoinReceivingOptions): Receiving {
  const { rpc, account, database, clock, gapLimit, shownFrom, restore = null } = options;
  invariant(gapLimit > 0 && shownFrom >= 0, 'limits are counts');
  const derive = derivation(account, RECEIVING);
  const wallet = derive(FALLBACK).address;
  const watch = createWatch({ chain: account.chain, wallet, gapLimit, derive });
  const mempool = createMempool(rpc, watch);

  async function destination(tx: Tx, name: string): Promise<Result<string>> {
    const known = await readAddress(tx, wallet, name);
    if (known !== null) return ok(known);
    if (restore !== null && !(await isCaughtUp(tx, wallet, restore))) return refuseBitcoin('bitcoin-restored', restore);
    const { given, used } = await readHighest(tx, wallet);
    const position = (given ?? FALLBACK) + 1;
    if (position > (used ?? FALLBACK) + gapLimit) return refuseBitcoin('bitcoin-gap', `${gapLimit} addresses`);
    const { address } = derive(position);
    await insertAddress(tx, wallet, { position, name, address, given: clock.now(), used: false });
    return ok(address);
  }

  async function incoming(cursor: string): Promise<Result<IncomingPage>> {
    const tip = await readTip(rpc, account.chain);
    if (!tip.ok) return tip;
    const from = cursor === '' ? await begin(tip.value) : await standing(rpc, parsePlace(cursor), tip.value);
    if (!from.ok) return from;
    const newest = tip.value.height - Math.max(shownFrom - 1, 0);
    const last = Math.min(from.value.height + BLOCKS_MAX, newest);
    const read = await blocksAfter(rpc, from.value, last);
    if (!read.ok) return read;
    const top = read.value.at(-1);
    const place = top === undefined ? from : await placeAt(rpc, top.height, top.block.getId());
    if (!place.ok) return place;
    await database.transaction((tx) => watch.load(tx));
    const payments = read.value.flatMap((one) => paidIn(one, tip.value));
    const isAtEnd = place.value.height >= newest;
    await database.transaction(async (tx) => {
      await watch.save(tx, clock.now());
      if (restore !== null && isAtEnd) await leaveOutGiven(tx, { wallet, gapLimit, restore, derive }, clock.now());
    });
    const waiting = shownFrom === 0 && place.value.height >= tip.value.height ? await mempool.look(clock.now()) : ok([]);
    if (!waiting.ok) return waiting;
    return ok({
      payments: [...payments, ...waiting.value.map(unconfirmed)],
      cursor: placeText(place.value),
      blocks: { above: from.value.height, through: place.value.height },
    });
  }

  /** Nothing was paid before the first address was given out. */
  async function begin(tip: Tip): Promise<Result<Place>> {
    const first = await database.transaction((tx) => readFirstGiven(tx, wallet));
    const height = first === null ? ok(tip.height) : await heightBefore(rpc, tip, first - BLOCK_TIME_SKEW_SEC);
    return height.ok ? placeAt(rpc, height.value) : height;
  }

  function paidIn({ height, block }: ReadBlock, tip: Tip): IncomingPayment[] {
    const confirmations = Math.max(tip.height - height + 1, 1);
    const found = (block.transactions ?? []).flatMap((transaction) => ownOutputs(transaction, watch));
    for (const { own } of found) watch.use(own);
    const at = block.timestamp;
    return found.map(({ payment, own, amount }) => ({ payment, destination: own.address, amount, confirmations, at, height }));
  }

  return { rail: BITCOIN, destination, fallback: () => wallet, incoming };
}

function unconfirmed({ payment, own, amount, at }: Waiting): IncomingPayment {
  return { payment, destination: own.address, amount, confirmations: 0, at };
}
