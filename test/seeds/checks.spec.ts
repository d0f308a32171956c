/*
 * The checks of the seeded world can fail: each is shown a world in which nothing is wrong, and then one in which somebody's disk was
 * changed by hand. And its faults are faults: a life that is doomed writes nothing more, a message that is lost does not arrive.
 */
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect } from 'chai';
import sqlite3 from 'sqlite3';
import { scheduleOf } from '../../core/rule/interval.ts';
import { audit } from '../audit/audit.ts';
import { createDeeds, type Deeds } from './deeds.ts';
import { auditEnds } from './ends.ts';
import { auditSubscribers } from './subscribers.ts';
import { databasesOf, newLife } from './life.ts';
import { planOf, relayNames, type SeedPlan } from './plan.ts';
import { auditContest } from './record.ts';
import { differences, dumpsOf, replay } from './replay.ts';
import { authorityName, openTown, type Town } from './town.ts';
import { createWatch } from './watch.ts';

const nobody: ReadonlySet<string> = new Set();

describe('the checks of the seeded world', function () {
  let plan: SeedPlan;
  let town: Town;
  let folder: string;
  let deeds: Deeds;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ptg-checks-'));
    plan = peaceful(planOf(3));
    town = await openTown(plan, { home: join(folder, 'home'), templates: join(folder, 'templates'), tamper: () => null });
    deeds = createDeeds(plan, town);
    for (const { at, deed } of plan.deeds) town.plan(at, () => deeds.run(deed));
    await town.advance(scheduleOf(plan.parameters, 0).paymentEnd + 60);
  });
  after(async () => {
    await town.close();
    await rm(folder, { recursive: true, force: true });
  });

  /** The same town on other disks, where `sql` was run on one of them. */
  async function spoiled(node: string, role: string, sql: string): Promise<Town> {
    const home = await mkdtemp(join(folder, 'spoiled-'));
    for (const name of [authorityName, ...relayNames]) {
      await cp(join(town.home, name), join(home, name), { recursive: true, filter: (path) => !path.endsWith('.sock') });
    }
    expect(await run(join(home, node, `${role}.sqlite`), sql), 'rows changed').above(0);
    return { ...town, home };
  }

  const look = async (watch: ReturnType<typeof createWatch>, home: string): Promise<string[]> =>
    watch.look({
      ...{ home, relays: relayNames, parameters: plan.parameters, lenient: nobody },
      clockOf: () => town.clock.now(),
      nameOf: (id) => town.world.relayName(id),
      isFamily: () => false,
      isFirstHop: (name) => name.startsWith('G'),
    });

  it('have nothing to say of a peaceful world', async () => {
    expect(town.faults).deep.equal([]);
    expect(await auditEnds(town, nobody)).deep.equal([]);
    expect(await replay(town, town.wire.kept)).deep.equal([]);
    const watch = createWatch();
    expect(await look(watch, town.home)).deep.equal([]);
    expect(await look(watch, town.home)).deep.equal([]);
  });

  it('see a total that shrinks, and one that is gone', async () => {
    for (const [sql, fault] of [
      ['UPDATE iou SET exit_bytes = exit_bytes - 1 WHERE exit_bytes > 0', /has shrunk from/],
      [`DELETE FROM iou WHERE direction = 'held'`, /is gone/],
    ] as const) {
      const watch = createWatch();
      expect(await look(watch, town.home)).deep.equal([]);
      expect((await look(watch, (await spoiled('X1', 'relay', sql)).home)).join('\n')).match(fault);
    }
  });

  it('see an issuer that owes more than its holder lends it', async () => {
    const sql = `UPDATE iou SET relay_bytes = relay_bytes + ${2n ** 41n} WHERE direction = 'held'`;
    const unpaid = await spoiled('M1', 'relay', sql);
    await run(join(unpaid.home, 'M1', 'relay.sqlite'), 'DELETE FROM pair_outcome');
    expect((await look(createWatch(), unpaid.home)).join('\n')).match(/M1: G[1-4] owes [0-9]+ bytes, above its credit of/);
  });

  it('see a settlement that has not ended, and one that was paid twice', async () => {
    const open = await spoiled('M1', 'settlement', `UPDATE pair SET state = 'due' WHERE side = 'debtor'`);
    expect((await auditEnds(open, nobody)).join('\n')).match(/M1: settlement with X[1-4] of interval 0 has not ended: due/);
    const account = await town.world.walletKey('M1');
    const twice = `INSERT INTO ledger_output (position, transfer, payer, payee, ref, amount, at, leaf)
      SELECT position + 100000, transfer, payer, payee, ref, amount, at, leaf FROM ledger_output WHERE payer = '${account}'`;
    const paid = await spoiled(authorityName, 'ledger', twice);
    expect((await auditEnds(paid, nobody)).join('\n')).match(/settlement of M1 with X[1-4] in interval 0 was paid 2 times/);
  });

  it('see a middle that owes more than was certified to it', async () => {
    const { home } = await spoiled('M1', 'relay', `UPDATE iou SET exit_bytes = exit_bytes + 1 WHERE direction = 'issued'`);
    expect((await look(createWatch(), home)).join('\n')).match(/M1: owes [0-9]+ bytes more of interval 0 than were certified/);
  });

  it('see a deposit without credit, a withdrawal without end, and a charge above what was used', async () => {
    expect(await auditSubscribers(plan, town, nobody, deeds.carried)).deep.equal([]);
    const name = plan.subscribers[0]!.guard;
    const lost = await spoiled(name, 'guard', 'DELETE FROM guard_deposit');
    expect((await auditSubscribers(plan, lost, nobody, deeds.carried)).join('\n')).match(/has no credit for it/);
    const sql = `INSERT INTO guard_withdrawal (id, guard, subscriber, rail, destination, amount, state)
      SELECT '00', '', subscriber, rail, '', 5, 'sent' FROM guard_account LIMIT 1`;
    const sent = await spoiled(name, 'guard', sql);
    expect((await auditSubscribers(plan, sent, nobody, deeds.carried)).join('\n')).match(
      /withdrawal 00 of 5 has not ended: sent/,
    );
    const twice = await spoiled('G1', 'guard', 'UPDATE guard_usage SET amount = 2 * amount + 10');
    expect((await auditSubscribers(plan, twice, nobody, deeds.carried)).join('\n')).match(/is charged [0-9]+, above the/);
  });

  it('see money that nobody issued, by the auditor', async () => {
    const issued = plan.relays.length * 10 ** 9 + plan.subscribers.length * 10 ** 8;
    const subscribers = plan.subscribers.map((one) => one.name);
    const given = { home: town.home, authority: authorityName, relays: relayNames, subscribers, issued: BigInt(issued) };
    expect(await audit(given)).deep.equal([]);
    expect(await audit({ ...given, issued: given.issued + 1n })).match(/the mint issued/);
    const { home } = await spoiled('M1', 'settlement', `UPDATE pair SET paid = paid + 1 WHERE paid > 0`);
    expect((await audit({ ...given, home, subscribers: [] })).join('\n')).match(/M1: .* is booked/);
  });

  it('see a row that a replay changes', async () => {
    const before = await dumpsOf(town.home, ['G1']);
    const { home } = await spoiled('G1', 'guard', `UPDATE guard_usage SET amount = amount + 1`);
    const found = differences(before, await dumpsOf(home, ['G1']));
    expect(found.join('\n'))
      .match(/G1\/guard guard_usage lost/)
      .match(/G1\/guard guard_usage got/);
    expect(differences(before, before)).deep.equal([]);
    const jobs = await spoiled('G1', 'guard', `UPDATE job SET due = due + 1`);
    expect(differences(before, await dumpsOf(jobs.home, ['G1']))).deep.equal([]);
  });

  it('see what a replayed message changes: at rest the first time, under way the second (seeds 215, 218, 494, 539)', async () => {
    const found = (role: string, sql: string, isUnderWay: boolean) =>
      replayed(role, sql, isUnderWay).then((faults) => faults.join('\n'));
    for (const [role, table, once, again] of [
      ['settlement', 'pair', `UPDATE pair SET carry_out = 7`, `UPDATE pair SET carry_out = carry_out + 1`],
      ['guard', 'guard_usage', `UPDATE guard_usage SET amount = 7`, `UPDATE guard_usage SET amount = amount + 7`],
      ['guard', 'guard_account', `UPDATE guard_account SET serial = 7`, `UPDATE guard_account SET serial = serial + 1`],
    ] as const) {
      const fault = `a replay of 1 messages: G1/${role} ${table} got`;
      for (const sql of [once, again]) expect(await found(role, sql, false)).include(fault);
      expect(await found(role, once, true)).equal('');
      expect(await found(role, again, true)).include(fault);
    }
  });

  /** What a replay finds where a message has rows of G1 changed. */
  async function replayed(role: string, sql: string, isUnderWay: boolean): Promise<string[]> {
    const { home } = await spoiled('G1', 'guard', `UPDATE job SET due = due + 1`);
    const peer = createServer((_, response) => void run(join(home, 'G1', `${role}.sqlite`), sql).then(() => response.end()));
    await new Promise<void>((resolve) => peer.listen(0, '127.0.0.1', resolve));
    try {
      const { port } = peer.address() as AddressInfo;
      const message = { url: `http://127.0.0.1:${port}/`, headers: {}, body: Buffer.from('{}') };
      return await replay({ ...town, home }, [{ from: 'M1', to: 'G1', message }], { isUnderWay });
    } finally {
      await new Promise((resolve) => peer.close(resolve));
    }
  }

  it('see an honest relay that a contest costs something, but not one that was away', () => {
    const filed = { case: '', contestant: 'X1', accused: 'M1', amount: 5n, interval: 0, outcome: '', decidedAt: null };
    const { bst } = scheduleOf(plan.parameters, 0);
    const away = new Map([['M1', [{ from: bst, until: bst + 3600 }]]]);
    for (const state of ['upheld', 'late']) {
      const one = { ...filed, state };
      expect(auditContest(plan, town, one)).deep.equal([`honest M1 is contested by X1 for 5 of interval 0: ${state}`]);
      expect(auditContest(plan, { ...town, absences: away }, one)).deep.equal([]);
      expect(auditContest({ ...plan, defaulters: new Set(['M1']) }, town, one)).deep.equal([]);
    }
    expect(auditContest(plan, town, { ...filed, state: 'dismissed' })).deep.equal([]);
  });

  it('stand on a life that writes nothing after its end', async () => {
    // Begin, three statements, before the commit, after it.
    for (let steps = 1; steps <= 6; steps += 1) {
      const life = newLife('one');
      const table = [{ name: '001-row', statements: ['CREATE TABLE row (id INTEGER NOT NULL PRIMARY KEY) STRICT'] }];
      const file = join(folder, `life-${steps}.sqlite`);
      const database = await databasesOf(life, folder)({ file }, table, `life${steps}`);
      life.doom(steps);
      const work = database.transaction(async (tx) => {
        await tx.run('INSERT INTO row (id) VALUES (1)');
        await tx.run('INSERT INTO row (id) VALUES (2)');
        await tx.run('DELETE FROM row WHERE id = 2');
      });
      const ended = await work.then(
        () => 'done',
        (thrown: Error) => thrown.message,
      );
      expect([ended, life.isOver()]).deep.equal(['one is dead', true]);
      const later = await database.transaction(async (tx) => tx.run('DELETE FROM row')).catch(() => 'nothing');
      expect(later).equal('nothing');
      await database.close();
      expect([steps, await count(file)]).deep.equal([steps, steps === 6 ? 1 : 0]);
    }
  });
});

