/*
 * Recovery: up to which interval the counterparts are asked first what they hold. And the name of a pair as outbox rows carry it.
 */
import { z } from 'zod';
import { invariant } from '../../core/refusal.ts';
import { decode } from '../../core/wire/codec.ts';
import { hex32, interval } from '../../core/wire/field.ts';
import { int, orNull, text } from '../../host/db/codec.ts';
import type { Tx } from '../../host/ports.ts';

export async function isRecovering(tx: Tx, ofInterval: number): Promise<boolean> {
  const last = await readRecovering(tx);
  return last !== null && last >= ofInterval;
}

/** The last interval of which the counterparts are asked first; null where nothing was restored. */
export async function readRecovering(tx: Tx): Promise<number | null> {
  const rows = await tx.all('SELECT last_interval FROM recovery WHERE only_row = 1');
  return rows[0] === undefined ? null : int(rows[0]['last_interval']);
}

/** `restore` names the restore for which it was begun, or is null. */
export async function saveRecovery(tx: Tx, lastInterval: number, restore: string | null): Promise<void> {
  await tx.run(
    `INSERT INTO recovery (only_row, last_interval, restore) VALUES (1, ?, ?)
     ON CONFLICT (only_row) DO UPDATE SET last_interval = excluded.last_interval, restore = excluded.restore`,
    [lastInterval, restore],
  );
}

/** The restore for which a recovery was last begun. */
export async function readRestore(tx: Tx): Promise<string | null> {
  const rows = await tx.all('SELECT restore FROM recovery WHERE only_row = 1');
  return rows[0] === undefined ? null : orNull(text)(rows[0]['restore']);
}

const pairName = z.strictObject({ interval, peer: hex32 });
export type PairName = z.infer<typeof pairName>;

export function pairNamed(body: string): PairName {
  const name = decode(body, pairName);
  invariant(name.ok, 'an outbox row of this role names a pair');
  return name.value;
}
