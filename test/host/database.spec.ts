/*
 * The database port on SQLite: what one transaction promises, and what is SQLite's alone.
 */
import { expect } from 'chai';
import { join } from 'node:path';
import { stat } from 'node:fs/promises';
import { openDatabase } from '../../host/db/open.ts';
import { toPostgresDdl } from '../../host/db/postgres.ts';
import { databasePromises, rejection } from './database-promises.ts';
import { folder } from './harness.ts';
import { later, undoAll } from '../harness/later.ts';

afterEach(undoAll);

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

  it('runs a statement again after it failed, and beside itself; and more of them than it keeps prepared', async () => {
    const database = await openDatabase({ file: ':memory:' }, []);
    later(() => database.close());
    const rows = (sql: string, params: readonly string[] = []) => database.transaction((tx) => tx.all(sql, params));
    expect((await rejection(rows('SELECT a FROM later'))).message).to.contain('no such table');
    await database.transaction((tx) => tx.run('CREATE TABLE later (a TEXT PRIMARY KEY)'));
    expect(await rows('SELECT a FROM later')).to.deep.equal([]);

    const insert = (a: string) => database.transaction((tx) => tx.run('INSERT INTO later (a) VALUES (?)', [a]));
    expect([await insert('x'), (await rejection(insert('x'))).message, await insert('y')]).to.deep.equal([
      1,
      'SQLITE_CONSTRAINT: UNIQUE constraint failed: later.a in: INSERT INTO later (a) VALUES (?)',
      1,
    ]);

    const names = Array.from({ length: 300 }, (_, index) => String(index));
    const all = await database.transaction((tx) =>
      Promise.all(names.flatMap((name) => [tx.all(`SELECT '${name}' AS a`), tx.all('SELECT ? AS a', [name])])),
    );
    expect(all).to.deep.equal(names.flatMap((name) => [[{ a: name }], [{ a: name }]]));
  });

  it('is put into PostgreSQL words', () => {
    const sql = toPostgresDdl('CREATE TABLE t (a INTEGER NOT NULL, b BLOB, c TEXT) STRICT');
    expect(sql).to.equal('CREATE TABLE t (a BIGINT NOT NULL, b BYTEA, c TEXT)');
  });
});
