/*
 * A coin: an unspent output of the wallet, with all that is needed to spend it; and what outputs weigh. Called by everything in this
 * folder.
 */
import type { AccountKind } from '../descriptor.ts';

export interface Outpoint {
  readonly txid: string;
  readonly vout: number;
}

/** An output of the wallet's own, and its key. */
export interface OwnOutput {
  readonly script: Uint8Array;
  readonly kind: AccountKind;
  /** 33 bytes, or of `tr` the internal key's 32. */
  readonly publicKey: Uint8Array;
  readonly fingerprint: string;
  /** From the key of that fingerprint. */
  readonly path: readonly number[];
}

export interface Coin extends Outpoint, OwnOutput {
  readonly amount: bigint;
  readonly confirmations: number;
}

/** It may be replaced by fee (BIP 125). */
export const RBF_SEQUENCE = 0xffff_fffd;

/** Virtual bytes of an input, as many as its signature may come to. */
export const INPUT_VSIZE: Readonly<Record<AccountKind, bigint>> = { wpkh: 69n, tr: 58n };

export function outpointOf({ txid, vout }: Outpoint): string {
  return `${txid}:${vout}`;
}

export function sumOf(items: readonly { readonly amount: bigint }[]): bigint {
  return items.reduce((total, { amount }) => total + amount, 0n);
}

/** Units of fee for so many virtual bytes, rounded up; the feerate is in units per 1000 of them. */
export function feeCeil(vsize: bigint, feerate: bigint): bigint {
  return (vsize * feerate + 999n) / 1000n;
}

/** Below this no node passes an output on: what it costs to spend, at 3 units a byte (bitcoin: policy.cpp, GetDustThreshold). */
export function dustOf(script: Uint8Array): bigint {
  const isWitness = script.length >= 4 && script.length <= 42 && script[1] === script.length - 2;
  return 3n * BigInt(8 + 1 + script.length + (isWitness && (script[0] === 0 || (script[0] ?? 0) >= 0x51) ? 67 : 148));
}
