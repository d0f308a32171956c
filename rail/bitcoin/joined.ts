/*
 * One wallet that is paid in two accounts: that which gives out its addresses, and those into which subscribers pay, whose addresses another
 * role gives out, in; one way of receiving, which shows what came to any of them, out. Called by node: what subscribers deposit pays the
 * guard's debts.
 */
import { ok } from '../../core/refusal.ts';
import type { Receiving } from '../rail.ts';

/** Stands in no cursor of theirs. */
const BETWEEN = '|';

/** A page is of one account, since each has its own place in the chain. */
export function joinedReceiving(own: Receiving, deposits: readonly Receiving[]): Receiving {
  if (deposits.length === 0) return own;
  const all = [own, ...deposits];
  return {
    ...own,
    async incoming(cursor) {
      const from = cursor.split(BETWEEN);
      for (const [place, one] of all.entries()) {
        const page = await one.incoming(from[place] ?? '');
        if (!page.ok) return page;
        if (page.value.cursor === (from[place] ?? '')) continue;
        const cursors = all.map((_, index) => (index === place ? page.value.cursor : (from[index] ?? '')));
        return ok({ ...page.value, cursor: cursors.join(BETWEEN), ofDeposits: place > 0 });
      }
      return ok({ payments: [], cursor });
    },
  };
}
