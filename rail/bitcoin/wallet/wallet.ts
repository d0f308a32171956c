/*
 * A wallet on the Bitcoin rail: how it receives, a node, accounts and a signer in; balance, quote and payments out; without a signer,
 * what waits for its signature too. Called by node for settlement.
 */
import { TRANSFER_OUTPUTS_MAX } from '../../../core/limits.ts';
import { ok, type Result } from '../../../core/refusal.ts';
import type { BitcoinNetwork } from '../../../core/wire/bitcoin.ts';
import { inTurn, type InTurn } from '../../../host/in-turn.ts';
import type { Ports } from '../../../host/ports.ts';
import type { Receiving, SentPayment, Signing, Wallet } from '../../rail.ts';
import type { Account } from '../descriptor.ts';
import { chains } from '../network.ts';
import { paymentOf } from '../payment.ts';
import type { Rpc } from '../rpc.ts';
import { feeCeil, INPUT_VSIZE, sumOf, type Outpoint } from './coin.ts';
import { coinsAndBatches, freeCoins, type Desk } from './desk.ts';
import { listUnsigned, takeSigned } from './external.ts';
import { feerateNow, type FeeRules } from './feerate.ts';
import type { Signer } from './keys.ts';
import { payBatch } from './pay.ts';
import { readOpenTxids } from './store.ts';
import { findUnfinished } from './unfinished.ts';
import { voidBatch } from './void.ts';
import { watchWallet } from './watch.ts';

export interface BitcoinWalletOptions {
  readonly receiving: Receiving;
  readonly ports: Pick<Ports, 'database' | 'entropy' | 'log'>;
  readonly rpc: Rpc;
  readonly rules: BitcoinNetwork;
  readonly accounts: readonly Account[];
  readonly signer: Signer | null;
  readonly fees: FeeRules;
  readonly replaceAfterBlocks: number;
  readonly birthday: number;
  readonly gapLimit: number;
}

export function bitcoinWallet(options: BitcoinWalletOptions): Wallet {
  const { receiving, ports, rpc, rules, accounts, signer, fees, replaceAfterBlocks } = options;
  const watch = watchWallet(options);
  const chain = chains[rules.chain];
  const desk: Desk = { ports, rpc, rules, chain, accounts, signer, fees, replaceAfterBlocks, watch };
  // Two batches at once would choose the same coins.
  const turn = inTurn();
  return {
    ...receiving,
    balance: () => worthOf(desk),
    held: () => heldBy(desk),
    waiting: () => waitingFor(desk),
    quote: (outputs) => quoteFor(desk, outputs),
    batchMax: TRANSFER_OUTPUTS_MAX,
    pay: (batch) => turn(() => payBatch(desk, batch)),
    sentTo: (destinations) => sentTo(desk, destinations),
    unfinished: () => turn(() => findUnfinished(desk)),
    ...(signer === null ? { signing: signingAt(desk, turn) } : {}),
  };
}

function signingAt(desk: Desk, turn: InTurn): Signing {
  return {
    unsigned: () => listUnsigned(desk),
    takeSigned: (signed) => turn(() => takeSigned(desk, signed)),
    void: (batch) => turn(() => voidBatch(desk, batch)),
  };
}

/** Without coins that cost more to spend than they are worth. */
async function worthOf(desk: Desk): Promise<Result<bigint>> {
  const [coins, feerate] = [await freeCoins(desk), await feerateNow(desk.rpc, desk.fees)];
  if (!coins.ok) return coins;
  // Above the cap nothing is spent; then what is there is shown as it is.
  const rate = feerate.ok ? feerate.value : 0n;
  const worth = coins.value.filter((one) => one.amount > feeCeil(INPUT_VSIZE[one.kind], rate));
  return ok(sumOf(worth));
}

/** What the books know: a batch that is not final has its coins still, as long as those are final themselves. */
async function heldBy(desk: Desk): Promise<Result<bigint>> {
  const own = await coinsAndBatches(desk);
  if (!own.ok) return own;
  const depths = new Map<string, number>();
  for (const { txid } of own.value.open) {
    if (depths.has(txid)) continue;
    const from = await desk.watch.transaction(txid);
    if (!from.ok) return from;
    depths.set(txid, from.value?.confirmations ?? 0);
  }
  const isFinal = ({ txid }: Outpoint) => (depths.get(txid) ?? 0) >= desk.rules.confirmations;
  return ok(sumOf(own.value.free) + sumOf(own.value.open.filter(isFinal)));
}

/** Change of batches that are under way does not come from outside. */
async function waitingFor({ watch, rules, ports }: Desk): Promise<Result<bigint>> {
  const coins = await watch.coins(0);
  if (!coins.ok) return coins;
  const made = await ports.database.transaction(readOpenTxids);
  return ok(sumOf(coins.value.filter((one) => one.confirmations < rules.confirmations && !made.has(one.txid))));
}

/** Of one transaction that spends all that is there: what is covered with it can be paid, whichever coins are chosen. */
async function quoteFor(desk: Desk, outputs: number): Promise<Result<bigint>> {
  const feerate = await feerateNow(desk.rpc, desk.fees);
  if (!feerate.ok) return feerate;
  const coins = await freeCoins(desk);
  if (!coins.ok) return coins;
  const inputs = coins.value.slice(0, QUOTED_INPUTS_MAX).reduce((size, { kind }) => size + INPUT_VSIZE[kind], 0n);
  const batches = BigInt(Math.max(1, Math.ceil(outputs / TRANSFER_OUTPUTS_MAX)));
  return ok(feeCeil(batches * BASE_VSIZE + BigInt(outputs) * OUTPUT_VSIZE + inputs, feerate.value));
}

const QUOTED_INPUTS_MAX = 150;
/** Of the largest kinds: P2TR and P2WSH. */
const OUTPUT_VSIZE = 43n;
/** Its head, and the change. */
const BASE_VSIZE = 14n + OUTPUT_VSIZE;

async function sentTo({ watch, rules }: Desk, destinations: readonly string[]): Promise<Result<SentPayment[]>> {
  const wanted = new Set(destinations);
  const sent = await watch.sent();
  if (!sent.ok) return sent;
  return ok(
    sent.value
      .filter((one) => wanted.has(one.destination))
      .map(({ txid, output, destination, amount, confirmations, at }) => ({
        ...{ payment: paymentOf(txid, output), destination, amount, at, isFinal: confirmations >= rules.confirmations },
      })),
  );
}
