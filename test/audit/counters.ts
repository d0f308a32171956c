/*
 * What a guard and its subscriber say of each other: the tally that the subscriber signed last is not above the guard's usage, and
 * what the guard holds signed is a tally that the subscriber has. Called by audit.ts.
 */
import type { AuditedClient } from './clients.ts';
import type { AuditedRelay } from './payers.ts';
import { number, text } from './rows.ts';

interface SignedTally {
  readonly body: { readonly subscriber: string; readonly guard: string; readonly interval: number; readonly amount: string };
}

export async function auditCounters(relays: readonly AuditedRelay[], clients: readonly AuditedClient[]): Promise<string[]> {
  const signed = new Map<string, bigint>();
  for (const { client } of clients) {
    for (const row of await client.table('client_tally', ['tally'], `state = 'signed'`)) {
      const { body } = JSON.parse(text(row, 'tally')) as SignedTally;
      const key = `${body.guard} ${body.subscriber} ${body.interval}`;
      const [known, amount] = [signed.get(key) ?? 0n, BigInt(body.amount)];
      signed.set(key, amount > known ? amount : known);
    }
  }
  const known = new Set([...signed.keys()].map((key) => key.split(' ')[1]));
  const faults: string[] = [];
  for (const relay of relays) {
    if (relay.guard === null || !relay.isTrusted) continue;
    const columns = ['guard', 'subscriber', 'interval', 'amount', 'signed_amount'];
    for (const row of await relay.guard.table('guard_usage', columns)) {
      const key = `${text(row, 'guard')} ${text(row, 'subscriber')} ${text(row, 'interval')}`;
      const [theirs, held, usage] = [signed.get(key) ?? 0n, number(row, 'signed_amount'), number(row, 'amount')];
      if (held > usage) faults.push(`${relay.name}: usage ${key} is ${usage}, below the ${held} that was signed`);
      if (theirs > usage) faults.push(`${relay.name}: usage ${key} is ${usage}, and its subscriber signed ${theirs}`);
      if (held > theirs && known.has(text(row, 'subscriber'))) {
        faults.push(`${relay.name}: usage ${key} is signed up to ${held}, its subscriber has signed ${theirs}`);
      }
    }
  }
  return faults;
}
