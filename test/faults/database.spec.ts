/*
 * A database that is locked, damaged, somebody else's or too new: the node says so in three lines with a code and does not start, or
 * goes on where it ran; nothing is half-written, and with the file put back every unit is there once.
 */
import { expect } from 'chai';
import { spawn, type ChildProcess } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { copyFile, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sqlite3 from 'sqlite3';
import { sha256Hex } from '../../core/crypto/hash.ts';
import { createLog } from '../../host/log.ts';
import { ptg } from '../cli/captured.ts';
import { openNetwork, type TestNetwork } from '../journeys/network.ts';

const path = ['G', 'M', 'X'];
const both = ['G→M 2500', 'M→X 1500'];

describe('a database that cannot be worked with', () => {
  let network: TestNetwork;
  const lines: string[] = [];
  before(async () => {
    network = await openNetwork({
      relays: [{ name: 'G', guard: true }, { name: 'M' }, { name: 'X', exit: true }],
      subscribers: { U: 10_000_000n },
      onDisk: true,
      log: (name, clock) => createLog({ clock, write: (line) => void lines.push(`${name} ${line}`) }),
    });
    await network.subscribe('U', 'G', 1_000_000n);
    await network.carry('U', path, 1000n);
    for (let hop = 0; hop < 4; hop += 1) await network.tick();
    await network.world.stopNode('M');
    await copyFile(file('relay'), kept);
  });
  after(() => network.stop());

  const home = () => join(network.home, 'M');
  const file = (role: string) => join(home(), `${role}.sqlite`);
  const kept = join('/dev/shm', `ptg-kept-${process.pid}.sqlite`);
  after(() => rm(kept, { force: true }));
  const digest = async (name: string) => sha256Hex(await readFile(name));

  async function putBack(): Promise<void> {
    for (const end of ['-wal', '-shm', '-journal']) await rm(`${file('relay')}${end}`, { force: true });
    await copyFile(kept, file('relay'));
  }
  afterEach(putBack);

  /** What `ptg run` says, and what startNode throws. */
  async function refused(isOurs = true): Promise<{ code: string; about: string; remedy: string }> {
    const before = await digest(file('relay'));
    const ended = await ptg('run', '--home', home());
    expect(ended.code).equal(1);
    const thrown = await network.world.startNode('M').then(
      () => new Error('it started'),
      (error: Error) => error,
    );
    // Its own log lines come first.
    const said = ended.err.trimEnd().split('\n').slice(-3);
    expect(said.join('\n')).equal(thrown.message);
    // SQLite makes a note of its own in a file that it has opened for writing: of another program's, the contents are what they were.
    if (isOurs) expect(await digest(file('relay')), 'the file is as it was').equal(before);
    else expect(await tablesOf(file('relay'))).deep.equal(['note']);
    expect(readdirSync(home()).filter((name) => name.endsWith('.sock'))).deep.equal([]);
    const [, remedy = '', code = ''] = /^ {2}(.*) \[([a-z-]+)\]$/.exec(said[2] ?? '') ?? [];
    return { code, about: said[1] ?? '', remedy };
  }

  const damages: readonly (readonly [string, string, () => Promise<void>])[] = [
    [
      'bytes overwritten in the middle of pages',
      'database-damaged',
      async () => {
        const bytes = await readFile(kept);
        for (let page = 2; page * 4096 < bytes.length; page += 1) bytes.fill(0xa5, page * 4096 - 4096, page * 4096 - 4000);
        await writeFile(file('relay'), bytes);
      },
    ],
    [
      'one page of many overwritten',
      'database-damaged',
      async () => {
        const bytes = await readFile(kept);
        bytes.fill(0xff, bytes.length - 4096, bytes.length - 4000);
        await writeFile(file('relay'), bytes);
      },
    ],
    ['a file cut off', 'database-damaged', () => truncate(file('relay'), 4096 * 3 + 100)],
    [
      'no database at all',
      'database-foreign',
      () => writeFile(file('relay'), 'a letter to my aunt, of some length\n'.repeat(300)),
    ],
    ['the database of another role', 'database-foreign', () => copyFile(file('settlement'), file('relay'))],
    ['the database of another program', 'database-foreign', () => sql(file('relay'), 'CREATE TABLE note (id TEXT)', true)],
    [
      'a database newer than the program',
      'database-newer',
      () => sql(file('relay'), "INSERT INTO migration_relay (name, batch) VALUES ('900-from-the-future', 9)"),
    ],
  ];
  for (const [what, code, spoil] of damages) {
    it(`${what}: ${code}, and what to do`, async () => {
      await spoil();
      const said = await refused(!what.includes('another program'));
      expect(said.code).equal(code);
      expect(said.about).contain(file('relay'));
      expect(said.remedy).match(code === 'database-newer' ? /restore/ : /doctor.*restore|restore.*doctor/);
    });
  }

  it('an empty write-ahead log, or one of rubbish, takes nothing away', async () => {
    for (const content of ['', 'rubbish'.repeat(1000)]) {
      await writeFile(`${file('relay')}-wal`, content);
      await network.world.startNode('M');
      const { ious } = await network.call<{ ious: { direction: string; relayBytes: string }[] }>('M', 'relay', '/relay/ious');
      expect(ious.map((one) => `${one.direction} ${one.relayBytes}`).sort()).deep.equal(['held 1000', 'issued 0']);
      await network.world.stopNode('M');
      await copyFile(file('relay'), kept);
    }
  });

  it('locked by another process for longer than is waited: said, when it starts and while it runs; then it goes on', async () => {
    const [own, running] = [await hold(file('relay')), await hold(join(network.home, 'X', 'relay.sqlite'))];
    const started = ptg('run', '--home', home());
    const carried = network.carry('U', ['G', 'X'], 10n).then(() => network.tick());
    const isSaid = () => lines.some((line) => line.startsWith('X ') && line.includes('[database-locked]'));
    while (!isSaid()) await new Promise((resolve) => setTimeout(resolve, 20));
    await letGo(running);
    await carried;
    const said = await started;
    await letGo(own);
    expect([said.code, said.err.trimEnd().split('\n').slice(-3)[2]]).deep.equal([
      1,
      '  end that process (a second node, a backup, a database tool), and try again [database-locked]',
    ]);
  });

  it('and with its own file again every unit is there once', async () => {
    await network.world.startNode('M');
    const { paymentEnd } = network.schedule(0);
    await network.advance(paymentEnd);
    const paid = await network.paid(0);
    expect(paid.filter((line) => line !== 'G→X 15')).deep.equal(both);
    expect(await network.received(0)).deep.equal(paid);
    expect(await network.differences()).deep.equal({ G: 0n, M: 0n, X: 0n });
    expect(await network.surplus()).equal(0n);
  });
});

function sql(file: string, statement: string, fresh = false): Promise<void> {
  return new Promise((resolve, reject) => {
    const begin = async () => {
      if (fresh) await rm(file);
      const database = new sqlite3.Database(file);
      database.exec(statement, (failed) => database.close(() => (failed === null ? resolve() : reject(failed))));
    };
    void begin();
  });
}

function tablesOf(file: string): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const database = new sqlite3.Database(file);
    database.all("SELECT name FROM sqlite_master WHERE type = 'table'", (failed: Error | null, rows: { name: string }[]) =>
      database.close(() => (failed === null ? resolve(rows.map((row) => row.name)) : reject(failed))),
    );
  });
}

async function hold(file: string): Promise<ChildProcess> {
  const child = spawn(process.execPath, [fileURLToPath(new URL('holder.mjs', import.meta.url)), file], { stdio: 'pipe' });
  const said = await new Promise<string>((resolve) => child.stdout.once('data', (bytes: Buffer) => resolve(bytes.toString())));
  expect(said).equal('held\n');
  return child;
}

function letGo(child: ChildProcess): Promise<unknown> {
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.stdin?.end();
  return ended;
}
