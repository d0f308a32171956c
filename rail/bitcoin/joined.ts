/*
 * One wallet that is paid in two accounts: that which gives out its addresses, and others whose addresses another role gives out, in;
 * one way of receiving, which shows what came to any of them, out. Called by node: what subscribers deposit pays the guard's debts.
 */
import { ok } from '../../core/refusal.ts';
import type { IncomingPayment, Receiving } from '../rail.ts';

/** Stands in no cursor of theirs. */
const BETWEEN = '|';

export function joinedReceiving(own: Receiving, others: readonly Receiving[]): Receiving {
  if (others.length === 0) return own;
  const all = [own, ...others];
  return {
    ...own,
    async incoming(cursor) {
      const from = cursor.split(BETWEEN);
      const [payments, cursors]: [IncomingPayment[], string[]] = [[], []];
      for (const [place, one] of all.entries()) {
        const page = await one.incoming(from[place] ?? '');
        if (!page.ok) return page;
        payments.push(...page.value.payments);
        cursors.push(page.value.cursor);
      }
      return ok({ payments, cursor: cursors.join(BETWEEN) });
    },
  };
}
