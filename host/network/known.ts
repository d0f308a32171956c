/*
 * What the view knows, in memory: consensus, descriptors, terms. A verified consensus in, what of it is new out.
 * Pure but for its own state; called by view.ts, which stores the same.
 */
import type { Verified } from '../../core/crypto/sign.ts';
import { intervalStart } from '../../core/rule/interval.ts';
import type { Consensus, RelayEntry } from '../../core/wire/consensus.ts';
import { descriptorDigest, type Descriptor } from '../../core/wire/descriptor.ts';
import { termsDigest } from '../../core/wire/terms.ts';
import type { SeenTerms } from './store.ts';

export interface Known {
  consensus(): Verified<Consensus> | null;
  entry(id: string): RelayEntry | null;
  descriptor(id: string): Verified<Descriptor> | null;
  terms(interval: number): SeenTerms | null;
  termsDigest(interval: number): string | null;
  setConsensus(consensus: Verified<Consensus>): void;
  addDescriptor(descriptor: Verified<Descriptor>): void;
  /** Drops the descriptors that expired before then and that the consensus does not name; their ids. */
  forget(expiredBefore: number): string[];
  addTerms(seen: SeenTerms): void;
  /** Digest to id of descriptors that the consensus names and that are not here. */
  missing(): Map<string, string>;
  /** Terms of a consensus that say more than what is known. */
  newTerms(consensus: Consensus): SeenTerms[];
}

export function createKnown(): Known {
  let consensus: Verified<Consensus> | null = null;
  const entries = new Map<string, RelayEntry>();
  const descriptors = new Map<string, { readonly digest: string; readonly signed: Verified<Descriptor> }>();
  const terms = new Map<number, { readonly digest: string; readonly seen: SeenTerms }>();

  return {
    consensus: () => consensus,
    entry: (id) => entries.get(id) ?? null,
    descriptor: (id) => descriptors.get(id)?.signed ?? null,
    terms: (interval) => terms.get(interval)?.seen ?? null,
    termsDigest: (interval) => terms.get(interval)?.digest ?? null,
    setConsensus(value) {
      consensus = value;
      entries.clear();
      for (const entry of value.body.relays) entries.set(entry.id, entry);
    },
    addDescriptor: (signed) => void descriptors.set(signed.body.id, { digest: descriptorDigest(signed), signed }),
    forget(expiredBefore) {
      const gone = [...descriptors].filter(([id, { signed }]) => signed.body.expires < expiredBefore && !entries.has(id));
      for (const [id] of gone) descriptors.delete(id);
      return gone.map(([id]) => id);
    },
    addTerms: (seen) => void terms.set(seen.terms.interval, { digest: termsDigest(seen.terms), seen }),
    missing() {
      const wanted = new Map<string, string>();
      for (const { id, descriptor } of entries.values()) {
        if (descriptors.get(id)?.digest !== descriptor) wanted.set(descriptor, id);
      }
      return wanted;
    },
    newTerms: (value) =>
      value.terms
        .map((one) => ({ terms: one, seenIn: value.validAfter }))
        .filter((seen) => saysMore(seen, terms.get(seen.terms.interval)?.seen ?? null)),
  };
}

/**
 * Terms are fixed by the last consensus that became valid before their interval began (design §5): until then a newer one may
 * change them, and the first from within the interval confirms them for good.
 */
function saysMore(seen: SeenTerms, known: SeenTerms | null): boolean {
  return known === null || (seen.seenIn > known.seenIn && !isFixed(known));
}

export function isFixed(seen: SeenTerms): boolean {
  return seen.seenIn >= intervalStart(seen.terms.parameters, seen.terms.interval);
}
