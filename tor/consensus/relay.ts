/*
 * One router entry of a consensus (dir-spec 3.4.1 and 3.9.2): its items come in, a TorRelay goes out. Of the address only the /16
 * is kept, which path selection needs. Called by parse.ts.
 */
import { ok } from '../../core/refusal.ts';
import type { Result } from '../../core/refusal.ts';
import { refuseItem, refuseLine } from './document.ts';
import type { Item } from './document.ts';
import type { Preamble } from './preamble.ts';
import { countItems } from './section.ts';

export interface TorRelay {
  readonly nickname: string;
  /** The RSA fingerprint, 40 digits of lower-case hex. */
  readonly identity: string;
  /** Digest of the microdescriptor (base64 of SHA-256, without =) in the microdesc flavour, otherwise null. */
  readonly microdesc: string | null;
  /** The first two numbers of the IPv4 address, or null where unknown. */
  readonly subnet: string | null;
  readonly orPort: number;
  readonly flags: ReadonlySet<string>;
  /** `w Bandwidth=`: a weight, in kilobytes a second; 0 where the entry has none. */
  readonly bandwidth: number;
  readonly unmeasured: boolean;
  /** The exit policy's summary (`accept 80,443`) where the flavour has it, otherwise null. */
  readonly policy: string | null;
  /** Identities of its mutual family, without its own; filled in by family.ts. */
  readonly family: readonly string[];
}

/** Reads entries of one consensus; lines that many entries share are checked once. */
export function relayReader(preamble: Preamble): (entry: readonly Item[], endLine: number) => Result<TorRelay> {
  const flagSets = new Map<string, ReadonlySet<string>>();
  const policies = new Set<string>();
  const needsDigest = preamble.flavour === 'microdesc' && preamble.method >= 13;
  const counts = {
    r: 'once',
    s: 'once',
    w: 'at most once',
    p: 'at most once',
    m: needsDigest ? 'once' : 'at most once',
  } as const;
  return (entry, endLine) => {
    const counted = countItems('tor-relay', entry, counts, endLine);
    if (!counted.ok) return counted;
    const { value: items } = counted;
    const router = readRouter(items.get('r') as Item, preamble.flavour);
    if (!router.ok) return router;
    const flags = readFlags(items.get('s') as Item, preamble.knownFlags, flagSets);
    if (!flags.ok) return flags;
    const weight = readWeight(items.get('w'));
    if (!weight.ok) return weight;
    const policy = readPolicy(items.get('p'), policies);
    if (!policy.ok) return policy;
    const digest = items.get('m');
    // 3.9.2: before method 13 the digest was sometimes left out.
    const microdesc = digest === undefined || preamble.flavour === 'ns' ? null : digest.rest;
    if (digest !== undefined && microdesc !== null && !/^[A-Za-z0-9+/]{43}$/.test(microdesc)) {
      return refuseItem('tor-relay', digest, 'a digest of 43 base64 characters');
    }
    return ok({ ...router.value, microdesc, flags: flags.value, ...weight.value, policy: policy.value, family: [] });
  };
}

/** Usable at all: what the authorities found running and not broken. Clients choose no other relay. */
export function isUsable(relay: TorRelay): boolean {
  return relay.flags.has('Running') && relay.flags.has('Valid');
}

export function isGuard(relay: TorRelay): boolean {
  return relay.flags.has('Guard');
}

/** A bad exit is none. */
export function isExit(relay: TorRelay): boolean {
  return relay.flags.has('Exit') && !relay.flags.has('BadExit');
}

