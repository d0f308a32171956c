/*
 * The operator's own bitcoind: [bitcoin] of ptg.toml and the chain that network.json names in; its RPC and the accounts that it
 * watches out, or what is wrong with them. Called by node/start once, by roles.ts, and by whoever checks a folder.
 */
import { readFile } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { ok, refuser, type Result } from '../core/refusal.ts';
import type { BitcoinNetwork } from '../core/wire/bitcoin.ts';
import type { Network } from '../core/wire/network.ts';
import { refusalLines } from '../host/config.ts';
import { scriptOf } from '../rail/bitcoin/address.ts';
import { derivation } from '../rail/bitcoin/derive.ts';
import { parseAccount, RECEIVING, type Account } from '../rail/bitcoin/descriptor.ts';
import { chains, type Chain } from '../rail/bitcoin/network.ts';
import { createRpc, type Rpc } from '../rail/bitcoin/rpc.ts';
import type { BitcoinSpec, NodeSpec } from './spec.ts';

export interface OwnBitcoin {
  readonly spec: BitcoinSpec;
  readonly rules: BitcoinNetwork;
  readonly rpc: Rpc;
  /** Where subscribers pay; null where the guard takes no Bitcoin. */
  readonly deposits: Account | null;
  /** Where settlement is paid; null where it is not paid in Bitcoin. */
  readonly account: Account | null;
  /** Where earnings go by themselves; null where they stay. */
  readonly sweep: SweepPlace | null;
}

export interface SweepPlace {
  readonly above: bigint;
  /** Or the one address. */
  readonly account: Account | null;
  destination(number: number): string;
}

export interface BitcoinFrom {
  readonly spec: NodeSpec;
  readonly network: Network;
  readonly home: string;
}

export const ownBitcoinRefusals = {
  'node-bitcoin': {
    retry: false,
    text: 'ptg.toml has [bitcoin], and the network does not settle in it',
    remedy: 'remove [bitcoin], or use the network.json of a network that names its chain',
  },
  'node-accounts': {
    retry: false,
    text: 'deposits and account of [bitcoin] are the same',
    remedy: 'name two accounts of your wallet: each role gives out its addresses by its own count',
  },
  'node-signing': {
    retry: false,
    text: 'the wallet is signed elsewhere, and its account is not known',
    remedy: 'set account of [bitcoin] to its xpub or descriptor',
  },
  'node-sweep': {
    retry: false,
    text: 'sweepAbove and sweepTo of [bitcoin] do not fit',
    remedy: 'set both, with wallet, and sweepTo to an address of this chain or to an account that this node does not use',
  },
  'node-rail': {
    retry: false,
    text: 'a guard needs a rail on which its subscribers pay',
    remedy: 'the network has no ledger: set cookie and deposits of [bitcoin]',
  },
} as const;
export const refuseRail = refuser(ownBitcoinRefusals);

/** Null where the node has no [bitcoin]. Nothing is asked of bitcoind yet: it may come up later. */
export function openBitcoin(from: BitcoinFrom): OwnBitcoin | null {
  const opened = readBitcoin(from);
  if (!opened.ok) throw new Error(refusalLines(opened.refusal));
  return opened.value;
}

export function readBitcoin({ spec: { bitcoin }, network, home }: BitcoinFrom): Result<OwnBitcoin | null> {
  if (bitcoin === undefined) return ok(null);
  const rules = network.bitcoin;
  if (rules === undefined) return refuseRail('node-bitcoin', 'network.json');
  const read = (text: string | undefined) => (text === undefined ? ok(null) : parseAccount(text, chains[rules.chain]));
  const [deposits, account] = [read(bitcoin.deposits), read(bitcoin.account)];
  if (!deposits.ok) return deposits;
  if (!account.ok) return account;
  const keys = [deposits.value, account.value].flatMap((one) => (one === null ? [] : [one.key.toBase58()]));
  if (new Set(keys).size < keys.length) return refuseRail('node-accounts', 'ptg.toml');
  if (bitcoin.wallet === 'external' && account.value === null) return refuseRail('node-signing', 'ptg.toml');
  const sweep = readSweep(bitcoin, chains[rules.chain], keys);
  if (!sweep.ok) return sweep;
  const file = isAbsolute(bitcoin.cookie) ? bitcoin.cookie : join(home, bitcoin.cookie);
  const login = async () => (await readFile(file, 'utf8')).trim();
  const rpc = createRpc({ url: bitcoin.url, login });
  return ok({ spec: bitcoin, rules, rpc, deposits: deposits.value, account: account.value, sweep: sweep.value });
}

/** `own`: keys of accounts that are swept from, or that others pay into. */
function readSweep(
  { sweepAbove, sweepTo, wallet }: BitcoinSpec,
  chain: Chain,
  own: readonly string[],
): Result<SweepPlace | null> {
  if (sweepAbove === undefined && sweepTo === undefined) return ok(null);
  if (sweepAbove === undefined || sweepTo === undefined || wallet === undefined) return refuseRail('node-sweep', 'ptg.toml');
  const above = BigInt(sweepAbove);
  if (scriptOf(sweepTo, chain) !== null) return ok({ above, account: null, destination: () => sweepTo });
  const account = parseAccount(sweepTo, chain);
  if (!account.ok) return account;
  if (own.includes(account.value.key.toBase58())) return refuseRail('node-sweep', 'sweepTo is an account of this node');
  const derive = derivation(account.value, RECEIVING);
  return ok({ above, account: account.value, destination: (number) => derive(number).address });
}
