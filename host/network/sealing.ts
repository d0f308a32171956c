/*
 * Sealing keys by the directory: whose key a number is, for the server, and to which key to seal now, for callers.
 */
import { currentKeySet, type Descriptor, type KeySet } from '../../core/wire/descriptor.ts';
import type { NetworkView, RoleName } from '../ports.ts';
import type { PublicSealingKey } from '../seal.ts';

/** As the server's `senderKey`: null for relays, roles and numbers that the directory does not know. */
export function senderKeyIn(view: NetworkView): (relay: string, role: RoleName, number: number) => Uint8Array | null {
  return (relay, role, number) => {
    const set = view.descriptor(relay)?.body.keys.find((one) => one.number === number);
    return set === undefined ? null : keyOf(set, role);
  };
}

/** The key to which a role of this relay is sealed to in an interval. */
export function sealingKeyOf(descriptor: Descriptor, role: RoleName, interval: number): PublicSealingKey | null {
  const set = currentKeySet(descriptor, interval);
  const publicKey = set === null ? null : keyOf(set, role);
  return set === null || publicKey === null ? null : { number: set.number, publicKey };
}

function keyOf(set: KeySet, role: RoleName): Uint8Array | null {
  const keys: Partial<Record<RoleName, string | null>> = {
    relay: set.relaySealing,
    settlement: set.settlementSealing,
    guard: set.guardSealing,
  };
  const hex = keys[role] ?? null;
  return hex === null ? null : Buffer.from(hex, 'hex');
}
