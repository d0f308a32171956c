/*
 * The wallet as bitcoind sees it: a watch-only descriptor wallet of its own, made at the first call; coins, what became of a transaction,
 * and what went out, out. It has no key, and it knows what was spent even where this program's database was lost. Called by this folder.
 */
import { z } from 'zod';
import { sha256Hex } from '../../../core/crypto/hash.ts';
import { ok, type Result } from '../../../core/refusal.ts';
import { inTurn } from '../../../host/in-turn.ts';
import { CHANGE, descriptorOf, RECEIVING, type Account, type AccountKind } from '../descriptor.ts';
import { amount, hash, integer, rawHex } from '../exact.ts';
import { RPC_CODES, type Rpc } from '../rpc.ts';
import { stepsOf } from './keys.ts';
import type { Coin } from './coin.ts';
import { refusePayment } from './refusals.ts';

export interface Watch {
  /** Unspent, at least so deep; 0: with what others have sent and may yet spend elsewhere. */
  coins(confirmations: number): Promise<Result<Coin[]>>;
  /** Null: it has never seen it. Below zero: another one spent its inputs, so many blocks ago. */
  transaction(txid: string): Promise<Result<SeenTransaction | null>>;
  /** Outputs to others of this wallet's transactions of lately. */
  sent(): Promise<Result<Sent[]>>;
  /** The index after the highest one seen on the change branch of the first account. */
  nextChange(): Promise<Result<number>>;
}

export interface SeenTransaction {
  readonly confirmations: number;
  readonly raw: string;
  /** Seconds: of its block, or when it was first seen. */
  readonly at: number;
}

export interface Sent {
  readonly txid: string;
  readonly output: number;
  readonly destination: string;
  readonly amount: bigint;
  readonly confirmations: number;
  readonly at: number;
}

export interface WatchOptions {
  readonly rpc: Rpc;
  /** Change goes to the first. */
  readonly accounts: readonly Account[];
  /** Seconds: nothing came before. The node reads the chain from there on when it first hears of the wallet. */
  readonly birthday: number;
  /** Addresses in a row that receiving gives out without their being paid to. */
  readonly gapLimit: number;
}

/** Addresses that the node looks for beyond the last one used, at least. */
const RANGE_LEAST = 200;
/** Two months: before that, nothing is looked for that a lost database had paid. */
const SENT_BLOCKS = 8_640;
const SENT_BYTES_MAX = 64 * 1024 * 1024;

export function watchWallet({ rpc, accounts, birthday, gapLimit }: WatchOptions): Watch {
  const descriptors = accounts.flatMap((account) => [descriptorOf(account, RECEIVING), descriptorOf(account, CHANGE)]);
  const name = `ptg-${sha256Hex(descriptors.join(' ')).slice(0, 16)}`;
  const wallet = rpc.wallet(name);
  const range = Math.max(gapLimit, RANGE_LEAST);
  const turn = inTurn();

  /** The node may have been started anew, or be another one: it is asked each time. */
  async function ready(): Promise<Result<null>> {
    const info = await wallet.call('getwalletinfo', [], walletInfo);
    if (!info.ok && info.rpcCode !== RPC_CODES.walletNotFound) return info;
    if (info.ok && info.value.scanning !== false) return refusePayment('bitcoin-rescan', name);
    return turn(() => open(info.ok));
  }

  async function open(isLoaded: boolean): Promise<Result<null>> {
    const loaded = isLoaded ? ok(null) : await load(rpc, name);
    if (!loaded.ok) return loaded;
    const known = await wallet.call('listdescriptors', [], listed);
    if (!known.ok) return known;
    const requests = descriptors.flatMap((desc) => importOf(desc, known.value.descriptors) ?? []);
    const imported = requests.length === 0 ? ok([]) : await wallet.call('importdescriptors', [requests], importedEach);
    if (!imported.ok) return imported;
    const failed = imported.value.find((one) => !one.success);
    return failed === undefined ? ok(null) : refusePayment('bitcoin-rescan', failed.error?.message ?? name);
  }

  /** Null where the node looks far enough. Beyond its range nobody was paid so far, so that nothing is read again for more of it. */
  function importOf(desc: string, known: z.infer<typeof listed>['descriptors']) {
    const there = known.find((one) => one.desc === desc);
    const [next, end] = [there?.next_index ?? 0, there?.range?.[1] ?? 0];
    if (there !== undefined && end >= next + range) return null;
    return { desc, active: false, range: [0, next + 2 * range], timestamp: there === undefined ? birthday : 'now' };
  }

  return {
    async coins(confirmations) {
      const opened = await ready();
      if (!opened.ok) return opened;
      const found = await wallet.call('listunspent', [confirmations, 9_999_999, [], confirmations === 0], z.array(unspent));
      return found.ok ? ok(found.value.flatMap((one) => coinOf(one) ?? [])) : found;
    },
    async transaction(txid) {
      const opened = await ready();
      if (!opened.ok) return opened;
      const found = await wallet.call('gettransaction', [txid], seen);
      if (!found.ok) return found.rpcCode === RPC_CODES.unknown ? ok(null) : found;
      const { confirmations, hex, blocktime, timereceived } = found.value;
      return ok({ confirmations, raw: hex, at: blocktime ?? timereceived });
    },
    async sent() {
      const opened = await ready();
      if (!opened.ok) return opened;
      const height = await rpc.call('getblockcount', [], integer);
      if (!height.ok) return height;
      const since = await rpc.call('getblockhash', [Math.max(0, height.value - SENT_BLOCKS)], hash);
      if (!since.ok) return since;
      const list = await wallet.call('listsinceblock', [since.value], sinceBlock, { answerMax: SENT_BYTES_MAX });
      return list.ok ? ok(list.value.transactions.flatMap((one) => sentOf(one) ?? [])) : list;
    },
    async nextChange() {
      const opened = await ready();
      if (!opened.ok) return opened;
      const known = await wallet.call('listdescriptors', [], listed);
      if (!known.ok) return known;
      return ok(known.value.descriptors.find((one) => one.desc === descriptors[1])?.next_index ?? 0);
    },
  };
}

