/*
 * The guard's keys by number: which one signs what belongs to an interval (its own descriptor says so), and which one a number
 * names. Made by main.ts.
 */
import { signingKey, type SigningKey } from '../core/crypto/keys.ts';
import { invariant } from '../core/refusal.ts';
import { currentKeySet } from '../core/wire/descriptor.ts';
import type { NetworkView, SealingKey } from '../host/ports.ts';
import { sealingKeyFromSeed } from '../host/seal.ts';
import type { GuardConfig } from './config.ts';

export interface NumberedKey {
  readonly number: number;
  readonly key: SigningKey;
}

export interface GuardKeys {
  /** Signs objects of that interval. */
  of(interval: number): NumberedKey;
  /** Hex, or null when this guard never had a key of that number. */
  publicKey(number: number): string | null;
  readonly sealing: readonly SealingKey[];
}

export function createKeys(config: GuardConfig, network: NetworkView): GuardKeys {
  const keys = [...config.keys]
    .sort((a, b) => b.number - a.number)
    .map(({ number, seed }): NumberedKey => ({ number, key: signingKey(seed) }));
  const byNumber = new Map(keys.map((one) => [one.number, one]));
  invariant(byNumber.size === keys.length, 'key sets have different numbers');
  return {
    of(interval) {
      const own = network.descriptor(config.id);
      const set = own === null ? null : currentKeySet(own.body, interval);
      return (set === null ? undefined : byNumber.get(set.number)) ?? (keys[0] as NumberedKey);
    },
    publicKey: (number) => byNumber.get(number)?.key.publicKey ?? null,
    sealing: config.keys.map(({ number, sealingSeed }) => sealingKeyFromSeed(sealingSeed, number)),
  };
}
