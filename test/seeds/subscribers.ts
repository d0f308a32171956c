/*
 * When all windows are over, what the guards made of their subscribers' money: every payment to an account is credited, every
 * withdrawal has ended, and nobody was charged for more than its circuits carried. Disks at rest in; faults in words out. Called by
 * run.ts.
 */
import { join } from 'node:path';
import { readLedger } from '../audit/ledger.ts';
import { number, text } from '../audit/rows.ts';
import { within } from './ends.ts';
import type { SeedPlan } from './plan.ts';
import { authorityName, type Town } from './town.ts';

/** Bytes that each subscriber's circuits were let carry, those of a short one counted as its starting amount. */
export type Carried = ReadonlyMap<string, bigint>;

export async function auditSubscribers(
  plan: SeedPlan,
  town: Town,
  lenient: ReadonlySet<string>,
  carried: Carried,
): Promise<string[]> {
  const ledger = await within(join(town.home, authorityName, 'ledger.sqlite'), readLedger);
  const names = new Map(plan.subscribers.map(({ name }) => [town.keyOf(name), name]));
  const charged = new Map<string, bigint>();
  const faults: string[] = [];
  for (const { name, guard } of plan.relays) {
    if (!guard || lenient.has(name)) continue;
    await within(join(town.home, name, 'guard.sqlite'), async (rows) => {
      const credited = new Set(
        (await rows.table('guard_deposit', ['payment'], 'confirmed = 1')).map((row) => text(row, 'payment')),
      );
      for (const row of await rows.table('guard_account', ['subscriber', 'destination'])) {
        const paid = ledger?.outputs.filter((one) => one.destination === text(row, 'destination')) ?? [];
        for (const { position, amount } of paid) {
          const who = names.get(text(row, 'subscriber'));
          if (!credited.has(position))
            faults.push(`${name}: ${who} paid ${amount} in output ${position}, and has no credit for it`);
        }
      }
      for (const row of await rows.table('guard_withdrawal', ['id', 'amount', 'state'], `state NOT IN ('paid', 'refused')`)) {
        faults.push(`${name}: withdrawal ${text(row, 'id')} of ${text(row, 'amount')} has not ended: ${text(row, 'state')}`);
      }
      for (const row of await rows.table('guard_usage', ['subscriber', 'amount'])) {
        const who = names.get(text(row, 'subscriber')) ?? '';
        charged.set(who, (charged.get(who) ?? 0n) + number(row, 'amount'));
      }
    });
  }
  for (const [who, amount] of charged) {
    const most = mostFor(plan, carried.get(who) ?? 0n);
    if (amount > most) faults.push(`${who} is charged ${amount}, above the ${most} that it used`);
  }
  return faults;
}

/** A circuit of three hops that leaves Tor: two standard prices and the exit's, rounded up once an interval. */
function mostFor({ parameters, intervals }: SeedPlan, bytes: bigint): bigint {
  const [all, exits] = parameters.exitRatio ?? [1n, 1n];
  const price = parameters.rails['ledger']?.price ?? 0n;
  return (bytes * (2n * exits + all) * price) / (exits * 2n ** 30n) + BigInt(intervals + 1);
}
