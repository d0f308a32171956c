/*
 * SQLite: a file name in, transactions one after the other out. Every setting of the connection stands here.
 * Called by open.ts alone.
 */
import { closeSync, openSync } from 'node:fs';
import knex from 'knex';
import type { Param, Row, Tx } from '../ports.ts';
import { bind, checkRows, type Bound } from './codec.ts';
import type { Engine } from './open.ts';
import { createLine, type Session } from './together.ts';

const settings = [
  // Another process (a backup) may hold the file for a moment. First: the next ones may have to wait, too.
  'PRAGMA busy_timeout = 10000',
  'PRAGMA foreign_keys = ON',
  'PRAGMA journal_mode = WAL',
  // A commit that was answered must survive a power cut: IOUs are saved before they are sent.
  'PRAGMA synchronous = FULL',
  'PRAGMA trusted_schema = OFF',
].join(';');

export function openSqlite(file: string): Engine {
  // Made by us, so that its mode is ours; the WAL files take it over.
  if (file !== ':memory:') closeSync(openSync(file, 'a', 0o600));
  const connection = knex({
    client: 'sqlite3',
    connection: { filename: file },
    useNullAsDefault: true,
    // What it would print is thrown, too; standard output belongs to the commands.
    log: { warn: () => undefined, error: () => undefined, deprecate: () => undefined, debug: () => undefined },
    pool: {
      min: 1,
      max: 1,
      // A connection is never replaced while idle: `:memory:` would be lost.
      idleTimeoutMillis: 2 ** 31 - 1,
      afterCreate: (raw: { exec(sql: string, done: (error: Error | null) => void): void }, done: (error: Error | null) => void) =>
        raw.exec(settings, done),
    },
  });
  const prepared: Prepared = new Map();
  const client = connection.client as Client;
  const line = createLine(async (step) => {
    const driver = await client.acquireConnection();
    try {
      await step(sessionOf(askOf(driver, prepared)));
    } finally {
      await client.releaseConnection(driver);
    }
  });
  return {
    knex: connection,
    transaction: (work) => line.run(work),
    close: () =>
      line.last(async () => {
        await finalize(prepared);
        await connection.destroy();
      }),
  };
}

/**
 * Not knex's own: that begins deferred, and a transaction that becomes a writer halfway is refused as busy without waiting. And
 * the driver itself, which counts changed rows and takes half the time of knex's raw queries.
 */
function sessionOf(ask: Ask): Session {
  return {
    begin: async () => void (await ask('all', 'BEGIN IMMEDIATE', [])),
    commit: async () => void (await ask('all', 'COMMIT', [])),
    // Where there is nothing to roll back (disk full: SQLite has done it itself) it is refused.
    rollBack: async () => void (await ask('all', 'ROLLBACK', []).catch(() => undefined)),
    async work(work, committed) {
      const failures: unknown[] = [];
      const value = await work(transactionOf(ask, committed, failures));
      // A failed statement fails the whole, as on PostgreSQL, even where `work` caught it.
      if (failures.length > 0) throw failures[0];
      return value;
    },
  };
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
