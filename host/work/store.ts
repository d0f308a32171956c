/*
 * The rows of jobs and outbox. Every function takes the transaction. Called by host/jobs.ts and host/outbox.ts alone.
 */
import { int, text } from '../db/codec.ts';
import type { Row, Tx } from '../ports.ts';

export interface JobRow {
  readonly name: string;
  readonly due: number;
  /** Failures in a row. */
  readonly attempts: number;
  /** How often somebody asked for it: shows a request that came while it ran. */
  readonly asks: number;
}

/** As it was read: with the time at which it was written. */
export interface StoredJob extends JobRow {
  readonly savedAt: number;
}

export interface OutboxRow {
  readonly id: string;
  readonly kind: string;
  /** Messages to one target leave one after the other. */
  readonly target: string;
  /** Canonical JSON. */
  readonly body: string;
  readonly due: number;
  readonly attempts: number;
  readonly expires: number;
}

export async function readJobs(tx: Tx, owner: string): Promise<StoredJob[]> {
  const rows = await tx.all('SELECT name, due, attempts, asks, saved_at FROM job WHERE owner = ? ORDER BY name', [owner]);
  return rows.map((row) => ({ ...jobOf(row), savedAt: int(row['saved_at']) }));
}

export async function readJob(tx: Tx, owner: string, name: string): Promise<JobRow | null> {
  const rows = await tx.all('SELECT name, due, attempts, asks FROM job WHERE owner = ? AND name = ?', [owner, name]);
  return rows[0] === undefined ? null : jobOf(rows[0]);
}

export async function insertJob(tx: Tx, owner: string, name: string, due: number, now: number): Promise<void> {
  await tx.run(
    `INSERT INTO job (owner, name, due, attempts, asks, saved_at) VALUES (?, ?, ?, 0, 0, ?)
     ON CONFLICT (owner, name) DO NOTHING`,
    [owner, name, due, now],
  );
}

/** Makes the row, or moves it earlier; either way somebody asked. */
export async function askForJob(tx: Tx, owner: string, name: string, due: number, now: number): Promise<void> {
  await tx.run(
    `INSERT INTO job (owner, name, due, attempts, asks, saved_at) VALUES (?, ?, ?, 0, 1, ?)
     ON CONFLICT (owner, name) DO UPDATE SET
       due = CASE WHEN excluded.due < job.due THEN excluded.due ELSE job.due END, asks = job.asks + 1`,
    [owner, name, due, now],
  );
}

export async function saveJob(tx: Tx, owner: string, row: JobRow, now: number): Promise<void> {
  await tx.run(
    `INSERT INTO job (owner, name, due, attempts, asks, saved_at) VALUES (?, ?, ?, ?, ?, ?)
     ON CONFLICT (owner, name) DO UPDATE SET due = excluded.due, attempts = excluded.attempts, asks = excluded.asks,
       saved_at = excluded.saved_at`,
    [owner, row.name, row.due, row.attempts, row.asks, now],
  );
}

export async function deleteJob(tx: Tx, owner: string, name: string): Promise<void> {
  await tx.run('DELETE FROM job WHERE owner = ? AND name = ?', [owner, name]);
}

export async function readOutbox(tx: Tx, owner: string): Promise<OutboxRow[]> {
  const rows = await tx.all(
    'SELECT id, kind, target, body, due, attempts, expires FROM outbox WHERE owner = ? ORDER BY due, id',
    [owner],
  );
  return rows.map(outboxOf);
}

/** False when the id is already there. */
export async function insertOutbox(tx: Tx, owner: string, row: OutboxRow): Promise<boolean> {
  const inserted = await tx.run(`${insertRows(1)} ON CONFLICT (owner, id) DO NOTHING`, valuesOf(owner, row));
  return inserted > 0;
}

/** Rows with different ids; answers those that were not there already. */
export async function insertOutboxRows(tx: Tx, owner: string, rows: readonly OutboxRow[]): Promise<OutboxRow[]> {
  const sql = `${insertRows(rows.length)} ON CONFLICT (owner, id) DO NOTHING RETURNING id`;
  const inserted = await tx.all(
    sql,
    rows.flatMap((row) => valuesOf(owner, row)),
  );
  const ids = new Set(inserted.map((row) => text(row['id'])));
  return rows.filter((row) => ids.has(row.id));
}

function insertRows(count: number): string {
  const marks = Array.from({ length: count }, () => '(?, ?, ?, ?, ?, ?, ?, ?)').join(', ');
  return `INSERT INTO outbox (owner, id, kind, target, body, due, attempts, expires) VALUES ${marks}`;
}

function valuesOf(owner: string, row: OutboxRow): (string | number)[] {
  return [owner, row.id, row.kind, row.target, row.body, row.due, row.attempts, row.expires];
}

export async function delayOutbox(tx: Tx, owner: string, id: string, due: number, attempts: number): Promise<void> {
  await tx.run('UPDATE outbox SET due = ?, attempts = ? WHERE owner = ? AND id = ?', [due, attempts, owner, id]);
}

export async function deleteOutbox(tx: Tx, owner: string, id: string): Promise<void> {
  await tx.run('DELETE FROM outbox WHERE owner = ? AND id = ?', [owner, id]);
}

function jobOf(row: Row): JobRow {
  return { name: text(row['name']), due: int(row['due']), attempts: int(row['attempts']), asks: int(row['asks']) };
}

function outboxOf(row: Row): OutboxRow {
  return {
    id: text(row['id']),
    kind: text(row['kind']),
    target: text(row['target']),
    body: text(row['body']),
    due: int(row['due']),
    attempts: int(row['attempts']),
    expires: int(row['expires']),
  };
}