/** One interval in which nothing goes wrong. */
function peaceful(plan: SeedPlan): SeedPlan {
  const end = scheduleOf(plan.parameters, 0).cutOff;
  const isPeaceful = (one: SeedPlan['deeds'][number]): boolean =>
    ['deposit', 'circuit'].includes(one.deed.kind) && one.at < end - 5000;
  const deeds = planned(plan.deeds.filter(isPeaceful));
  const rates = { drop: 0, lose: 0, late: 0, repeat: 0, reorder: 0 };
  const relays = plan.relays.map((one) => ({ ...one, payouts: 'auto' as const, family: null }));
  const parameters = {
    ...plan.parameters,
    creditStartBytes: 2n ** 40n,
    rails: { ledger: { price: 2n ** 30n, quantum: 1n, dust: 0n } },
  };
  const subscribers = plan.subscribers.map((one) => ({ ...one, guard: 'G1' }));
  return {
    ...plan,
    intervals: 1,
    subscribers,
    parameters,
    relays,
    rates,
    liars: new Map(),
    defaulters: new Set(),
    offsets: new Map(),
    deeds,
  };
}

/** All of them at G1, and surely something over M1. */
function planned(deeds: SeedPlan['deeds']): SeedPlan['deeds'] {
  return deeds.map(({ at, deed }, index) => {
    if (deed.kind !== 'circuit') return { at, deed };
    const [, middle = '', exit = ''] = deed.path;
    return { at, deed: { ...deed, path: ['G1', ...(index % 2 === 0 ? ['M1', 'X1'] : [middle, exit])] } };
  });
}

async function run(file: string, sql: string): Promise<number> {
  const database = await new Promise<sqlite3.Database>((resolve, reject) => {
    const opened = new sqlite3.Database(file, (error) => (error === null ? resolve(opened) : reject(error)));
  });
  try {
    return await new Promise((resolve, reject) =>
      database.run(sql, function (error) {
        if (error === null) resolve(this.changes);
        else reject(error);
      }),
    );
  } finally {
    await new Promise<void>((resolve) => database.close(() => resolve()));
  }
}

async function count(file: string): Promise<number> {
  const database = new sqlite3.Database(file);
  const rows = await new Promise<unknown[]>((resolve, reject) =>
    database.all('SELECT id FROM row', (error, found) => (error === null ? resolve(found) : reject(error))),
  );
  await new Promise<void>((resolve) => database.close(() => resolve()));
  return rows.length;
}
