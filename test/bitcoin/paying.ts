/*
 * A paying wallet on a real node: its seed's accounts, a database of its own that outlives it, and money from mined blocks. Shared by
 * the specs of payouts.
 */
import { Psbt } from 'bitcoinjs-lib';
import { z } from 'zod';
import { seededEntropy } from '../../host/entropy.ts';
import { openDatabase } from '../../host/db/open.ts';
import { silentLog } from '../../host/log.ts';
import type { Database } from '../../host/ports.ts';
import type { BitcoinNetwork } from '../../core/wire/bitcoin.ts';
import { btcOf } from '../../rail/bitcoin/amount.ts';
import { derivation } from '../../rail/bitcoin/derive.ts';
import { RECEIVING, type AccountKind } from '../../rail/bitcoin/descriptor.ts';
import { chains } from '../../rail/bitcoin/network.ts';
import { bitcoinReader } from '../../rail/bitcoin/reader.ts';
import { bitcoinReceiving } from '../../rail/bitcoin/receiving.ts';
import type { Rpc } from '../../rail/bitcoin/rpc.ts';
import { bitcoinAddressTables } from '../../rail/bitcoin/tables.ts';
import type { FeeRules } from '../../rail/bitcoin/wallet/feerate.ts';
import { accountFrom, signerFrom } from '../../rail/bitcoin/wallet/keys.ts';
import { coinsIn } from '../../rail/bitcoin/wallet/psbt.ts';
import { bitcoinUndoneTables, bitcoinVoidTables, bitcoinWalletTables } from '../../rail/bitcoin/wallet/tables.ts';
import { bitcoinWallet } from '../../rail/bitcoin/wallet/wallet.ts';
import type { Batch, RailReader, Wallet } from '../../rail/rail.ts';
import { sha256Hex } from '../../core/crypto/hash.ts';
import { drivenClock } from '../../host/clock.ts';
import type { Bitcoind } from '../harness/bitcoind.ts';
import { later } from '../harness/later.ts';
import { testSeed } from '../harness/view.ts';
import { accountOf, valueOf } from './fixture.ts';

export const rules: BitcoinNetwork = { chain: 'regtest', confirmations: 2, difficulty: 0n };
export const fees: FeeRules = { targetBlocks: 6, fallback: 2_000n, max: 100_000n };

export interface Paying {
  readonly wallet: Wallet;
  readonly reader: RailReader;
  readonly database: Database;
  /** Another process on the same database, or with something between it and what it uses. */
  again(changed?: Changed): Wallet;
  /** Deep enough to be spent. */
  fund(amounts: readonly bigint[]): Promise<void>;
}

export interface Changed {
  readonly rpc?: Rpc;
  readonly database?: Database;
  readonly fees?: FeeRules;
  readonly signer?: null;
  readonly name?: string;
}

export interface PayingOptions {
  readonly kind?: AccountKind;
  readonly database?: Database;
}

/** Needs `afterEach(undoAll)`. */
export async function payingOn(node: Bitcoind, name: string, { kind = 'wpkh', ...given }: PayingOptions = {}): Promise<Paying> {
  const chain = chains.regtest;
  const seed = testSeed(name);
  const account = accountFrom(seed, chain, 0, kind);
  const database = given.database ?? (await openPaying());
  function again(changed: Changed = {}): Wallet {
    const ports = {
      database: changed.database ?? database,
      entropy: seededEntropy(`${name} ${changed.name ?? ''}`),
      log: silentLog(),
    };
    const rpc = changed.rpc ?? node.rpc;
    const clock = drivenClock(1_700_000_000);
    const receiving = bitcoinReceiving({ rpc, account, database: ports.database, clock, gapLimit: 100, shownFrom: 2 });
    return bitcoinWallet({
      ...{ receiving, ports, rpc, rules, accounts: [account], fees: changed.fees ?? fees },
      ...{ signer: changed.signer === null ? null : signerFrom(seed, chain), replaceAfterBlocks: 2, birthday: 0, gapLimit: 100 },
    });
  }
  const derive = derivation(account, RECEIVING);
  let index = 0;
  return {
    wallet: again(),
    reader: bitcoinReader({ rules, rpc: node.rpc }),
    database,
    again,
    async fund(amounts) {
      await bankPays(
        node,
        amounts.map((amount) => ({ destination: derive(index++).address, amount })),
      );
      await node.mine(rules.confirmations);
    },
  };
}

export async function openPaying(): Promise<Database> {
  const tables = {
    name: '001-bitcoin',
    statements: [...bitcoinAddressTables, ...bitcoinWalletTables, ...bitcoinUndoneTables, ...bitcoinVoidTables],
  };
  const database = await openDatabase({ file: ':memory:' }, [tables]);
  later(() => database.close());
  return database;
}

/** In one transaction, in the mempool. */
export async function bankPays(node: Bitcoind, outputs: Batch['outputs']): Promise<string> {
  await openBank(node);
  const amounts = Object.fromEntries(outputs.map(({ destination, amount }) => [destination, btcOf(amount)]));
  const sent = await node.rpc.wallet('bank').call('sendmany', ['', amounts], z.string());
  if (!sent.ok) throw new Error(sent.refusal.about);
  return sent.value;
}

const banks = new WeakSet<Bitcoind>();

/** The node's own wallet is made at its first payment. */
async function openBank(node: Bitcoind): Promise<void> {
  if (banks.has(node)) return;
  banks.add(node);
  await node.pay(placesOf('bank', 1)[0]!, '0.001');
}

const strangers = new Map<string, (index: number) => { readonly address: string }>();

/** Addresses of somebody else: P2WPKH and P2TR in turn. */
export function placesOf(name: string, count: number): string[] {
  const at = (kind: AccountKind) => {
    const key = `${kind} ${name}`;
    const known = strangers.get(key) ?? derivation(accountOf(`stranger ${name}`, kind), RECEIVING);
    strangers.set(key, known);
    return known;
  };
  return Array.from({ length: count }, (_, index) => at(index % 2 === 0 ? 'wpkh' : 'tr')(index).address);
}

export function batchOf(name: string, outputs: Batch['outputs']): Batch {
  return { id: sha256Hex('batch ', name), outputs };
}

/** To so many addresses of the name, 10 000 units and one more each time. */
export function batchTo(name: string, count: number, least = 10_000n): Batch {
  return batchOf(
    name,
    placesOf(name, count).map((destination, index) => ({ destination, amount: least + BigInt(index) })),
  );
}

/** Of each output's address, what the chain shows. */
export async function receivedBy(reader: RailReader, batch: Batch): Promise<bigint[][]> {
  const all = await Promise.all(batch.outputs.map(({ destination }) => reader.history(destination)));
  return all.map((one) => valueOf(one).map(({ amount }) => amount));
}

/** As a signer gives it back: signatures, not yet put together; of the first inputs alone where so many are named. */
export function signedBy(seed: string, text: string, inputs = Infinity): string {
  const chain = chains.regtest;
  const [psbt, signer] = [Psbt.fromBase64(text, { network: chain.prefixes }), signerFrom(testSeed(seed), chain)];
  for (const [place, { path }] of coinsIn(text).entries()) if (place < inputs) psbt.signInput(place, signer.keyAt(path));
  return psbt.toBase64();
}
