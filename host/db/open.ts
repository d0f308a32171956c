/*
 * A role's database: a SQLite file or a PostgreSQL URL and the role's migrations in, the database port out. Called by node and
 * tests once a role; refuses a database that a newer program has made.
 */
import type { Knex } from 'knex';
import type { Database, Migration, Tx } from '../ports.ts';
import { hostMigrations } from '../work/migrations.ts';
import { asDatabaseFault, databaseFault, placeName } from './fault.ts';
import { migrate } from './migrate.ts';
import { openPostgres } from './postgres.ts';
import { openSqlite } from './sqlite.ts';

/** `:memory:` is a file that is gone when it is closed. */
export type DatabasePlace = { readonly file: string } | { readonly url: string };

/** What the two engines have in common. */
export interface Engine {
  readonly knex: Knex;
  transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/**
 * `name` is the role's: its tables are migrated under it. `owner` tells apart who shares these tables (the guards of a family).
 */
export async function openDatabase(
  place: DatabasePlace,
  migrations: readonly Migration[],
  name = 'role',
  owner = name,
): Promise<Database> {
  const engine = openEngine(place);
  try {
    if ('file' in place) await refuseFile(engine, place.file, name);
    await migrate(engine.knex, placeName(place), [
      { name: 'host', migrations: hostMigrations },
      { name, migrations },
    ]);
  } catch (thrown) {
    await engine.close();
    throw asDatabaseFault(thrown, place);
  }
  return {
    owner,
    async transaction(work) {
      try {
        return await engine.transaction(work);
      } catch (thrown) {
        throw asDatabaseFault(thrown, place);
      }
    },
    close: () => engine.close(),
  };
}

function openEngine(place: DatabasePlace): Engine {
  try {
    return 'file' in place ? openSqlite(place.file) : openPostgres(place.url);
  } catch (thrown) {
    throw asDatabaseFault(thrown, place);
  }
}

/**
 * A file that does not hold together is not worked on: what it still answers may be wrong, and what is added lost. And a file holds
 * one role's tables: into another role's, or some other program's, nothing of ours is put.
 */
async function refuseFile(engine: Engine, file: string, name: string): Promise<void> {
  const ask = async (sql: string) => (await engine.knex.raw(sql)) as Record<string, string>[];
  const [check] = await ask('PRAGMA quick_check(1)');
  const found = check?.['quick_check'] ?? '';
  if (found !== 'ok') throw databaseFault('database-damaged', `${file}: ${found.split('\n').at(-1)}`);
  const tables = (
    await ask("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name")
  ).map((row) => row['name'] ?? '');
  const known = ['migration_host', `migration_${name}`].flatMap((one) => [one, `${one}_lock`]);
  // A process that was killed while it made them has made the first of these at least.
  const others = tables.filter((one) => one.startsWith('migration_') && !known.includes(one));
  if (tables.length === 0 || (others.length === 0 && tables.includes('migration_host'))) return;
  throw databaseFault('database-foreign', `${file}: it holds ${(others[0] ?? tables[0] ?? '').slice(0, 60)}`);
}
