/*
 * The relay's own keys: seeds from its configuration in, key pairs by number and interval out. Called wherever the relay signs
 * or seals.
 */
import { signingKey, type SigningKey } from '../core/crypto/keys.ts';
import { invariant } from '../core/refusal.ts';
import { currentKeySet } from '../core/wire/descriptor.ts';
import type { SealingKey } from '../host/ports.ts';
import { sealingKeyFromSeed } from '../host/seal.ts';
import type { RelayConfig } from './config.ts';

export interface OwnKey {
  readonly number: number;
  readonly iou: SigningKey;
  readonly sealing: SealingKey;
}

export interface OwnKeys {
  /** The newest that may sign objects of the interval. */
  of(interval: number): OwnKey;
  /** Null for a number that is not ours. */
  numbered(number: number): OwnKey | null;
  readonly sealing: readonly SealingKey[];
}

export function ownKeys(config: RelayConfig): OwnKeys {
  const keys = config.keys.map(({ number, iouSeed, sealingSeed }) => ({
    number,
    iou: signingKey(iouSeed),
    sealing: sealingKeyFromSeed(sealingSeed, number),
  }));
  for (const key of keys) {
    const said = config.descriptor.keys.find((set) => set.number === key.number);
    invariant(said === undefined || said.iou === key.iou.publicKey, `the descriptor certifies IOU key ${key.number}`);
  }
  const numbered = (number: number) => keys.find((key) => key.number === number) ?? null;
  const whole = { ...config.descriptor, published: 0, expires: 0 };
  return {
    of(interval) {
      const set = currentKeySet(whole, interval) ?? config.descriptor.keys[0];
      const key = set === undefined ? null : numbered(set.number);
      invariant(key !== null, `there is a seed for the key of interval ${interval}`);
      return key;
    },
    numbered,
    sealing: keys.map((key) => key.sealing),
  };
}