/** `r nickname identity [digest] date time address ORPort DirPort`; the digest only in flavour ns; what follows is ignored. */
function readRouter(
  item: Item,
  flavour: Preamble['flavour'],
): Result<Pick<TorRelay, 'nickname' | 'identity' | 'subnet' | 'orPort'>> {
  const words = item.rest.split(' ');
  const [nickname = '', identityText = ''] = words;
  const [date = '', time = '', address = '', orPortText = '', dirPortText = ''] = words.slice(flavour === 'ns' ? 3 : 2);
  if (!/^[A-Za-z0-9]{1,19}$/.test(nickname)) return refuseItem('tor-relay', item, 'a nickname of 1 to 19 letters and digits');
  const identity = readIdentity(identityText);
  if (identity === null) return refuseItem('tor-relay', item, 'an identity of 27 base64 characters');
  if (flavour === 'ns' && readIdentity(words[2] ?? '') === null) {
    return refuseItem('tor-relay', item, 'a descriptor digest of 27 base64 characters');
  }
  if (!/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/.test(`${date} ${time}`))
    return refuseItem('tor-relay', item, 'the time of publication');
  const subnet = readSubnet(address);
  if (subnet === null) return refuseItem('tor-relay', item, 'an IPv4 address');
  const orPort = readPort(orPortText);
  if (orPort === null || orPort === 0) return refuseItem('tor-relay', item, 'an ORPort from 1 to 65535');
  if (readPort(dirPortText) === null) return refuseItem('tor-relay', item, 'a DirPort from 0 to 65535');
  return ok({ nickname, identity, subnet, orPort });
}

function readIdentity(text: string): string | null {
  if (!/^[A-Za-z0-9+/]{27}$/.test(text)) return null;
  const bytes = Buffer.from(text, 'base64');
  // The last character has two bits to spare: written otherwise than zero it would be a second name for the same relay.
  return bytes.toString('base64') === `${text}=` ? bytes.toString('hex') : null;
}

function readSubnet(address: string): string | null {
  const parts = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(address)?.slice(1).map(Number);
  return parts !== undefined && parts.every((part) => part <= 255) ? `${parts[0]}.${parts[1]}` : null;
}

function readPort(text: string): number | null {
  return /^(0|[1-9][0-9]{0,4})$/.test(text) && Number(text) <= 65_535 ? Number(text) : null;
}

function readFlags(item: Item, known: ReadonlySet<string>, seen: Map<string, ReadonlySet<string>>): Result<ReadonlySet<string>> {
  const before = seen.get(item.rest);
  if (before !== undefined) return ok(before);
  const words = item.rest === '' ? [] : item.rest.split(' ');
  const flags = new Set(words);
  const stranger = words.find((word) => !known.has(word));
  if (stranger !== undefined) return refuseLine('tor-relay', item.line, 'only flags that known-flags names', stranger);
  if (flags.size !== words.length) return refuseItem('tor-relay', item, 'each flag once');
  seen.set(item.rest, flags);
  return ok(flags);
}

/** `w Bandwidth=INT [Unmeasured=1]`; keywords that are not known are passed over, as the specification asks. */
function readWeight(item: Item | undefined): Result<Pick<TorRelay, 'bandwidth' | 'unmeasured'>> {
  if (item === undefined) return ok({ bandwidth: 0, unmeasured: false });
  const words = item.rest.split(' ');
  const stated = words.filter((word) => word.startsWith('Bandwidth='));
  const bandwidth = /^Bandwidth=(0|[1-9][0-9]{0,9})$/.exec(stated[0] ?? '')?.[1];
  if (stated.length !== 1 || bandwidth === undefined || Number(bandwidth) > 0xffff_ffff) {
    return refuseItem('tor-relay', item, 'Bandwidth= and a whole number below 2^32');
  }
  return ok({ bandwidth: Number(bandwidth), unmeasured: words.includes('Unmeasured=1') });
}

function readPolicy(item: Item | undefined, seen: Set<string>): Result<string | null> {
  if (item === undefined) return ok(null);
  if (!seen.has(item.rest)) {
    const list = /^(?:accept|reject) (\d[\d,-]*)$/.exec(item.rest)?.[1];
    if (list === undefined || !list.split(',').every(isPortRange)) {
      return refuseItem('tor-relay', item, '"accept" or "reject" and a list of ports');
    }
    seen.add(item.rest);
  }
  return ok(item.rest);
}

function isPortRange(text: string): boolean {
  const match = /^([1-9][0-9]{0,4})(?:-([1-9][0-9]{0,4}))?$/.exec(text);
  if (match === null) return false;
  const [from, to] = [Number(match[1]), Number(match[2] ?? match[1])];
  return from <= to && to <= 65_535;
}
