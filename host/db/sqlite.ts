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
  const prepared: Prepared = new Map();
  const close = async (): Promise<void> => {
    await finalize(prepared);
    await connection.destroy();
  };
  return {
    knex: connection,
    transaction: (work) => queue.run(() => transaction(connection, prepared, work)),
    close: () => queue.run(async () => ({ value: await close(), committed: [] })),
  };
}

/**
 * Not knex's own: that begins deferred, and a transaction that becomes a writer halfway is refused as busy without waiting. And
 * the driver itself, which counts changed rows and takes half the time of knex's raw queries.
 */
async function transaction<T>(
  connection: Engine['knex'],
  prepared: Prepared,
  work: (tx: Tx) => Promise<T>,
): Promise<Committed<T>> {
  const client = connection.client as Client;
  const driver = await client.acquireConnection();
  const ask = askOf(driver, prepared);
  const committed: (() => void)[] = [];
  const failures: unknown[] = [];
  try {
    await ask('all', 'BEGIN IMMEDIATE', []);
    const value = await work(transactionOf(ask, committed, failures));
    // A failed statement fails the whole, as on PostgreSQL, even where `work` caught it.
    if (failures.length > 0) throw failures[0];
    await ask('all', 'COMMIT', []);
    return { value, committed };
  } catch (thrown) {
    // Where there is nothing to roll back (disk full: SQLite has done it itself) it is refused.
    await ask('all', 'ROLLBACK', []).catch(() => undefined);
    throw thrown;
  } finally {
    await client.releaseConnection(driver);
  }
}

function transactionOf(ask: Ask, committed: (() => void)[], failures: unknown[]): Tx {
  const watched = async (method: 'all' | 'run', sql: string, params: readonly Param[]): Promise<Outcome> => {
    try {
      return await ask(method, sql, bind(params));
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
interface Statement extends Record<'all' | 'run', (params: readonly Bound[], done: Done) => void> {
  finalize(done: () => void): void;
}
interface Driver {
  prepare(sql: string, done: (error: Error | null) => void): Statement;
}
interface Client {
  acquireConnection(): Promise<Driver>;
  releaseConnection(driver: Driver): Promise<void>;
}

/** More than the stores of one role have; those with a mark a row are of many lengths. */
const STATEMENTS_MAX = 200;

/** Each text is prepared once: that takes longer than to run it. */
type Prepared = Map<Driver, Map<string, Statement>>;
type Ask = (method: 'all' | 'run', sql: string, params: readonly Bound[]) => Promise<Outcome>;

function askOf(driver: Driver, prepared: Prepared): Ask {
  const statements = prepared.get(driver) ?? new Map<string, Statement>();
  prepared.set(driver, statements);

  function prepare(sql: string, fail: (error: Error) => void): Statement {
    const statement = driver.prepare(sql, (error) => {
      if (error === null) return;
      // The driver tells nobody else then.
      statements.delete(sql);
      fail(error);
    });
    statements.set(sql, statement);
    const [oldest] = statements;
    // It takes its turn: what was asked of it before is answered.
    if (oldest !== undefined && statements.size > STATEMENTS_MAX) {
      statements.delete(oldest[0]);
      oldest[1].finalize(() => undefined);
    }
    return statement;
  }

  return (method, sql, params) =>
    new Promise((resolve, reject) => {
      // The driver names neither: without the statement nobody finds the line.
      const fail = (error: Error): void =>
        reject(new Error(`${error.message} in: ${sql.trim().slice(0, 200)}`, { cause: error }));
      const statement = statements.get(sql) ?? prepare(sql, fail);
      statement[method](params, function (error, rows) {
        if (error) fail(error);
        else resolve({ rows: rows ?? [], changes: this.changes });
      });
    });
}

/** A connection with prepared statements does not close. */
async function finalize(prepared: Prepared): Promise<void> {
  const statements = [...prepared.values()].flatMap((known) => [...known.values()]);
  prepared.clear();
  await Promise.all(statements.map((statement) => new Promise<void>((resolve) => statement.finalize(resolve))));
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
