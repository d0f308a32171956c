/*
 * Whom to ask whether they are there, and when. State and a time in, relays and due times out. Pure; called by probe/flow.ts,
 * by jobs.ts and before each consensus.
 */
import type { Parameters } from '../../core/wire/parameters.ts';
import { isCurrent, type DirectoryState, type KnownRelay } from '../state/decide.ts';

/** Everybody who was not asked since then. */
export function notAskedSince(state: DirectoryState, since: number, now: number): KnownRelay[] {
  return [...state.relays.values()].filter((relay) => isCurrent(relay, now) && (relay.uptime.askedAt ?? -1) < since);
}

/** The new ones, and those that were not there when last asked and have published since. */
export function toGreet(state: DirectoryState, now: number): KnownRelay[] {
  return [...state.relays.values()].filter(({ descriptor, acceptedAt, uptime }) => {
    if (descriptor.body.expires <= now) return false;
    return uptime.askedAt === null || (uptime.runSince === null && acceptedAt >= uptime.askedAt);
  });
}

/** A consensus becomes valid at multiples of consensusSec from genesis: the last of them by now. */
export function slotAt(parameters: Parameters, now: number): number {
  const { genesis, consensusSec } = parameters;
  return genesis + Math.floor((now - genesis) / consensusSec) * consensusSec;
}

/** When the round begins whose results that consensus uses: a tenth of the time between two before it. */
export function roundBefore(parameters: Parameters, slot: number): number {
  const { consensusSec } = parameters;
  return slot - Math.min(Math.max(1, Math.floor(consensusSec / 10)), consensusSec - 1);
}

/** When whoever did not answer in that round is asked again: half way to its consensus. A restart is over by then. */
export function secondLook(parameters: Parameters, round: number): number {
  const slot = slotAt(parameters, round) + parameters.consensusSec;
  return round + Math.max(1, Math.floor((slot - round) / 2));
}

/** The round that is due next, or is going on. */
export function roundAt(parameters: Parameters, now: number): number {
  const slot = slotAt(parameters, now);
  return roundBefore(parameters, slot === now ? slot : slot + parameters.consensusSec);
}
