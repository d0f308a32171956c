/*
 * What this relay, accused, has to show (rule 11): its row of the pair and the contest in; the best evidence first, out. Called by
 * watch.ts and for the operator's appeal.
 */
import { bare } from '../../core/crypto/sign.ts';
import { basisOf, dueOf } from '../../core/rule/contest.ts';
import type { AppealEvidence, Contest } from '../../core/wire/contest.ts';
import { totalsOf } from '../../core/wire/iou.ts';
import { termsFor, type Office } from '../office.ts';
import { bothSigned, type Pair } from '../pair/pair.ts';

/** Empty: nothing is to be held against it. `payment`: the operator's word which one it was. */
export async function evidenceOf(
  office: Office,
  pair: Pair,
  contest: Contest,
  payment: string | null = null,
): Promise<AppealEvidence[]> {
  const { receipt } = pair;
  const found: AppealEvidence[] = receipt === null ? [] : [{ kind: 'receipt', receipt: bare(receipt) }];
  const named = payment ?? (pair.side === 'debtor' ? pair.payment : null);
  const reader = office.rail(pair.rail ?? contest.rail)?.reader;
  const proof = named === null || reader === undefined ? null : await reader.prove(named);
  const settlement = contest.ground.kind === 'agreed' ? null : bothSigned(pair);
  if (proof?.ok === true) found.push({ kind: 'payment', proof: proof.value, settlement });
  if (settlement !== null && settlement.body.amount === 0n) found.push({ kind: 'carried', settlement });
  const iou = setOff(office, pair, contest);
  return iou === null ? found : [...found, { kind: 'set-off', iou }];
}

/** The contestant's IOU that I hold, where the contest shows an earlier one, or none. */
function setOff(office: Office, pair: Pair, contest: Contest) {
  const known = termsFor(office, contest.interval);
  const { held } = pair;
  const basis = basisOf(contest);
  if (held === null || known === null || basis.agreed !== null || held.body.serial <= basis.issuedSerial) return null;
  const after = { ...basis, issued: totalsOf(held), issuedSerial: held.body.serial };
  const isLess = dueOf(known.terms, contest.rail, after) < dueOf(known.terms, contest.rail, basis);
  return isLess ? bare(held) : null;
}
