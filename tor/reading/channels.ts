/*
 * The channels of a tor, dump after dump: what each neighbour sent and was sent in all, which never falls, though channels close and
 * tor itself begins anew. Pure state. Called by reading/watch.ts.
 */
import type { Channel, Count } from './dump.ts';

/** All channels of one neighbour together, since the first dump that had it. */
export interface LinkTotal {
  readonly peer: string;
  readonly received: Count;
  readonly sent: Count;
}

export interface Taken {
  /** Numbers of channels that are closed. */
  readonly gone: readonly string[];
  /** None of those before is left, or a number is used again: another process of tor. */
  readonly isAnotherTor: boolean;
}

export interface Channels {
  take(dump: readonly Channel[]): Taken;
  /** As the newest dump shows it. */
  of(id: string): Channel | null;
  all(): readonly Channel[];
  /** What a closed channel carried after the last dump that had it is in no sum. */
  links(): LinkTotal[];
}

export function createChannels(): Channels {
  let current = new Map<string, Channel>();
  /** Of closed channels, by peer. */
  const past = new Map<string, LinkTotal>();

  function leave(channel: Channel): void {
    if (channel.peer === null) return;
    past.set(channel.peer, addTotal(past.get(channel.peer) ?? noTotal(channel.peer), channel));
  }

  return {
    take(dump) {
      const next = new Map(dump.map((channel) => [channel.id, channel]));
      const gone = [...current.values()].filter((channel) => !isSame(next.get(channel.id), channel));
      for (const channel of gone) leave(channel);
      const isReused = gone.some((channel) => next.has(channel.id));
      const isAnotherTor = isReused || (gone.length > 0 && gone.length === current.size);
      current = next;
      return { gone: gone.map((channel) => channel.id), isAnotherTor };
    },
    of: (id) => current.get(id) ?? null,
    all: () => [...current.values()],
    links() {
      const sums = new Map(past);
      for (const channel of current.values())
        if (channel.peer !== null) sums.set(channel.peer, addTotal(sums.get(channel.peer) ?? noTotal(channel.peer), channel));
      return [...sums.values()].sort((a, b) => (a.peer < b.peer ? -1 : 1));
    },
  };
}

/** A count that fell is another channel’s, whatever its number says. */
function isSame(now: Channel | undefined, before: Channel): boolean {
  if (now === undefined || now.createdAt !== before.createdAt) return false;
  if (before.peer !== null && now.peer !== before.peer) return false;
  return now.sent.cells >= before.sent.cells && now.received.cells >= before.received.cells;
}

function noTotal(peer: string): LinkTotal {
  return { peer, received: { cells: 0n, bytes: 0n }, sent: { cells: 0n, bytes: 0n } };
}

function addTotal(sum: LinkTotal, { received, sent }: Channel): LinkTotal {
  return { peer: sum.peer, received: addCount(sum.received, received), sent: addCount(sum.sent, sent) };
}

function addCount(a: Count, b: Count): Count {
  return { cells: a.cells + b.cells, bytes: a.bytes + b.bytes };
}
