/*
 * Families of relays: a microdesc consensus and its microdescriptors come in, the same consensus with each relay's mutual family
 * goes out. What only one side declares counts for nothing (dir-spec 2.1.1, PG-06): otherwise anybody could claim a relay.
 */
import type { Microdesc } from './microdesc.ts';
import type { TorConsensus } from './parse.ts';
import type { TorRelay } from './relay.ts';

export function withFamilies(consensus: TorConsensus, microdescs: ReadonlyMap<string, Microdesc>): TorConsensus {
  const declared = consensus.relays.map((relay) => (relay.microdesc === null ? undefined : microdescs.get(relay.microdesc)));
  const claims = claimsOf(consensus.relays, declared);
  const groups = membersById(consensus.relays, declared);
  const relays = consensus.relays.map((relay, place): TorRelay => {
    const family = new Set<string>();
    for (const other of claims.get(relay.identity) ?? []) {
      if (claims.get(other)?.has(relay.identity) === true) family.add(other);
    }
    for (const id of declared[place]?.familyIds ?? []) for (const other of groups.get(id) ?? []) family.add(other);
    family.delete(relay.identity);
    return { ...relay, family: [...family].sort() };
  });
  return { ...consensus, relays };
}

type Declared = readonly (Microdesc | undefined)[];

/** Whom each relay names, by identity. A nickname names a relay only where one alone bears it: nobody vouches for nicknames. */
function claimsOf(relays: readonly TorRelay[], declared: Declared): Map<string, Set<string>> {
  const bearers = new Map<string, string | null>();
  for (const relay of relays) {
    const name = relay.nickname.toLowerCase();
    bearers.set(name, bearers.has(name) ? null : relay.identity);
  }
  return new Map(
    relays.map((relay, place) => {
      const named = (declared[place]?.relativeNames ?? []).map((name) => bearers.get(name) ?? null);
      return [relay.identity, new Set([...(declared[place]?.relatives ?? []), ...named.filter((name) => name !== null)])];
    }),
  );
}

/** Relays by the family key that each proved: having the same is mutual by itself. */
function membersById(relays: readonly TorRelay[], declared: Declared): Map<string, string[]> {
  const members = new Map<string, string[]>();
  relays.forEach((relay, place) => {
    for (const id of declared[place]?.familyIds ?? []) members.set(id, [...(members.get(id) ?? []), relay.identity]);
  });
  return members;
}
