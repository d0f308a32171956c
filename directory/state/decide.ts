/*
 * All that an authority knows, as a pure fold over its log: the same entries in the same order give the same state, whoever
 * folds them. Entries in, state out. Called by log/flow.ts, and by anybody who audits a log.
 */
import { asStored, type Verified } from '../../core/crypto/sign.ts';
import { invariant } from '../../core/refusal.ts';
import type { Case } from '../../core/rule/verdict.ts';
import { descriptorDigest, type Descriptor } from '../../core/wire/descriptor.ts';
import type { Parameters } from '../../core/wire/parameters.ts';
import type { Terms } from '../../core/wire/terms.ts';
import type { DocketChange } from '../../core/wire/verdict.ts';
import type { LogEntry, TorFacts } from '../log/entry.ts';
import { isDocketEntry, takeDocketEntry, type DocketDraft } from './docket.ts';
import { withEarlier, type Earlier } from './earlier.ts';
import { takeGuards, type GuardsDraft } from './guards.ts';
import { neverAsked, observe, type Uptime } from './uptime.ts';

export interface KnownRelay {
  readonly descriptor: Verified<Descriptor>;
  readonly digest: string;
  /** When its first descriptor was accepted, and when the newest. */
  readonly firstSeen: number;
  readonly acceptedAt: number;
  /** The highest key number that it ever published. */
  readonly keysUpTo: number;
  readonly uptime: Uptime;
  /** What Tor says of it; null before the first look, and of an authority without a tor. */
  readonly tor: TorFacts | null;
  /** The Tor identity whose descriptor has named it: no other payment key's, as long as it is known. */
  readonly boundTo: string | null;
  /** Those before the newest whose rails differ, as long as a contest may need them. */
  readonly earlier: readonly Earlier[];
}

export interface DirectoryState {
  /** Entries folded. */
  readonly size: number;
  /** Time of the newest entry. */
  readonly at: number;
  readonly networkId: string | null;
  readonly parameters: Parameters | null;
  /** By id; the expired too, until they are forgotten. */
  readonly relays: ReadonlyMap<string, KnownRelay>;
  readonly terms: ReadonlyMap<number, Terms>;
  /** |N| and |E| of Tor; null of an authority without a tor. */
  readonly tor: { readonly validAfter: number; readonly relays: number; readonly exits: number } | null;
  /** The newest. */
  readonly consensus: { readonly at: number; readonly validAfter: number; readonly digest: string } | null;
  /** Who has Guard in it. */
  readonly guards: ReadonlySet<string>;
  /** Who had Guard in the terms of an interval, while it may be contested. */
  readonly guardsOf: ReadonlyMap<number, ReadonlySet<string>>;
  /** The docket, in order of filing: one case for each pair and interval, and for each thing complained of. */
  readonly cases: ReadonlyMap<string, Case>;
  /** What happened to them, in the order of the log. */
  readonly changes: readonly DocketChange[];
}

export const emptyState: DirectoryState = {
  size: 0,
  at: 0,
  networkId: null,
  parameters: null,
  relays: new Map(),
  terms: new Map(),
  tor: null,
  consensus: null,
  guards: new Set(),
  guardsOf: new Map(),
  cases: new Map(),
  changes: [],
};

/** How long the record and the destinations of a relay are kept after its descriptor has expired. */
export const FORGET_SEC = 30 * 24 * 3600;

export function fold(state: DirectoryState, entry: LogEntry): DirectoryState {
  return foldAll(state, [entry]);
}

/** As many single folds, with one copy of the state in all. */
export function foldAll(state: DirectoryState, entries: readonly LogEntry[]): DirectoryState {
  const draft: Draft = {
    ...state,
    relays: new Map(state.relays),
    terms: new Map(state.terms),
    guardsOf: new Map(state.guardsOf),
    // Not to be written to unless they are one's own: the docket of a large network is long.
    ...(entries.some(isDocketEntry) ? { cases: new Map(state.cases), changes: [...state.changes] } : docketOf(state)),
  };
  for (const entry of entries) {
    take(draft, entry);
    draft.at = Math.max(draft.at, entry.at);
    draft.size += 1;
  }
  return draft;
}

