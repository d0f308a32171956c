/*
 * Addresses: text and output script, each from the other, of one chain. P2PKH, P2SH, P2WPKH, P2WSH and P2TR, whose key must be on
 * the curve: nobody could spend what was sent to another. Called by the reader, the proof and the wallet.
 */
import { Address, OutScript } from '@scure/btc-signer';
import { address as bech32 } from 'bitcoinjs-lib';
import { curve } from './curve.ts';
import type { Chain } from './network.ts';

const PAYABLE: ReadonlySet<string> = new Set(['pkh', 'sh', 'wpkh', 'wsh', 'tr']);
/** BIP 173. */
const ADDRESS_CHARS_MAX = 90;

/** P2TR: version 1, a push of 32 bytes, the key (BIP 341). */
const TAPROOT = [0x51, 0x20] as const;
const TAPROOT_VERSION = 1;
const KEY_BYTES = 32;

/** Null where the text is no address of the chain, or not in the one form in which it is written here. */
export function scriptOf(text: string, chain: Chain): Uint8Array | null {
  if (text.length > ADDRESS_CHARS_MAX) return null;
  try {
    const key = taprootKeyOf(text, chain);
    if (key !== null) return isKey(key) && textOf(key, chain) === text ? Uint8Array.of(...TAPROOT, ...key) : null;
    const script = OutScript.encode(Address(prefixesOf(chain)).decode(text));
    return addressOf(script, chain) === text ? script : null;
  } catch {
    return null;
  }
}

/** Null where the script is of no address. */
export function addressOf(script: Uint8Array, chain: Chain): string | null {
  try {
    const isTaproot = script.length === TAPROOT.length + KEY_BYTES && script[0] === TAPROOT[0] && script[1] === TAPROOT[1];
    const key = isTaproot ? script.subarray(TAPROOT.length) : null;
    if (key !== null) return isKey(key) ? textOf(key, chain) : null;
    const out = OutScript.decode(script);
    return PAYABLE.has(out.type) ? Address(prefixesOf(chain)).encode(out) : null;
  } catch {
    return null;
  }
}

/** The general way asks it several times for each address, in JavaScript: half a millisecond together (docs/measurements.md). */
function isKey(key: Uint8Array): boolean {
  return curve.isXOnlyPoint(key);
}

/** Null where it is of another kind, or of another chain; throws where it is no address in bech32m. */
function taprootKeyOf(text: string, { prefixes }: Chain): Uint8Array | null {
  if (!text.startsWith(`${prefixes.bech32}1p`)) return null;
  const { version, prefix, data } = bech32.fromBech32(text);
  return version === TAPROOT_VERSION && prefix === prefixes.bech32 && data.length === KEY_BYTES ? data : null;
}

function textOf(key: Uint8Array, { prefixes }: Chain): string {
  return bech32.toBech32(key, TAPROOT_VERSION, prefixes.bech32);
}

function prefixesOf({ prefixes }: Chain) {
  const { bech32, pubKeyHash, scriptHash, wif } = prefixes;
  return { bech32, pubKeyHash, scriptHash, wif };
}
