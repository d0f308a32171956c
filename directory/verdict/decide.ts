/*
 * What a verdict says: a case that has ended in; the certificate with all the evidence that it was decided on, and nothing more, out.
 * And which cases end because nothing came. Pure; called by verdict/flow.ts.
 */
import { bare } from '../../core/crypto/sign.ts';
import { invariant } from '../../core/refusal.ts';
import { isUndecided } from '../../core/rule/course.ts';
import { appealBy, outcomeOf, type Case } from '../../core/rule/verdict.ts';
import type { Verdict } from '../../core/wire/verdict.ts';
import type { DirectoryState } from '../state/decide.ts';

export function composeVerdict(authority: string, one: Case): Verdict {
  const outcome = outcomeOf(one);
  const { id, terms, filedAt, reason, decidedAt } = one;
  invariant(outcome !== null && reason !== null && decidedAt !== null, 'a verdict is on a case that has ended');
  return { authority, case: id, about: evidenceOf(one), terms, filedAt, outcome, reason, at: decidedAt };
}

function evidenceOf(one: Case): Verdict['about'] {
  if (one.kind === 'complaint') {
    const answers = one.answers.map(({ at, signed }) => ({ at, signed: bare(signed) }));
    return { kind: 'complaint', signed: bare(one.signed), guard: bare(one.guard), answers };
  }
  return {
    kind: 'contest',
    signed: bare(one.signed),
    contestant: one.contestant.map(bare),
    accused: bare(one.accused),
    letterAt: one.letterAt,
    appeals: one.appeals.map(({ at, signed }) => ({ at, signed: bare(signed) })),
  };
}

/** Those whose appeal window is over by now, and when the next one's will be. */
export function casesToDecide({ cases }: DirectoryState, now: number): { readonly due: Case[]; readonly next: number | null } {
  const undecided = [...cases.values()].filter((one) => isUndecided(one.state));
  const later = undecided.map(appealBy).filter((at) => at > now);
  return { due: undecided.filter((one) => appealBy(one) <= now), next: later.length === 0 ? null : Math.min(...later) };
}
