/*
 * An order to pay: checked, kept, and paid by the payout machinery as soon as funds allow. The same id gets the same answer. From
 * the guard (its subscribers' money) and the operator; called by http.ts.
 */
import { localRefusals, type WithdrawOrder, type WithdrawState } from '../../core/local/messages.ts';
import { ok, refuser, type Result } from '../../core/refusal.ts';
import { codecRefusals } from '../../core/wire/codec.ts';
import { settlementRefusals } from '../../core/wire/settlement.ts';
import type { Office } from '../office.ts';
import { insertOrder, readOrder, type Order } from './store.ts';

const refuse = refuser({ ...codecRefusals, ...localRefusals, ...settlementRefusals });

export async function takeOrder(office: Office, kind: Order['kind'], order: WithdrawOrder): Promise<Result<WithdrawState>> {
  const { id, rail, destination, amount } = order;
  const { database, clock } = office.ports;
  return database.transaction(async (tx) => {
    // First: what was taken once is never refused later, whatever rails there are by then.
    const earlier = await readOrder(tx, id);
    if (earlier !== null) return isSame(earlier, kind, order) ? ok(stateOf(earlier)) : refuse('order-conflict', id);
    if (amount === 0n) return refuse('bad-shape', 'amount: above zero');
    const own = office.rail(rail);
    if (own === null) return refuse('settlement-rail', rail);
    if (!own.reader.isDestination(destination, amount)) return refuse('settlement-destination', destination);
    const now = clock.now();
    const fresh: Order = { id, kind, rail, destination, amount, state: 'accepted', payment: null, fee: 0n, askedAt: now };
    await insertOrder(tx, fresh);
    await office.schedule(tx, 'payments', now);
    return ok(stateOf(fresh));
  });
}

function isSame(earlier: Order, kind: Order['kind'], { rail, destination, amount }: WithdrawOrder): boolean {
  const same = earlier.kind === kind && earlier.rail === rail;
  return same && earlier.destination === destination && earlier.amount === amount;
}

function stateOf({ id, state, payment }: Order): WithdrawState {
  return { id, state, payment };
}
