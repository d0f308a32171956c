/*
 * The database port on SQLite: what one transaction promises, and what is SQLite's alone.
 */
import { expect } from 'chai';
import { join } from 'node:path';
import { stat } from 'node:fs/promises';
import { openDatabase } from '../../host/db/open.ts';
import { toPostgresDdl } from '../../host/db/postgres.ts';
import { databasePromises } from './database-promises.ts';
import { folder, later } from './harness.ts';

databasePromises('sqlite', async () => ({ file: join(await folder(), 'role.db') }));

describe('database on sqlite alone', () => {
  it('does not let others read its file, and is durable', async () => {
    const file = join(await folder(), 'role.db');
    const database = await openDatabase({ file }, []);
    later(() => database.close());
    expect((await stat(file)).mode & 0o777).to.equal(0o600);
    const pragma = async (name: string) =>
      Object.values((await database.transaction((tx) => tx.all(`PRAGMA ${name}`)))[0] ?? {})[0];
    expect([await pragma('journal_mode'), await pragma('synchronous'), await pragma('foreign_keys')]).to.deep.equal([
      'wal',
      2,
      1,
    ]);
  });

  it('is put into PostgreSQL words', () => {
    const sql = toPostgresDdl('CREATE TABLE t (a INTEGER NOT NULL, b BLOB, c TEXT) STRICT');
    expect(sql).to.equal('CREATE TABLE t (a BIGINT NOT NULL, b BYTEA, c TEXT)');
  });
});
