/*
 * `money.payout.…`: a payout to so many creditors, from a coin for each ten of them, on a real node: in all, and its steps, each beside the
 * bare work of it; and what each creditor costs in bytes and fee beside a transaction for itself alone. Listed in main.ts.
 */
import { Transaction } from 'bitcoinjs-lib';
import { sign as bareSignature } from 'tiny-secp256k1';
import { sha256 } from '../core/crypto/hash.ts';
import { invariant } from '../core/refusal.ts';
import { scriptOf } from '../rail/bitcoin/address.ts';
import { chains } from '../rail/bitcoin/network.ts';
import type { Rpc } from '../rail/bitcoin/rpc.ts';
import { changeAt } from '../rail/bitcoin/wallet/desk.ts';
import { accountFrom, signerFrom } from '../rail/bitcoin/wallet/keys.ts';
import { planTransaction } from '../rail/bitcoin/wallet/plan.ts';
import { coinsIn, psbtOf, signAll } from '../rail/bitcoin/wallet/psbt.ts';
import { readBatch } from '../rail/bitcoin/wallet/store.ts';
import type { Batch } from '../rail/rail.ts';
import { valueOf } from '../test/bitcoin/fixture.ts';
import { batchTo, fees, payingOn, rules, type Paying } from '../test/bitcoin/paying.ts';
import type { Bitcoind } from '../test/harness/bitcoind.ts';
import { undoAll } from '../test/harness/later.ts';
import { testSeed } from '../test/harness/view.ts';
import { rowOf, type Bench, type Row } from './bench.ts';
import { median, timed } from './measure.ts';
import { bareCall, missingBitcoind, withNode } from './money-node.ts';

const NAME = 'bench';
const chain = chains.regtest;
const CREDITORS_A_COIN = 10;
const steps = ['build', 'sign', 'check', 'broadcast'] as const;

export const moneyPayout: Bench = {
  names: [
    ...['money.payout.500', 'money.payout.core', ...steps.map((step) => `money.payout.${step}`)],
    ...['money.bytes.creditor', 'money.fee.creditor'],
  ],
  work: 'creditors',
  size: 500,
  growth: [5, 50, 500],
  missing: missingBitcoind,
  run: (rounds, size) => withNode((node) => measure(node, rounds, size).finally(undoAll)),
};

async function measure(node: Bitcoind, rounds: number, size: number): Promise<Row[]> {
  const paying = await payingOn(node, NAME);
  const inputs = Math.max(1, Math.round(size / CREDITORS_A_COIN));
  const figures = new Map<string, number[]>();
  const keep = (name: string, ms: number): void => void figures.set(name, [...(figures.get(name) ?? []), ms]);
  let together = { vbytes: 0, fee: 0 };
  // The first round does not count.
  for (let round = 0; round <= rounds; round += 1) {
    const batch = batchTo(`${size} ${round}`, size);
    await fund(paying, batch, inputs);
    await payOnce(node, paying, batch, round === 0 ? () => {} : keep);
    together = await costOf(paying, batch);
    await node.mine(rules.confirmations);
    valueOf(await paying.wallet.pay(batch));
  }
  const single = batchTo(`${size} alone`, 1);
  await fund(paying, single, 1);
  valueOf(await paying.wallet.pay(single));
  const alone = await costOf(paying, single);
  const middle = (name: string): number => median(figures.get(name) ?? []);
  return [
    rowOf('money.payout.500', `ms, from ${inputs}`, middle('whole'), middle('bare whole')),
    rowOf('money.payout.core', 'ms of processor', middle('core'), null),
    ...steps.map((step) => rowOf(`money.payout.${step}`, 'ms', middle(step), middle(`bare ${step}`))),
    rowOf('money.bytes.creditor', 'vbytes', together.vbytes / size, alone.vbytes),
    rowOf('money.fee.creditor', 'satoshi', together.fee / size, alone.fee),
  ];
}

/** So much in each coin that all of them are needed. */
async function fund(paying: Paying, { outputs }: Batch, inputs: number): Promise<void> {
  const owed = outputs.reduce((sum, one) => sum + one.amount, 0n);
  const cost = (fees.fallback * BigInt(50 * outputs.length + 80 * inputs)) / 1000n;
  const each = (owed + cost) / BigInt(inputs) + 1000n;
  await paying.fund(Array.from({ length: inputs }, () => each));
}

