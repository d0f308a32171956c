/*
 * A case of the docket as this relay has it: one it contests, or one in which it is accused. The row that the flows of this item
 * move on; its end is the docket's word.
 */
import type { Signed } from '../../core/crypto/sign.ts';
import type { CaseState } from '../../core/rule/course.ts';
import type { Contest } from '../../core/wire/contest.ts';

export type OwnCaseState =
  /** The operator is to say whether it is filed. */
  | 'asked'
  /** On its way to the authorities; or there, and refused. */
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
  /** Of the accused: the contestant was asked for its receipt, and has answered or let its time go by. */
  readonly pleaded: boolean;
  /** The kind of evidence that the docket was shown last. */
  readonly shown: string | null;
  /** The second until which it can be filed, or answered; null before that is known. */
  readonly until: number | null;
}

/** The docket may still move these. */
export const live: readonly OwnCaseState[] = ['noticed', 'filing', 'open', 'answered', 'upheld'];
