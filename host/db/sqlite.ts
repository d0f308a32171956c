/*
 * SQLite: a file name in, transactions one after the other out. Every setting of the connection stands here.
 * Called by open.ts alone.
 */
import { closeSync, openSync } from 'node:fs';
import knex from 'knex';
import type { Param, Row, Tx } from '../ports.ts';
import { bind, checkRows, type Bound } from './codec.ts';
import type { Engine } from './open.ts';

const settings = [
  'PRAGMA foreign_keys = ON',
  'PRAGMA journal_mode = WAL',
  // A commit that was answered must survive a power cut: IOUs are saved before they are sent.
  'PRAGMA synchronous = FULL',
  // Another process (a backup) may hold the file for a moment.
  'PRAGMA busy_timeout = 10000',
  'PRAGMA trusted_schema = OFF',
].join(';');

export function openSqlite(file: string): Engine {
  // Made by us, so that its mode is ours; the WAL files take it over.
  if (file !== ':memory:') closeSync(openSync(file, 'a', 0o600));
  const connection = knex({
    client: 'sqlite3',
    connection: { filename: file },
    useNullAsDefault: true,
    pool: {
      min: 1,
      max: 1,
      // A connection is never replaced while idle: `:memory:` would be lost.
      idleTimeoutMillis: 2 ** 31 - 1,
      afterCreate: (raw: { exec(sql: string, done: (error: Error | null) => void): void }, done: (error: Error | null) => void) =>
        raw.exec(settings, done),
    },
  });
  const queue = serialQueue();
  return {
    knex: connection,
    transaction: (work) => queue.run(() => transaction(connection, work)),
    close: () => queue.run(async () => ({ value: await connection.destroy(), committed: [] })),
  };
}

/**
 * Not knex's own: that begins deferred, and a transaction that becomes a writer halfway is refused as busy without waiting. And
 * the driver itself, which counts changed rows and takes half the time of knex's raw queries.
 */
async function transaction<T>(connection: Engine['knex'], work: (tx: Tx) => Promise<T>): Promise<Committed<T>> {
  const client = connection.client as { acquireConnection(): Promise<Driver>; releaseConnection(driver: Driver): Promise<void> };
  const driver = await client.acquireConnection();
  const committed: (() => void)[] = [];
  const failures: unknown[] = [];
  try {
    await query(driver, 'all', 'BEGIN IMMEDIATE', []);
    const value = await work(transactionOf(driver, committed, failures));
    // A failed statement fails the whole, as on PostgreSQL, even where `work` caught it.
    if (failures.length > 0) throw failures[0];
    await query(driver, 'all', 'COMMIT', []);
    return { value, committed };
  } catch (thrown) {
    // Where there is nothing to roll back (disk full: SQLite has done it itself) it is refused.
    await query(driver, 'all', 'ROLLBACK', []).catch(() => undefined);
    throw thrown;
  } finally {
    await client.releaseConnection(driver);
  }
}

function transactionOf(driver: Driver, committed: (() => void)[], failures: unknown[]): Tx {
  const watched = async (method: 'all' | 'run', sql: string, params: readonly Param[]): Promise<Outcome> => {
    try {
      return await query(driver, method, sql, bind(params));
    } catch (thrown) {
      failures.push(thrown);
      throw thrown;
    }
  };
  return {
    all: async (sql, params = []) => checkRows((await watched('all', sql, params)).rows),
    run: async (sql, params = []) => (await watched('run', sql, params)).changes,
    onCommit: (run) => void committed.push(run),
  };
}

interface Outcome {
  readonly rows: Row[];
  readonly changes: number;
}

type Done = (this: { changes: number }, error: Error | null, rows?: Row[]) => void;
/** Of sqlite3, what is used. */
type Driver = Record<'all' | 'run', (sql: string, params: readonly Bound[], done: Done) => void>;

function query(driver: Driver, method: 'all' | 'run', sql: string, params: readonly Bound[]): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    driver[method](sql, params, function (error, rows) {
      // The driver names neither: without the statement nobody finds the line.
      if (error) reject(new Error(`${error.message} in: ${sql.trim().slice(0, 200)}`, { cause: error }));
      else resolve({ rows: rows ?? [], changes: this.changes });
    });
  });
}

interface Committed<T> {
  readonly value: T;
  /** What waits for the commit. */
  readonly committed: readonly (() => void)[];
}

/**
 * One connection: a second transaction waits, so one inside another would wait for itself. Nothing here sees that coming: what
 * would (AsyncLocalStorage) costs a quarter of the time of every promise in the process on Node 20.
 */
function serialQueue() {
  let last: Promise<unknown> = Promise.resolve();

  async function take<T>(step: () => Promise<Committed<T>>): Promise<T> {
    const { value, committed } = await step();
    // Before the next one's turn: what they start may open transactions.
    for (const run of committed) run();
    return value;
  }

  return {
    run<T>(step: () => Promise<Committed<T>>): Promise<T> {
      const result = last.then(() => take(step));
      last = result.catch(() => undefined);
      return result;
    },
  };
}
