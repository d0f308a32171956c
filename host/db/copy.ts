/*
 * A SQLite database while others use it: a consistent copy of it, and whether it is sound, and a look into it. A file or URL in; another file, what
 * is wrong, or what was read, out. Called by node's backup and doctor.
 */
import { existsSync } from 'node:fs';
import { invariant } from '../../core/refusal.ts';
import { errorText } from '../log.ts';
import { asDatabaseFault } from './fault.ts';
import { openPostgres } from './postgres.ts';
import { openSqlite } from './sqlite.ts';
import type { Tx } from '../ports.ts';
import type { DatabasePlace } from './open.ts';

/** One transaction's view of it, whatever is written meanwhile; nobody waits for the copy. `into` must not be there yet. */
export async function copyDatabase(file: string, into: string): Promise<void> {
  invariant(existsSync(file), 'a database to copy is there');
  const engine = openSqlite(file);
  try {
    await engine.knex.raw('VACUUM INTO ?', [into]);
  } catch (thrown) {
    throw asDatabaseFault(thrown, { file });
  } finally {
    await engine.close();
  }
}

/** One look into a database as it stands, without bringing its tables up to date. Null where they are not there, or it does not open. */
export async function peekDatabase<T>(place: DatabasePlace, read: (tx: Tx) => Promise<T>): Promise<T | null> {
  const engine = 'file' in place ? openSqlite(place.file) : openPostgres(place.url);
  try {
    return await engine.transaction(read);
  } catch {
    return null;
  } finally {
    await engine.close();
  }
}

/** Null when it opens and holds together; of PostgreSQL, when it answers. */
export async function findDatabaseFault(place: DatabasePlace): Promise<string | null> {
  const engine = 'file' in place ? openSqlite(place.file) : openPostgres(place.url);
  try {
    if ('url' in place) {
      await engine.knex.raw('SELECT 1');
      return null;
    }
    const pages = (await engine.knex.raw('PRAGMA integrity_check(3)')) as { integrity_check: string }[];
    const faults = pages.map((row) => row.integrity_check).filter((line) => line !== 'ok');
    const orphans = (await engine.knex.raw('PRAGMA foreign_key_check')) as { table: string }[];
    return faults[0] ?? (orphans[0] === undefined ? null : `a row of ${orphans[0].table} points at nothing`);
  } catch (thrown) {
    return errorText(thrown).split('\n')[0] ?? 'it does not open';
  } finally {
    await engine.close();
  }
}
