/*
 * Through which guard a subscriber's tor goes: its own, or while that is down or has lost its flag one of its family, where the
 * balance holds too (PG-06). The subscription's guard and the consensus in; a guard, or why none will do, out. Pure; called by
 * node/connect. A Bridge line of tor does not look at flags: this does.
 */
import { hasFlag } from '../../core/wire/consensus.ts';
import type { NetworkView } from '../../host/ports.ts';
import { familyOf, placeOf, type GuardPlace } from './find.ts';

/** In the order of the checks. `unreachable`: nobody answered at its address. */
export type Unfit = 'unlisted' | 'not-running' | 'flag-lost' | 'no-transport' | 'no-fingerprint' | 'unreachable';

export interface Chosen extends GuardPlace {
  /** `host:port` of its transport. */
  readonly address: string;
  /** Of its tor. */
  readonly fingerprint: string;
}

export type Choice =
  { readonly guard: Chosen; readonly instead: Unfit | null } | { readonly guard: null; readonly instead: Unfit };

/** `unreachable`: ids of guards that did not answer a moment ago. */
export function chooseGuard(network: NetworkView, subscribed: string, unreachable: ReadonlySet<string> = new Set()): Choice {
  const own = look(network, subscribed, unreachable);
  if (typeof own !== 'string') return { guard: own, instead: null };
  for (const { id } of familyOf(network, subscribed)) {
    const other = look(network, id, unreachable);
    if (typeof other !== 'string') return { guard: other, instead: own };
  }
  return { guard: null, instead: own };
}

function look(network: NetworkView, id: string, unreachable: ReadonlySet<string>): Chosen | Unfit {
  const entry = network.entry(id);
  const place = placeOf(network, id);
  if (entry === null || place === null) return 'unlisted';
  if (!hasFlag(entry, 'Running')) return 'not-running';
  if (!hasFlag(entry, 'Guard')) return 'flag-lost';
  const { paidguard, fingerprint } = place.descriptor;
  if (paidguard === undefined) return 'no-transport';
  if (fingerprint === null) return 'no-fingerprint';
  return unreachable.has(id) ? 'unreachable' : { ...place, address: paidguard, fingerprint };
}
