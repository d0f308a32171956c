/*
 * A disk that is full, for real: the guard's folder lies on a small one. Said clearly, nothing half-written; with space again it goes on,
 * or is started again, and every unit is there once. And a disk that fills up while a backup is written.
 */
import { expect } from 'chai';
import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sha256Hex } from '../../core/crypto/hash.ts';
import { createLog } from '../../host/log.ts';
import { startNode } from '../../node/start.ts';
import { ptg } from '../cli/captured.ts';
import { openNetwork, type TestNetwork } from '../journeys/network.ts';
import { mountSmall, needMount, type SmallDisk } from './disk.ts';

const path = ['G', 'M', 'X'];
const both = ['G→M 2500', 'M→X 1500'];
const MIB = 1024 * 1024;

describe('a full disk', function () {
  let network: TestNetwork;
  let disk: SmallDisk;
  const lines: string[] = [];
  before(async function () {
    await needMount(this);
    network = await openNetwork({
      relays: [{ name: 'G', guard: true }, { name: 'M' }, { name: 'X', exit: true }],
      subscribers: { U: 10_000_000n },
      onDisk: true,
      log: (name, clock) => createLog({ clock, write: (line) => void lines.push(`${name} ${line}`) }),
      async start(name, given) {
        if (name === 'G' && disk === undefined) disk = await mountSmall(given.home, 16 * MIB);
        return startNode(given);
      },
    });
    await network.call('U', 'client', '/client/subscribe', { guard: 'G' });
  });
  after(async () => {
    disk?.free();
    await network?.world.stopNode('G');
    disk?.unmount();
    await network?.stop();
  });

  const said = () => lines.some((line) => line.startsWith('G ') && /\[database-(full|unusable)\]/.test(line));
  /** Nothing is left, and no write-ahead log has room of its own. */
  async function fillUp(): Promise<void> {
    await restart();
    disk.fill();
  }
  async function restart(): Promise<void> {
    await network.world.stopNode('G');
    await network.world.startNode('G');
    await network.idle();
    lines.length = 0;
  }

  it('while a deposit comes in: it is credited once there is room', async () => {
    await fillUp();
    await network.call('U', 'client', '/client/deposit', { amount: 1_000_000n });
    // The operator hears what it is, everybody else that the guard failed.
    const refused: (string | null)[] = [];
    for (let tries = 0; tries < 200 && !said(); tries += 1) {
      refused.push(await network.refusal('U', 'client', '/client/balance', {}));
      await network.advance(network.clock.now() + 10);
    }
    expect(said(), 'the log says that there is no room').equal(true);
    disk.free();
    await network.tick();
    await network.tick();
    const { account } = await network.account('U');
    expect(account).include({ deposited: '1000000', balance: '1000000', unconfirmed: '0' });
  });

  it('while it ticks: what was carried is certified once there is room, and charged once', async () => {
    await restart();
    const circuit = await network.open('U', path);
    disk.fill();
    expect(await circuit?.carry(600n)).equal(600n);
    // What cannot be written down is not begun.
    expect(await network.open('U', ['G', 'X'])).equal(null);
    for (let ticks = 0; ticks < 2; ticks += 1) await network.tick();
    expect(said()).equal(true);
    disk.free();
    await network.advance(network.clock.now() + 120);
    expect(await circuit?.carry(400n)).equal(400n);
    circuit?.close();
    for (let hop = 0; hop < 2; hop += 1) await network.tick();
    const held = await network.call<{ ious: { direction: string; relayBytes: string; exitBytes: string }[] }>(
      'M',
      'relay',
      '/relay/ious?interval=0',
    );
    const shown = held.ious.filter((one) => one.direction === 'held').map((one) => `${one.relayBytes} ${one.exitBytes}`);
    expect(shown).deep.equal(['1000 1000']);
    expect((await network.account('U')).account).include({ spent: '3500', balance: '996500' });
  });

  it('it is not started on: three lines, a code, exit code 1; nothing of it is left', async () => {
    await network.world.stopNode('G');
    disk.fill();
    const ended = await ptg('run', '--home', join(network.home, 'G'));
    expect(ended.code).equal(1);
    expect(ended.err.trimEnd().split('\n').slice(-3)[2]).match(/\[database-(full|unusable)\]$/);
    expect((await readdir(join(network.home, 'G'))).filter((name) => name.endsWith('.sock'))).deep.equal([]);
    disk.free();
    await network.world.startNode('G');
    await network.idle();
  });

  it('while it settles: paid once there is room, and once', async () => {
    const { bst, paymentEnd } = network.schedule(0);
    await network.advance(bst - 60);
    await fillUp();
    await network.advance(bst + 300);
    expect(said()).equal(true);
    disk.free();
    await network.advance(paymentEnd);
    expect(await network.paid(0)).deep.equal(both);
    expect(await network.received(0)).deep.equal(both);
    expect(await network.differences()).deep.equal({ G: 0n, M: 0n, X: 0n });
    expect(await network.surplus()).equal(0n);
    for (const role of ['relay', 'settlement', 'guard', 'network']) {
      const checked = spawnSync(process.execPath, ['-e', checkScript, join(network.home, 'G', `${role}.sqlite`)]);
      expect(checked.stdout.toString().trim(), role).equal('ok');
    }
  });
});