async function load(rpc: Rpc, name: string): Promise<Result<unknown>> {
  const loaded = await rpc.call('loadwallet', [name, true], z.unknown());
  if (loaded.ok || loaded.rpcCode === RPC_CODES.walletAlreadyLoaded) return ok(null);
  if (loaded.rpcCode !== RPC_CODES.walletNotFound) return loaded;
  // Without private keys, without any of its own, without a passphrase, of descriptors, opened again when the node starts.
  return rpc.call('createwallet', [name, true, true, '', false, true, true], z.unknown());
}

const listed = z.object({
  descriptors: z.array(z.object({ desc: z.string(), next_index: integer.optional(), range: z.array(integer).optional() })),
});
const importedEach = z.array(z.object({ success: z.boolean(), error: z.object({ message: z.string() }).optional() }));
const walletInfo = z.object({
  scanning: z
    .union([z.literal(false), z.object({})])
    .optional()
    .default(false),
});
const unspent = z.object({
  txid: hash,
  vout: integer,
  amount,
  confirmations: integer,
  scriptPubKey: rawHex,
  desc: z.string().optional(),
});
const seen = z.object({ confirmations: integer, hex: rawHex, blocktime: integer.optional(), timereceived: integer });
const sinceBlock = z.object({
  transactions: z.array(
    z.object({
      category: z.string(),
      address: z.string().optional(),
      amount,
      vout: integer,
      txid: hash,
      confirmations: integer,
      blocktime: integer.optional(),
      timereceived: integer,
    }),
  ),
});

const SOLVED = /^(wpkh|tr)\(\[([0-9a-f]{8})((?:\/[0-9]+[h']?)*)\]([0-9a-f]{64,66})\)/;

/** Null of what this wallet could not spend. */
function coinOf({ txid, vout, amount: units, confirmations, scriptPubKey, desc }: z.infer<typeof unspent>): Coin | null {
  const match = SOLVED.exec(desc ?? '');
  if (match === null) return null;
  const [, kind, fingerprint = '', path = '', key = ''] = match;
  const [script, publicKey] = [Buffer.from(scriptPubKey, 'hex'), Buffer.from(key, 'hex')];
  return {
    txid,
    vout,
    amount: units,
    confirmations,
    script,
    kind: kind as AccountKind,
    publicKey,
    fingerprint,
    path: stepsOf(path),
  };
}

/** A transaction that another has replaced for good has less than none. */
function sentOf(one: z.infer<typeof sinceBlock>['transactions'][number]): Sent | null {
  const { category, address, txid, vout, confirmations } = one;
  if (category !== 'send' || address === undefined || confirmations < 0) return null;
  return { txid, output: vout, destination: address, amount: -one.amount, confirmations, at: one.blocktime ?? one.timereceived };
}
