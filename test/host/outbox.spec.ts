/*
 * The outbox on a driven clock: what was put in a transaction is sent after it, until there is a final answer, across restarts.
 */
import { expect } from 'chai';
import { join } from 'node:path';
import { ok, type Result } from '../../core/refusal.ts';
import { drivenClock } from '../../host/clock.ts';
import { openDatabase } from '../../host/db/open.ts';
import { refuseHttp } from '../../host/http/refusals.ts';
import { createOutbox, type OutboxKind, type OutboxRow } from '../../host/outbox.ts';
import type { Database } from '../../host/ports.ts';
import { folder, memoryDatabase, recordingLog, until } from './harness.ts';
import { later, undoAll } from '../harness/later.ts';

afterEach(undoAll);

/** Answers as told and writes down what happened. */
function recordingKind(answer: (row: OutboxRow) => Result<unknown> | Promise<Result<unknown>>) {
  const happened: string[] = [];
  const kind: OutboxKind = {
    send: async (row) => {
      happened.push(`send ${row.id}`);
      return answer(row);
    },
    done: async (_tx, row, value) => void happened.push(`done ${row.id} ${String(value)}`),
    refused: async (_tx, row, refusal) => void happened.push(`refused ${row.id} ${refusal.code}`),
    expired: async (_tx, row) => void happened.push(`expired ${row.id}`),
  };
  return { kind, happened };
}

async function room(answer: Parameters<typeof recordingKind>[0], given?: Database) {
  const clock = drivenClock(1000);
  const database = given ?? (await memoryDatabase());
  const { kind, happened } = recordingKind(answer);
  const log = recordingLog();
  const outbox = createOutbox({ clock, database, log }, { note: kind });
  later(() => outbox.stop());
  const put = (id: string, target = 't', expires = 10_000) =>
    database.transaction((tx) => outbox.put(tx, { id, kind: 'note', target, body: { id }, expires }));
  return { clock, database, outbox, happened, put, log };
}

