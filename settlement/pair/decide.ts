/*
 * The state machine of one pair and interval: state and event in, the next state and what is to be done out, or null where no
 * arrow is. Pure; called by pair/flow.ts, which saves and sends what it returns.
 *
 *   open ─nothing─→ clear
 *    │
 *    │ DEBTOR                                   bst, payouts auto
 *    ├─owe─→ stated ─signed─→ agreed ───────────────────────────────→ due ─short─→ awaiting
 *    │          │                └─bst, payouts manual─→ manual ─approved─→ │           │
 *    │          ├─silent (fallback)─→ due | manual                          │ intent    │ intent
 *    │          └─signed-zero─→ carried                   due ←─void─ paying ←──────────┘
 *    │                                                                 └─paid─→ paid ─receipt─→ receipted
 *    │     found on the rail: manual, due, awaiting, lapsed ─→ paid
 *    │     heard, at the fallback: manual ─→ open
 *    │     signed, as a restored one learns: manual, due, awaiting ─→ agreed | carried
 *    │     receipt: every state of a debtor but carried ─→ receipted
 *    │     over: every state of a debtor but paying, paid ─→ lapsed ─approved─→ due
 *    │     void, of what the chain has undone and another transaction has made impossible: paid ─→ due | lapsed
 *    │
 *    │ CREDITOR
 *    └─owed─→ claimed ─confirmed─→ expecting ─arrived─→ received ─discharged─→ receipted
 *               │  └─confirmed-zero─→ carried               ↑
 *               ├─arrived─→ received                        │
 *               └─reckoned anew: as from open               │
 *             over: claimed, expecting ─→ unpaid ─arrived───┤
 *                   confirmed-zero: carried ←─┤             │
 *                                             └─contested─→ contested ─arrived─→ received
 *             over, before it was reckoned: open ─→ lapsed ─arrived, at the fallback─→ received
 *             undone, before it is discharged: received ─→ expecting, or when the window is over ─→ unpaid
 *
 * over, of a rest that the debtor has not signed: `unpaid`, since it is owed at once (rule 8). `contested`: the docket has taken a
 * contest of the pair, mine or, where both think that they are owed, the counterpart's. Of a debtor that is contested the row is
 * `lapsed`: it can be approved, and is then paid late.
 */

export type PairState =
  | 'open'
  | 'clear'
  | 'carried'
  | 'stated'
  | 'agreed'
  | 'manual'
  | 'due'
  | 'awaiting'
  | 'paying'
  | 'paid'
  | 'claimed'
  | 'expecting'
  | 'received'
  | 'unpaid'
  | 'contested'
  | 'lapsed'
  | 'receipted';

export type PairEvent =
  /** Reckoned: nothing to pay or carry · I owe · I am owed. */
  | { readonly kind: 'nothing' }
  | { readonly kind: 'owe' }
  | { readonly kind: 'owed' }
  /** I countersigned; the debtor did. `zero`: nothing is to be paid now. */
  | { readonly kind: 'signed'; readonly zero: boolean }
  | { readonly kind: 'confirmed'; readonly zero: boolean }
  /** The balance settlement time has come; so it has, and the creditor said nothing. */
  | { readonly kind: 'bst'; readonly payouts: 'auto' | 'manual' }
  | { readonly kind: 'silent'; readonly payouts: 'auto' | 'manual' }
  | { readonly kind: 'approved' }
  /** Who was silent has answered, and holds nothing that both signed. */
  | { readonly kind: 'heard' }
  | { readonly kind: 'short' }
  | { readonly kind: 'intent' }
  /** The batch paid nothing. `late`: and the window has ended meanwhile. */
  | { readonly kind: 'void'; readonly late: boolean }
  | { readonly kind: 'paid' }
  /** The rail shows that it was paid before. */
  | { readonly kind: 'found' }
  | { readonly kind: 'receipt' }
  | { readonly kind: 'arrived' }
  /** What arrived is in the chain no more. `late`: and the window is over. */
  | { readonly kind: 'undone'; readonly late: boolean }
  | { readonly kind: 'discharged' }
  /** The docket has taken my contest. */
  | { readonly kind: 'contested' }
  /** The payment window has ended. `zero`: nothing was to be paid. */
  | { readonly kind: 'over'; readonly zero: boolean };

