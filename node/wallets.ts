/*
 * The wallets that a node pays and is paid with: its keys, its rails and the settlement role's ports in; a wallet with its reader for each
 * rail, in the order of preference, out. Called by roles.ts.
 */
import { sha256 } from '../core/crypto/hash.ts';
import { signingKey } from '../core/crypto/keys.ts';
import type { Ports } from '../host/ports.ts';
import { joinedReceiving } from '../rail/bitcoin/joined.ts';
import { derivation } from '../rail/bitcoin/derive.ts';
import { RECEIVING, type Account } from '../rail/bitcoin/descriptor.ts';
import { chains } from '../rail/bitcoin/network.ts';
import { BITCOIN } from '../rail/bitcoin/payment.ts';
import { bitcoinReceiving } from '../rail/bitcoin/receiving.ts';
import { accountFrom, signerFrom, type Signer } from '../rail/bitcoin/wallet/keys.ts';
import { bitcoinWallet } from '../rail/bitcoin/wallet/wallet.ts';
import { ledgerWallet, type LedgerWallet } from '../rail/ledger/wallet.ts';
import type { Network } from '../core/wire/network.ts';
import { invariant } from '../core/refusal.ts';
import { openRails } from '../rail/rails.ts';
import type { Wallet } from '../rail/rail.ts';
import type { OwnRail, SweepRules } from '../settlement/main.ts';
import { refusalLines } from '../host/config.ts';
import { refuseRail, type OwnBitcoin } from './bitcoin.ts';
import type { Keys } from './keys.ts';

export interface WalletsFrom {
  readonly network: Network;
  readonly keys: Keys;
  readonly bitcoin: OwnBitcoin | null;
  /** The node's guard keeps balances of subscribers. */
  readonly hasGuard?: boolean;
}

/** `restore`: of which its books run, or null. */
export async function walletsOf(
  from: WalletsFrom,
  ports: Pick<Ports, 'http' | 'database' | 'entropy' | 'log' | 'clock'>,
  restore: string | null = null,
): Promise<OwnRail[]> {
  const { network, bitcoin } = from;
  const wallets: Wallet[] = [];
  const spending = bitcoin === null ? null : await spendingOf(bitcoin, from.keys);
  if (bitcoin !== null && spending !== null) wallets.push(bitcoinWalletOf(bitcoin, spending, ports, restore));
  if (network.ledger !== null) wallets.push(await ledgerWalletOf(from, ports.http));
  const readers = openRails({ http: ports.http, network }, bitcoin?.rpc ?? null);
  return wallets.map((wallet) => {
    const reader = readers[wallet.rail];
    invariant(reader !== undefined, 'a wallet’s rail has a reader');
    const sweep = wallet.rail === BITCOIN && spending !== null ? sweepOf(from, spending) : null;
    return sweep === null ? { wallet, reader } : { wallet, reader, sweep };
  });
}

function sweepOf({ bitcoin, hasGuard = false }: WalletsFrom, { account, deposits }: Spending): SweepRules | null {
  const place = bitcoin?.sweep ?? null;
  if (place === null) return null;
  const own = [account, deposits].map((one) => one?.key.neutered().toBase58());
  // Of a hot wallet the accounts are known with its keys alone.
  if (place.account !== null && own.includes(place.account.key.toBase58()))
    throw new Error(refusalLines(refuseRail('node-sweep', 'sweepTo is an account of this node').refusal));
  const { above, destination } = place;
  return { above, destination, isFresh: place.account !== null, hasSubscribers: hasGuard };
}

export async function ledgerWalletOf({ network, keys }: WalletsFrom, http: Ports['http']): Promise<LedgerWallet> {
  return ledgerWallet({ http, network, key: signingKey(await keys('wallet')), refSecret: await keys('references') });
}

/** What the descriptor says of where this node is paid, in the order of preference. */
export async function fallbacksOf(from: WalletsFrom, http: Ports['http']): Promise<{ rail: string; fallback: string }[]> {
  const said: { rail: string; fallback: string }[] = [];
  const spending = from.bitcoin === null ? null : await spendingOf(from.bitcoin, from.keys);
  if (spending !== null) said.push({ rail: BITCOIN, fallback: derivation(spending.account, RECEIVING)(0).address });
  if (from.network.ledger !== null) {
    const wallet = await ledgerWalletOf(from, http);
    said.push({ rail: wallet.rail, fallback: wallet.fallback() });
  }
  return said;
}

/** Where subscribers pay: as configured, or into the hot wallet's second account. Null: this guard takes no Bitcoin. */
export async function depositsOf({ spec, rules, deposits }: OwnBitcoin, keys: Keys): Promise<Account | null> {
  if (deposits !== null || spec.wallet !== 'hot') return deposits;
  return accountFrom(await bitcoinSeed(keys), chains[rules.chain], DEPOSITS);
}

interface Spending {
  /** In which it is paid, and where its change goes. */
  readonly account: Account;
  /** Of the same keys: into which subscribers pay. */
  readonly deposits: Account | null;
  readonly signer: Signer | null;
}

const [EARNINGS, DEPOSITS] = [0, 1];

/** Null where settlement neither pays nor is paid in Bitcoin. */
async function spendingOf(bitcoin: OwnBitcoin, keys: Keys): Promise<Spending | null> {
  const { spec, rules, account } = bitcoin;
  if (spec.wallet === undefined) return null;
  if (spec.wallet === 'external') {
    invariant(account !== null, 'readBitcoin refuses an external wallet without its account');
    return { account, deposits: bitcoin.deposits, signer: null };
  }
  const [seed, chain] = [await bitcoinSeed(keys), chains[rules.chain]];
  const own = accountFrom(seed, chain, DEPOSITS);
  // An account that the seed cannot sign for is not spent from.
  const isOwn = bitcoin.deposits === null || bitcoin.deposits.key.toBase58() === own.key.toBase58();
  return { account: accountFrom(seed, chain, EARNINGS), deposits: isOwn ? own : null, signer: signerFrom(seed, chain) };
}

/** The BIP 32 seed follows from the wallet's key, so that its backup is this one's too. */
async function bitcoinSeed(keys: Keys): Promise<Uint8Array> {
  return sha256('ptg/bitcoin-seed/v1\0', await keys('wallet'));
}

function bitcoinWalletOf(
  { rpc, rules, spec }: OwnBitcoin,
  { account, deposits, signer }: Spending,
  ports: Pick<Ports, 'database' | 'entropy' | 'log' | 'clock'>,
  restore: string | null,
): Wallet {
  const { database, clock } = ports;
  const accounts = deposits === null ? [account] : [account, deposits];
  const { gapLimit, birthday, replaceAfterBlocks, feeTargetBlocks } = spec;
  const receivingOf = (one: Account, since: string | null) =>
    bitcoinReceiving({ rpc, account: one, database, clock, gapLimit, shownFrom: rules.confirmations, restore: since });
  // Of the deposits' account the guard alone gives out addresses.
  const [own, others] = [receivingOf(account, restore), deposits === null ? [] : [receivingOf(deposits, null)]];
  const perKilobyte = (rate: number): bigint => BigInt(rate) * 1000n;
  const fees = { targetBlocks: feeTargetBlocks, fallback: perKilobyte(spec.feerateFallback), max: perKilobyte(spec.feerateMax) };
  const receiving = joinedReceiving(own, others);
  return bitcoinWallet({ receiving, ports, rpc, rules, accounts, signer, fees, replaceAfterBlocks, birthday, gapLimit });
}
