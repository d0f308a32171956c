/*
 * Addresses: text and output script, each from the other, of one chain. P2PKH, P2SH, P2WPKH, P2WSH and P2TR, whose key must be on
 * the curve: nobody could spend what was sent to another. Called by the reader, the proof and the wallet.
 */
import { Address, OutScript } from '@scure/btc-signer';
import type { Chain } from './network.ts';

const PAYABLE: ReadonlySet<string> = new Set(['pkh', 'sh', 'wpkh', 'wsh', 'tr']);
/** BIP 173. */
const ADDRESS_CHARS_MAX = 90;

/** Null where the text is no address of the chain, or not in the one form in which it is written here. */
export function scriptOf(text: string, chain: Chain): Uint8Array | null {
  if (text.length > ADDRESS_CHARS_MAX) return null;
  try {
    const script = OutScript.encode(Address(prefixesOf(chain)).decode(text));
    return addressOf(script, chain) === text ? script : null;
  } catch {
    return null;
  }
}

/** Null where the script is of no address. */
export function addressOf(script: Uint8Array, chain: Chain): string | null {
  try {
    const out = OutScript.decode(script);
    return PAYABLE.has(out.type) ? Address(prefixesOf(chain)).encode(out) : null;
  } catch {
    return null;
  }
}

function prefixesOf({ prefixes }: Chain) {
  const { bech32, pubKeyHash, scriptHash, wif } = prefixes;
  return { bech32, pubKeyHash, scriptHash, wif };
}
