/*
 * PostgreSQL: a URL in, serializable transactions out, repeated when they conflict. SQL and DDL of the common subset are put
 * into its words here. Called by open.ts alone.
 */
import knex, { type Knex } from 'knex';
import pg from 'pg';
import { invariant } from '../../core/refusal.ts';
import type { Row, Tx } from '../ports.ts';
import { beside, type Beside } from './beside.ts';
import { bind, checkRows } from './codec.ts';
import type { Engine } from './open.ts';

/** Conflicts in a row before a transaction is given up. */
const ATTEMPTS_MAX = 100;
/** Conflicts in a row before no other transaction of this process runs beside it. */
const ATTEMPTS_TOGETHER = 3;
/** serialization_failure and deadlock_detected. */
const conflicts: ReadonlySet<unknown> = new Set(['40001', '40P01']);

export function openPostgres(url: string): Engine {
  const connection = knex({
    client: 'pg',
    log: { warn: () => undefined, error: () => undefined, deprecate: () => undefined, debug: () => undefined },
    connection: { connectionString: url, types: { getTypeParser } } as Knex.PgConnectionConfig,
    pool: { min: 0, max: 8 },
  });
  const others = beside();
  return {
    knex: connection,
    transaction: (work) => transaction(connection, others, work),
    close: () => connection.destroy(),
  };
}

/** DDL of the common subset in PostgreSQL's words. */
export function toPostgresDdl(statement: string): string {
  return statement
    .replace(/\bINTEGER\b/gi, 'BIGINT')
    .replace(/\bBLOB\b/gi, 'BYTEA')
    .replace(/\)\s*STRICT\s*;?\s*$/i, ')');
}

async function transaction<T>(connection: Knex, others: Beside, work: (tx: Tx) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    const committed: (() => void)[] = [];
    try {
      const once = () => connection.transaction((trx) => attempted(trx, work, committed), { isolationLevel: 'serializable' });
      const value = await (attempt > ATTEMPTS_TOGETHER ? others.alone(once) : others.together(once));
      for (const run of committed) run();
      return value;
    } catch (thrown) {
      if (attempt >= ATTEMPTS_MAX || !conflicts.has((thrown as { code?: unknown } | null)?.code)) throw thrown;
    }
  }
}

async function attempted<T>(trx: Knex.Transaction, work: (tx: Tx) => Promise<T>, committed: (() => void)[]): Promise<T> {
  const failures: unknown[] = [];
  const query = async (sql: string, params: Parameters<typeof bind>[0]): Promise<{ rows: Row[]; rowCount: number | null }> => {
    try {
      return (await trx.raw(toPostgresQuery(sql), bind(params))) as { rows: Row[]; rowCount: number | null };
    } catch (thrown) {
      failures.push(thrown);
      throw thrown;
    }
  };
  const value = await work({
    all: async (sql, params = []) => checkRows((await query(sql, params)).rows),
    run: async (sql, params = []) => (await query(sql, params)).rowCount ?? 0,
    onCommit: (run) => void committed.push(run),
  });
  // PostgreSQL answers COMMIT after a failed statement with a silent rollback: it must not count as done.
  if (failures.length > 0) throw failures[0];
  return value;
}

/** INTEGER has 64 bits in SQLite and 32 here. */
function toPostgresQuery(sql: string): string {
  return sql.replace(/\bAS\s+INTEGER\s*\)/gi, 'AS BIGINT)').replace(/\bAS\s+BLOB\s*\)/gi, 'AS BYTEA)');
}

/** COUNT is int8 and SUM is numeric; both are small integers or must be cast to text. */
function getTypeParser(id: number, format?: 'text' | 'binary'): unknown {
  if (id === pg.types.builtins.INT8 || id === pg.types.builtins.NUMERIC) return safeInteger;
  return pg.types.getTypeParser(id, format as 'text');
}

function safeInteger(value: string): number {
  const number = Number(value);
  invariant(Number.isSafeInteger(number), 'an integer beyond 2^53 is read with CAST(x AS TEXT)');
  return number;
}
