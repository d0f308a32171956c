/*
 * What a new node says of Bitcoin: the chain and its operator's words in; the rules of a network that settles in it, and [bitcoin] of
 * ptg.toml, out. Called by init.ts.
 */
import { homedir } from 'node:os';
import { join } from 'node:path';
import { ok, refuser, type Result } from '../core/refusal.ts';
import type { BitcoinNetwork } from '../core/wire/bitcoin.ts';
import type { Network } from '../core/wire/network.ts';
import type { RoleName } from '../host/ports.ts';
import type { ChainName } from '../rail/bitcoin/network.ts';
import type { BitcoinSpec } from './spec.ts';

export interface BitcoinInit {
  readonly chain: ChainName;
  /** bitcoind's RPC and its cookie file; where bitcoind has them by itself, if left out. */
  readonly url?: string;
  readonly cookie?: string;
  /** Accounts whose keys are elsewhere, as xpub or descriptor: of subscribers' deposits, and of settlement. */
  readonly deposits?: string;
  readonly account?: string;
  /** Of a founder: the least difficulty of a block in a proof. */
  readonly difficulty?: bigint;
}

export const initBitcoinRefusals = {
  'init-chain': {
    retry: false,
    text: 'the network does not settle in Bitcoin, or on another chain',
    remedy: 'name the chain that its network.json names, or leave --bitcoin out',
  },
  'init-difficulty': {
    retry: false,
    text: 'a network on the main chain says how much work a proof shows at least',
    remedy: 'give --bitcoin-difficulty: half of what bitcoin-cli getdifficulty says, as a whole number',
  },
  'init-deposits': {
    retry: false,
    text: 'a guard without a hot wallet beside it has no key into which its subscribers could pay',
    remedy: 'give --deposits: the xpub or descriptor of an account of your wallet',
  },
} as const;
const refuse = refuser(initBitcoinRefusals);

/** Of the network that is founded. */
export function rulesOf({ chain, difficulty }: BitcoinInit): Result<BitcoinNetwork> {
  if (difficulty === undefined && chain === 'main') return refuse('init-difficulty', chain);
  return ok({ chain, confirmations: CONFIRMATIONS[chain], difficulty: difficulty ?? 0n });
}

/** An hour where a block is worth undoing; one block where a test mines it. */
const CONFIRMATIONS: Readonly<Record<ChainName, number>> = { main: 6, test: 3, testnet4: 3, signet: 3, regtest: 1 };

/** In satoshi: a GiB and hop, and what is worth a transaction of its own. */
export const BITCOIN_PRICES = { price: 1_000n, quantum: 1n, dust: 10_000n };

/** Undefined of a node that has no use for a bitcoind: a directory checks proofs without one. */
export function sectionOf(
  given: BitcoinInit,
  roles: readonly RoleName[],
  network: Network,
  now: number,
): Result<Partial<BitcoinSpec> | undefined> {
  const { chain, deposits, account, url = `http://127.0.0.1:${PORTS[chain]}` } = given;
  if (network.bitcoin?.chain !== chain) return refuse('init-chain', network.bitcoin?.chain ?? 'none');
  const pays = roles.includes('settlement');
  if (!pays && !roles.includes('guard')) return ok(undefined);
  // A guard alone has no other use for bitcoind; beside a wallet that is signed elsewhere it has no other rail.
  const takesNone = !pays || (account !== undefined && network.ledger === null && !roles.includes('ledger'));
  if (roles.includes('guard') && takesNone && deposits === undefined) return refuse('init-deposits', chain);
  const cookie = given.cookie ?? join(homedir(), '.bitcoin', FOLDERS[chain], '.cookie');
  return ok({
    ...{ url, cookie },
    ...(deposits === undefined ? {} : { deposits }),
    ...(pays ? { wallet: account === undefined ? ('hot' as const) : ('external' as const), birthday: now } : {}),
    ...(account === undefined ? {} : { account }),
  });
}

/** bitcoin: src/chainparamsbase.cpp. */
const PORTS: Readonly<Record<ChainName, number>> = {
  main: 8332,
  test: 18_332,
  testnet4: 48_332,
  signet: 38_332,
  regtest: 18_443,
};
const FOLDERS: Readonly<Record<ChainName, string>> = {
  ...{ main: '', test: 'testnet3', testnet4: 'testnet4' },
  ...{ signet: 'signet', regtest: 'regtest' },
};
