/*
 * Jobs on a driven clock: they run when due and not before, notice what is scheduled, repeat what fails, survive a restart.
 */
import { expect } from 'chai';
import { drivenClock } from '../../host/clock.ts';
import { createJobs, type Job } from '../../host/jobs.ts';
import { openDatabase } from '../../host/db/open.ts';
import { join } from 'node:path';
import { folder, memoryDatabase, recordingLog, until } from './harness.ts';
import { later, undoAll } from '../harness/later.ts';

afterEach(undoAll);

async function room(table: (ran: number[]) => Job[]) {
  const clock = drivenClock(1000);
  const database = await memoryDatabase();
  const log = recordingLog();
  const ran: number[] = [];
  const jobs = createJobs({ clock, database, log }, table(ran));
  later(() => jobs.stop());
  return { clock, database, log, ran, jobs };
}

const every = (name: string, ran: number[], seconds: number): Job => ({
  name,
  run: async (now) => {
    ran.push(now);
    return now + seconds;
  },
});

describe('jobs', () => {
  it('run when due, not before, and tell when they are due next', async () => {
    const { clock, jobs, ran } = await room((list) => [every('tick', list, 10)]);
    await jobs.start({ tick: 1005 });
    expect([jobs.nextDue(), jobs.busy()]).to.deep.equal([1005, false]);
    clock.advance(1004);
    expect(jobs.busy()).to.equal(false);
    clock.advance(1005);
    expect(jobs.busy()).to.equal(true);
    await until(() => !jobs.busy());
    expect([ran, jobs.nextDue()]).to.deep.equal([[1005], 1015]);
  });

  it('end with null', async () => {
    const { jobs } = await room(() => [{ name: 'once', run: async () => null }]);
    await jobs.start({ once: 1000 });
    await until(() => !jobs.busy());
    expect(jobs.nextDue()).to.equal(null);
  });

  it('run at once when scheduled for now in a transaction, without the clock moving', async () => {
    const { database, jobs, ran } = await room((list) => [every('tick', list, 10)]);
    await jobs.start();
    await database.transaction((tx) => jobs.schedule(tx, 'tick', 1000));
    expect(jobs.busy()).to.equal(true);
    await until(() => !jobs.busy());
    expect([ran, jobs.nextDue()]).to.deep.equal([[1000], 1010]);
  });

  it('are moved earlier, never later', async () => {
    const { database, jobs } = await room((list) => [every('tick', list, 10)]);
    await jobs.start({ tick: 1050 });
    await database.transaction((tx) => jobs.schedule(tx, 'tick', 1020));
    await database.transaction((tx) => jobs.schedule(tx, 'tick', 1090));
    expect(jobs.nextDue()).to.equal(1020);
  });

  it('are not scheduled by a transaction that failed', async () => {
    const { database, jobs } = await room((list) => [every('tick', list, 10)]);
    await jobs.start();
    await database
      .transaction(async (tx) => {
        await jobs.schedule(tx, 'tick', 1000);
        throw new Error('no');
      })
      .catch(() => undefined);
    expect([jobs.nextDue(), jobs.busy()]).to.deep.equal([null, false]);
  });

  it('keep what was asked for while they ran, by others or by themselves', async () => {
    let runs = 0;
    const made = await room(() => [
      {
        name: 'tick',
        run: async () => {
          runs++;
          await made.database.transaction((tx) => made.jobs.schedule(tx, 'tick', 1007));
          return runs === 1 ? 1050 : null;
        },
      },
    ]);
    await made.jobs.start({ tick: 1000 });
    await until(() => !made.jobs.busy());
    expect([runs, made.jobs.nextDue()]).to.deep.equal([1, 1007]);
  });

  it('never run twice at once', async () => {
    let atOnce = 0;
    let most = 0;
    let runs = 0;
    const { clock, jobs } = await room(() => [
      {
        name: 'slow',
        run: async (now) => {
          most = Math.max(most, ++atOnce);
          runs++;
          await new Promise((resolve) => setImmediate(resolve));
          atOnce--;
          return now + 1;
        },
      },
    ]);
    await jobs.start({ slow: 1000 });
    clock.advance(1005);
    jobs.wake();
    await until(() => !jobs.busy());
    expect([most, runs]).to.deep.equal([1, 2]);
  });

  it('that throw are logged and repeated after 1, 2, 4 … at most 60 seconds', async () => {
    const { clock, jobs, log, ran } = await room((list) => [
      {
        name: 'broken',
        run: async (now) => {
          list.push(now);
          throw new Error('not today');
        },
      },
    ]);
    await jobs.start({ broken: 1000 });
    for (let i = 0; i < 8; i++) {
      await until(() => !jobs.busy());
      clock.advance(jobs.nextDue() as number);
    }
    await until(() => !jobs.busy());
    expect(ran.slice(1).map((at, i) => at - (ran[i] as number))).to.deep.equal([1, 2, 4, 8, 16, 32, 60, 60]);
    expect(log.events[0]).to.deep.equal({ event: 'job-failed', fields: { job: 'broken', error: 'not today' } });
  });

  it('survive a restart with their due times', async () => {
    const file = join(await folder(), 'jobs.db');
    const clock = drivenClock(1000);
    const first = await openDatabase({ file }, [], 'test');
    const before = createJobs({ clock, database: first, log: recordingLog() }, [every('tick', [], 10)]);
    await before.start({ tick: 1100 });
    await first.transaction((tx) => before.schedule(tx, 'tick', 1030));
    await before.stop();
    await first.close();
    const second = await openDatabase({ file }, [], 'test');
    later(() => second.close());
    const after = createJobs({ clock, database: second, log: recordingLog() }, [every('tick', [], 10)]);
    later(() => after.stop());
    await after.start({ tick: 1100 });
    expect(after.nextDue()).to.equal(1030);
  });

  it('stop waits for what runs and starts nothing more', async () => {
    let finished = false;
    const { clock, jobs } = await room(() => [
      {
        name: 'slow',
        run: async (now) => {
          for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve));
          finished = true;
          return now;
        },
      },
    ]);
    await jobs.start({ slow: 1000 });
    await jobs.stop();
    expect(finished).to.equal(true);
    clock.advance(2000);
    expect(jobs.busy()).to.equal(false);
  });
});
