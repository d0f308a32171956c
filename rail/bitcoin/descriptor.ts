/*
 * An account without its private key: an xpub, or a descriptor of BIP 84 or BIP 86 (BIP 380, 389), in; its key, kind and origin
 * out. Called by whoever receives or watches; spending starts from the same account with its private half.
 */
import type { BIP32Interface } from 'bip32';
import { invariant, ok, type Result } from '../../core/refusal.ts';
import { descriptorChecksum } from './checksum.ts';
import { bip32 } from './curve.ts';
import type { Chain } from './network.ts';
import { refuseBitcoin } from './refusals.ts';

/** `wpkh`: P2WPKH, BIP 84. `tr`: P2TR by its key alone, BIP 86. */
export type AccountKind = 'wpkh' | 'tr';

export interface Account {
  readonly kind: AccountKind;
  readonly chain: Chain;
  /** The account's extended public key: its children are 0 (receiving) and 1 (change). */
  readonly key: BIP32Interface;
  /** Where it comes from: the master key's fingerprint (8 hex) and the path, hardened ones with `h`: `84h/0h/0h`. */
  readonly origin: { readonly fingerprint: string; readonly path: string } | null;
}

export const RECEIVING = 0;
export const CHANGE = 1;
export type Branch = typeof RECEIVING | typeof CHANGE;

/** `chain` is the network's: a key of another one is refused. */
export function parseAccount(text: string, chain: Chain): Result<Account> {
  const match = DESCRIPTOR.exec(text);
  if (match?.groups === undefined) return bareKey(text, chain);
  const { body = '', kind, origin, key = '', branch = '', checksum } = match.groups;
  if (checksum !== undefined && descriptorChecksum(body) !== checksum) return refuse('its checksum does not fit');
  // zpub says its kind by itself; a descriptor has xpub and tpub alone (BIP 380).
  const read = extendedKey(key, chain, ['xpub', 'tpub']);
  if (read === null) return refuse(`${key.slice(0, 12)}… is no extended public key of ${chain.name}`);
  if (branch !== '/0/*' && branch !== '/<0;1>/*') return refuse(`${branch} is not /0/*`);
  invariant(kind === 'wpkh' || kind === 'tr', 'the pattern knows two kinds');
  return ok({ kind, chain, key: read, origin: originOf(origin) });
}

const STEP = /\/[0-9]{1,10}(?:h|')?/.source;
const DESCRIPTOR = new RegExp(
  `^(?<body>(?<kind>wpkh|tr)\\((?:\\[(?<origin>[0-9a-fA-F]{8}(?:${STEP})*)\\])?(?<key>[1-9A-HJ-NP-Za-km-z]+)(?<branch>/[^)#]*)?\\))` +
    '(?:#(?<checksum>[a-z0-9]{8}))?$',
);

/** As bitcoind, Electrum and others take it, with its checksum: `wpkh([d34db33f/84h/0h/0h]xpub…/0/*)#…`. */
export function descriptorOf({ kind, key, origin }: Account, branch: Branch): string {
  const from = origin === null ? '' : `[${[origin.fingerprint, origin.path].filter((part) => part !== '').join('/')}]`;
  const body = `${kind}(${from}${key.neutered().toBase58()}/${branch}/*)`;
  const checksum = descriptorChecksum(body);
  invariant(checksum !== null, 'a descriptor has its characters');
  return `${body}#${checksum}`;
}

/** SLIP 132: the version says the kind of a zpub or vpub; xpub and tpub are taken for BIP 84. */
function bareKey(text: string, chain: Chain): Result<Account> {
  const read = extendedKey(text, chain, ['xpub', 'tpub', 'zpub', 'vpub']);
  if (read === null) return refuse(`${text.slice(0, 12)}… is neither, or not of ${chain.name}`);
  return ok({ kind: 'wpkh', chain, key: read, origin: null });
}

/** Version bytes, by the prefix that they show. */
const VERSIONS = {
  main: { xpub: 0x0488b21e, zpub: 0x04b24746 },
  other: { tpub: 0x043587cf, vpub: 0x045f1cf6 },
} as const;

function extendedKey(text: string, chain: Chain, prefixes: readonly string[]): BIP32Interface | null {
  const version = Object.entries(VERSIONS[chain.name === 'main' ? 'main' : 'other']).find(([prefix]) => text.startsWith(prefix));
  if (version === undefined || !prefixes.includes(version[0])) return null;
  try {
    const key = bip32.fromBase58(text, { ...chain.prefixes, bip32: { ...chain.prefixes.bip32, public: version[1] } });
    // From here on it shows as xpub or tpub, as descriptors have it.
    key.network = chain.prefixes;
    return key;
  } catch {
    // Not base58, no point of the curve, or a depth that contradicts its parent.
    return null;
  }
}

function originOf(text: string | undefined): Account['origin'] {
  if (text === undefined) return null;
  const [fingerprint = '', ...path] = text.split('/');
  return { fingerprint: fingerprint.toLowerCase(), path: path.join('/').replaceAll("'", 'h') };
}

function refuse(about: string): Result<never> {
  return refuseBitcoin('bitcoin-descriptor', about);
}
