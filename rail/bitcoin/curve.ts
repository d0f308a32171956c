/*
 * The curve, given to the libraries that need one: bip32 for derivation, bitcoinjs-lib for taproot. Imported before either is used.
 */
import { initEccLib } from 'bitcoinjs-lib';
import { BIP32Factory } from 'bip32';
import * as curve from 'tiny-secp256k1';

initEccLib(curve);

export { curve };
export const bip32 = BIP32Factory(curve);
