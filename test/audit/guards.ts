/*
 * A guard: each payment to an account's destination is credited once, and no account has spent or withdrawn more than it deposited;
 * each withdrawal is one order of its settlement. Called by audit.ts.
 */
import type { Ledger } from './ledger.ts';
import type { AuditedRelay } from './payers.ts';
import { number, text, type Rows } from './rows.ts';

export async function auditGuard(relay: AuditedRelay, ledger: Ledger): Promise<string[]> {
  if (relay.guard === null) return [];
  return [
    ...(await auditDeposits(relay.name, relay.guard, ledger)),
    ...(await auditBalances(relay.name, relay.guard)),
    ...(relay.settlement === null ? [] : await auditWithdrawals(relay.name, relay.guard, relay.settlement)),
  ];
}

async function auditDeposits(name: string, guard: Rows, ledger: Ledger): Promise<string[]> {
  const destinations = new Map<string, string>();
  for (const row of await guard.table('guard_account', ['subscriber', 'destination'])) {
    destinations.set(text(row, 'destination'), text(row, 'subscriber'));
  }
  const credited = new Map<string, { subscriber: string; amount: bigint }>();
  for (const row of await guard.table('guard_deposit', ['payment', 'subscriber', 'amount'])) {
    credited.set(text(row, 'payment'), { subscriber: text(row, 'subscriber'), amount: number(row, 'amount') });
  }
  const newest = [...credited.keys()].reduce((a, b) => (BigInt(b) > a ? BigInt(b) : a), -1n);
  const faults: string[] = [];
  for (const { position, destination, amount } of ledger.outputs) {
    const subscriber = destinations.get(destination);
    if (subscriber === undefined) continue;
    const deposit = credited.get(position);
    if (deposit === undefined && BigInt(position) < newest)
      faults.push(`${name}: deposit ${position} of ${amount} is not credited`);
    if (deposit !== undefined && (deposit.amount !== amount || deposit.subscriber !== subscriber)) {
      faults.push(`${name}: deposit ${position} of ${amount} is credited as ${deposit.amount}`);
    }
    credited.delete(position);
  }
  for (const position of credited.keys()) faults.push(`${name}: credited payment ${position} went to no account of it`);
  return faults;
}

async function auditBalances(name: string, guard: Rows): Promise<string[]> {
  const balances = new Map<string, bigint>();
  const add = (subscriber: string, amount: bigint) => balances.set(subscriber, (balances.get(subscriber) ?? 0n) + amount);
  for (const row of await guard.table('guard_deposit', ['subscriber', 'amount'], 'confirmed = 1'))
    add(text(row, 'subscriber'), number(row, 'amount'));
  for (const row of await guard.table('guard_usage', ['subscriber', 'amount']))
    add(text(row, 'subscriber'), -number(row, 'amount'));
  for (const row of await guard.table('guard_withdrawal', ['subscriber', 'amount'], `state <> 'refused'`))
    add(text(row, 'subscriber'), -number(row, 'amount'));
  return [...balances].flatMap(([subscriber, balance]) =>
    balance < 0n ? [`${name}: the balance of ${subscriber} is ${balance}`] : [],
  );
}

/** Same id, same amount, same place: and paid there before it counts as paid here. */
async function auditWithdrawals(name: string, guard: Rows, settlement: Rows): Promise<string[]> {
  const columns = ['id', 'destination', 'amount', 'state'];
  const orders = new Map((await settlement.table('transfer_order', columns)).map((row) => [text(row, 'id'), row]));
  return (await guard.table('guard_withdrawal', columns, `state IN ('sent', 'paid')`)).flatMap((row) => {
    const order = orders.get(text(row, 'id'));
    const what = `${name}: withdrawal ${text(row, 'id')} of ${text(row, 'amount')}`;
    if (order === undefined) return [`${what} was never ordered`];
    const isSame = order['amount'] === row['amount'] && order['destination'] === row['destination'];
    if (!isSame) return [`${what} was ordered as ${text(order, 'amount')} to ${text(order, 'destination')}`];
    return text(row, 'state') === 'paid' && text(order, 'state') !== 'paid' ? [`${what} counts as paid, and is not`] : [];
  });
}