const checkScript = `const { Database } = require('sqlite3');
const db = new Database(process.argv[1]);
db.get('PRAGMA integrity_check', (failed, row) => { console.log(failed ? failed.message : row.integrity_check); db.close(); });`;

describe('a disk that fills up while a backup is written', function () {
  let folder: string;
  let disk: SmallDisk;
  before(async function () {
    await needMount(this);
    folder = await mkdtemp(join(tmpdir(), 'ptg-full-'));
    expect((await ptg('init', 'directory', 'ledger', join(folder, 'node'))).code).equal(0);
    await writeFile(join(folder, 'word'), 'a passphrase of some length\n', { mode: 0o600 });
    // Something to back up.
    await writeFile(join(folder, 'node', 'notes'), Buffer.alloc(MIB, 7));
    await mkdir(join(folder, 'elsewhere'));
    disk = await mountSmall(join(folder, 'elsewhere'), 3 * MIB);
  });
  after(async () => {
    disk?.unmount();
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  });
  const backUp = () =>
    ptg('backup', join(folder, 'elsewhere', 'old'), '--home', join(folder, 'node'), '--passphrase-file', join(folder, 'word'));

  it('leaves no half of one, and the old one as it was', async () => {
    expect((await backUp()).code).equal(0);
    const before = sha256Hex(await readFile(join(folder, 'elsewhere', 'old')));
    disk.fill(200_000);
    const ended = await backUp();
    expect(ended.code).equal(1);
    expect(ended.err.trimEnd().split('\n')).have.length(3);
    expect(ended.err)
      .match(/\[disk-full\]\n$/)
      .and.contain(join(folder, 'elsewhere', 'old'));
    expect((await readdir(join(folder, 'elsewhere'))).sort()).deep.equal(['filler', 'old']);
    expect(sha256Hex(await readFile(join(folder, 'elsewhere', 'old')))).equal(before);
    disk.free();
    expect((await backUp()).code).equal(0);
    const restored = await ptg(
      ...['restore', join(folder, 'elsewhere', 'old'), '--home', join(folder, 'again')],
      ...['--passphrase-file', join(folder, 'word')],
    );
    expect(restored.code).equal(0);
  });

  it('a restore onto one leaves nothing', async () => {
    disk.fill(200_000);
    const home = join(folder, 'elsewhere', 'node');
    const ended = await ptg(
      ...['restore', join(folder, 'elsewhere', 'old'), '--home', home],
      ...['--passphrase-file', join(folder, 'word')],
    );
    expect([ended.code, /\[disk-full\]\n$/.test(ended.err)]).deep.equal([1, true]);
    expect((await readdir(join(folder, 'elsewhere'))).sort()).deep.equal(['filler', 'old']);
  });
});
