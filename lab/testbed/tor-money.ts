/*
 * The money of the Tor testbed: the network's own ledger, or Bitcoin on a regtest node whose blocks come by the machine's clock. What is
 * asked for in; a rail with funded wallets, out. Called by tor.ts.
 */
import { join } from 'node:path';
import { z } from 'zod';
import { invariant } from '../../core/refusal.ts';
import type { BitcoinNetwork } from '../../core/wire/bitcoin.ts';
import type { Parameters } from '../../core/wire/parameters.ts';
import { signedUnits } from '../../core/wire/field.ts';
import type { Clock } from '../../host/ports.ts';
import { btcOf } from '../../rail/bitcoin/amount.ts';
import { BITCOIN } from '../../rail/bitcoin/payment.ts';
import { callLocal } from '../report.ts';
import type { World, WorldPlan } from '../world.ts';
import { startBitcoind } from './bitcoind.ts';
import type { Stages } from './stages.ts';

export interface TestbedMoney {
  readonly rail: string;
  readonly prices: Parameters['rails'];
  /** In which a middle is paid and pays on. */
  readonly paymentWindowSec: number;
  /** Of each subscriber, and what each relay begins with, so that a default stays beside the defaulter. */
  readonly deposit: bigint;
  readonly opening: bigint;
  readonly bitcoin?: NonNullable<WorldPlan['bitcoin']>;
  /** Relays have what they begin with. */
  fund(world: World, stages: Stages): Promise<void>;
  /** A subscriber pays to the destination that its guard signed for it. */
  pay(subscriber: World['authority'], destination: string): Promise<void>;
  close(): Promise<void>;
}

export const ledgerMoney: TestbedMoney = {
  rail: 'ledger',
  prices: { ledger: { price: 1_000_000_000n, quantum: 1000n, dust: 1000n } },
  paymentWindowSec: 8,
  deposit: 2_000_000_000n,
  opening: 1_000_000_000n,
  // The mint has issued it when the nodes started.
  fund: async () => undefined,
  async pay(subscriber) {
    await callLocal(subscriber, 'client', '/client/deposit', { amount: ledgerMoney.deposit }, z.unknown());
  },
  close: async () => undefined,
};

/** A payment is shown by the block that has it. */
const rules: BitcoinNetwork = { chain: 'regtest', confirmations: 1, difficulty: 0n };
/** Seconds between two blocks. */
const BLOCK_SEC = 2;

/** `program` is a bitcoind; it keeps its chain in a folder of `home`. */
export async function bitcoinMoney(program: string, home: string, clock: Clock): Promise<TestbedMoney> {
  const node = await startBitcoind(program, join(home, 'bitcoind'), ['-txindex=1', '-blockfilterindex=1']);
  let minedAt = clock.now();
  let last: Promise<unknown> = Promise.resolve();
  const undo = clock.onWake(() => {
    if (clock.now() - minedAt < BLOCK_SEC) return;
    minedAt = clock.now();
    last = last.then(() => node.mine(1));
  });
  const [deposit, opening] = [20_000_000n, 10_000_000n];
  return {
    ...{ rail: BITCOIN, paymentWindowSec: 10 * BLOCK_SEC, deposit, opening },
    prices: { bitcoin: { price: 10_000_000n, quantum: 100n, dust: 1000n } },
    bitcoin: {
      rules,
      of: () => ({
        ...{
          url: node.url,
          cookie: node.cookie,
          wallet: 'hot',
          birthday: clock.now() - DAY_SEC,
          feerateFallback: 5,
          gapLimit: 100,
        },
      }),
    },
    async fund(world, stages) {
      for (const [name, relay] of world.relays) {
        const { wallets } = await callLocal(relay, 'settlement', '/settlement/wallet', {}, walletShape);
        const address = wallets.find((one) => one.rail === BITCOIN)?.address;
        invariant(address !== undefined, `${name} has a wallet in Bitcoin`);
        await node.pay(address, btcOf(opening));
      }
      for (const [name, relay] of world.relays) {
        await stages.awaited(`the wallet of ${name}`, 60, async () => {
          const { wallets } = await callLocal(relay, 'settlement', '/settlement/wallet', {}, walletShape);
          return wallets.some((one) => one.balance >= opening) ? true : null;
        });
      }
    },
    async pay(_, destination) {
      await node.pay(destination, btcOf(deposit));
    },
    async close() {
      undo();
      await last;
      await node.close();
    },
  };
}

const DAY_SEC = 86_400;
const walletShape = z.object({
  wallets: z.array(z.object({ rail: z.string(), address: z.string(), balance: signedUnits }).loose()),
});
