/*
 * What this relay, accused, has to show (rule 11): its rows of the pair and the docket's case in; the best evidence first, without what
 * was shown before, out. Called by defend.ts and for the operator's appeal.
 */
import { bare, type Countersigned } from '../../core/crypto/sign.ts';
import { basisAfter } from '../../core/rule/appeal.ts';
import { basisOf, dueOf, type Basis } from '../../core/rule/contest.ts';
import type { AppealEvidence, Contest } from '../../core/wire/contest.ts';
import type { Settlement } from '../../core/wire/settlement.ts';
import type { DocketCase } from '../../core/wire/verdict.ts';
import { termsFor, type Office } from '../office.ts';
import { bothSigned, type Pair } from '../pair/pair.ts';

/** `name`: the same for what says the same. */
export interface Held {
  readonly name: string;
  readonly evidence: AppealEvidence;
}

export interface Defence {
  readonly pair: Pair;
  /** The settlement of the interval before, if both signed one and nobody contested it. */
  readonly before: Countersigned<Settlement> | null;
  readonly about: ContestAbout;
  /** A payment counts also when the appeal window is over; nothing else does. */
  readonly isOver: boolean;
}
export type ContestAbout = Extract<DocketCase['about'], { kind: 'contest' }>;

/** `payment`: the operator's word which one it was, by the rail. */
export async function evidenceFor(
  office: Office,
  defence: Defence,
  shown: readonly string[],
  payment: string | null = null,
): Promise<Held[]> {
  const { pair, isOver } = defence;
  const found: Held[] = [];
  if (pair.receipt !== null && pair.side !== 'creditor')
    found.push({ name: 'receipt', evidence: { kind: 'receipt', receipt: bare(pair.receipt) } });
  const paid = await payments(office, defence, shown, payment);
  const rest = isOver ? [] : [...carried(defence), ...lowering(office, defence)];
  // What lowers the claim first: what was paid may be less than what is claimed until then.
  return [...found, ...rest, ...paid].filter(({ name }) => !shown.includes(name));
}

/** Whether there is anything of a payment that was not shown yet: without asking the rail. */
export function hasNewPayment(pair: Pair, shown: readonly string[]): boolean {
  if (pair.receipt !== null && !shown.includes('receipt')) return true;
  return pair.side === 'debtor' && pair.payment !== null && !shown.includes(nameOf(pair.payment));
}

const nameOf = (payment: string): string => `payment:${payment}`;

async function payments(
  office: Office,
  { pair, about }: Defence,
  shown: readonly string[],
  given: string | null,
): Promise<Held[]> {
  const named = given ?? (pair.side === 'debtor' ? pair.payment : null);
  const reader = office.rail((given === null ? pair.rail : null) ?? about.signed.body.rail)?.reader;
  if (named === null || reader === undefined || shown.includes(nameOf(named))) return [];
  const proof = await reader.prove(named);
  const settlement = about.signed.body.ground.kind === 'agreed' ? null : bothSigned(pair);
  return proof.ok ? [{ name: nameOf(named), evidence: { kind: 'payment', proof: proof.value, settlement } }] : [];
}

/** Both signed that I pay nothing: nothing now, or that the debt runs the other way. */
function carried({ pair, about }: Defence): Held[] {
  const settlement = bothSigned(pair);
  if (settlement === null) return [];
  const owesNothing = settlement.body.amount === 0n || settlement.body.creditor !== about.signed.body.contestant;
  return owesNothing ? [{ name: `carried:${settlement.body.id}`, evidence: { kind: 'carried', settlement } }] : [];
}

/** What lowers the claim; what leaves least first. */
function lowering(office: Office, { pair, before, about }: Defence): Held[] {
  const { body } = about.signed;
  const basis = basisNow(about);
  const known = termsFor(office, body.interval);
  if (known === null || basis.agreed !== null) return [];
  const candidates: Held[] = [];
  if (before !== null && before.body.rail === body.rail)
    candidates.push({ name: `carried:${before.body.id}`, evidence: { kind: 'carried', settlement: before } });
  if (pair.held !== null && pair.held.body.serial > basis.issuedSerial)
    candidates.push({ name: `set-off:${pair.held.body.serial}`, evidence: { kind: 'set-off', iou: bare(pair.held) } });
  const due = dueOf(known.terms, body.rail, basis);
  return candidates
    .map((one) => ({ one, left: dueOf(known.terms, body.rail, taken(body, basis, one.evidence)) }))
    .filter(({ left }) => left < due)
    .sort((a, b) => (a.left < b.left ? -1 : 1))
    .map(({ one }) => one);
}

/** With what accepted appeals took off. */
function basisNow({ signed: { body }, appeals }: ContestAbout): Basis {
  return appeals.reduce((basis, { signed }) => taken(body, basis, signed.body.evidence), basisOf(body));
}

function taken(body: Contest, basis: Basis, evidence: AppealEvidence): Basis {
  return evidence.kind === 'carried' || evidence.kind === 'set-off' ? basisAfter(body, basis, evidence) : basis;
}
