/*
 * A case of the docket as this relay has it: one it contests, or one in which it is accused. The row that the flows of this item
 * move on; its end is the docket's word.
 *
 *   contestant: asked ─→ filing ─→ open …        accused: noticed ─→ open …
 *                 └────────┴─→ refused               (and a contestant whose counterpart was first)
 */
import type { Signed } from '../../core/crypto/sign.ts';
import type { CaseState } from '../../core/rule/course.ts';
import type { Contest } from '../../core/wire/contest.ts';

export type OwnCaseState =
  /** The operator is to say whether it is filed. */
  | 'asked'
  /** On its way to the authorities; or there, and refused; or no longer needed, or too late. */
  | 'filing'
  | 'refused'
  /** The docket has spoken of it, and this relay has not read it yet. */
  | 'noticed'
  | CaseState;

export interface OwnCase {
  /** The docket's id: the settlement's. */
  readonly id: string;
  readonly interval: number;
  readonly peer: string;
  readonly part: 'contestant' | 'accused';
  readonly state: OwnCaseState;
  readonly rail: string | null;
  readonly amount: bigint;
  /** Null while nobody has signed one, or this relay has not seen it. */
  readonly signed: Signed<Contest> | null;
  /** Why the last filing or appeal was refused. */
  readonly code: string | null;
  /** Of the accused: whether the contestant was asked for its receipt, and has refused it or let its time go by. */
  readonly plea: 'none' | 'sent' | 'over';
  /** Names of the evidence that the docket was shown; none is shown twice. */
  readonly shown: readonly string[];
  /** The second until which it can be filed, or answered; null before that is known. */
  readonly until: number | null;
}

/** The docket may still move these. */
export const live: readonly OwnCaseState[] = ['noticed', 'filing', 'open', 'answered', 'upheld'];

/** The docket has, or had, such a case: its pair is void for good. */
export const docketed: readonly CaseState[] = ['open', 'answered', 'upheld', 'dismissed', 'withdrawn', 'late'];

export function newCase(of: Pick<OwnCase, 'id' | 'interval' | 'peer' | 'part' | 'state'>): OwnCase {
  return { ...of, rail: null, amount: 0n, signed: null, code: null, plea: 'none', shown: [], until: null };
}
