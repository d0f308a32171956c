/*
 * What a relay says of itself: descriptor, signed by its identity, to the directory (design §5). It certifies the keys of its
 * operator's roles for whole intervals; every other object names an id and a key number, looked up here.
 */
import { z } from 'zod';
import { sha256Hex } from '../crypto/hash.ts';
import { FAMILY_MAX, KEY_SETS_MAX, RAILS_MAX } from '../limits.ts';
import type { Signed } from '../crypto/sign.ts';
import { encode } from './codec.ts';
import { destination, hex20, hex32, hostPort, interval, keyNumber, nickname, railName, seconds, url } from './field.ts';

/** The keys of one number. Guard keys are null for a relay that runs no guard role. */
export const keySet = z.strictObject({
  number: keyNumber,
  /** The first interval whose objects they sign. */
  fromInterval: interval,
  iou: hex32,
  settlement: hex32,
  guard: hex32.nullable(),
  relaySealing: hex32,
  settlementSealing: hex32,
  guardSealing: hex32.nullable(),
});
export type KeySet = z.infer<typeof keySet>;

export const descriptor = z.strictObject({
  id: hex32,
  nickname,
  keys: z.array(keySet).min(1).max(KEY_SETS_MAX),
  /** One URL a role, without the role's path: `http://host:port`. */
  urls: z.strictObject({ relay: url, settlement: url, guard: url.nullable() }),
  /** Where the guard's end of the transport takes clients; left out where it takes none. */
  paidguard: hostPort.optional(),
  /** Tor's RSA fingerprint, where the relay runs beside a tor. */
  fingerprint: hex20.nullable(),
  /** Ids of the relays of the same operator; counts where both name each other. */
  family: z.array(hex32).max(FAMILY_MAX),
  wantsGuard: z.boolean(),
  isExit: z.boolean(),
  /** Bytes a second. */
  bandwidth: z.int().min(0),
  meter: z.enum(['traffic', 'circuits', 'links']),
  /** In the relay's order of preference, with the destination for when it is silent. */
  rails: z
    .array(z.strictObject({ rail: railName, fallback: destination }))
    .min(1)
    .max(RAILS_MAX)
    .refine((rails) => new Set(rails.map((one) => one.rail)).size === rails.length, 'each rail once'),
  published: seconds,
  expires: seconds,
});
export type Descriptor = z.infer<typeof descriptor>;

export const descriptorRefusals = {
  'descriptor-signature': {
    retry: false,
    text: 'its identity has not signed it for this network',
    remedy: 'sign it with the identity key and the network id of network.json',
  },
  'descriptor-time': { retry: false, text: 'it is from the future, or has expired', remedy: 'set the clock, then publish again' },
  'descriptor-address': {
    retry: false,
    text: 'an address in it cannot be reached from the open Internet',
    remedy: 'publish the address by which others reach this node',
  },
  'descriptor-keys': {
    retry: false,
    text: 'its key sets do not follow each other, or one that is still needed is missing',
    remedy: 'number them upwards, each from a later interval, and keep each until its last interval’s windows are over',
  },
  'descriptor-old': { retry: false, text: 'a newer one of this relay is known', remedy: 'publish one with a later time' },
  'descriptor-soon': {
    retry: true,
    text: 'a descriptor of this relay was taken a moment ago',
    remedy: 'publish again later: only the newest before a consensus counts',
  },
  'descriptor-name': { retry: false, text: 'another relay has this nickname', remedy: 'choose another nickname' },
  'descriptor-destination': {
    retry: false,
    text: 'another operator claims this fallback destination',
    remedy: 'use a destination of your own',
  },
  'descriptor-full': { retry: true, text: 'the directory takes no further relays now', remedy: 'publish again later' },
} as const;

/** Of an authority with a tor beside it, after all others (spec 22). */
export const bindingRefusals = {
  'descriptor-tor-none': {
    retry: false,
    text: 'it names no Tor identity, and this network is beside Tor',
    remedy: 'set fingerprint in [relay] of ptg.toml to that of the tor beside: the file `fingerprint` in its DataDirectory',
  },
  'descriptor-tor-moved': {
    retry: false,
    text: 'this payment key is bound to another Tor identity',
    remedy: 'bring back the keys of that tor, or begin anew with ptg init: a payment key has one Tor identity',
  },
  'descriptor-tor-claimed': {
    retry: false,
    text: 'this Tor identity is bound to another payment key',
    remedy: 'publish with that key; it is free again when the other relay is forgotten, 30 days after its descriptor has expired',
  },
  'descriptor-tor-unread': {
    retry: true,
    text: 'the authority cannot ask its tor now',
    remedy: 'publish again later; whoever runs the authority sees why in ptg status',
  },
  'descriptor-tor-unknown': {
    retry: true,
    text: 'Tor knows no relay of this fingerprint',
    remedy: 'compare it with the file `fingerprint` in tor’s DataDirectory, and wait until tor has published its descriptor',
  },
  'descriptor-tor-unnamed': {
    retry: true,
    text: 'its Tor descriptor names no payment key',
    remedy: 'put the ContactInfo of torrc.lines into torrc, and reload tor',
  },
  'descriptor-tor-other': {
    retry: true,
    text: 'its Tor descriptor names another payment key',
    remedy: 'put this relay’s id after ptg: in ContactInfo, and reload tor; or publish with the key that it names',
  },
  'descriptor-tor-payout': {
    retry: false,
    text: 'another operator shows or uses a payout address of its ContactInfo',
    remedy: 'show an address of your own; relays of one operator name each other as family',
  },
} as const;

/** The digest by which a consensus names a descriptor. */
export function descriptorDigest(signed: Signed<Descriptor>): string {
  return sha256Hex('ptg/descriptor-digest/v1\0', encode({ body: signed.body, signature: signed.signature }));
}

/** The key set of a number, if it may sign objects of that interval. */
export function keySetFor(value: Descriptor, number: number, ofInterval: number): KeySet | null {
  const set = value.keys.find((candidate) => candidate.number === number);
  return set !== undefined && set.fromInterval <= ofInterval ? set : null;
}

/** The newest key set that has begun by that interval. */
export function currentKeySet(value: Descriptor, inInterval: number): KeySet | null {
  let best: KeySet | null = null;
  for (const set of value.keys) {
    if (set.fromInterval <= inInterval && (best === null || set.number > best.number)) best = set;
  }
  return best;
}

/** Both name each other (design §6.13, Tor's rule for families). */
export function sameFamily(a: Descriptor, b: Descriptor): boolean {
  return a.id === b.id || (a.family.includes(b.id) && b.family.includes(a.id));
}
