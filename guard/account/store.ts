/*
 * The rows of accounts, and the sums that a balance is made of. Every function takes the transaction of its flow.
 */
import type { Account, CreditedDeposit } from '../../core/wire/guard.ts';
import { ACCOUNT_DEPOSITS_MAX } from '../../core/limits.ts';
import type { Traffic } from '../../core/rule/price.ts';
import { big, int, orNull, text } from '../../host/db/codec.ts';
import type { Row, Tx } from '../../host/ports.ts';

export interface AccountRow {
  readonly subscriber: string;
  readonly rail: string;
  readonly destination: string;
  readonly serial: bigint;
  /** Digest of what was last signed. */
  readonly content: string;
  readonly changed: number;
}

export interface Sums {
  readonly deposited: bigint;
  readonly unconfirmed: bigint;
  readonly withdrawn: bigint;
  readonly spent: bigint;
}

export async function readAccount(tx: Tx, subscriber: string): Promise<AccountRow | null> {
  const sql = `SELECT subscriber, rail, destination, CAST(serial AS TEXT) AS serial, content, changed
    FROM guard_account WHERE subscriber = ?`;
  const row = (await tx.all(sql, [subscriber]))[0];
  if (row === undefined) return null;
  return {
    subscriber: text(row['subscriber']),
    rail: text(row['rail']),
    destination: text(row['destination']),
    serial: big(row['serial']),
    content: text(row['content']),
    changed: int(row['changed']),
  };
}

export async function insertAccount(tx: Tx, subscriber: string, rail: string, destination: string, now: number): Promise<void> {
  await tx.run(
    `INSERT INTO guard_account (subscriber, rail, destination, serial, content, changed) VALUES (?, ?, ?, 0, '', ?)
     ON CONFLICT (subscriber) DO NOTHING`,
    [subscriber, rail, destination, now],
  );
}

export async function saveChange(tx: Tx, subscriber: string, serial: bigint, content: string, now: number): Promise<void> {
  await tx.run('UPDATE guard_account SET serial = ?, content = ?, changed = ? WHERE subscriber = ?', [
    serial,
    content,
    now,
    subscriber,
  ]);
}

export async function countAccounts(tx: Tx): Promise<number> {
  return int((await tx.all('SELECT COUNT(*) AS count FROM guard_account'))[0]?.['count']);
}

export async function readSums(tx: Tx, subscriber: string): Promise<Sums> {
  return sumsOf((await tx.all(`SELECT ${sumsShown}`, sumsParams(subscriber)))[0]);
}

/** Takes the subscriber four times. */
const sumsShown = [
  sumShown('deposited', 'guard_deposit', ' AND confirmed = 1'),
  sumShown('unconfirmed', 'guard_deposit', ' AND confirmed = 0'),
  sumShown('withdrawn', 'guard_withdrawal', " AND state <> 'refused'"),
  sumShown('spent', 'guard_usage', ''),
].join(', ');
const sumsParams = (subscriber: string): string[] => [subscriber, subscriber, subscriber, subscriber];

function sumShown(name: string, table: string, condition: string): string {
  return `CAST((SELECT COALESCE(SUM(amount), 0) FROM ${table} WHERE subscriber = ?${condition}) AS TEXT) AS ${name}`;
}

function sumsOf(row: Row | undefined): Sums {
  return {
    deposited: big(row?.['deposited']),
    unconfirmed: big(row?.['unconfirmed']),
    withdrawn: big(row?.['withdrawn']),
    spent: big(row?.['spent']),
  };
}

export interface StoredStanding {
  readonly sums: Sums;
  /** The newest: of the last interval, and there the highest. */
  readonly lastTally: Account['lastTally'];
  /** Of that guard in that interval. */
  readonly used: Traffic;
}

