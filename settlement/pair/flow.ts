/*
 * One step of a pair: an event and what is new of the row in; the row saved and its messages in the outbox, or nothing where no
 * arrow is. The outbox kinds are sent by the items that own them. Called by the flows of this role, inside their transaction.
 */
import { invariant } from '../../core/refusal.ts';
import type { PairOutcome as Outcome } from '../../core/local/messages.ts';
import type { Tx } from '../../host/ports.ts';
import { readCase } from '../contest/store.ts';
import { scheduleFor, type Office } from '../office.ts';
import { decidePair, type PairAction, type PairEvent } from './decide.ts';
import { isBefore } from '../period/store.ts';
import { openPair, type Pair, type PairFigures } from './pair.ts';
import { readPair, savePair } from './store.ts';

/**
 * The row as it is now, or null when the machine has no such arrow: then nothing has changed. Many rows at once are moved by their
 * figures alone.
 */
export async function movePair<P extends PairFigures>(
  office: Office,
  tx: Tx,
  pair: P,
  event: PairEvent,
  changes: Partial<P> = {},
): Promise<P | null> {
  const outcome = decidePair(pair.state, event);
  if (outcome === null) return null;
  const moved: P = { ...pair, ...changes, state: outcome.state };
  await savePair(tx, moved);
  for (const action of outcome.then) await act(office, tx, moved, action);
  // What was paid may end a case.
  const isPaid = moved.state === 'paid' || moved.state === 'receipted';
  if (isPaid && (await readCase(tx, moved.id)) !== null) await office.schedule(tx, 'docket', office.ports.clock.now());
  return moved;
}

/** The row of a peer, or a new one that is not saved yet. */
export async function pairWith(office: Office, tx: Tx, interval: number, peer: string): Promise<Pair> {
  return (await readPair(tx, interval, peer)) ?? openPair(office.networkId, interval, office.me, peer);
}

/** What is due has come: at once where a settlement is signed, or learned of, after the balance settlement time. */
export async function catchUp(office: Office, tx: Tx, pair: Pair, now: number): Promise<Pair> {
  const schedule = scheduleFor(office, pair.interval);
  invariant(schedule !== null, 'a pair has its terms');
  const over = { kind: 'over', zero: pair.amount === 0n } as const;
  if (pair.state === 'agreed' && now >= schedule.paymentEnd) return (await movePair(office, tx, pair, over)) ?? pair;
  // Learned of only when nothing comes any more that would end it.
  const isBehind = pair.state === 'expecting' && now >= schedule.paymentEnd && !(await isBefore(tx, pair.interval, 'lapse'));
  if (isBehind) return (await movePair(office, tx, pair, over)) ?? pair;
  if (pair.state !== 'agreed' || now < schedule.bst) return pair;
  return (await movePair(office, tx, pair, { kind: 'bst', payouts: office.payouts })) ?? pair;
}

async function act(office: Office, tx: Tx, pair: PairFigures, action: PairAction): Promise<void> {
  const schedule = scheduleFor(office, pair.interval);
  invariant(schedule !== null, 'a pair has its terms');
  const { interval, peer, id } = pair;
  if (action === 'tell-relay') {
    const body = outcomeOf(office, pair, schedule.paymentEnd);
    const row = { kind: 'outcome', target: 'relay', body, expires: schedule.appealEnd };
    return office.put(tx, { ...row, id: `outcome ${interval} ${peer} ${body.outcome}` });
  }
  const kind = action.slice('send-'.length);
  // A settlement may get its second signature, and with it the carry, until it could be contested; proofs until an appeal
  // could come, and of what is paid later for as long.
  const late = office.ports.clock.now() + schedule.appealEnd - schedule.contestEnd;
  const expires = kind === 'settlement' ? schedule.contestEnd : Math.max(schedule.appealEnd, late);
  await office.put(tx, { id: `${kind} ${id}`, kind, target: peer, body: { interval, peer }, expires });
}

/**
 * What the relay is told is about the peer: a debt of my own that I have not paid is no fault of its, and what the two IOUs
 * cleared is paid.
 */
function outcomeOf(office: Office, pair: PairFigures, paymentEnd: number): Outcome {
  const late = pair.side === 'creditor' && pair.paidAt !== null && pair.paidAt > paymentEnd;
  const outcome = pair.state === 'unpaid' ? 'unpaid' : late ? 'late' : 'paid';
  const rail = pair.rail ?? (office.rails[0] as string);
  return { peer: pair.peer, interval: pair.interval, outcome, rail, received: pair.received };
}
