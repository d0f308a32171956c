/*
 * What the docket's pages ask for: the docket's own answers (its flow gives the same as JSON), and what else the authority knows of
 * relays and terms. Made by main.ts; the pages decide nothing.
 */
import type { Result } from '../../core/refusal.ts';
import type { RailRules } from '../../core/rule/contest.ts';
import type { Terms } from '../../core/wire/terms.ts';
import type { DocketCase, DocketChanges, DocketPage, RelayRecord } from '../../core/wire/verdict.ts';

/** The same answers as GET /directory/docket… gives. */
export interface Docket {
  page(query: {
    readonly before: bigint | null;
    readonly relay: string | null;
  }): Result<DocketPage> | Promise<Result<DocketPage>>;
  one(id: string): Result<DocketCase> | Promise<Result<DocketCase>>;
  record(relay: string): Result<RelayRecord> | Promise<Result<RelayRecord>>;
  changes(after: bigint | null): Result<DocketChanges> | Promise<Result<DocketChanges>>;
}

export interface FlagShown {
  readonly has: boolean;
  /** What is missing, a sentence each. */
  readonly missing: readonly string[];
}

export interface Known {
  /** As network.json names it. */
  readonly authority: { readonly name: string; readonly key: string };
  readonly networkId: string;
  now(): number;
  /** Genesis of the network. */
  begun(): number;
  nickname(relay: string): string | null;
  /** A relay's id by nickname or id, or null. */
  idOf(name: string): string | null;
  terms(interval: number): Terms | null;
  /** Null where the relay has no valid descriptor. */
  flag(relay: string): FlagShown | null;
  /** What a rail's proof shows. */
  readonly payment: RailRules['payment'];
}
