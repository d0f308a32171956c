/*
 * The rows of deposits, and how far each wallet was read. Every function takes the transaction of flow.ts.
 */
import { asStored, type Verified } from '../../core/crypto/sign.ts';
import { invariant } from '../../core/refusal.ts';
import { decode, encode } from '../../core/wire/codec.ts';
import { signedAccount, type Account } from '../../core/wire/guard.ts';
import { int, text } from '../../host/db/codec.ts';
import type { Tx } from '../../host/ports.ts';
import type { Credited, Deposit } from './decide.ts';

/** Names a wallet on a rail. */
export interface Watched {
  readonly rail: string;
  readonly wallet: string;
}

export async function readPlace(tx: Tx, { rail, wallet }: Watched): Promise<string> {
  const row = (await tx.all('SELECT place FROM guard_watch WHERE rail = ? AND wallet = ?', [rail, wallet]))[0];
  return row === undefined ? '' : text(row['place']);
}

/** Only from where it was read: another guard of the family may be further. */
export async function savePlace(tx: Tx, { rail, wallet }: Watched, from: string, to: string): Promise<void> {
  await tx.run(
    `INSERT INTO guard_watch (rail, wallet, place) VALUES (?, ?, ?)
     ON CONFLICT (rail, wallet) DO UPDATE SET place = excluded.place WHERE guard_watch.place = ?`,
    [rail, wallet, to, from],
  );
}

/** Credited once by its name; seen with less confirmations, by another guard's node, it stays so: takeBack alone undoes it. */
export async function saveDeposit(tx: Tx, { rail, wallet }: Watched, deposit: Deposit): Promise<void> {
  const { payment, subscriber, amount, at, confirmed, height } = deposit;
  await tx.run(
    `INSERT INTO guard_deposit (rail, payment, wallet, subscriber, amount, at, confirmed, height) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (rail, payment) DO UPDATE SET confirmed = excluded.confirmed, at = excluded.at, height = excluded.height
     WHERE excluded.confirmed = 1 OR guard_deposit.confirmed = 0`,
    [rail, payment, wallet, subscriber, amount, at, confirmed ? 1 : 0, height],
  );
}

/** In the blocks above `above` up to `through`. */
export async function readCredited(
  tx: Tx,
  { rail, wallet }: Watched,
  { above, through }: { readonly above: number; readonly through: number },
): Promise<Credited[]> {
  const sql = `SELECT payment, height FROM guard_deposit
    WHERE rail = ? AND wallet = ? AND confirmed = 1 AND height > ? AND height <= ? ORDER BY payment`;
  const rows = await tx.all(sql, [rail, wallet, above, through]);
  return rows.map((row) => ({ payment: text(row['payment']), height: int(row['height']) }));
}

/** It no longer counts. That it did, and until when, stays in a row of its own. */
export async function takeBack(tx: Tx, { rail, wallet }: Watched, { payment, height }: Credited, now: number): Promise<void> {
  await tx.run(
    `INSERT INTO guard_undone (rail, payment, height, noticed, wallet, subscriber, amount)
     SELECT rail, payment, height, ?, wallet, subscriber, amount FROM guard_deposit WHERE rail = ? AND wallet = ? AND payment = ?
     ON CONFLICT (rail, payment, height, noticed) DO NOTHING`,
    [now, rail, wallet, payment],
  );
  await tx.run('UPDATE guard_deposit SET confirmed = 0, height = NULL WHERE rail = ? AND payment = ? AND height = ?', [
    rail,
    payment,
    height,
  ]);
}

export async function readUnconfirmed(tx: Tx, { rail, wallet }: Watched): Promise<string[]> {
  const sql = 'SELECT payment FROM guard_deposit WHERE rail = ? AND wallet = ? AND confirmed = 0';
  return (await tx.all(sql, [rail, wallet])).map((row) => text(row['payment']));
}

export async function deleteUnconfirmed(tx: Tx, { rail }: Watched, payment: string): Promise<void> {
  await tx.run('DELETE FROM guard_deposit WHERE rail = ? AND payment = ? AND confirmed = 0', [rail, payment]);
}

/** Whether this payment counts in the subscriber's balance. */
export async function isCredited(tx: Tx, subscriber: string, rail: string, payment: string): Promise<boolean> {
  const sql = 'SELECT payment FROM guard_deposit WHERE rail = ? AND payment = ? AND subscriber = ? AND confirmed = 1';
  return (await tx.all(sql, [rail, payment, subscriber])).length > 0;
}

export interface Unsaid {
  readonly rail: string;
  readonly payment: string;
  readonly subscriber: string;
}

/** Paid since, credited, and not yet said so by this guard. */
export async function readUnsaid(tx: Tx, guard: string, since: number, most: number): Promise<Unsaid[]> {
  const sql = `SELECT rail, payment, subscriber FROM guard_deposit one WHERE at >= ? AND confirmed = 1 AND NOT EXISTS
      (SELECT 1 FROM guard_credit said WHERE said.guard = ? AND said.rail = one.rail AND said.payment = one.payment)
    ORDER BY subscriber, rail, payment LIMIT ?`;
  return (await tx.all(sql, [since, guard, most])).map((row) => ({
    rail: text(row['rail']),
    payment: text(row['payment']),
    subscriber: text(row['subscriber']),
  }));
}

export async function saveCredit(tx: Tx, { rail, payment }: Unsaid, { body, signature }: Verified<Account>): Promise<void> {
  await tx.run(
    `INSERT INTO guard_credit (guard, rail, payment, account) VALUES (?, ?, ?, ?)
     ON CONFLICT (guard, rail, payment) DO NOTHING`,
    [body.guard, rail, payment, encode({ body, signature })],
  );
}

/** The account in which this guard first said that it credits the payment. */
export async function readCredit(tx: Tx, guard: string, rail: string, payment: string): Promise<Verified<Account> | null> {
  const sql = 'SELECT account FROM guard_credit WHERE guard = ? AND rail = ? AND payment = ?';
  const row = (await tx.all(sql, [guard, rail, payment]))[0];
  if (row === undefined) return null;
  const read = decode(text(row['account']), signedAccount);
  invariant(read.ok, 'a signed account is read as it was written');
  return asStored(read.value);
}

export async function readOwners(tx: Tx, destinations: readonly string[]): Promise<Map<string, string>> {
  const owners = new Map<string, string>();
  for (const destination of new Set(destinations)) {
    const row = (await tx.all('SELECT subscriber FROM guard_account WHERE destination = ?', [destination]))[0];
    if (row !== undefined) owners.set(destination, text(row['subscriber']));
  }
  return owners;
}
