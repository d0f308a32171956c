/*
 * What a consensus says. State, judged relays and the time it becomes valid in; the terms to fix first, and then its body, out.
 * Pure; called by consensus/flow.ts.
 */
import { invariant } from '../../core/refusal.ts';
import type { Consensus, RelayEntry } from '../../core/wire/consensus.ts';
import type { Parameters } from '../../core/wire/parameters.ts';
import type { Terms } from '../../core/wire/terms.ts';
import type { Judged } from '../flags/decide.ts';
import { compareStanding } from '../standing/order.ts';
import type { DirectoryState } from '../state/decide.ts';
import { fixedRatio, termsToCarry, termsToFix, type Counts } from './terms.ts';

/** Null: there is nobody to list yet, or no exit to make the ratio of, and no consensus was ever made. */
export function fixTerms(state: DirectoryState, parameters: Parameters, judged: readonly Judged[], slot: number): Terms[] | null {
  const counts = countsOf(parameters, judged);
  const nobody = counts === null || !judged.some((one) => one.flags.includes('Running'));
  if (state.consensus === null && nobody) return null;
  return termsToFix(state, parameters, slot, counts);
}

/** `log` is the log's top before the consensus itself is written down. */
export function composeConsensus(
  state: DirectoryState,
  parameters: Parameters,
  judged: readonly Judged[],
  slot: number,
  log: Consensus['log'],
): Consensus {
  const terms = termsToCarry(state, parameters, slot);
  invariant(terms.length > 0 && state.networkId !== null, 'terms are fixed before a consensus carries them');
  return {
    networkId: state.networkId,
    validAfter: slot,
    freshUntil: slot + parameters.consensusSec,
    validUntil: slot + 3 * parameters.consensusSec,
    terms,
    relays: [...judged].sort((a, b) => compareStanding(a.relay, b.relay)).map(entryOf),
    nullified: [],
    log,
  };
}

function countsOf(parameters: Parameters, judged: readonly Judged[]): Counts | null {
  const running = judged.filter((one) => one.flags.includes('Running'));
  const exits = running.filter((one) => one.flags.includes('Exit'));
  const counted = exits.length === 0 ? null : { relays: BigInt(running.length), exits: BigInt(exits.length) };
  return fixedRatio(parameters) ?? counted;
}

/** Whoever is down is listed without Running: who owes it something still finds its descriptor. */
function entryOf({ relay, flags, bandwidth }: Judged): RelayEntry {
  const { id, nickname } = relay.descriptor.body;
  return { id, nickname, descriptor: relay.digest, flags: [...flags], bandwidth };
}
