/*
 * Earlier descriptors of a relay: a payment to the fallback that was published at the settlement time still counts when the relay has
 * published another since. Descriptors in; those that a contest may still need out. Pure; called by the fold and by contest.
 */
import type { Verified } from '../../core/crypto/sign.ts';
import { encode } from '../../core/wire/codec.ts';
import type { Descriptor } from '../../core/wire/descriptor.ts';
import type { Parameters } from '../../core/wire/parameters.ts';
import { DESCRIPTORS_OF_CASE_MAX } from '../../core/wire/verdict.ts';

export interface Earlier {
  readonly descriptor: Verified<Descriptor>;
  /** When another took its place. */
  readonly until: number;
}

/** Beside the newest. */
const EARLIER_MAX = DESCRIPTORS_OF_CASE_MAX - 1;

/** What stays known of a relay whose descriptor was `before`, once it has published `next`. */
export function withEarlier(
  earlier: readonly Earlier[],
  before: Verified<Descriptor>,
  next: Verified<Descriptor>,
  parameters: Parameters,
  at: number,
): readonly Earlier[] {
  if (encode(before.body.rails) === encode(next.body.rails)) return earlier;
  return stillNeeded([...earlier, { descriptor: before, until: at }], parameters, at);
}

/** Those in force at the settlement time or since, the oldest first: by those a debtor paid, however often others followed. */
export function inForceSince(earlier: readonly Earlier[], bst: number, parameters: Parameters): Verified<Descriptor>[] {
  return earlier
    .filter((one) => forceEnds(one, parameters) > bst)
    .slice(0, EARLIER_MAX)
    .map((one) => one.descriptor);
}

/** At most as many as a case takes, for each settlement time whose contest window may be open. */
function stillNeeded(earlier: readonly Earlier[], parameters: Parameters, now: number): readonly Earlier[] {
  const { genesis, bstOffsetSec, intervalSec, paymentWindowSec, contestWindowSec } = parameters;
  const taken = new Map<number, number>();
  return earlier.filter((one) => {
    const ends = forceEnds(one, parameters);
    if (ends + paymentWindowSec + contestWindowSec <= now) return false;
    // Settlement times are an interval apart: those with the same last one before their end are needed for the same contests.
    const period = Math.floor((ends - 1 - genesis - bstOffsetSec) / intervalSec);
    const place = (taken.get(period) ?? 0) + 1;
    taken.set(period, place);
    return place <= EARLIER_MAX;
  });
}

/** Until the consensus that names the next one. */
function forceEnds({ until }: Earlier, { consensusSec }: Parameters): number {
  return until + consensusSec;
}
