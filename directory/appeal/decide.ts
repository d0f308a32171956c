/*
 * Whether an appeal is taken (rule 11). State, a signed appeal and a time in; what it does to its case, or the first refusal in the
 * order of appealRefusals, out. Pure; called by appeal/flow.ts.
 */
import { bare, type Signed } from '../../core/crypto/sign.ts';
import { invariant, ok, refuser, type Result } from '../../core/refusal.ts';
import type { RailRules } from '../../core/rule/contest.ts';
import { checkAppeal, takeAppeal, type ContestCase } from '../../core/rule/verdict.ts';
import { appealRefusals, docketDigest, type Appeal, type AppealEvidence } from '../../core/wire/contest.ts';
import type { DocketAnswer } from '../../core/wire/verdict.ts';
import type { LogEntry } from '../log/entry.ts';
import type { DirectoryState } from '../state/decide.ts';

export type AppealEntry = Extract<LogEntry, { kind: 'appeal' }>;

export interface Accepted {
  readonly answer: DocketAnswer;
  /** Null when just this one was taken before. */
  readonly taken: { readonly entry: AppealEntry; readonly after: ContestCase } | null;
}

const refuse = refuser(appealRefusals);

export function acceptAppeal(state: DirectoryState, rails: RailRules, signed: Signed<Appeal>, now: number): Result<Accepted> {
  const { body } = signed;
  const one = state.cases.get(body.case);
  if (one?.kind !== 'contest') return refuse('appeal-unknown', body.case);
  const digest = docketDigest(body);
  if (one.appeals.some((before) => docketDigest(before.signed.body) === digest)) {
    return ok({ answer: { case: one.id, state: one.state }, taken: null });
  }
  const checked = checkAppeal(state.networkId ?? '', one, rails, signed, now);
  if (!checked.ok) return checked;
  const { evidence } = body;
  // What a contest made void takes nothing off another.
  if (evidence.kind === 'carried' && evidence.settlement.body.id !== one.id && state.cases.has(evidence.settlement.body.id))
    return refuse('appeal-owed', `carry of ${evidence.settlement.body.id}, which is void`);
  const other = evidence.kind === 'payment' ? shownElsewhere(state, rails, one.id, evidence) : null;
  if (other !== null) return refuse('appeal-shown', other);
  const { verified, event, reason } = checked.value;
  invariant(event.kind !== 'expired', 'an appeal is not the end of its window');
  const after = takeAppeal(one, { at: now, signed: verified }, event, reason);
  const entry: AppealEntry = { kind: 'appeal', at: now, signed: bare(verified), event, reason };
  return ok({ answer: { case: one.id, state: after.state }, taken: { entry, after } });
}

/**
 * Where a fallback is one place for all who owe there, two of them could show one payment: it ends one case. Null, or the case that it
 * has ended. A receipt is the creditor's own word whose payment it is, and is not refused by this.
 */
function shownElsewhere(state: DirectoryState, rails: RailRules, id: string, evidence: AppealEvidence): string | null {
  const payment = paymentIn(rails, evidence);
  for (const one of state.cases.values()) {
    if (one.kind !== 'contest' || one.id === id) continue;
    if (one.appeals.some(({ signed }) => paymentIn(rails, signed.body.evidence) === payment)) return one.id;
  }
  return null;
}

/** A proof is long to check, and the cases stay. */
const known = new WeakMap<AppealEvidence, string | null>();

/** With its rail; null of evidence that shows none. */
function paymentIn(rails: RailRules, evidence: AppealEvidence): string | null {
  const before = known.get(evidence);
  if (before !== undefined) return before;
  const found = readPayment(rails, evidence);
  known.set(evidence, found);
  return found;
}

function readPayment(rails: RailRules, evidence: AppealEvidence): string | null {
  if (evidence.kind === 'receipt') return `${evidence.receipt.body.rail} ${evidence.receipt.body.payment}`;
  const shown = evidence.kind === 'payment' ? rails.payment(evidence.proof) : null;
  return shown === null || evidence.kind !== 'payment' ? null : `${evidence.proof.rail} ${shown.payment}`;
}
