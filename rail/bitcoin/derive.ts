/*
 * Derivation: an account and a branch in; address, output script and public key by index out (BIP 84: P2WPKH, BIP 86: P2TR). Called
 * by receiving, and by the wallet for change.
 */
import { payments, toXOnly } from 'bitcoinjs-lib';
import { invariant } from '../../core/refusal.ts';
import './curve.ts';
import type { Account, Branch } from './descriptor.ts';

export interface Derived {
  readonly index: number;
  readonly address: string;
  /** The output script: what a transaction shows. */
  readonly script: Uint8Array;
  /** Compressed, before any taproot tweak. */
  readonly publicKey: Uint8Array;
}

/** The branch's own key is derived once. */
export function derivation({ kind, chain, key }: Account, branch: Branch): (index: number) => Derived {
  const root = key.derive(branch);
  const network = chain.prefixes;
  return (index) => {
    const { publicKey } = root.derive(index);
    const output =
      kind === 'tr'
        ? payments.p2tr({ internalPubkey: toXOnly(publicKey), network })
        : payments.p2wpkh({ pubkey: publicKey, network });
    invariant(output.address !== undefined && output.output !== undefined, 'a key has an address');
    return { index, address: output.address, script: output.output, publicKey };
  };
}
