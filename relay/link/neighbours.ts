/*
 * What is known of each neighbour beyond its IOUs: whether it answers, what it refused, the credit that its last Ack left. In
 * memory; begins anew with the process. Written by iou/issue.ts, read by link/flow.ts.
 */
import type { Refusal } from '../../core/refusal.ts';
import type { LinkCall, NetworkView } from '../../host/ports.ts';
import { currentKeySet } from '../../core/wire/descriptor.ts';

export interface Neighbour {
  /** Null before its first Ack since this process began. */
  readonly creditLeftBytes: bigint | null;
  readonly unreachableSince: number | null;
  /** Code of what it last refused, until it takes something. */
  readonly refused: string | null;
}

export interface Neighbours {
  of(peer: string): Neighbour;
  answered(peer: string, creditLeftBytes: bigint): void;
  /** True when this is news. */
  failed(peer: string, refusal: Refusal, now: number): boolean;
  all(): string[];
}

const stranger: Neighbour = { creditLeftBytes: null, unreachableSince: null, refused: null };

export function createNeighbours(): Neighbours {
  const known = new Map<string, Neighbour>();
  const of = (peer: string) => known.get(peer) ?? stranger;
  return {
    of,
    answered: (peer, creditLeftBytes) => void known.set(peer, { creditLeftBytes, unreachableSince: null, refused: null }),
    failed(peer, refusal, now) {
      const before = of(peer);
      const silent = refusal.code === 'unreachable';
      const unreachableSince = silent ? (before.unreachableSince ?? now) : null;
      known.set(peer, { ...before, unreachableSince, refused: silent ? before.refused : refusal.code });
      return silent ? before.unreachableSince === null : before.refused !== refusal.code;
    },
    all: () => [...known.keys()],
  };
}

/** Where a neighbour's relay role is, and the key that it opens by; null when the directory does not know it. */
export function addressOf(network: NetworkView, peer: string, interval: number): Pick<LinkCall, 'url' | 'to' | 'toKey'> | null {
  const descriptor = network.descriptor(peer)?.body;
  const set = descriptor === undefined ? null : currentKeySet(descriptor, interval);
  if (descriptor === undefined || set === null) return null;
  return { url: descriptor.urls.relay, to: peer, toKey: { number: set.number, publicKey: Buffer.from(set.relaySealing, 'hex') } };
}
