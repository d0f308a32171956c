/*
 * The hot wallet's keys: a seed in; the accounts whose public halves are watched, and a signer of what they hold, out (BIP 32, 84, 86).
 * Called by node, which has the seed in a key file. Without one the operator signs elsewhere.
 */
import type { BIP32Interface } from 'bip32';
import { bip32 } from '../curve.ts';
import type { Account, AccountKind } from '../descriptor.ts';
import type { Chain } from '../network.ts';

export interface Signer {
  readonly fingerprint: string;
  /** By the whole path from the master key; 2^31 and more is hardened. */
  keyAt(path: readonly number[]): BIP32Interface;
}

const HARDENED = 0x8000_0000;
const PURPOSE: Readonly<Record<AccountKind, number>> = { wpkh: 84, tr: 86 };

/** `number`: 0 is settlement's, 1 the guard's deposits. */
export function accountFrom(seed: Uint8Array, chain: Chain, number: number, kind: AccountKind = 'wpkh'): Account {
  const master = bip32.fromSeed(seed, chain.prefixes);
  const steps = [PURPOSE[kind], chain.coinType, number];
  const key = steps.reduce((parent, step) => parent.deriveHardened(step), master).neutered();
  return { kind, chain, key, origin: { fingerprint: fingerprintOf(master), path: steps.map((step) => `${step}h`).join('/') } };
}

export function signerFrom(seed: Uint8Array, chain: Chain): Signer {
  const master = bip32.fromSeed(seed, chain.prefixes);
  const parents = new Map<string, BIP32Interface>();
  /** All but the last step are the same for a branch. */
  const parentAt = (path: readonly number[]): BIP32Interface => {
    const name = path.join('/');
    const known = parents.get(name) ?? path.reduce((parent, step) => parent.derive(step), master);
    parents.set(name, known);
    return known;
  };
  return { fingerprint: fingerprintOf(master), keyAt: (path) => parentAt(path.slice(0, -1)).derive(path.at(-1) ?? 0) };
}

/** `/84h/1h/0h/0/5` as numbers. */
export function stepsOf(path: string): number[] {
  return path
    .split('/')
    .filter((step) => step !== '')
    .map((step) => (/[h']$/.test(step) ? HARDENED + Number(step.slice(0, -1)) : Number(step)));
}

/** Numbers as `m/84'/1'/0'/0/5`. */
export function pathText(path: readonly number[]): string {
  return ['m', ...path.map((step) => (step >= HARDENED ? `${step - HARDENED}'` : `${step}`))].join('/');
}

function fingerprintOf(master: BIP32Interface): string {
  return Buffer.from(master.fingerprint).toString('hex');
}
