/*
 * What `ptg connect` writes for its tor while it lasts: the consensus changes, and the torrc with it; the control port and the guard's
 * answers are said here.
 */
import { expect } from 'chai';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { asStored } from '../../core/crypto/sign.ts';
import { ok } from '../../core/refusal.ts';
import { drivenClock } from '../../host/clock.ts';
import { silentLog } from '../../host/log.ts';
import type { NetworkView } from '../../host/ports.ts';
import { connect, type ConnectEvent } from '../../node/connect.ts';
import { connectSpec } from '../../node/spec.ts';
import type { RunningNode } from '../../node/start.ts';
import { later, undoAll } from '../harness/later.ts';
import { fingerprintOf, idOf, viewOf, without, type Relay } from './relays.ts';

const HOUR = 3600;
const account = {
  ...{ guard: idOf('G'), guardKey: 1, subscriber: idOf('ann'), serial: 1n, rail: 'ledger', destination: 'one', deposits: [] },
  ...{ deposited: 5n, unconfirmed: 0n, withdrawn: 0n, spent: 0n, lastTally: null, balance: 5n, state: 'open' as const, at: 0 },
};
const silent = (): (() => void) => () => undefined;

/** A connection over a network that `set` makes another one, a consensus an hour. */
async function connected(relays: Readonly<Record<string, Relay>>, anyPath = false) {
  const home = await mkdtemp(join(tmpdir(), 'ptg-connect-'));
  later(() => rm(home, { recursive: true, force: true }));
  const clock = drivenClock(HOUR);
  const events: ConnectEvent[] = [];
  const done: string[] = [];
  let network = viewOf(relays);
  const set = (next: Readonly<Record<string, Relay>>): void => {
    const made = viewOf(next);
    const known = made.consensus()!;
    const consensus = asStored({ ...known, body: { ...known.body, validAfter: clock.now() } });
    network = { ...made, consensus: () => consensus };
  };
  const view = new Proxy({} as NetworkView, { get: (_, name) => network[name as keyof NetworkView] });
  const own = {
    state: () => ({ up: true, reason: null }),
    unpaid: () => ({ circuits: 0, bytes: 0n }),
    reload: async () => void done.push('reload'),
  };
  const clientEnd = {
    ...{ own, address: { host: '127.0.0.1', port: 9260 }, secret: Buffer.from('ann') },
    ...{ carried: () => 0n, leave: () => void done.push('leave'), onRefused: silent },
    transport: { onWarned: silent, onEnded: silent, onReading: silent },
  };
  let asked = 0;
  const local = async () => {
    asked += 1;
    return ok({ accounts: [{ guard: idOf('G'), account, signed: 0n }] });
  };
  const node = { view, clientEnd, http: { local } } as unknown as RunningNode;
  const spec = connectSpec.parse({});
  const say = (event: ConnectEvent): void => void events.push(event);
  const made = await connect(node, { home, spec, anyPath, clock, log: silentLog(), say });
  if (!made.ok) throw new Error(made.refusal.code);
  later(() => made.value.stop());
  let isEnded = false;
  void made.value.ended.then(() => (isEnded = true));
  const linesOf = async (): Promise<string[]> => (await readFile(made.value.torrc, 'utf8')).split('\n');
  /** The time is reached, and what it brings about is done: a look ends by asking for the balance. */
  async function at(time: number): Promise<void> {
    const before = asked;
    clock.advance(time);
    const turn = () => new Promise((resolve) => setImmediate(resolve));
    while (asked === before) await turn();
    await turn();
  }
  return { set, at, linesOf, events, done, isEnded: () => isEnded };
}

const G: Relay = { flags: without('Exit') };
const exitsOf = (...names: string[]): string => {
  const named = names.map((name) => `$${fingerprintOf(name).toUpperCase()}`);
  return `ExitNodes ${named.sort().join(',')}`;
};

describe('a connection that lasts', () => {
  afterEach(undoAll);

  it('has tor read the relays of the network anew, at most once an hour, and keeps its sessions', async () => {
    const { set, at, linesOf, events, done } = await connected({ G, E: {} });
    expect(await linesOf()).include(exitsOf('E'));
    await at(HOUR + 60);
    set({ G, E: {}, F: {} });
    await at(HOUR + 1200);
    // Soon enough: it is not an hour since the last.
    expect(await linesOf()).include(exitsOf('E'));
    expect(done).deep.equal([]);
    await at(2 * HOUR + 60);
    expect(await linesOf()).include(exitsOf('E', 'F'));
    expect(done).deep.equal(['reload']);
    expect(events.filter(({ event }) => event === 'members')).deep.equal([{ event: 'members', middles: 3, exits: 2 }]);
    // The same relays in the next consensus: tor is left alone.
    await at(3 * HOUR + 60);
    set({ G, E: {}, F: {} });
    await at(4 * HOUR + 600);
    expect(done).deep.equal(['reload']);
  });

  it('goes on where no exit runs for now, and takes those that come back', async () => {
    const { set, at, linesOf, done, isEnded } = await connected({ G, E: {} });
    await at(HOUR + 60);
    set({ G, E: { flags: without('Running') } });
    await at(2 * HOUR + 60);
    expect(await linesOf()).include(exitsOf('E'));
    expect([done, isEnded()]).deep.equal([[], false]);
    await at(2 * HOUR + 1200);
    set({ G, E: { flags: without('Running') }, F: {} });
    await at(3 * HOUR + 1200);
    expect(await linesOf()).include(exitsOf('F'));
    expect(done).deep.equal(['reload']);
  });

  it('writes nothing anew where circuits may lead anywhere', async () => {
    const { set, at, done, events } = await connected({ G, E: {} }, true);
    await at(HOUR + 60);
    set({ G, E: {}, F: {} });
    await at(3 * HOUR);
    expect(done).deep.equal([]);
    expect(events.map(({ event }) => event)).deep.equal(['connected', 'balance', 'tor']);
  });
});
