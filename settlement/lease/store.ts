/*
 * The lease: of several settlement processes on one database only its holder writes payment intents. Each new holder gets a
 * higher fencing number; who was overtaken finds another one in the row and stops. Called by payout/flow.ts.
 */
import { int, text } from '../../host/db/codec.ts';
import type { Row, Tx } from '../../host/ports.ts';

export interface Lease {
  readonly name: string;
  readonly holder: string;
  readonly fence: number;
}

/** Mine now; or the second at which the other's ends. */
export async function takeLease(
  tx: Tx,
  name: string,
  holder: string,
  at: { readonly now: number; readonly sec: number },
): Promise<Lease | number> {
  const row = await readLease(tx, name);
  const expires = row === null ? 0 : int(row['expires']);
  if (row !== null && text(row['holder']) !== holder && expires > at.now) return expires;
  const fence = row === null ? 1 : int(row['fence']) + 1;
  await tx.run(
    `INSERT INTO lease (name, holder, fence, expires) VALUES (?, ?, ?, ?)
     ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, fence = excluded.fence, expires = excluded.expires`,
    [name, holder, fence, at.now + at.sec],
  );
  return { name, holder, fence };
}

/** Whether nobody has overtaken it; prolongs it. */
export async function holdLease(tx: Tx, lease: Lease, expires: number): Promise<boolean> {
  const changed = await tx.run('UPDATE lease SET expires = ? WHERE name = ? AND holder = ? AND fence = ?', [
    expires,
    lease.name,
    lease.holder,
    lease.fence,
  ]);
  return changed > 0;
}

export async function endLease(tx: Tx, lease: Lease): Promise<void> {
  await tx.run('UPDATE lease SET expires = 0 WHERE name = ? AND holder = ? AND fence = ?', [
    lease.name,
    lease.holder,
    lease.fence,
  ]);
}

async function readLease(tx: Tx, name: string): Promise<Row | null> {
  return (await tx.all('SELECT holder, fence, expires FROM lease WHERE name = ?', [name]))[0] ?? null;
}
