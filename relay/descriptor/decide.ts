/*
 * When the relay says anew what it is, and how. The template of its configuration and what it published last in; the dates of the
 * next descriptor, or the old one again, out. Pure; called by descriptor/flow.ts.
 */
import type { Signed } from '../../core/crypto/sign.ts';
import { sha256Hex } from '../../core/crypto/hash.ts';
import { encode } from '../../core/wire/codec.ts';
import type { Descriptor } from '../../core/wire/descriptor.ts';
import type { RelayConfig } from '../config.ts';

export interface Published {
  /** Digest of the template that it was made from. */
  readonly template: string;
  readonly signed: Signed<Descriptor>;
}

/** As long as two publications may fail; Tor's relays publish each 18 hours (dir-spec). */
export const LIFETIME_SEC = 3 * 18 * 3600;

export function templateDigest(template: RelayConfig['descriptor']): string {
  return sha256Hex('ptg/descriptor-template/v1\0', encode(template));
}

/** Null when the last one still stands. */
export function nextDescriptor(template: RelayConfig['descriptor'], last: Published | null, now: number): Descriptor | null {
  const fresh = last !== null && now < renewalOf(last.signed.body) && last.template === templateDigest(template);
  if (fresh) return null;
  // Two of one second could not be told apart by age.
  const published = Math.max(now, (last?.signed.body.published ?? -1) + 1);
  return { ...template, published, expires: published + LIFETIME_SEC };
}

/** A third of its lifetime. */
export function renewalOf(body: Descriptor): number {
  return body.published + Math.floor((body.expires - body.published) / 3);
}

/** Doubling from a second to the cadence of the consensus. */
export function retryAt(now: number, failures: number, consensusSec: number): number {
  return now + Math.min(2 ** Math.min(failures, 30), Math.max(1, consensusSec));
}
