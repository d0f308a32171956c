/*
 * What a relay is told: its name and id, the seeds of its keys, and its descriptor but for the dates. Read by main.ts; filled
 * in by node, which reads the key files.
 */
import { z } from 'zod';
import { descriptor } from '../core/wire/descriptor.ts';
import { hex32, keyNumber, nickname } from '../core/wire/field.ts';

const seed = z.custom<Uint8Array>((bytes) => bytes instanceof Uint8Array && bytes.length === 32, '32 bytes');

export const relayConfig = z.strictObject({
  id: hex32,
  nickname,
  /** Seeds of the role's keys, by the key numbers of the descriptor. */
  keys: z.array(z.strictObject({ number: keyNumber, iouSeed: seed, sealingSeed: seed })).min(1),
  /** Dated, signed and published by the relay. */
  descriptor: descriptor.omit({ published: true, expires: true }),
  /** Null when the identity is kept offline: then the operator publishes. */
  identitySeed: seed.nullable(),
  /** Whether a guard role of the same operator opens sessions and takes shortfalls. */
  hasGuard: z.boolean(),
});
export type RelayConfig = z.infer<typeof relayConfig>;
