/*
 * A role's database: a SQLite file or a PostgreSQL URL and the role's migrations in, the database port out. Called by node and
 * tests once a role; refuses a database that a newer program has made.
 */
import type { Knex } from 'knex';
import type { Database, Migration, Tx } from '../ports.ts';
import { hostMigrations } from '../work/migrations.ts';
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
  const engine = 'file' in place ? openSqlite(place.file) : openPostgres(place.url);
  try {
    await migrate(engine.knex, placeName(place), [
      { name: 'host', migrations: hostMigrations },
      { name, migrations },
    ]);
  } catch (thrown) {
    await engine.close();
    throw thrown;
  }
  return { owner, transaction: (work) => engine.transaction(work), close: () => engine.close() };
}

/** For messages: never a URL's password. */
function placeName(place: DatabasePlace): string {
  return 'file' in place ? place.file : place.url.replace(/\/\/[^@/]*@/, '//');
}
