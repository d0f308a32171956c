/*
 * What one transaction of the database port promises, on whichever engine: run on SQLite by database.spec.ts and on PostgreSQL by the
 * stage test:postgres.
 */
import { expect } from 'chai';
import { big, bytes, int, orNull, text } from '../../host/db/codec.ts';
import { openDatabase, type DatabasePlace } from '../../host/db/open.ts';
import type { Database, Migration, Tx } from '../../host/ports.ts';
import { later } from '../harness/later.ts';

export const thing: Migration = {
  name: '001-thing',
  statements: [
    `CREATE TABLE thing (id TEXT PRIMARY KEY, amount INTEGER NOT NULL CHECK (amount >= 0), seen INTEGER, raw BLOB) STRICT`,
  ],
};

export async function rejection(promise: Promise<unknown>): Promise<Error> {
  try {
    await promise;
  } catch (thrown) {
    return thrown as Error;
  }
  throw new Error('it was not rejected');
}

/** `place` names an empty or used database: what a test needs is emptied first. */
export function databasePromises(engine: string, place: () => Promise<DatabasePlace>): void {
  describe(`database on ${engine}`, () => {
    let database: Database;
    let where: DatabasePlace;

    beforeEach(async () => {
      where = await place();
      database = await openDatabase(where, [thing], 'test', 'somebody');
      later(() => database.close());
      await database.transaction((tx) => tx.run('DELETE FROM thing'));
    });

    const insert = (id: string, amount: bigint) =>
      database.transaction((tx) => tx.run('INSERT INTO thing (id, amount) VALUES (?, ?)', [id, amount]));
    const count = () => database.transaction(async (tx) => int((await tx.all('SELECT COUNT(*) AS n FROM thing'))[0]?.['n']));

    it('keeps money beyond 2^53 exactly', async () => {
      await insert('a', 9_007_199_254_740_993n);
      const rows = await database.transaction((tx) => tx.all('SELECT CAST(amount AS TEXT) AS amount FROM thing'));
      expect(big(rows[0]?.['amount'])).to.equal(9_007_199_254_740_993n);
    });

    it('throws rather than round a large integer that was not cast', async () => {
      await insert('a', 9_007_199_254_740_993n);
      const thrown = await rejection(database.transaction((tx) => tx.all('SELECT amount FROM thing')));
      expect(thrown.message).to.contain('CAST');
    });

    it('adds and compares bound bigints as numbers', async () => {
      await insert('a', 10n);
      const changed = await database.transaction((tx) =>
        tx.run('UPDATE thing SET amount = amount + ? WHERE amount < ?', [9_007_199_254_740_993n, 100n]),
      );
      const rows = await database.transaction((tx) => tx.all('SELECT CAST(SUM(amount) AS TEXT) AS amount FROM thing'));
      expect([changed, big(rows[0]?.['amount'])]).to.deep.equal([1, 9_007_199_254_741_003n]);
    });

    it('keeps bytes and nulls', async () => {
      await database.transaction((tx) => tx.run('INSERT INTO thing VALUES (?, ?, ?, ?)', ['a', 1, null, Uint8Array.of(0, 255)]));
      const row = (await database.transaction((tx) => tx.all('SELECT * FROM thing')))[0];
      expect([...bytes(row?.['raw'])]).to.deep.equal([0, 255]);
      expect(orNull(int)(row?.['seen'] as null)).to.equal(null);
      expect(() => int(row?.['seen'])).to.throw('safe integer');
      expect(text(row?.['id'])).to.equal('a');
    });

    it('rolls back what threw, and calls no onCommit', async () => {
      let committed = 0;
      const thrown = await rejection(
        database.transaction(async (tx) => {
          tx.onCommit(() => committed++);
          await tx.run('INSERT INTO thing (id, amount) VALUES (?, ?)', ['a', 1n]);
          throw new Error('after the row');
        }),
      );
      expect([thrown.message, await count(), committed]).to.deep.equal(['after the row', 0, 0]);
    });

    it('rolls back where a failed statement was caught', async () => {
      await rejection(
        database.transaction(async (tx) => {
          await tx.run('INSERT INTO thing (id, amount) VALUES (?, ?)', ['a', 1n]);
          await tx.run('INSERT INTO thing (id, amount) VALUES (?, ?)', ['b', -1n]).catch(() => 0);
        }),
      );
      expect(await count()).to.equal(0);
    });

    it('calls onCommit before the caller goes on', async () => {
      const order: string[] = [];
      await database.transaction(async (tx) => tx.onCommit(() => order.push('commit')));
      order.push('caller');
      expect(order).to.deep.equal(['commit', 'caller']);
    });

    it('loses no update of concurrent transactions', async () => {
      await insert('a', 0n);
      const one = () =>
        database.transaction(async (tx) => {
          const rows = await tx.all('SELECT CAST(amount AS TEXT) AS amount FROM thing');
          await tx.run('UPDATE thing SET amount = ?', [big(rows[0]?.['amount']) + 1n]);
        });
      await Promise.all(Array.from({ length: 8 }, one));
      const rows = await database.transaction((tx) => tx.all('SELECT CAST(amount AS TEXT) AS amount FROM thing'));
      expect(big(rows[0]?.['amount'])).to.equal(8n);
    });

    it('lets a long transaction through that short ones overtake', async () => {
      await insert('a', 0n);
      const add = (tx: Tx) => tx.run("UPDATE thing SET amount = amount + 1 WHERE id = 'a'");
      let short = 0;
      let isOver = false;
      const shorts = async (): Promise<void> => {
        for (; !isOver; short += 1) await database.transaction(add);
      };
      const long = async (): Promise<void> => {
        await database.transaction(async (tx) => {
          for (let read = 0; read < 50; read += 1) await tx.all('SELECT * FROM thing');
          await add(tx);
        });
      };
      const running = [shorts(), shorts()];
      await long().finally(() => (isOver = true));
      await Promise.all(running);
      const rows = await database.transaction((tx) => tx.all('SELECT CAST(amount AS TEXT) AS amount FROM thing'));
      expect(big(rows[0]?.['amount'])).to.equal(BigInt(short) + 1n);
    });

    it('knows its owner', () => expect(database.owner).to.equal('somebody'));

    it('opens again, adds what is new, and refuses what a newer program made', async () => {
      await insert('a', 5n);
      await database.close();
      const column: Migration = { name: '002-more', statements: ['CREATE TABLE IF NOT EXISTS more (id TEXT) STRICT'] };
      const newer = await openDatabase(where, [thing, column], 'test');
      await newer.close();
      const thrown = await rejection(openDatabase(where, [thing], 'test'));
      const lines = thrown.message.split('\n');
      expect(lines).to.have.length(3);
      expect(lines[1]).to.contain('002-more');
      database = await openDatabase(where, [thing, column], 'test');
      await database.transaction((tx) => tx.run("DELETE FROM migration_test WHERE name = '002-more'"));
    });
  });
}
