/*
 * The rows of accounts: at which guards, and everything they signed. Every function takes the transaction of its flow.
 */
import { asStored, type Signed, type Verified } from '../../core/crypto/sign.ts';
import { invariant } from '../../core/refusal.ts';
import { decode, encode } from '../../core/wire/codec.ts';
import { signedAccount, type Account } from '../../core/wire/guard.ts';
import { big, text } from '../../host/db/codec.ts';
import type { Row, Tx } from '../../host/ports.ts';

/** A subscription. */
export interface Home {
  readonly guard: string;
  readonly rail: string;
}

/** The one chosen last first. */
export async function readHomes(tx: Tx): Promise<Home[]> {
  const rows = await tx.all('SELECT guard, rail FROM client_guard ORDER BY chosen DESC');
  return rows.map((row) => ({ guard: text(row['guard']), rail: text(row['rail']) }));
}

export async function chooseHome(tx: Tx, { guard, rail }: Home): Promise<void> {
  const rows = await tx.all('SELECT CAST(COALESCE(MAX(chosen), 0) AS TEXT) AS last FROM client_guard');
  await tx.run(
    `INSERT INTO client_guard (guard, rail, chosen) VALUES (?, ?, ?)
     ON CONFLICT (guard) DO UPDATE SET rail = excluded.rail, chosen = excluded.chosen`,
    [guard, rail, big(rows[0]?.['last']) + 1n],
  );
}

/** The newest takes the place of all that are so much older: each names what was credited before. */
const ACCOUNTS_KEPT = 100n;

export async function saveAccount(tx: Tx, home: string, { body, signature }: Verified<Account>): Promise<void> {
  await tx.run(
    `INSERT INTO client_account (home, signer, serial, account) VALUES (?, ?, ?, ?)
     ON CONFLICT (home, serial, signer) DO NOTHING`,
    [home, body.guard, body.serial, encode({ body, signature })],
  );
  await tx.run('DELETE FROM client_account WHERE home = ? AND serial <= ?', [home, body.serial - ACCOUNTS_KEPT]);
}

/** An account that does not check, though the guard's key signed it. */
export interface RefusedAccount {
  readonly guard: string;
  readonly code: string;
  readonly account: Signed<Account>;
}

export async function saveRefusedAccount(
  tx: Tx,
  home: string,
  { body, signature }: Signed<Account>,
  code: string,
): Promise<void> {
  await tx.run(
    `INSERT INTO client_refused_account (home, code, account) VALUES (?, ?, ?)
     ON CONFLICT (home, code) DO UPDATE SET account = excluded.account`,
    [home, code, encode({ body, signature })],
  );
}

export async function readRefusedAccounts(tx: Tx): Promise<RefusedAccount[]> {
  const rows = await tx.all('SELECT home, code, account FROM client_refused_account ORDER BY home, code');
  return rows.map((row) => ({ guard: text(row['home']), code: text(row['code']), account: accountOf(row) }));
}

export async function readNewestAccount(tx: Tx, home: string): Promise<Verified<Account> | null> {
  const rows = await tx.all('SELECT account FROM client_account WHERE home = ? ORDER BY serial DESC, signer LIMIT 1', [home]);
  return rows[0] === undefined ? null : accountOf(rows[0]);
}

/** Of a subscription, whoever of the family signed them. */
export async function readAccounts(tx: Tx, home: string): Promise<Verified<Account>[]> {
  return (await tx.all('SELECT account FROM client_account WHERE home = ? ORDER BY serial', [home])).map(accountOf);
}

/** What one guard itself signed, the newest first. */
export async function readAccountsBy(tx: Tx, guard: string): Promise<Verified<Account>[]> {
  const sql = 'SELECT account FROM client_account WHERE home = ? AND signer = ? ORDER BY serial DESC';
  return (await tx.all(sql, [guard, guard])).map(accountOf);
}

export async function countAccounts(tx: Tx, home: string): Promise<number> {
  const rows = await tx.all('SELECT COUNT(*) AS count FROM client_account WHERE home = ?', [home]);
  return Number(rows[0]?.['count']);
}

function accountOf(row: Row): Verified<Account> {
  const read = decode(text(row['account']), signedAccount);
  invariant(read.ok, 'a stored account can be read');
  return asStored(read.value);
}
