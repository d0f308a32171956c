/*
 * Migrations: a connection and each room's list in, a database of this program's form out, or an error for the operator. The
 * lists are imported arrays with fixed names, so that a database made from sources is taken by the build. Called by open.ts.
 */
import type { Knex } from 'knex';
import { invariant } from '../../core/refusal.ts';
import type { Migration } from '../ports.ts';
import { databaseFault } from './fault.ts';
import { toPostgresDdl } from './postgres.ts';

export interface MigrationList {
  /** Names the table that remembers them. */
  readonly name: string;
  readonly migrations: readonly Migration[];
}

/** Of the advisory lock on PostgreSQL: two processes may start at once on one database. Any fixed number. */
const LOCK = 705_201;

export async function migrate(connection: Knex, place: string, lists: readonly MigrationList[]): Promise<void> {
  if (!isPostgres(connection)) return migrateLists(connection, place, lists);
  await connection.transaction(async (lock) => {
    await lock.raw('SELECT pg_advisory_xact_lock(?)', [LOCK]);
    await migrateLists(connection, place, lists);
  });
}

async function migrateLists(connection: Knex, place: string, lists: readonly MigrationList[]): Promise<void> {
  for (const list of lists) {
    invariant(/^[a-z][a-z0-9_]{0,30}$/.test(list.name), 'a migration list has a plain name');
    invariant(new Set(list.migrations.map((one) => one.name)).size === list.migrations.length, 'migrations have different names');
    const tableName = `migration_${list.name}`;
    // A start that has nothing to add writes nothing: knex would take its lock all the same.
    if ((await countKnown(connection, place, tableName, list.migrations)) === list.migrations.length) continue;
    await connection.migrate.latest({ tableName, migrationSource: source(connection, list.migrations) });
  }
}

/** How many it has; -1 without a table. Of a newer program's this one does not know what its rows mean. */
async function countKnown(connection: Knex, place: string, tableName: string, known: readonly Migration[]): Promise<number> {
  if (!(await connection.schema.hasTable(tableName))) return -1;
  const rows = (await connection(tableName).select('name').orderBy('id')) as { name: string }[];
  const unknown = rows.map((row) => row.name).filter((name) => !known.some((one) => one.name === name));
  if (unknown.length === 0) return rows.length;
  throw databaseFault('database-newer', `${place}: unknown migration ${unknown.join(', ')}`);
}

function source(connection: Knex, migrations: readonly Migration[]): Knex.MigrationSource<Migration> {
  return {
    getMigrations: async () => [...migrations],
    getMigrationName: (migration) => migration.name,
    getMigration: async (migration) => ({
      async up(trx) {
        for (const statement of migration.statements) {
          await trx.raw(isPostgres(connection) ? toPostgresDdl(statement) : statement);
        }
      },
      async down() {
        throw new Error('migrations only go forward');
      },
    }),
  };
}

function isPostgres(connection: Knex): boolean {
  return (connection.client as { config: { client: unknown } }).config.client === 'pg';
}