async function costOf({ database }: Paying, { id }: Batch): Promise<{ vbytes: number; fee: number }> {
  const { raw, fee } = await transactionOf(database, id);
  return { vbytes: Transaction.fromHex(raw).virtualSize(), fee: Number(fee) };
}

async function transactionOf(database: Paying['database'], id: string) {
  const [made] = (await database.transaction((tx) => readBatch(tx, id)))?.transactions ?? [];
  const raw = made?.raw ?? null;
  invariant(made !== undefined && raw !== null, 'the batch has its transaction');
  return { ...made, raw };
}

/** The whole as settlement calls it, its calls of the node timed on the way; then its other steps, and the bare work of each. */
async function payOnce(node: Bitcoind, paying: Paying, batch: Batch, keep: (name: string, ms: number) => void): Promise<void> {
  const calls = new Map<string, number>();
  const bareOf = new Map<string, number>();
  const login = await node.login();
  // Bare, and first: what was sent is answered otherwise.
  const before = async (method: string, params: readonly unknown[]): Promise<void> => {
    if (method === 'testmempoolaccept') bareOf.set('check', await msOf(() => bareCall(node, login, method, params)));
  };
  const wallet = paying.again({ rpc: timing(node.rpc, calls, before) });
  const took = await timed(async () => valueOf(await wallet.pay(batch)));
  const { psbt, raw } = await transactionOf(paying.database, batch.id);
  // Of one that it has the node says no more than that.
  bareOf.set('broadcast', await msOf(() => bareCall(node, login, 'sendrawtransaction', [raw])));

  const coins = coinsIn(psbt);
  const account = accountFrom(testSeed(NAME), chain, 0);
  const signer = signerFrom(testSeed(NAME), chain);
  const outputs = batch.outputs.map(({ destination, amount }) => ({
    script: scriptOf(destination, chain) as Uint8Array,
    amount,
  }));
  const order = {
    coins,
    required: [],
    outputs,
    change: changeAt([account], 0),
    feerate: fees.fallback,
    salt: sha256('salt'),
    chain,
  };
  const plan = planTransaction(order);
  invariant(plan !== 'funds' && plan !== 'coins', 'what was paid once can be planned again');
  const made = psbtOf(plan, chain, order.change);
  const build = await msOf(() => psbtOf(planTransaction(order) as typeof plan, chain, order.change).toBase64());
  const sign = await msOf(() => signAll(made, plan.inputs, signer));
  const [key, message] = [signer.keyAt(plan.inputs[0]?.path ?? []).privateKey as Uint8Array, sha256('message')];
  bareOf.set('build', await msOf(() => bareTransaction(plan).toBuffer()));
  bareOf.set('sign', await msOf(() => plan.inputs.forEach(() => bareSignature(message, key))));

  const found = { build, sign, check: calls.get('testmempoolaccept') ?? 0, broadcast: calls.get('sendrawtransaction') ?? 0 };
  for (const step of steps) {
    keep(step, found[step]);
    keep(`bare ${step}`, bareOf.get(step) ?? 0);
  }
  keep('whole', took.wallSec * 1000 - (bareOf.get('check') ?? 0));
  keep('core', took.coreSec * 1000);
  keep(
    'bare whole',
    [...bareOf.values()].reduce((sum, one) => sum + one, 0),
  );
}

function bareTransaction({ inputs, outputs }: Parameters<typeof psbtOf>[0]): Transaction {
  const transaction = new Transaction();
  for (const { txid, vout } of inputs) transaction.addInput(Buffer.from(txid, 'hex').reverse(), vout);
  for (const { script, amount } of outputs) transaction.addOutput(script, amount);
  return transaction;
}

async function msOf(work: () => Promise<unknown> | unknown): Promise<number> {
  return (await timed(work)).wallSec * 1000;
}

/** The same node; how long it took for each method. */
function timing(
  rpc: Rpc,
  calls: Map<string, number>,
  before: (method: string, params: readonly unknown[]) => Promise<void>,
): Rpc {
  return {
    ...rpc,
    async call(method, params, answer, options) {
      await before(method, params);
      const answers: Awaited<ReturnType<typeof rpc.call<never>>>[] = [];
      const ms = await msOf(async () => answers.push((await rpc.call(method, params, answer, options)) as never));
      calls.set(method, (calls.get(method) ?? 0) + ms);
      return answers[0] as never;
    },
  };
}
