/*
 * Whether a descriptor is accepted. State and a signed descriptor in; its digest, or the first refusal in the order of
 * descriptorRefusals, out. Pure; called by descriptor/flow.ts.
 */
import { verify, type Signed, type Verified } from '../../core/crypto/sign.ts';
import { RELAYS_MAX, RELAYS_NEW_MAX } from '../../core/limits.ts';
import { invariant, ok, refuser, type Result } from '../../core/refusal.ts';
import { intervalAt, scheduleOf } from '../../core/rule/interval.ts';
import { encode } from '../../core/wire/codec.ts';
import { descriptorDigest, descriptorRefusals, sameFamily, type Descriptor, type KeySet } from '../../core/wire/descriptor.ts';
import type { Parameters } from '../../core/wire/parameters.ts';
import { isOpenAddress } from '../../host/http/address.ts';
import { checkBinding, checkClaim, type Asked } from '../tor/bind.ts';
import { isCurrent, type DirectoryState, type KnownRelay } from '../state/decide.ts';

export interface Accepted {
  readonly digest: string;
  /** Null when just this one is known already. */
  readonly added: Verified<Descriptor> | null;
}

/** A descriptor is signed anew before a season has passed: longer than any window of an interval, by far. */
export const DESCRIPTOR_SEC_MAX = 90 * 24 * 3600;

const refuse = refuser(descriptorRefusals);

/** What each check sees. */
interface Case {
  readonly body: Descriptor;
  readonly state: DirectoryState;
  readonly parameters: Parameters;
  readonly known: KnownRelay | null;
  /** Whether this authority is on the open Internet, and so must its relays be. */
  readonly open: boolean;
  readonly now: number;
}
type Check = (given: Case) => ReturnType<typeof refuse> | null;

const checks: readonly Check[] = [
  checkTimes,
  checkAddresses,
  checkKeys,
  checkAge,
  checkPace,
  checkName,
  checkDestinations,
  checkRoom,
];

export interface Surroundings {
  readonly now: number;
  readonly open: boolean;
  /** What tor says of its fingerprint; null of an authority without a tor. */
  readonly tor: Asked | 'unasked' | null;
}

export function acceptDescriptor(
  state: DirectoryState,
  signed: Signed<Descriptor>,
  { now, open, tor }: Surroundings,
): Result<Accepted> {
  const { body } = signed;
  const { parameters } = state;
  invariant(parameters !== null, 'a log begins with its parameters');
  const verified = verify('descriptor', state.networkId ?? '', signed, body.id);
  if (verified === null) return refuse('descriptor-signature', body.id);
  const known = state.relays.get(body.id) ?? null;
  const digest = descriptorDigest(signed);
  if (known?.digest === digest) return ok({ digest, added: null });
  for (const check of checks) {
    const refusal = check({ body, state, parameters, known, open, now });
    if (refusal !== null) return refusal;
  }
  const unbound = tor === null ? null : (checkClaim(state, body) ?? (tor === 'unasked' ? null : checkBinding(state, body, tor)));
  if (unbound !== null) return unbound;
  return ok({ digest, added: verified });
}

function checkTimes({ body, parameters, now }: Case) {
  const { published, expires } = body;
  const good =
    published <= now + parameters.skewSec && expires > now && expires > published && expires - published <= DESCRIPTOR_SEC_MAX;
  return good ? null : refuse('descriptor-time', `published ${published}, expires ${expires}, now ${now}`);
}

/** The authority itself calls them, then every relay and client that takes them for a neighbour or a guard. */
function checkAddresses({ body: { urls, paidguard }, open }: Case) {
  const dialled = paidguard === undefined ? null : `http://${paidguard}`;
  const closed = [urls.relay, urls.settlement, urls.guard, dialled].find((url) => open && url !== null && !isOpenAddress(url));
  return closed === undefined ? null : refuse('descriptor-address', closed ?? '');
}