describe('outbox', () => {
  it('sends after the commit, once, and handles the answer', async () => {
    const { outbox, happened, put } = await room((row) => ok(row.body));
    await put('a');
    expect(outbox.busy()).to.equal(true);
    await until(() => !outbox.busy());
    expect(happened).to.deep.equal(['send a', 'done a {"id":"a"}']);
    expect(outbox.nextDue()).to.equal(null);
  });

  it('sends nothing of a transaction that failed', async () => {
    const { database, outbox, happened } = await room(() => ok(1));
    await database
      .transaction(async (tx) => {
        await outbox.put(tx, { id: 'a', kind: 'note', target: 't', body: {}, expires: 10_000 });
        throw new Error('no');
      })
      .catch(() => undefined);
    await until(() => !outbox.busy());
    expect(happened).to.deep.equal([]);
  });

  it('takes the same id twice for one message', async () => {
    const { outbox, happened, put } = await room(() => refuseHttp('unreachable', 'x'));
    await put('a');
    await put('a');
    await until(() => !outbox.busy());
    expect(happened).to.deep.equal(['send a']);
  });

  it('repeats what may be repeated after 1, 2, 4 … seconds, and expires it', async () => {
    const { clock, outbox, happened, put } = await room(() => refuseHttp('unreachable', 'x'));
    await put('a', 't', 1012);
    const times: number[] = [];
    await until(() => !outbox.busy());
    for (let due = outbox.nextDue(); due !== null; due = outbox.nextDue()) {
      times.push(due);
      clock.advance(due);
      await until(() => !outbox.busy());
    }
    expect(times).to.deep.equal([1001, 1003, 1007, 1012]);
    expect(happened).to.deep.equal(['send a', 'send a', 'send a', 'send a', 'expired a']);
  });

  it('ends on a final refusal', async () => {
    const { outbox, happened, put } = await room(() => refuseHttp('too-large', 'x'));
    await put('a');
    await until(() => !outbox.busy());
    expect(happened).to.deep.equal(['send a', 'refused a too-large']);
  });

  it('sends to one target in order, one at a time, and to others meanwhile', async () => {
    const release: (() => void)[] = [];
    const { outbox, happened, put } = await room(async (row) => {
      if (row.id === 'a') await new Promise<void>((resolve) => release.push(resolve));
      return ok(1);
    });
    await put('a', 'slow');
    await put('b', 'slow');
    await put('c', 'other');
    await until(() => happened.includes('done c 1'));
    expect(happened).to.not.include('send b');
    release[0]?.();
    await until(() => !outbox.busy());
    expect(happened.indexOf('send b')).to.be.greaterThan(happened.indexOf('done a 1'));
  });

  it('lets those that are up have their turn, however many are down', async () => {
    const held: (() => void)[] = [];
    const { clock, outbox, happened, put } = await room(async (row) => {
      if (row.target === 'up') return ok(1);
      await new Promise<void>((resolve) => held.push(resolve));
      return refuseHttp('unreachable', row.target);
    });
    for (let i = 0; i < 64; i += 1) await put(`m${i}`, `down${i}`);
    await put('good', 'up');
    // Each round lasts longer than the first delays: those that failed are due again when the next are.
    for (let round = 0; round < 2; round += 1) {
      await until(() => held.length === 32);
      clock.advance(clock.now() + 10);
      for (const release of held.splice(0)) {
        release();
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
    await until(() => held.length === 32 || happened.includes('done good 1'));
    expect(happened).to.include('done good 1');
    void outbox.stop();
    await until(() => {
      for (const release of held.splice(0)) release();
      return !outbox.busy();
    });
  });

  it('loads again what could not be loaded at the start', async () => {
    const database = await memoryDatabase();
    let broken = true;
    const shaky: Database = {
      ...database,
      transaction: (work) => (broken ? Promise.reject(new Error('no connection')) : database.transaction(work)),
    };
    const { clock, outbox, happened, put, log } = await room(() => ok(1), shaky);
    await until(() => log.events.length > 0);
    broken = false;
    await put('a');
    clock.advance(1001);
    await until(() => !outbox.busy());
    expect(happened).to.deep.equal(['send a', 'done a 1']);
  });

  it('has no more than 32 in flight, and sends all in the end', async () => {
    let atOnce = 0;
    let most = 0;
    const { outbox, happened, put } = await room(async () => {
      most = Math.max(most, ++atOnce);
      await new Promise((resolve) => setImmediate(resolve));
      atOnce--;
      return ok(1);
    });
    await Promise.all(Array.from({ length: 80 }, (_, i) => put(`m${i}`, `t${i}`)));
    await until(() => !outbox.busy());
    expect(most).to.be.at.most(32);
    expect(happened.filter((line) => line.startsWith('done'))).to.have.length(80);
  });

  it('repeats when handling the answer threw: nothing is lost', async () => {
    const clock = drivenClock(1000);
    const database = await memoryDatabase();
    const log = recordingLog();
    let handled = 0;
    const kind: OutboxKind = {
      send: async () => ok(1),
      done: async () => {
        if (++handled === 1) throw new Error('a bug');
      },
      refused: async () => undefined,
    };
    const outbox = createOutbox({ clock, database, log }, { note: kind });
    later(() => outbox.stop());
    await database.transaction((tx) => outbox.put(tx, { id: 'a', kind: 'note', target: 't', body: '{}', expires: 5000 }));
    await until(() => !outbox.busy());
    expect([handled, outbox.nextDue()]).to.deep.equal([1, 1001]);
    clock.advance(1001);
    await until(() => !outbox.busy());
    expect([handled, outbox.nextDue()]).to.deep.equal([2, null]);
  });

  it('survives a restart', async () => {
    const file = join(await folder(), 'outbox.db');
    const first = await openDatabase({ file }, [], 'test');
    const before = await room(() => refuseHttp('unreachable', 'x'), first);
    await before.put('a');
    await before.outbox.stop();
    await first.close();
    const second = await openDatabase({ file }, [], 'test');
    const after = await room(() => ok(7), second);
    later(() => after.outbox.stop().then(() => second.close()));
    await until(() => !after.outbox.busy());
    after.clock.advance(1001);
    await until(() => !after.outbox.busy());
    expect(after.happened).to.deep.equal(['send a', 'done a 7']);
  });
});
