/*
 * The rails of a network, by name. Names come off the wire: what is not here is undefined, and nothing is inherited. Called by
 * whoever composes a role or verifies offline.
 */
import type { RailRules } from '../core/rule/contest.ts';
import { invariant } from '../core/refusal.ts';
import { bitcoinReader } from './bitcoin/reader.ts';
import type { Rpc } from './bitcoin/rpc.ts';
import type { LedgerAccess } from './ledger/api.ts';
import { ledgerReader } from './ledger/reader.ts';
import type { RailReader } from './rail.ts';

export type Rails<T> = Readonly<Record<string, T>>;

/** A reader for each rail that this network has. `rpc`: of the operator's own bitcoind; without it, what works offline. */
export function openRails(access: LedgerAccess, rpc: Rpc | null = null): Rails<RailReader> {
  const { ledger, bitcoin } = access.network;
  return byRail([
    ...(ledger === null ? [] : [ledgerReader(access)]),
    ...(bitcoin === undefined ? [] : [bitcoinReader({ rules: bitcoin, rpc })]),
  ]);
}

/** What the docket asks of them, offline; names come off the wire. */
export function railRules(readers: Rails<RailReader>): RailRules {
  return {
    payment: (proof) => readers[proof.rail]?.verify(proof) ?? null,
    isDestination: (rail, text) => readers[rail]?.isDestination(text) ?? false,
    fallback: (rail, published, settlement) => readers[rail]?.fallbackFor(published, settlement) ?? null,
  };
}

/** Readers, receivings or wallets, by the rail that each is of. */
export function byRail<T extends { readonly rail: string }>(inhabitants: readonly T[]): Rails<T> {
  const rails = Object.create(null) as Record<string, T>;
  for (const one of inhabitants) {
    invariant(rails[one.rail] === undefined, 'a rail has one inhabitant of a kind');
    rails[one.rail] = one;
  }
  return rails;
}
