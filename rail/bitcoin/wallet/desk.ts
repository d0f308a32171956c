/*
 * What paying and replacing share: the wallet's options, its view of the node, and making one transaction: coins and change, plan,
 * PSBT, signature, the node's own check. Called by pay.ts, replace.ts, external.ts and wallet.ts.
 */
import { toXOnly } from 'bitcoinjs-lib';
import { z } from 'zod';
import { ok, type Result } from '../../../core/refusal.ts';
import type { BitcoinNetwork } from '../../../core/wire/bitcoin.ts';
import type { Ports } from '../../../host/ports.ts';
import { derivation } from '../derive.ts';
import { CHANGE, type Account } from '../descriptor.ts';
import { integer } from '../exact.ts';
import type { Chain } from '../network.ts';
import type { Rpc } from '../rpc.ts';
import { outpointOf, type Coin, type OwnOutput } from './coin.ts';
import type { FeeRules } from './feerate.ts';
import { stepsOf, type Signer } from './keys.ts';
import { planTransaction, type PlannedOutput } from './plan.ts';
import { psbtOf, signAll, txidOf } from './psbt.ts';
import { refusePayment } from './refusals.ts';
import { readInputs, readOpenTxids, type KeptInput, type KeptTransaction } from './store.ts';
import type { Watch } from './watch.ts';

export interface Desk {
  readonly ports: Pick<Ports, 'database' | 'entropy' | 'log'>;
  readonly rpc: Rpc;
  readonly rules: BitcoinNetwork;
  readonly chain: Chain;
  /** Change goes to the first. */
  readonly accounts: readonly Account[];
  /** Null: transactions are exported, and taken back signed. */
  readonly signer: Signer | null;
  readonly fees: FeeRules;
  /** A transaction that is not in a block after so many is replaced by one that pays more. */
  readonly replaceAfterBlocks: number;
  readonly watch: Watch;
}

export interface Made {
  readonly transaction: KeptTransaction;
  readonly inputs: readonly KeptInput[];
}

export interface Order {
  readonly outputs: readonly PlannedOutput[];
  readonly required: readonly Coin[];
  readonly changeIndex: number;
  readonly feerate: bigint;
}

/** Nothing is written or sent. */
export async function makeTransaction(desk: Desk, order: Order): Promise<Result<Made>> {
  const { chain, ports, signer, accounts } = desk;
  const coins = await freeCoins(desk);
  if (!coins.ok) return coins;
  const change = changeAt(accounts, order.changeIndex);
  const salt = ports.entropy.bytes(32);
  const plan = planTransaction({ ...order, coins: coins.value, change, salt, chain });
  if (plan === 'funds') return refusePayment('bitcoin-funds', `${coins.value.length} outputs at hand`);
  if (plan === 'coins') return refusePayment('bitcoin-coins', `${coins.value.length} outputs at hand`);
  const psbt = psbtOf(plan, chain, change);
  const unsigned = psbt.toBase64();
  let raw: string | null = null;
  if (signer !== null) {
    signAll(psbt, plan.inputs, signer);
    raw = psbt.extractTransaction().toHex();
    const checked = await checkWithNode(desk, raw);
    if (!checked.ok) return checked;
  }
  const height = await desk.rpc.call('getblockcount', [], integer);
  if (!height.ok) return height;
  const { fee, vsize } = plan;
  const transaction = { txid: txidOf(psbt), psbt: unsigned, raw, fee, vsize, madeHeight: height.value };
  return ok({ transaction, inputs: plan.inputs });
}

/** Deep enough, spent by no batch, and no change of one whose end is still to be told. */
export async function freeCoins(desk: Desk): Promise<Result<Coin[]>> {
  const own = await coinsAndBatches(desk);
  return own.ok ? ok(own.value.free) : own;
}

/** `open`: what batches spend that are not final yet. */
export async function coinsAndBatches({ watch, rules, ports }: Desk): Promise<Result<{ free: Coin[]; open: KeptInput[] }>> {
  const coins = await watch.coins(rules.confirmations);
  if (!coins.ok) return coins;
  return ports.database.transaction(async (tx) => {
    const [kept, made] = [await readInputs(tx), await readOpenTxids(tx)];
    const free = coins.value.filter((one) => !kept.has(outpointOf(one)) && !made.has(one.txid));
    return ok({ free, open: [...kept.values()].filter((one) => one.isOpen) });
  });
}

export function changeAt(accounts: readonly Account[], index: number): OwnOutput & { readonly address: string } {
  const account = accounts[0] as Account;
  const { kind, key, origin } = account;
  const { address, script, publicKey } = derivation(account, CHANGE)(index);
  // Of an account without its origin: from its own key on, as bitcoind has it for coins.
  const from = origin ?? { fingerprint: Buffer.from(key.fingerprint).toString('hex'), path: '' };
  const path = [...stepsOf(from.path), CHANGE, index];
  const own = { kind, fingerprint: from.fingerprint, path, publicKey: kind === 'tr' ? toXOnly(publicKey) : publicKey };
  return { address, script, ...own };
}

const accepted = z.array(z.object({ allowed: z.boolean().optional(), 'reject-reason': z.string().optional() })).length(1);

/** By the rules of its mempool, without sending it: scripts, fee, and that what it spends is there. */
export async function checkWithNode({ rpc }: Desk, raw: string): Promise<Result<null>> {
  const answer = await rpc.call('testmempoolaccept', [[raw]], accepted);
  if (!answer.ok) return answer;
  const [one] = answer.value;
  return one?.allowed === true ? ok(null) : refusePayment('bitcoin-rejected', one?.['reject-reason'] ?? 'no reason given');
}
