/*
 * Whether a descriptor is accepted. State and a signed descriptor in; its digest, or the first refusal in the order of
 * descriptorRefusals, out. Pure; called by descriptor/flow.ts.
 */
import { verify, type Signed, type Verified } from '../../core/crypto/sign.ts';
import { RELAYS_MAX } from '../../core/limits.ts';
import { ok, refuser, type Result } from '../../core/refusal.ts';
import { encode } from '../../core/wire/codec.ts';
import { descriptorDigest, descriptorRefusals, sameFamily, type Descriptor, type KeySet } from '../../core/wire/descriptor.ts';
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
  readonly known: KnownRelay | null;
  readonly skewSec: number;
  readonly now: number;
}
type Check = (given: Case) => ReturnType<typeof refuse> | null;

const checks: readonly Check[] = [checkTimes, checkKeys, checkAge, checkName, checkDestinations, checkRoom];

export function acceptDescriptor(
  state: DirectoryState,
  signed: Signed<Descriptor>,
  clock: { readonly now: number; readonly skewSec: number },
): Result<Accepted> {
  const { body } = signed;
  const verified = verify('descriptor', state.networkId ?? '', signed, body.id);
  if (verified === null) return refuse('descriptor-signature', body.id);
  const known = state.relays.get(body.id) ?? null;
  const digest = descriptorDigest(signed);
  if (known?.digest === digest) return ok({ digest, added: null });
  for (const check of checks) {
    const refusal = check({ body, state, known, ...clock });
    if (refusal !== null) return refusal;
  }
  return ok({ digest, added: verified });
}

function checkTimes({ body, now, skewSec }: Case) {
  const { published, expires } = body;
  const good = published <= now + skewSec && expires > now && expires > published && expires - published <= DESCRIPTOR_SEC_MAX;
  return good ? null : refuse('descriptor-time', `published ${published}, expires ${expires}, now ${now}`);
}

/** Numbers and first intervals rise; a number that was used before keeps its keys, so that no signature can be disowned. */
function checkKeys({ body, known }: Case) {
  for (const [index, set] of body.keys.entries()) {
    const before = body.keys[index - 1];
    const rises = before === undefined || (set.number > before.number && set.fromInterval > before.fromInterval);
    if (!rises || (known !== null && set.number <= known.keysUpTo && !continues(known, set))) {
      return refuse('descriptor-keys', `key set ${set.number}`);
    }
  }
  return null;
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

function checkRoom({ state, known }: Case) {
  return known !== null || state.relays.size < RELAYS_MAX ? null : refuse('descriptor-full', `${RELAYS_MAX} relays`);
}
