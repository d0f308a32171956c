/*
 * The rows of addresses. Every function takes the caller's transaction. Called by receiving.ts.
 */
import { int, orNull, text } from '../../host/db/codec.ts';
import type { Tx } from '../../host/ports.ts';

export interface AddressRow {
  readonly position: number;
  /** Null: paid to, though these books never gave it out (they came from an older backup). */
  readonly name: string | null;
  readonly address: string;
  /** Seconds since 1970. */
  readonly given: number;
  readonly used: boolean;
}

export async function readAddress(tx: Tx, wallet: string, name: string): Promise<string | null> {
  const row = (await tx.all('SELECT address FROM bitcoin_address WHERE wallet = ? AND name = ?', [wallet, name]))[0];
  return row === undefined ? null : text(row['address']);
}

export async function insertAddress(tx: Tx, wallet: string, { position, name, address, given, used }: AddressRow): Promise<void> {
  await tx.run(
    `INSERT INTO bitcoin_turn (wallet, turns) VALUES (?, 1) ON CONFLICT (wallet) DO UPDATE SET turns = bitcoin_turn.turns + 1`,
    [wallet],
  );
  await tx.run('INSERT INTO bitcoin_address (wallet, position, name, address, given, used) VALUES (?, ?, ?, ?, ?, ?)', [
    wallet,
    position,
    name,
    address,
    given,
    used ? 1 : 0,
  ]);
}

export interface Highest {
  readonly given: number | null;
  readonly used: number | null;
}

/** The highest index that was given out or used, and the highest that was used. */
export async function readHighest(tx: Tx, wallet: string): Promise<Highest> {
  const sql = `SELECT MAX(position) AS given, MAX(CASE WHEN used = 1 THEN position ELSE NULL END) AS used
    FROM bitcoin_address WHERE wallet = ?`;
  const row = (await tx.all(sql, [wallet]))[0];
  return { given: orNull(int)(row?.['given']), used: orNull(int)(row?.['used']) };
}

/** When the first was given out: nothing was paid to this wallet before. Null without any. */
export async function readFirstGiven(tx: Tx, wallet: string): Promise<number | null> {
  const row = (await tx.all('SELECT MIN(given) AS first FROM bitcoin_address WHERE wallet = ?', [wallet]))[0];
  return orNull(int)(row?.['first']);
}

/** From that index on, in their order. */
export async function readAddresses(tx: Tx, wallet: string, from: number): Promise<{ position: number; address: string }[]> {
  const sql = 'SELECT position, address FROM bitcoin_address WHERE wallet = ? AND position >= ? ORDER BY position';
  return (await tx.all(sql, [wallet, from])).map((row) => ({ position: int(row['position']), address: text(row['address']) }));
}

/** False where these books do not have it. */
export async function markUsed(tx: Tx, wallet: string, position: number): Promise<boolean> {
  return (await tx.run('UPDATE bitcoin_address SET used = 1 WHERE wallet = ? AND position = ?', [wallet, position])) > 0;
}

/** Whether the chain was read to its end since that restore. */
export async function isCaughtUp(tx: Tx, wallet: string, restore: string): Promise<boolean> {
  return (await tx.all('SELECT name FROM bitcoin_restore WHERE wallet = ? AND name = ?', [wallet, restore])).length > 0;
}

export async function saveCaughtUp(tx: Tx, wallet: string, restore: string): Promise<void> {
  await tx.run('INSERT INTO bitcoin_restore (wallet, name) VALUES (?, ?) ON CONFLICT (wallet, name) DO NOTHING', [
    wallet,
    restore,
  ]);
}
