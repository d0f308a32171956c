/*
 * What a consensus says. State, judged relays and the time it becomes valid in; the terms to fix first, and then its body, out.
 * Pure; called by consensus/flow.ts.
 */
import { orderedPair } from '../../core/crypto/hash.ts';
import { invariant } from '../../core/refusal.ts';
import type { Consensus, RelayEntry } from '../../core/wire/consensus.ts';
import type { Parameters } from '../../core/wire/parameters.ts';
import type { Terms } from '../../core/wire/terms.ts';
import type { Judged } from '../flags/decide.ts';
import { isListed } from '../contest/decide.ts';
import { inOrder } from '../standing/order.ts';
import type { DirectoryState } from '../state/decide.ts';
import { fixedRatio, termsToCarry, termsToFix, type Counts } from './terms.ts';

/** Null: there is nobody to list yet, or no exit to make the ratio of, and no consensus was ever made. */
export function fixTerms(state: DirectoryState, parameters: Parameters, judged: readonly Judged[], slot: number): Terms[] | null {
  const counts = countsOf(state, parameters, judged);
  const nobody = counts === null || !judged.some((one) => one.flags.includes('Running'));
  if (state.consensus === null && nobody) return null;
  return termsToFix(state, parameters, slot, counts);
}

/** `log` is the log's top before the consensus itself is written down; `now` the time of that entry. */
export function composeConsensus(
  state: DirectoryState,
  parameters: Parameters,
  judged: readonly Judged[],
  { slot, now, log }: { readonly slot: number; readonly now: number; readonly log: Consensus['log'] },
): Consensus {
  const terms = termsToCarry(state, parameters, slot);
  invariant(terms.length > 0 && state.networkId !== null, 'terms are fixed before a consensus carries them');
  return {
    networkId: state.networkId,
    validAfter: slot,
    freshUntil: slot + parameters.consensusSec,
    validUntil: slot + 3 * parameters.consensusSec,
    terms,
    relays: inOrder(state, now, judged, (one) => one.relay.descriptor.body.id).map(entryOf),
    nullified: nullifiedAt(state, slot),
    log,
  };
}

/** Rule 10: void for good, whatever the verdict; listed while a window of that interval is open. In order of filing. */
function nullifiedAt(state: DirectoryState, slot: number): Consensus['nullified'] {
  return [...state.cases.values()].flatMap((one) => {
    if (one.kind !== 'contest' || !isListed(one, slot)) return [];
    const { contestant, accused, interval } = one.signed.body;
    const [a, b] = orderedPair(contestant, accused);
    return [{ a, b, interval }];
  });
}

/** Of Tor where it is asked: prices are of all of Tor, of which only a part may be relays of ours. */
function countsOf({ tor }: DirectoryState, parameters: Parameters, judged: readonly Judged[]): Counts | null {
  const running = judged.filter((one) => one.flags.includes('Running'));
  const exits = running.filter((one) => one.flags.includes('Exit'));
  const [n, e] = tor === null ? [running.length, exits.length] : [tor.relays, tor.exits];
  const counted = e === 0 ? null : { relays: BigInt(n), exits: BigInt(e) };
  return fixedRatio(parameters) ?? counted;
}

/** Whoever is down is listed without Running: who owes it something still finds its descriptor. */
function entryOf({ relay, flags, bandwidth }: Judged): RelayEntry {
  const { id, nickname } = relay.descriptor.body;
  return { id, nickname, descriptor: relay.digest, flags: [...flags], bandwidth };
}
