/*
 * `ptg doctor` and `ptg config check`: of a healthy node nothing is said that is wrong; of each thing that can break, its line
 * fails, with a remedy, and no other.
 */
import { expect } from 'chai';
import { chmod, mkdtemp, readFile, rename, rm, unlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { drivenClock, systemClock } from '../../host/clock.ts';
import { findDatabaseFault } from '../../host/db/copy.ts';
import { systemEntropy } from '../../host/entropy.ts';
import { readServerDate } from '../../host/http/date.ts';
import { examineNode } from '../../node/care/doctor.ts';
import { saveLastBackup } from '../../node/care/manifest.ts';
import { ptg } from './captured.ts';
import { smallWorld, type SmallWorld } from './world.ts';

describe('ptg doctor', () => {
  let small: SmallWorld;
  let home: string;
  before(async () => {
    // The authorities' Date is the machine's.
    small = await smallWorld(systemClock().now());
    // Less than the tolerance of a minute, and yet a consensus.
    await small.advance(small.clock.now() + 30);
    await small.world.authority.view.refresh();
    home = small.home('R2');
    await saveLastBackup(home, small.clock.now());
  });
  after(() => small.stop());

  const examine = (offset = 0) => examineNode(home, drivenClock(small.clock.now() + offset), systemEntropy());
  /** The lines that are not well, and that each has its remedy. */
  async function ailing(offset = 0): Promise<string[]> {
    const findings = await examine(offset);
    for (const one of findings) expect(one.remedy === null, one.what).equal(one.state === 'ok');
    return findings.filter((one) => one.state !== 'ok').map((one) => `${one.what} ${one.state}`);
  }
  /** While `file` is away. */
  async function without<T>(file: string, run: () => Promise<T>): Promise<T> {
    await rename(join(home, file), join(home, `${file}.away`));
    try {
      return await run();
    } finally {
      await rename(join(home, `${file}.away`), join(home, file));
    }
  }

  it('finds a healthy node healthy', async () => {
    const findings = await examine();
    expect(await ailing()).deep.equal([]);
    expect(findings.map((one) => one.what)).deep.equal([
      'configuration',
      'keys',
      'database relay',
      'database settlement',
      'authority authority',
      'consensus',
      'clock',
      'ledger',
      'port',
      'backup',
    ]);
  });

  it('finds a clock that is ahead or behind', async () => {
    expect(await ailing(120)).include('clock fail');
    expect(await ailing(-120)).deep.equal(['clock fail']);
  });

  it('finds a consensus that is stale, and one that is over', async () => {
    const { validUntil, freshUntil, validAfter } = small.world.authority.view.consensus()!.body;
    expect(await ailing(2 * freshUntil - validAfter - small.clock.now())).include('consensus warn');
    expect(await ailing(validUntil - small.clock.now())).include('consensus fail');
  });

  it('finds an old backup, and none', async () => {
    await saveLastBackup(home, small.clock.now() - 7 * 3600);
    expect(await ailing()).deep.equal(['backup warn']);
    expect(await without('last-backup.json', ailing)).deep.equal(['backup warn']);
    await saveLastBackup(home, small.clock.now());
  });

  it('finds a key that is missing, open to others, or no key', async () => {
    const key = 'keys/settlement.key';
    expect(await without(key, ailing)).deep.equal(['key settlement fail']);
    await chmod(join(home, key), 0o640);
    expect(await ailing()).deep.equal(['key settlement fail']);
    await chmod(join(home, key), 0o600);
    const whole = await readFile(join(home, key));
    await writeFile(join(home, key), 'nothing');
    expect(await ailing()).deep.equal(['key settlement fail']);
    await writeFile(join(home, key), whole);
  });

  it('finds what the node cannot do while it is stopped, and a database that is missing', async () => {
    await small.world.stopNode('R2');
    expect(await ailing()).deep.equal(['port fail']);
    expect(await without('settlement.sqlite', ailing)).deep.equal(['database settlement warn', 'port fail']);
    await small.world.startNode('R2');
    expect(await ailing()).deep.equal([]);
  });

  it('finds another relay at its address', async () => {
    const toml = await readFile(join(home, 'ptg.toml'), 'utf8');
    const url = (text: string) => /url = "([^"]+)"/.exec(text)![1]!;
    const other = url(await readFile(join(small.home('R3'), 'ptg.toml'), 'utf8'));
    await writeFile(join(home, 'ptg.toml'), toml.replace(url(toml), other));
    const port = (await examine()).find((one) => one.what === 'port');
    expect(port).deep.include({ state: 'fail', remedy: 'correct url in ptg.toml' });
    expect(port?.seen).include('R3');
    await writeFile(join(home, 'ptg.toml'), toml);
  });

  it('finds a network.json of other authorities and another ledger', async () => {
    const file = join(small.folder, 'network.json');
    const whole = await readFile(file, 'utf8');
    await writeFile(file, whole.replaceAll(/"(key|logKey)": "[0-9a-f]{8}/g, '"$1": "00000000'));
    expect(await ailing()).deep.equal(['authority authority warn', 'consensus fail', 'ledger fail']);
    await writeFile(file, whole);
  });

  it('says what is wrong with a configuration that cannot be read, and nothing else', async () => {
    const toml = await readFile(join(home, 'ptg.toml'), 'utf8');
    await writeFile(join(home, 'ptg.toml'), `${toml}\nnonsense = [`);
    expect(await ailing()).deep.equal(['configuration fail']);
    await writeFile(join(home, 'ptg.toml'), toml);
  });

  it('prints a line each; exit code 1 when one fails, and only then', async () => {
    // By the system's clock, which is a little ahead of the driven one.
    const well = await ptg('doctor', '--home', home);
    expect(well).deep.include({ code: 0, err: '' });
    expect(well.out.trimEnd().split('\n')).length(11);
    const broken = await without('keys/iou.key', () => ptg('doctor', '--home', home, '--json'));
    expect(broken.code).equal(1);
    const { findings } = JSON.parse(broken.out) as { findings: { what: string; state: string; remedy: string | null }[] };
    expect(findings.find((one) => one.state === 'fail')).deep.include({ what: 'key iou' });
    expect(findings.find((one) => one.state === 'fail')?.remedy).include('backup');
    expect((await without('keys/iou.key', () => ptg('doctor', '--home', home))).out).include('To do: ');
  });
});

describe('what doctor looks with', () => {
  let folder: string;
  before(async () => void (folder = await mkdtemp(join(tmpdir(), 'ptg-doctor-'))));
  after(() => rm(folder, { recursive: true, force: true }));

  it('tells a damaged database from a sound one', async () => {
    const small = await smallWorld();
    await small.world.stopNode('R3');
    const file = join(small.home('R3'), 'relay.sqlite');
    expect(await findDatabaseFault({ file })).equal(null);
    const whole = await readFile(file);
    for (let page = 2; page < 6; page += 1) whole.fill(0xff, page * 4096, page * 4096 + 200);
    await writeFile(file, whole);
    expect(await findDatabaseFault({ file })).not.equal(null);
    await writeFile(file, 'this is no database, whatever its name says'.repeat(100));
    expect(await findDatabaseFault({ file })).match(/not a database/);
    expect(await findDatabaseFault({ url: 'postgres://nobody@127.0.0.1:1/nothing' })).match(/ECONNREFUSED|connect/);
    await small.stop();
  });

  it('reads the date of an answer, and null of none', async () => {
    const server = createServer((_, response) => void response.setHeader('date', 'Sun, 06 Nov 1994 08:49:37 GMT').end());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    expect(await readServerDate(url)).equal(784_111_777);
    await new Promise((resolve) => server.close(resolve));
    expect(await readServerDate(url)).equal(null);
    expect(await readServerDate('nowhere')).equal(null);
  });
});

describe('ptg config check', () => {
  let folder: string;
  const at = (...names: string[]) => join(folder, ...names);
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ptg-config-'));
    await ptg('init', 'directory', 'ledger', at('authority'), '--url', 'http://127.0.0.1:7393', '--nickname', 'auth');
    const network = at('authority', 'network.json');
    await ptg('init', 'relay', 'settlement', at('node'), '--network', network, '--url', 'http://127.0.0.1:7394');
  });
  after(() => rm(folder, { recursive: true, force: true }));

  const check = (home = 'node', ...more: string[]) => ptg('config', 'check', '--home', at(home), ...more);

  it('says what the node would run', async () => {
    const run = await check();
    expect(run).deep.include({ code: 0, err: '' });
    for (const words of ['relay, settlement', '7394', 'auth http://127.0.0.1:7393', 'settlement.sqlite', 'auto']) {
      expect(run.out).include(words);
    }
    const json = JSON.parse((await check('authority', '--json')).out) as object;
    expect(json).deep.include({ payouts: null }).and.have.property('roles').with.members(['directory', 'ledger']);
    expect(json).property('keys').with.members(['authority', 'log', 'mint']);
  });

  const faults: readonly [string, string, (text: string) => string, string][] = [
    ['no TOML', 'ptg.toml', () => 'roles = [', 'config-toml'],
    ['an unknown key', 'ptg.toml', (text) => `colour = "red"\n${text}`, 'config-key'],
    ['an unknown role', 'ptg.toml', (text) => text.replace('"relay"', '"relais"'), 'config-key'],
    ['no url', 'ptg.toml', (text) => text.replace(/^url = .*$/m, ''), 'node-url'],
    ['no relay section', 'ptg.toml', (text) => text.replace(/\[relay\]\n(.+\n)*/, ''), 'node-relay'],
    ['another network file', 'ptg.toml', (text) => text.replace('network.json"', 'nothing.json"'), 'file-missing'],
    ['a directory that is none', 'ptg.toml', (text) => text.replace('"relay"', '"relay", "directory"'), 'node-authority'],
    ['a network file that is none', 'network.json', () => '{}', 'file-shape'],
    ['a key that is none', 'keys/iou.key', () => 'abc', 'key-shape'],
  ];
  for (const [what, file, spoil, code] of faults) {
    it(`says in three lines and a code: ${what}`, async () => {
      const whole = await readFile(at('node', file), 'utf8');
      expect(spoil(whole)).not.equal(whole);
      await writeFile(at('node', file), spoil(whole), { mode: 0o600 });
      const run = await check();
      await writeFile(at('node', file), whole);
      expect(run).deep.include({ code: 1, out: '' });
      expect(run.err.trimEnd().split('\n')).length(3);
      expect(run.err).include(`[${code}]`);
    });
  }

  it('never prints what a database’s address may hold', async () => {
    const toml = await readFile(at('node', 'ptg.toml'), 'utf8');
    await writeFile(
      at('node', 'ptg.toml'),
      toml.replace('[databases]', '[databases]\nrelay = "postgres://u:secret@127.0.0.1/x"'),
    );
    const run = await check();
    expect(run.out).include('PostgreSQL').and.not.include('secret');
    await writeFile(at('node', 'ptg.toml'), toml);
  });

  it('finds keys that network.json does not know', async () => {
    const seed = `${'ab'.repeat(32)}\n`;
    for (const [key, code] of [
      ['authority', 'node-authority'],
      ['log', 'node-ledger'],
    ] as const) {
      const whole = await readFile(at('authority', 'keys', `${key}.key`), 'utf8');
      await writeFile(at('authority', 'keys', `${key}.key`), seed);
      expect((await check('authority')).err, key).include(`[${code}]`);
      await writeFile(at('authority', 'keys', `${key}.key`), whole);
    }
    await unlink(at('authority', 'keys', 'mint.key'));
    expect((await check('authority')).err).include('[key-missing]');
  });
});