function docketOf({ cases, changes }: DirectoryState): Pick<DocketDraft, 'cases' | 'changes'> {
  return { cases: cases as Map<string, Case>, changes: changes as DocketChange[] };
}

/** Whose descriptor is still valid. */
export function isCurrent(relay: KnownRelay, now: number): boolean {
  return relay.descriptor.body.expires > now;
}

interface Draft extends DocketDraft, GuardsDraft {
  size: number;
  at: number;
  networkId: string | null;
  parameters: Parameters | null;
  readonly relays: Map<string, KnownRelay>;
  readonly terms: Map<number, Terms>;
  tor: DirectoryState['tor'];
  consensus: DirectoryState['consensus'];
}

function take(draft: Draft, entry: LogEntry): void {
  switch (entry.kind) {
    case 'parameters':
      draft.networkId = entry.networkId;
      draft.parameters = entry.parameters;
      return;
    case 'descriptor':
      return takeDescriptor(draft, asStored(entry.signed), entry.at);
    case 'probe':
      for (const id of entry.reached) takeProbe(draft, id, true, entry.at);
      for (const id of entry.missed) takeProbe(draft, id, false, entry.at);
      return;
    case 'tor':
      draft.tor = { validAfter: entry.validAfter, relays: entry.relays, exits: entry.exits };
      for (const facts of entry.seen) takeTorFacts(draft, facts);
      return;
    case 'terms':
      draft.terms.set(entry.terms.interval, entry.terms);
      return;
    case 'consensus':
      draft.consensus = { at: entry.at, validAfter: entry.validAfter, digest: entry.digest };
      takeGuards(draft, entry);
      return forget(draft, entry.at);
    default:
      return takeDocketEntry(draft, entry);
  }
}

function takeDescriptor(draft: Draft, signed: Verified<Descriptor>, at: number): void {
  const { id, keys } = signed.body;
  const known = draft.relays.get(id);
  const { parameters } = draft;
  draft.relays.set(id, {
    descriptor: signed,
    digest: descriptorDigest(signed),
    firstSeen: known?.firstSeen ?? at,
    acceptedAt: at,
    keysUpTo: Math.max(known?.keysUpTo ?? 0, ...keys.map((set) => set.number)),
    uptime: known?.uptime ?? neverAsked,
    // Of another fingerprint nothing is known.
    tor: known?.tor?.fingerprint === signed.body.fingerprint ? (known.tor ?? null) : null,
    boundTo: known?.boundTo ?? null,
    earlier:
      known === undefined || parameters === null ? [] : withEarlier(known.earlier, known.descriptor, signed, parameters, at),
  });
}

function takeTorFacts(draft: Draft, facts: TorFacts): void {
  const relay = draft.relays.get(facts.id);
  if (relay === undefined) return;
  draft.relays.set(facts.id, { ...relay, tor: facts, boundTo: relay.boundTo ?? (facts.names ? facts.fingerprint : null) });
}

function takeProbe(draft: Draft, id: string, reached: boolean, at: number): void {
  const relay = draft.relays.get(id);
  if (relay === undefined) return;
  const parameters = draft.parameters;
  invariant(parameters !== null, 'a log begins with its parameters');
  const probe = {
    reached,
    at,
    knownSince: relay.firstSeen,
    halfLifeSec: parameters.flags.uptimeHalfLifeSec,
    spanMaxSec: 2 * parameters.consensusSec,
  };
  draft.relays.set(id, { ...relay, uptime: observe(relay.uptime, probe) });
}

function forget(draft: Draft, at: number): void {
  for (const [id, relay] of draft.relays) {
    if (relay.descriptor.body.expires + FORGET_SEC <= at) draft.relays.delete(id);
  }
}
