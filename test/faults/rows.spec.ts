/*
 * Stored texts that change while a node runs (peers.md 20 and 31): it raises an alarm, goes on, and nobody else loses a unit. What the
 * other side still has makes up for it.
 */
import { expect } from 'chai';
import { join } from 'node:path';
import sqlite3 from 'sqlite3';
import { createLog } from '../../host/log.ts';
import { openNetwork, type TestNetwork } from '../journeys/network.ts';

describe('a stored object that has changed', () => {
  let network: TestNetwork;
  const lines: string[] = [];
  beforeEach(async () => {
    lines.length = 0;
    network = await openNetwork({
      relays: [{ name: 'G', guard: true }, { name: 'H', guard: true }, { name: 'M' }, { name: 'X', exit: true }],
      subscribers: { U: 10_000_000n, V: 10_000_000n },
      onDisk: true,
      log: (name, clock) => createLog({ clock, write: (line) => void lines.push(`${name} ${line}`) }),
    });
    await network.subscribe('U', 'G', 1_000_000n);
    await network.subscribe('V', 'H', 1_000_000n);
  });
  afterEach(() => network.stop());

  const carry = async (bytes: bigint) => {
    await network.carry('U', ['G', 'M', 'X'], bytes);
    await network.carry('V', ['H', 'M', 'X'], bytes);
  };
  const change = (name: string, role: string, statement: string, ...params: string[]): Promise<void> =>
    new Promise((resolve, reject) => {
      const database = new sqlite3.Database(join(network.home, name, `${role}.sqlite`));
      database.configure('busyTimeout', 5000);
      database.run(statement, params, (failed) => database.close(() => (failed === null ? resolve() : reject(failed))));
    });
  const alarms = (event: string) => lines.filter((line) => line.startsWith('M ') && line.includes(event));
  async function expectAllPaid(): Promise<void> {
    await network.advance(network.schedule(0).paymentEnd);
    const paid = ['G→M 2500', 'H→M 2500', 'M→X 3000'];
    expect(await network.paid(0)).deep.equal(paid);
    expect(await network.received(0)).deep.equal(paid);
    expect(await network.differences()).deep.equal({ G: 0n, H: 0n, M: 0n, X: 0n });
    expect(await network.surplus()).equal(0n);
  }

  it('an IOU of one issuer, in mid-interval: the next delivery brings it back, and no other link is touched', async () => {
    await carry(600n);
    for (let hop = 0; hop < 2; hop += 1) await network.tick();
    await change(
      'M',
      'relay',
      `UPDATE iou SET signed = 'x' || signed WHERE direction = 'held' AND peer = ?`,
      network.world.relayId('G'),
    );
    await carry(400n);
    for (let hop = 0; hop < 4; hop += 1) await network.tick();
    expect(alarms('iou-damaged')).not.empty;
    await expectAllPaid();
  });

  it('IOUs held and issued, after a restart and at the closing of the books', async () => {
    await carry(1000n);
    await network.advance(network.schedule(0).booksClose - 2);
    await network.world.stopNode('M');
    await change('M', 'relay', `UPDATE iou SET signed = substr(signed, 1, 40) WHERE peer <> ?`, network.world.relayId('H'));
    await change('M', 'network', `UPDATE descriptor SET document = '{' WHERE id = ?`, network.world.relayId('X'));
    await network.world.startNode('M');
    await network.advance(network.schedule(0).booksClose + 60);
    expect(alarms('iou-damaged')).not.empty;
    expect(alarms('document-damaged')).not.empty;
    await expectAllPaid();
  });

  it('objects of one settled pair: it says so when they are asked for, and pays and is paid by everybody else', async () => {
    await carry(1000n);
    await network.advance(network.schedule(0).bst - 60);
    await change(
      'M',
      'settlement',
      `UPDATE pair SET mine = '{', theirs = '{', settlement = '{', held = '{' WHERE peer = ?`,
      network.world.relayId('G'),
    );
    await network.advance(network.schedule(0).paymentEnd);
    const paid = await network.paid(0);
    expect(paid).include.members(['H→M 2500', 'M→X 3000']);
    expect(await network.received(0)).include.members(['H→M 2500', 'M→X 3000']);
    expect(await network.surplus()).equal(0n);
    // Whoever asks for the objects hears that they cannot be read, and the log has why.
    expect(await network.refusal('M', 'settlement', '/settlement/statements-list', { interval: 0 })).equal('internal');
    expect(alarms('request-failed')).not.empty;
    expect(await network.refusal('M', 'settlement', '/settlement/status', {})).equal(null);
    // Its own wallet has no more and no less than was sent to it.
    expect(paid.filter((line) => line.startsWith('G→M')).length).most(1);
  });
});
