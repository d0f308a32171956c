/*
 * Transactions that wait for one connection are committed together; and many steps that mostly wait, side by side.
 */
import { expect } from 'chai';
import { createLine, type Session } from '../../host/db/together.ts';
import { openDatabase } from '../../host/db/open.ts';
import { sideBySide } from '../../host/side-by-side.ts';
import type { Tx } from '../../host/ports.ts';
import { rejection } from './database-promises.ts';
import { later, undoAll } from '../harness/later.ts';

afterEach(undoAll);

const noTx = {} as Tx;

/** A connection that writes down what was asked of it; `fail` is the statement that fails. */
function watched(fail: { commits?: number; hold?: boolean } = {}) {
  const asked: string[] = [];
  const session: Session = {
    begin: async () => void asked.push('begin'),
    async work(work, committed) {
      asked.push('work');
      const value = await work({ ...noTx, onCommit: (run) => void committed.push(run) });
      return value;
    },
    async commit() {
      asked.push('commit');
      if (fail.commits !== undefined && fail.commits-- > 0) throw new Error('disk full');
    },
    rollBack: async () => void asked.push('rollback'),
  };
  const line = createLine(async (step) => {
    if (fail.hold === true) throw new Error('no connection');
    await step(session);
  });
  return { asked, line, fail };
}

describe('transactions in line', () => {
  it('commit once for all that wait, in the order in which they came', async () => {
    const { asked, line } = watched();
    const order: string[] = [];
    const one = (name: string) =>
      line
        .run(async (tx) => {
          order.push(`work ${name}`);
          tx.onCommit(() => order.push(`committed ${name}`));
          return name;
        })
        .then((value) => order.push(`caller ${value}`));
    await Promise.all(['a', 'b', 'c'].map(one));
    expect(asked).deep.equal(['begin', 'work', 'work', 'work', 'commit']);
    expect(order.slice(0, 6)).deep.equal(['work a', 'work b', 'work c', 'committed a', 'committed b', 'committed c']);
    expect(order.slice(6)).deep.equal(['caller a', 'caller b', 'caller c']);
  });

  it('are no more than a bound at once', async () => {
    const { asked, line } = watched();
    await Promise.all(Array.from({ length: 130 }, () => line.run(async () => null)));
    expect(asked.filter((one) => one === 'commit')).length(3);
    expect(asked.filter((one) => one === 'work')).length(130);
  });

  it('answer nobody before the commit, and take one that comes meanwhile with them', async () => {
    const { asked, line } = watched();
    let open = (): void => undefined;
    const waits = new Promise<void>((resolve) => (open = resolve));
    let answered = false;
    const first = line.run(async () => waits).then(() => (answered = true));
    await new Promise((resolve) => setImmediate(resolve));
    const second = line.run(async () => answered);
    open();
    expect(await second).equal(false);
    await first;
    expect(asked).deep.equal(['begin', 'work', 'work', 'commit']);
  });

  it('are each done by itself where one throws: its caller alone hears of it', async () => {
    const { asked, line } = watched();
    const committed: string[] = [];
    const run = (name: string) =>
      line.run(async (tx) => {
        tx.onCommit(() => committed.push(name));
        if (name === 'b') throw new Error('of b');
        return name;
      });
    const [a, b, c] = await Promise.allSettled(['a', 'b', 'c'].map(run));
    expect([a, c].map((one) => one?.status === 'fulfilled' && one.value)).deep.equal(['a', 'c']);
    expect(b?.status === 'rejected' && (b.reason as Error).message).equal('of b');
    expect(committed).deep.equal(['a', 'c']);
    // Where b threw, c had not begun: it comes after them.
    expect(asked.slice(0, 4)).deep.equal(['begin', 'work', 'work', 'rollback']);
    expect(asked.slice(4)).deep.equal([
      ...['begin', 'work', 'commit', 'begin', 'work', 'rollback'],
      ...['begin', 'work', 'commit'],
    ]);
  });

  it('are each tried once more where the commit fails, and fail where it still does', async () => {
    const { line, fail } = watched({ commits: 2 });
    const [a, b] = await Promise.allSettled([line.run(async () => 'a'), line.run(async () => 'b')]);
    expect([a?.status, b?.status]).deep.equal(['rejected', 'fulfilled']);
    expect(fail.commits).equal(-1);
  });

  it('do not wait for ever where there is no connection, and go on when there is', async () => {
    const { line, fail } = watched({ hold: true });
    const failed = await Promise.all([rejection(line.run(async () => 1)), rejection(line.run(async () => 2))]);
    expect(failed.map((one) => one.message)).deep.equal(['no connection', 'no connection']);
    fail.hold = false;
    expect(await line.run(async () => 3)).equal(3);
  });

  it('are all done before what is last', async () => {
    const { line } = watched();
    const order: string[] = [];
    const work = line.run(async () => void order.push('work'));
    await line.last(async () => void order.push('last'));
    await work;
    expect(order).deep.equal(['work', 'last']);
  });

  it('leave the rows of a failed one out of a real database, and keep those of its neighbours', async () => {
    const database = await openDatabase({ file: ':memory:' }, []);
    later(() => database.close());
    await database.transaction((tx) => tx.run('CREATE TABLE one (id INTEGER PRIMARY KEY) STRICT'));
    const insert = (id: number) =>
      database.transaction(async (tx) => {
        await tx.run('INSERT INTO one (id) VALUES (?)', [id]);
        if (id === 3) throw new Error('of three');
      });
    const ends = await Promise.allSettled([1, 2, 3, 2, 4].map(insert));
    expect(ends.map((one) => one.status)).deep.equal(['fulfilled', 'fulfilled', 'rejected', 'rejected', 'fulfilled']);
    const rows = await database.transaction((tx) => tx.all('SELECT id FROM one ORDER BY id'));
    expect(rows.map((row) => row['id'])).deep.equal([1, 2, 4]);
  });
});

describe('steps side by side', () => {
  it('are never more at once than is asked for, and answer in order', async () => {
    let [running, most] = [0, 0];
    const answers = await sideBySide([5, 1, 4, 2, 3], 2, async (turns) => {
      running += 1;
      most = Math.max(most, running);
      for (let turn = 0; turn < turns; turn += 1) await null;
      running -= 1;
      return turns * 10;
    });
    expect([answers, most]).deep.equal([[50, 10, 40, 20, 30], 2]);
    expect(await sideBySide([], 2, async () => 1)).deep.equal([]);
  });

  it('begin nothing more once one has thrown, and wait for what runs', async () => {
    const begun: number[] = [];
    const ended: number[] = [];
    const thrown = await rejection(
      sideBySide([1, 2, 3, 4], 2, async (one) => {
        begun.push(one);
        if (one === 1) throw new Error('of one');
        for (let turn = 0; turn < 5; turn += 1) await null;
        ended.push(one);
      }),
    );
    expect([thrown.message, begun, ended]).deep.equal(['of one', [1, 2], [2]]);
  });
});