/** All of it in one statement: every answer says it. */
export async function readStanding(tx: Tx, subscriber: string, guard: string, interval: number): Promise<StoredStanding> {
  const sql = `SELECT ${sumsShown}, last.interval AS last_interval, CAST(last.serial AS TEXT) AS last_serial,
      CAST(last.amount AS TEXT) AS last_amount, CAST(COALESCE(used.relay_bytes, 0) AS TEXT) AS relay_bytes,
      CAST(COALESCE(used.exit_bytes, 0) AS TEXT) AS exit_bytes
    FROM (SELECT 1 AS one) always
    LEFT JOIN (SELECT interval, serial, amount FROM guard_usage WHERE subscriber = ?
      ORDER BY interval DESC, serial DESC, amount DESC LIMIT 1) last ON 1 = 1
    LEFT JOIN guard_usage used ON used.guard = ? AND used.subscriber = ? AND used.interval = ?`;
  const row = (await tx.all(sql, [...sumsParams(subscriber), subscriber, guard, subscriber, interval]))[0];
  const last = orNull(int)(row?.['last_interval']);
  return {
    sums: sumsOf(row),
    lastTally: last === null ? null : { interval: last, serial: big(row?.['last_serial']), amount: big(row?.['last_amount']) },
    used: { relayBytes: big(row?.['relay_bytes']), exitBytes: big(row?.['exit_bytes']) },
  };
}

/** Amounts of a guard's own intervals from `first` on. */
export async function readSpentFrom(tx: Tx, subscriber: string, guard: string, first: number): Promise<bigint> {
  const sql = `SELECT CAST(COALESCE(SUM(amount), 0) AS TEXT) AS spent FROM guard_usage
    WHERE subscriber = ? AND guard = ? AND interval >= ?`;
  return big((await tx.all(sql, [subscriber, guard, first]))[0]?.['spent']);
}

/** The newest confirmed ones, newest first. */
export async function readDeposits(tx: Tx, subscriber: string, most = ACCOUNT_DEPOSITS_MAX): Promise<CreditedDeposit[]> {
  const sql = `SELECT payment, CAST(amount AS TEXT) AS amount, at FROM guard_deposit
    WHERE subscriber = ? AND confirmed = 1 ORDER BY at DESC, payment DESC LIMIT ?`;
  const rows = await tx.all(sql, [subscriber, most]);
  return rows.map((row) => ({ payment: text(row['payment']), amount: big(row['amount']), at: int(row['at']) }));
}

export interface RailTotals extends Sums {
  readonly rail: string;
  /** Amounts that the subscriber has signed. */
  readonly signed: bigint;
}

/** Over all subscribers, a row a rail: what is owed to them is deposited − withdrawn − spent. */
export async function readTotals(tx: Tx): Promise<RailTotals[]> {
  const sum = (column: string, table: string, condition: string) =>
    `CAST((SELECT COALESCE(SUM(${column}), 0) FROM ${table} one JOIN guard_account owner ON owner.subscriber = one.subscriber
      WHERE owner.rail = rails.rail${condition}) AS TEXT)`;
  const sql = `SELECT rails.rail AS rail, ${sum('amount', 'guard_deposit', ' AND one.confirmed = 1')} AS deposited,
    ${sum('amount', 'guard_deposit', ' AND one.confirmed = 0')} AS unconfirmed,
    ${sum('amount', 'guard_withdrawal', " AND one.state <> 'refused'")} AS withdrawn,
    ${sum('amount', 'guard_usage', '')} AS spent, ${sum('signed_amount', 'guard_usage', '')} AS signed
    FROM (SELECT DISTINCT rail FROM guard_account) rails ORDER BY rails.rail`;
  return (await tx.all(sql)).map((row) => ({
    rail: text(row['rail']),
    deposited: big(row['deposited']),
    unconfirmed: big(row['unconfirmed']),
    withdrawn: big(row['withdrawn']),
    spent: big(row['spent']),
    signed: big(row['signed']),
  }));
}
