/*
 * Guards in the consensus: by nickname or id, with what is needed to call them, and the family that may serve in a guard's place.
 */
import type { Verified } from '../../core/crypto/sign.ts';
import { ok, refuser, type Result } from '../../core/refusal.ts';
import { hasFlag, type RelayEntry } from '../../core/wire/consensus.ts';
import { currentKeySet, sameFamily, type Descriptor } from '../../core/wire/descriptor.ts';
import type { NetworkView } from '../../host/ports.ts';
import { clientRefusals } from '../refusals.ts';

const refuse = refuser(clientRefusals);

/** A relay that runs the guard role. */
export interface GuardPlace {
  readonly id: string;
  readonly url: string;
  readonly descriptor: Descriptor;
  readonly toKey: { readonly number: number; readonly publicKey: Uint8Array };
}

export function findGuard(network: NetworkView, name: string): Result<{ entry: RelayEntry; place: GuardPlace }> {
  const consensus = network.consensus();
  if (consensus === null) return refuse('client-no-consensus', network.network.networkId);
  const entry = consensus.body.relays.find((one) => one.id === name || one.nickname === name);
  const place = entry === undefined ? null : placeOf(network, entry.id);
  if (entry === undefined || place === null) return refuse('client-guard-unknown', name);
  return ok({ entry, place });
}

/** Null where its descriptor is not known, or has no guard. */
export function placeOf(network: NetworkView, id: string): GuardPlace | null {
  const verified: Verified<Descriptor> | null = network.descriptor(id);
  const interval = network.consensus()?.body.terms[0]?.interval ?? 0;
  const keys = verified === null ? null : currentKeySet(verified.body, interval);
  if (verified === null || keys === null || keys.guardSealing === null || verified.body.urls.guard === null) return null;
  const toKey = { number: keys.number, publicKey: Buffer.from(keys.guardSealing, 'hex') };
  return { id, url: verified.body.urls.guard.replace(/\/$/, ''), descriptor: verified.body, toKey };
}

/** The guards of its family that run, in order of standing; without itself. */
export function familyOf(network: NetworkView, id: string): GuardPlace[] {
  const own = network.descriptor(id);
  if (own === null) return [];
  const places: GuardPlace[] = [];
  for (const entry of network.consensus()?.body.relays ?? []) {
    if (entry.id === id || !own.body.family.includes(entry.id) || !hasFlag(entry, 'Running')) continue;
    const place = placeOf(network, entry.id);
    if (place !== null && sameFamily(own.body, place.descriptor)) places.push(place);
  }
  return places;
}
