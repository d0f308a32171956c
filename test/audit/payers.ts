/*
 * A relay's wallet: every output that its account paid is explained by one settlement or one order of its books, and every one of
 * those that counts as paid is on the ledger once; what came in is in its books once. Called by audit.ts.
 */
import type { Ledger } from './ledger.ts';
import type { RelayLinks } from './links.ts';
import { number, text, type Rows } from './rows.ts';

export interface AuditedRelay extends RelayLinks {
  readonly settlement: Rows | null;
  readonly guard: Rows | null;
  readonly isTrusted: boolean;
}

export async function auditPayer(relay: AuditedRelay, ledger: Ledger): Promise<string[]> {
  if (relay.settlement === null) return [];
  return [...(await auditPaid(relay, relay.settlement, ledger)), ...(await auditIncome(relay, relay.settlement, ledger))];
}

async function auditPaid(relay: AuditedRelay, rows: Rows, ledger: Ledger): Promise<string[]> {
  const counts = new Map<string, { paid: number; booked: number; onItsWay: number }>();
  const at = (destination: string, amount: bigint) => {
    const key = `${amount} to ${destination}`;
    const known = counts.get(key) ?? { paid: 0, booked: 0, onItsWay: 0 };
    counts.set(key, known);
    return known;
  };
  for (const output of ledger.outputs) if (output.payer === relay.account) at(output.destination, output.amount).paid += 1;
  for (const row of await rows.table('pair', ['destination', 'paid', 'state'], `side = 'debtor' AND payment IS NOT NULL`)) {
    at(text(row, 'destination'), number(row, 'paid')).booked += 1;
  }
  for (const row of await rows.table('transfer_order', ['destination', 'amount', 'state'])) {
    const known = at(text(row, 'destination'), number(row, 'amount'));
    if (text(row, 'state') === 'paid') known.booked += 1;
    else known.onItsWay += 1;
  }
  const open = await rows.table(
    'batch_output',
    ['destination', 'amount'],
    `batch IN (SELECT id FROM batch WHERE state = 'intent') AND kind = 'settlement'`,
  );
  for (const row of open) at(text(row, 'destination'), number(row, 'amount')).onItsWay += 1;
  return [...counts].flatMap(([key, { paid, booked, onItsWay }]) => {
    if (paid > booked + onItsWay) return [`${relay.name}: ${key} was paid ${paid} times, and is booked ${booked} times`];
    return paid < booked ? [`${relay.name}: ${key} is booked ${booked} times, and was paid ${paid} times`] : [];
  });
}

/** Income is read from the ledger in order: up to the newest that the books have, none is left out. */
async function auditIncome(relay: AuditedRelay, rows: Rows, ledger: Ledger): Promise<string[]> {
  const income = new Map<string, bigint>();
  const settled = new Map<string, bigint>();
  for (const row of await rows.table('income', ['payment', 'amount', 'kind', 'name'])) {
    income.set(text(row, 'payment'), number(row, 'amount'));
    if (text(row, 'kind') === 'settlement') {
      settled.set(text(row, 'name'), (settled.get(text(row, 'name')) ?? 0n) + number(row, 'amount'));
    }
  }
  const newest = [...income.keys()].reduce((a, b) => (BigInt(b) > a ? BigInt(b) : a), -1n);
  const faults: string[] = [];
  for (const output of ledger.outputs) {
    if (output.payee !== relay.account || BigInt(output.position) > newest) continue;
    const booked = income.get(output.position);
    if (booked === undefined) faults.push(`${relay.name}: income ${output.position} of ${output.amount} is in no book`);
    else if (booked !== output.amount) faults.push(`${relay.name}: income ${output.position} is booked as ${booked}`);
    income.delete(output.position);
  }
  for (const position of income.keys()) faults.push(`${relay.name}: income ${position} is not on the ledger`);
  for (const row of await rows.table('pair', ['id', 'received'], `side = 'creditor' AND state IN ('received', 'receipted')`)) {
    const [id, received] = [text(row, 'id'), number(row, 'received')];
    const booked = settled.get(id) ?? 0n;
    if (booked !== received) faults.push(`${relay.name}: settlement ${id} counts ${received} received, its income ${booked}`);
  }
  return faults;
}
