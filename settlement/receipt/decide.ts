/*
 * Whether a receipt discharges a debt of mine: it, who sent it, and the row in; verified, or the refusal that comes first in
 * settlementRefusals. Called by receipt/flow.ts and recall/flow.ts.
 */
import { verify, type Signed, type Verified } from '../../core/crypto/sign.ts';
import { ok, refuser, type Result } from '../../core/refusal.ts';
import { settlementRefusals, type Receipt } from '../../core/wire/settlement.ts';
import { settlementKeyOf, type Office } from '../office.ts';
import type { Pair } from '../pair/pair.ts';

const refuse = refuser(settlementRefusals);

export function checkReceipt(
  office: Office,
  from: string,
  signed: Signed<Receipt>,
  pair: Pair | null,
): Result<Verified<Receipt>> {
  const { body } = signed;
  if (body.creditor !== from || body.debtor !== office.me || from === office.me)
    return refuse('settlement-not-mine', body.settlement);
  if (office.ports.network.descriptor(from) === null) return refuse('settlement-unknown-relay', from);
  const key = settlementKeyOf(office, from, body.creditorKey, body.interval);
  const verified = key === null ? null : verify('receipt', office.networkId, signed, key);
  if (verified === null) return refuse('settlement-signature', `key ${body.creditorKey} of ${from}`);
  if (pair === null || pair.id !== body.settlement || pair.side !== 'debtor' || pair.destination === null)
    return refuse('receipt-unknown', body.settlement);
  if (pair.interval !== body.interval || pair.rail !== body.rail) return refuse('receipt-unknown', body.settlement);
  if (body.amount !== pair.amount || !isShown(office, body, pair)) return refuse('receipt-amount', body.settlement);
  return ok(verified);
}

/** The rail's own proof shows such a payment at the debt's destination. */
function isShown(office: Office, body: Receipt, pair: Pair): boolean {
  const shown = office.rail(body.rail)?.reader.verify(body.proof) ?? null;
  if (shown === null || shown.payment !== body.payment) return false;
  return shown.destination === pair.destination && shown.amount >= pair.amount;
}