export type PairAction = 'send-settlement' | 'send-notice' | 'send-receipt' | 'tell-relay';

export interface PairOutcome {
  readonly state: PairState;
  readonly then: readonly PairAction[];
}

type Arrow<K extends PairEvent['kind']> = (event: Extract<PairEvent, { kind: K }>) => PairOutcome;
type Arrows = { readonly [K in PairEvent['kind']]?: Arrow<K> };

const to =
  (state: PairState, ...then: PairAction[]) =>
  (): PairOutcome => ({ state, then });

const signed: Arrow<'signed'> = ({ zero }) => (zero ? to('carried', 'tell-relay')() : to('agreed')());
const confirmed: Arrow<'confirmed'> = ({ zero }) => (zero ? to('carried', 'tell-relay')() : to('expecting')());
/** A second signature that comes after the window: of a rest, it is carried after all. */
const late: Arrow<'confirmed'> = ({ zero }) => (zero ? to('carried', 'tell-relay')() : to('unpaid')());
const released = ({ payouts }: { readonly payouts: 'auto' | 'manual' }): PairOutcome =>
  to(payouts === 'auto' ? 'due' : 'manual')();
const unpaid: Arrow<'over'> = ({ zero }) => to(zero ? 'lapsed' : 'unpaid', 'tell-relay')();

const unpaidYet: Arrow<'void'> = ({ late }) => to(late ? 'lapsed' : 'due')();
const undone: Arrow<'undone'> = ({ late }) => (late ? to('unpaid', 'tell-relay')() : to('expecting')());

const lapse = { over: to('lapsed', 'tell-relay') };
const discharge = { receipt: to('receipted', 'tell-relay') };
const find = { found: to('paid', 'send-notice', 'tell-relay') };
const reckon = { nothing: to('clear', 'tell-relay'), owe: to('stated'), owed: to('claimed', 'send-settlement') };

const arrows: Readonly<Record<PairState, Arrows>> = {
  open: { ...reckon, signed, confirmed, silent: released, ...lapse },
  clear: {},
  carried: {},
  stated: { ...reckon, signed, silent: released, ...discharge, ...lapse },
  agreed: { bst: released, ...discharge, ...lapse },
  manual: { approved: to('due'), heard: to('open'), signed, ...find, ...discharge, ...lapse },
  due: { short: to('awaiting'), intent: to('paying'), signed, ...find, ...discharge, ...lapse },
  awaiting: { intent: to('paying'), signed, ...find, ...discharge, ...lapse },
  paying: { void: unpaidYet, paid: to('paid', 'send-notice', 'tell-relay'), ...discharge },
  paid: { receipt: to('receipted'), void: unpaidYet },
  claimed: { ...reckon, confirmed, arrived: to('received'), over: unpaid },
  expecting: { arrived: to('received'), over: unpaid },
  received: { discharged: to('receipted', 'send-receipt', 'tell-relay'), undone },
  unpaid: { confirmed: late, arrived: to('received'), contested: to('contested') },
  contested: { arrived: to('received') },
  lapsed: { approved: to('due'), arrived: to('received'), ...find, ...discharge },
  receipted: {},
};

export function decidePair(state: PairState, event: PairEvent): PairOutcome | null {
  const arrow = arrows[state][event.kind] as ((event: PairEvent) => PairOutcome) | undefined;
  return arrow === undefined ? null : arrow(event);
}

/** Whom the end of the payment window moves. */
export const unfinished: readonly PairState[] = (Object.keys(arrows) as PairState[]).filter(
  (state) => arrows[state].over !== undefined,
);

/** In which something is still to be done for the row without the operator or the counterpart. */
export const restless: readonly PairState[] = ['due', 'awaiting', 'paying', 'received'];
