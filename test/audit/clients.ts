/*
 * A subscriber: each of its deposits is on the ledger once, and a withdrawal that it counts as paid has arrived. Called by audit.ts.
 */
import type { Ledger } from './ledger.ts';
import { number, text, type Rows } from './rows.ts';

export interface AuditedClient {
  readonly name: string;
  readonly client: Rows;
  readonly isTrusted: boolean;
}

export async function auditClient({ name, client }: AuditedClient, ledger: Ledger): Promise<string[]> {
  const left = new Map<string, number>();
  for (const { destination, amount } of ledger.outputs) {
    const key = `${amount} to ${destination}`;
    left.set(key, (left.get(key) ?? 0) + 1);
  }
  const faults: string[] = [];
  const take = (what: string, key: string) => {
    const count = left.get(key) ?? 0;
    if (count === 0) faults.push(`${name}: ${what} of ${key} is not on the ledger`);
    left.set(key, count - 1);
  };
  const ours = new Set<string>();
  for (const row of await client.table('client_deposit', ['destination', 'amount', 'state'])) {
    const [destination, amount] = [text(row, 'destination'), number(row, 'amount')];
    ours.add(destination);
    if (text(row, 'state') === 'paid') take('a deposit', `${amount} to ${destination}`);
    // The rail took it, and the answer is not known yet.
    else if (text(row, 'state') === 'sending')
      left.set(`${amount} to ${destination}`, (left.get(`${amount} to ${destination}`) ?? 0) - 1);
  }
  for (const [key, count] of left) {
    const destination = key.split(' to ')[1] as string;
    if (count > 0 && ours.has(destination)) faults.push(`${name}: ${key} was paid ${count} times more than it was deposited`);
  }
  for (const row of await client.table('client_withdrawal', ['destination', 'amount'], `state = 'paid'`)) {
    take('a withdrawal', `${number(row, 'amount')} to ${text(row, 'destination')}`);
  }
  return faults;
}
