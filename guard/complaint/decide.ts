/*
 * Whether a case of the docket is one to answer, and what would answer it: the docket's case and what this guard knows in; the claim,
 * or null, out. Pure.
 */
import { ok, refuser, type Result } from '../../core/refusal.ts';
import { checkComplaint, type Claimed, type ComplaintKeys } from '../../core/rule/complaint.ts';
import type { RailRules } from '../../core/rule/contest.ts';
import { complaintRefusals, type Complaint } from '../../core/wire/complaint.ts';
import type { Parameters } from '../../core/wire/parameters.ts';
import type { DocketCase, DocketLine } from '../../core/wire/verdict.ts';

const refuse = refuser(complaintRefusals);

/** Not ended: an upheld one may still be answered, and is late then. */
export function isToAnswer({ kind, accused, state }: DocketLine, guard: string): boolean {
  return kind === 'complaint' && accused === guard && (state === 'open' || state === 'answered' || state === 'upheld');
}

/** Until when this guard looks at it: whoever credits or pays after an interval more is not heard of by the docket either. */
export function lookedAtUntil({ appealBy }: DocketLine, { intervalSec }: Parameters): number {
  return appealBy + intervalSec;
}

export interface ToAnswer {
  readonly complaint: Complaint;
  readonly claimed: Claimed;
}

/** An authority alone cannot make a guard show a subscriber's account: the subscriber must have signed. */
export function claimIn(shown: DocketCase, keys: ComplaintKeys, rails: RailRules, parameters: Parameters): Result<ToAnswer> {
  const { about, line } = shown;
  if (about.kind !== 'complaint' || about.signed.body.guard !== keys.guard.id) return refuse('complaint-unknown', line.accused);
  const checked = checkComplaint(keys, rails, parameters, about.signed, line.filedAt);
  return checked.ok ? ok({ complaint: checked.value.verified.body, claimed: checked.value.claimed }) : checked;
}
