/*
 * The course of a case of the docket, contest or complaint: state and event in; the next state, or null where no arrow is, out.
 * Pure: a fold over the directory's log (rules 10, 12 and 15).
 *
 *   (filed) ─→ open ─reduced─→ answered
 *               │                │ └reduced─→ answered
 *               ├────────────────┤
 *               ├─ paid in time, nothing owed, answer holds ──→ dismissed
 *               ├─ withdrawn in time ─────────────────────────→ withdrawn
 *               ├─ paid late, withdrawn late ─────────────────→ late ─ paid in time ─→ dismissed
 *               └─ no such answer in the appeal window ───────→ upheld ─ paid late, withdrawn ─→ late
 *
 * dismissed and withdrawn are ends, and late is once the appeal window is over: until then the accused can show that the word of whoever
 * withdrew was false. A refused filing or answer is no event: it never enters the log.
 */
export type CaseState = 'open' | 'answered' | 'upheld' | 'dismissed' | 'withdrawn' | 'late';

export type CaseEvent =
  | { readonly kind: 'reduced' }
  /** By a proof of payment, or a guard's proof of payout or credit. */
  | { readonly kind: 'paid'; readonly late: boolean }
  | { readonly kind: 'nothing-owed' }
  | { readonly kind: 'withdrawn'; readonly late: boolean }
  /** The appeal window is over. */
  | { readonly kind: 'expired' };

type Arrow<K extends CaseEvent['kind']> = (event: Extract<CaseEvent, { kind: K }>) => CaseState | null;
type Arrows = { readonly [K in CaseEvent['kind']]?: Arrow<K> };

const undecided: Arrows = {
  reduced: () => 'answered',
  paid: ({ late }) => (late ? 'late' : 'dismissed'),
  'nothing-owed': () => 'dismissed',
  withdrawn: ({ late }) => (late ? 'late' : 'withdrawn'),
  expired: () => 'upheld',
};

const arrows: Readonly<Record<CaseState, Arrows>> = {
  open: undecided,
  answered: undecided,
  // Whenever it was paid: what is proven only after the window is late.
  upheld: { paid: () => 'late', withdrawn: () => 'late' },
  dismissed: {},
  withdrawn: {},
  late: { paid: ({ late }) => (late ? null : 'dismissed') },
};

export function decideCase(state: CaseState, event: CaseEvent): CaseState | null {
  const arrow = arrows[state][event.kind] as ((event: CaseEvent) => CaseState | null) | undefined;
  return arrow === undefined ? null : arrow(event);
}

export function isUndecided(state: CaseState): boolean {
  return state === 'open' || state === 'answered';
}
