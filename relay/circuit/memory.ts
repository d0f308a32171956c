/*
 * Where circuits are kept: each under the name of its link and id, and those whose id is used again under a name of their own. Found
 * by name, by next hop and by previous hop. Memory only. Called by circuit/table.ts alone.
 */
import type { Circuit } from './decide.ts';

/** A circuit under the name by which it is kept. */
export type Kept = readonly [key: string, circuit: Circuit];

export interface Memory {
  get(key: string): Circuit | null;
  save(key: string, circuit: Circuit): void;
  drop(key: string): void;
  /** The id is used again: what is left to say of its circuit is said under a name of its own. */
  retire(name: string): void;
  /** All that have or had the name, oldest first. */
  named(name: string): Kept[];
  to(holder: string): Iterable<Kept>;
  from(issuer: string): Iterable<Kept>;
  all(): Iterable<Kept>;
  /** How many an issuer has certified and the own meter has not shown. */
  unseen(issuer: string): number;
  holders(): Iterable<string>;
  issuers(): Iterable<string>;
}

/** Of one name, older circuits of which nothing was certified yet: free ones are never spoken of. */
const FREE_OLDER_MAX = 8;

export function createMemory(): Memory {
  const circuits = new Map<string, Circuit>();
  const byHolder = createIndex();
  const byIssuer = createIndex();
  const older = createIndex();
  const unseen = createIndex();
  let retired = 0;

  const named = (name: string): Kept[] => {
    const newest = circuits.get(name);
    if (older.count(name) === 0) return newest === undefined ? [] : [[name, newest]];
    const keys = [...older.of(name), name];
    return keys.flatMap((key): Kept[] => (circuits.has(key) ? [[key, circuits.get(key) as Circuit]] : []));
  };

  function save(key: string, circuit: Circuit): void {
    circuits.set(key, circuit);
    if (circuit.next !== null) byHolder.add(circuit.next.relay, key);
    if (circuit.previous.relay === null) return;
    byIssuer.add(circuit.previous.relay, key);
    if (circuit.read === null) unseen.add(circuit.previous.relay, key);
    else unseen.remove(circuit.previous.relay, key);
  }

  function drop(key: string): void {
    const circuit = circuits.get(key);
    circuits.delete(key);
    older.remove(nameOf(key), key);
    if (circuit === undefined) return;
    if (circuit.next !== null) byHolder.remove(circuit.next.relay, key);
    if (circuit.previous.relay === null) return;
    byIssuer.remove(circuit.previous.relay, key);
    unseen.remove(circuit.previous.relay, key);
  }

  return {
    get: (key) => circuits.get(key) ?? null,
    save,
    drop,
    retire(name) {
      const circuit = circuits.get(name);
      drop(name);
      // A free circuit of a client is over; one of a relay may still be certified.
      if (circuit === undefined || (circuit.route === null && circuit.previous.relay === null)) return;
      const key = `${name}#${++retired}`;
      older.add(name, key);
      save(key, circuit);
      const free = named(name).filter(([at, one]) => at !== name && one.route === null);
      if (free.length > FREE_OLDER_MAX) drop((free[0] as Kept)[0]);
    },
    named,
    to: (holder) => keptOf(byHolder.of(holder)),
    from: (issuer) => keptOf(byIssuer.of(issuer)),
    all: () => circuits,
    unseen: (issuer) => unseen.count(issuer),
    holders: () => byHolder.owners(),
    issuers: () => byIssuer.owners(),
  };

  function* keptOf(keys: Iterable<string>): Iterable<Kept> {
    for (const key of keys) yield [key, circuits.get(key) as Circuit];
  }
}

function nameOf(key: string): string {
  const end = key.lastIndexOf('#');
  return end < 0 ? key : key.slice(0, end);
}

interface Index {
  add(owner: string, key: string): void;
  remove(owner: string, key: string): void;
  of(owner: string): Iterable<string>;
  count(owner: string): number;
  owners(): Iterable<string>;
}

function createIndex(): Index {
  const sets = new Map<string, Set<string>>();
  return {
    add(owner, key) {
      const keys = sets.get(owner);
      if (keys === undefined) sets.set(owner, new Set([key]));
      else keys.add(key);
    },
    remove(owner, key) {
      const keys = sets.get(owner);
      keys?.delete(key);
      if (keys?.size === 0) sets.delete(owner);
    },
    of: (owner) => sets.get(owner) ?? [],
    count: (owner) => sets.get(owner)?.size ?? 0,
    owners: () => sets.keys(),
  };
}