/**
 * Numbers and first intervals rise; a number that was used before keeps its keys, and is there as long as what they signed is
 * held against anybody, so that no signature can be disowned.
 */
function checkKeys({ body, parameters, known, now }: Case) {
  for (const [index, set] of body.keys.entries()) {
    const before = body.keys[index - 1];
    const rises = before === undefined || (set.number > before.number && set.fromInterval > before.fromInterval);
    if (!rises || (known !== null && set.number <= known.keysUpTo && !continues(known, set))) {
      return refuse('descriptor-keys', `key set ${set.number}`);
    }
  }
  const dropped = known?.descriptor.body.keys.find(
    (set) => isNeeded(body, set, parameters, now) && !body.keys.some((one) => one.number === set.number),
  );
  return dropped === undefined ? null : refuse('descriptor-keys', `key set ${dropped.number} is missing`);
}

/** Begun, and the windows of the last interval before the next set begins are not over. */
function isNeeded(body: Descriptor, set: KeySet, parameters: Parameters, now: number): boolean {
  if (set.fromInterval > intervalAt(parameters, now)) return false;
  const next = body.keys.find((one) => one.number > set.number);
  return next === undefined || scheduleOf(parameters, next.fromInterval - 1).appealEnd > now;
}

function continues(known: KnownRelay, set: KeySet): boolean {
  const before = known.descriptor.body.keys.find((one) => one.number === set.number);
  if (before === undefined) return false;
  // A relay may begin to be a guard: keys that were not there have signed nothing.
  const guard = before.guard === null ? set.guard : before.guard;
  const guardSealing = before.guardSealing === null ? set.guardSealing : before.guardSealing;
  return encode({ ...before, guard, guardSealing }) === encode(set);
}

/** Of the same second too, when it says something else. */
function checkAge({ body, known }: Case) {
  const newest = known?.descriptor.body.published ?? -1;
  return body.published > newest ? null : refuse('descriptor-old', `published ${body.published}, known ${newest}`);
}

/** Each stays in the public log for good; a tenth of the time between two consensuses is short enough for whoever corrects one. */
function checkPace({ body, parameters, known, now }: Case) {
  const from = known === null ? now : known.acceptedAt + Math.floor(parameters.consensusSec / 10);
  return now >= from ? null : refuse('descriptor-soon', `${body.id}: again from ${from}`);
}

/** As in Tor, upper and lower case make no other name. A name is free again when its descriptor has expired. */
function checkName({ body, state, now }: Case) {
  const name = body.nickname.toLowerCase();
  for (const [id, other] of state.relays) {
    if (id !== body.id && isCurrent(other, now) && other.descriptor.body.nickname.toLowerCase() === name) {
      return refuse('descriptor-name', body.nickname);
    }
  }
  return null;
}

/** One payment must not discharge debts to two operators; destinations of the expired stay theirs until they are forgotten. */
function checkDestinations({ body, state }: Case) {
  const mine = new Set(body.rails.map(claimOf));
  for (const [id, other] of state.relays) {
    if (id === body.id || sameFamily(body, other.descriptor.body)) continue;
    const shared = other.descriptor.body.rails.find((one) => mine.has(claimOf(one)));
    if (shared !== undefined) return refuse('descriptor-destination', shared.fallback);
  }
  return null;
}

function claimOf(one: Descriptor['rails'][number]): string {
  return `${one.rail} ${one.fallback}`;
}

function checkRoom({ state, parameters, known, now }: Case) {
  if (known !== null) return null;
  if (state.relays.size >= RELAYS_MAX) return refuse('descriptor-full', `${RELAYS_MAX} relays`);
  let fresh = 0;
  for (const one of state.relays.values()) if (one.firstSeen > now - parameters.consensusSec) fresh += 1;
  return fresh < RELAYS_NEW_MAX ? null : refuse('descriptor-full', `${fresh} new relays in ${parameters.consensusSec} s`);
}
