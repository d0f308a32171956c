/*
 * What was compared of circuits that have left memory, a link and interval; and when each issuer last delivered. Kept until the
 * interval after is over too, so that the operator can read it. Memory only. Called by circuit/table.ts alone.
 */
import { addCompared, nothingCompared, type Compared } from './compare.ts';

/** A previous hop whose interval is over, and how it certified. */
export interface ClosedLink {
  readonly issuer: string;
  readonly interval: number;
  readonly compared: Compared;
}

export interface Past {
  add(issuer: string, interval: number, compared: Compared): void;
  of(issuer: string, interval: number): Compared;
  issuers(): Iterable<string>;
  /** True for the first delivery that an issuer signed in this tick. */
  isNextTick(taken: { readonly issuer: string; readonly interval: number; readonly tick: number }): boolean;
  /** The links of intervals before `oldest` that have not been answered yet. */
  close(oldest: number): ClosedLink[];
}

interface Link {
  compared: Compared;
  tick: number;
}

export function createPast(): Past {
  const issuers = new Map<string, Map<number, Link>>();
  let closedBefore = -Infinity;

  function linkOf(issuer: string, interval: number): Link {
    const links = issuers.get(issuer) ?? new Map<number, Link>();
    const link = links.get(interval) ?? { compared: nothingCompared, tick: -Infinity };
    issuers.set(issuer, links.set(interval, link));
    return link;
  }

  return {
    add(issuer, interval, compared) {
      if (compared.meteredBytes === 0n && compared.unseenBytes === 0n) return;
      const link = linkOf(issuer, interval);
      link.compared = addCompared(link.compared, compared);
    },
    of: (issuer, interval) => issuers.get(issuer)?.get(interval)?.compared ?? nothingCompared,
    issuers: () => issuers.keys(),
    isNextTick({ issuer, interval, tick }) {
      const link = linkOf(issuer, interval);
      const isNext = tick > link.tick;
      if (isNext) link.tick = tick;
      return isNext;
    },
    close(oldest) {
      const closed: ClosedLink[] = [];
      for (const [issuer, links] of issuers) {
        for (const [interval, { compared }] of links) {
          if (interval < oldest && interval >= closedBefore) closed.push({ issuer, interval, compared });
          if (interval < oldest - 1) links.delete(interval);
        }
        if (links.size === 0) issuers.delete(issuer);
      }
      closedBefore = Math.max(closedBefore, oldest);
      return closed;
    },
  };
}
