/*
 * The guard's and the client's roles over the real transport: what a subscriber downloads is counted by both, tallies are signed over
 * the same connection every few MiB, and neither can get ahead of the other by more than a step.
 */
import { expect } from 'chai';
import type { Socket } from 'node:net';
import type { Tally } from '../../core/wire/guard.ts';
import { decode } from '../../core/wire/codec.ts';
import { countersignedTally } from '../../core/wire/guard.ts';
import type { Database } from '../../host/ports.ts';
import { undoAll, later } from '../harness/later.ts';
import { idOf, makeWorld, type ClientRun } from '../guard/world.ts';
import { closing, guardId, plainLine, plainServer, socksDial, startNet, until } from './transport-net.ts';

const MIB = 1_048_576;
const STEP = 1_048_576n;
const UNSIGNED_MAX = 4n * STEP;
const PORTION = 262_144;

describe('tor/transport with both roles', () => {
  afterEach(undoAll);

  /** A tor that gives as much as is taken. */
  async function start({ signs = true, deposit = 10n ** 12n, total = 64 * MIB, starting = 0n, unsigned = UNSIGNED_MAX } = {}) {
    const world = await makeWorld({ startingBytes: starting, iouTickSec: 60 });
    later(() => world.stop());
    const server = await plainServer((socket) => {
      let written = 0;
      const push = (): void => {
        while (written < total && !socket.destroyed) {
          written += 65_536;
          if (!socket.write(Buffer.alloc(65_536))) return void socket.once('drain', push);
        }
        socket.end();
      };
      push();
    });
    const limits = { lagSec: 2, portionBytes: PORTION, handshakeSec: 100 };
    const net = await startNet({ orPort: server.port, clock: world.clock, isRoled: true, limits });
    const guard = await world.startGuard('G', { unsignedBytesMax: unsigned }, undefined, net.guard.transport);
    const never = (): (() => void) => () => undefined;
    const client = await world.startClient(
      'alice',
      undefined,
      signs ? net.client.transport : { onReading: never, onEnded: never },
    );
    const home = await client.call('subscribe', { guard: idOf('G'), rail: 'ledger' });
    if (!home.ok) throw new Error(JSON.stringify(home.refusal));
    const account = await world.ask('alice', { kind: 'account' });
    if (!account.ok) throw new Error(account.refusal.code);
    if (deposit > 0n) world.rail.put(account.value.account.body.destination, deposit);
    await world.ask('alice', { kind: 'account' });

    let circuit = 4;
    let begun = 0n;
    let seen = 0n;
    let known: string | undefined;
    /** A second goes by: the meters look at what has passed, a circuit a session; the client's first, unless its tor does not say. */
    async function second({ isOwnHeard = true } = {}): Promise<void> {
      const connection = [...world.relay.sessions.keys()].at(-1);
      if (connection !== undefined && connection !== known) [known, circuit, begun] = [connection, circuit + 1, seen];
      seen = net.client.carried(guardId);
      const bytes = ((seen - begun) / 530n) * 514n;
      if (isOwnHeard) net.own.tell({ guard: guardId, circuit, bytes, isLed: true, closed: false });
      const previous = { relay: null, connection: connection ?? '', circuit };
      net.meter.tell({ previous, next: { relay: idOf('H'), circuit: 6 }, bytes, closed: false });
      world.clock.advance(world.clock.now() + 1);
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    const signedBytes = async (): Promise<bigint> => {
      const tally = await newestSigned(guard.database);
      return tally === null ? 0n : tally.circuitBytes + tally.otherBytes;
    };
    return { world, net, guard, client, second, signedBytes };
  }

  async function newestSigned(database: Database): Promise<Tally | null> {
    const rows = await database.transaction((tx) => tx.all('SELECT signed FROM guard_usage WHERE signed IS NOT NULL'));
    const read = rows[0] === undefined ? null : decode(String(rows[0]['signed']), countersignedTally);
    return read?.ok === true ? read.value.body : null;
  }

  async function clientSigned(client: ClientRun): Promise<string[]> {
    const sql = "SELECT tally FROM client_tally WHERE state = 'signed' AND acked = 1 ORDER BY serial DESC";
    const rows = await client.database.transaction((tx) => tx.all(sql));
    return rows.map((row) => String(row['tally']));
  }

  function decodeTally(text: string): Tally {
    const read = decode(text, countersignedTally);
    if (!read.ok) throw new Error(read.refusal.about);
    return read.value.body;
  }

  async function used(database: Database): Promise<bigint> {
    const rows = await database.transaction((tx) => tx.all('SELECT circuit_bytes + other_bytes AS sum FROM guard_usage'));
    return BigInt(String(rows[0]?.['sum'] ?? 0));
  }

  /** A download over a network that then delivers nothing more, takes so many bytes on, and breaks; until the guard has told of it. */
  async function cutAfter(net: Awaited<ReturnType<typeof startNet>>, second: () => Promise<void>, lost: number): Promise<void> {
    const line = await plainLine(net.guard.address.port);
    const socket = (await socksDial(net.client.address.port, line.port)) as Socket;
    count(socket);
    for (let at = 0; at < 400 && net.client.carried(guardId) < 24n * STEP; at++) await second();
    await line.breakAfter(lost);
    await closing(socket);
    for (let at = 0; at < 10; at++) await second();
  }

  function count(socket: Socket): { length: number } {
    const got = { length: 0 };
    socket.on('data', (chunk: Buffer) => void (got.length += chunk.length));
    return got;
  }

  it('signs as it goes, over the connection itself, and both hold the same last tally', async () => {
    const { net, guard, client, second, signedBytes, world } = await start({ total: 128 * MIB });
    const socket = (await net.dial()) as Socket;
    const got = count(socket);
    let signings = 0;
    let before = 0n;
    for (let at = 0; at < 800 && !socket.closed; at++) {
      await second();
      const now = await signedBytes();
      if (now > before) signings++;
      before = now;
    }
    expect(got.length).equal(128 * MIB);
    for (let at = 0; at < 70; at++) await second();
    await world.idle();
    // How often depends on the machine: what is carried in a second.
    expect(signings).greaterThan(2);
    const last = (await newestSigned(guard.database))!;
    // In the end every byte is counted, as circuits or as the rest.
    expect(last.circuitBytes + last.otherBytes).equal(BigInt(128 * MIB));
    expect(last.circuitBytes).equal((BigInt(128 * MIB) / 530n) * 514n);
    const [theirs] = await clientSigned(client);
    const own = decode(theirs!, countersignedTally);
    expect(own.ok && own.value.body).deep.equal(last);
  });

  it('hears a tally’s signature behind data that waits for just that', async () => {
    const { net, second, signedBytes } = await start({ total: 128 * MIB });
    const socket = (await net.dial()) as Socket;
    const got = count(socket);
    for (let at = 0; at < 800 && got.length < 128 * MIB && net.heard.ended.length === 0; at++) {
      // As tor does that acknowledges what has come.
      socket.write(Buffer.alloc(1000));
      await second();
    }
    expect(net.heard.ended).deep.equal([]);
    expect(net.heard.warned.map(({ code }) => code)).include('closing');
    expect(got.length).equal(128 * MIB);
    expect(await signedBytes()).not.equal(0n);
  });

  it('lends a client that does not sign no more than its limit and what runs before the meter tells, then ends the session', async () => {
    const { net, second, world } = await start({ signs: false, total: 512 * MIB });
    const socket = (await net.dial()) as Socket;
    const got = count(socket);
    // It stands still long before the end, which comes only with the patience.
    let still = 0;
    for (let before = 0; still < 30; before = got.length) {
      await second();
      still = got.length === before && before > 0 ? still + 1 : 0;
      expect(net.heard.ended).deep.equal([]);
    }
    const lent = got.length;
    expect(lent).lessThan(512 * MIB);
    expect(socket.closed).equal(false);
    for (let at = 0; at < 60 && net.heard.ended.length === 0; at++) await second();
    expect(got.length).equal(lent);
    expect(net.heard.ended[0]?.reason).match(/tallies of this session are not signed/);
    expect(net.heard.warned.map(({ code }) => code)).deep.equal(['closing']);
    await closing(socket);
    await world.idle();
  });

  it('a client’s end that is killed leaves no more than a step unsigned, but for what the meter had not told', async () => {
    const { net, guard, client, second, signedBytes, world } = await start({ total: 512 * MIB });
    const socket = (await net.dial()) as Socket;
    const got = count(socket);
    const history: number[] = [];
    for (let at = 0; at < 30 || (await signedBytes()) === 0n; at++) {
      await second();
      history.push(got.length);
    }
    socket.destroy();
    await net.client.stop();
    const signed = await signedBytes();
    history.push(got.length);
    // The meter is two seconds behind and looks once a second, at what was there before that second; the signature comes in the next. A
    // portion was allowed before, and one is on the way. The last that was allowed may have been so when more passed in as many seconds.
    const most = Math.max(...history.map((bytes, at) => bytes - (history[at - 5] ?? 0)));
    const untold = most + 2 * PORTION;
    expect(signed > 0n).equal(true);
    expect(got.length - Number(signed)).most(Number(UNSIGNED_MAX) + untold);
    for (let at = 0; at < 40; at++) {
      world.clock.advance(world.clock.now() + 1);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await world.idle();
    // Both still hold the same last tally.
    const last = await newestSigned(guard.database);
    const own = decode((await clientSigned(client))[0]!, countersignedTally);
    expect(own.ok && own.value.body).deep.equal(last);
  });

  it('a client’s end that stops before its tor has told of the last second signs all of it afterwards', async () => {
    const total = 2 * MIB;
    const { net, client, second, signedBytes, world } = await start({ total });
    const socket = (await net.dial()) as Socket;
    const got = count(socket);
    for (let at = 0; at < 400 && got.length < total; at++) await second();
    expect(got.length).equal(total);
    await net.client.stop();
    await client.role.stop();
    const usage = await client.database.transaction((tx) => tx.all('SELECT circuit_bytes, other_bytes FROM client_usage'));
    for (const bytes of [usage[0]?.['circuit_bytes'], usage[0]?.['other_bytes']]) expect(Number(bytes)).within(1, total + 514);
    const never = (): (() => void) => () => undefined;
    await world.startClient('alice', client.database, { onReading: never, onEnded: never });
    for (let at = 0; at < 70 && (await signedBytes()) < BigInt(total); at++) await second({ isOwnHeard: false });
    expect(await signedBytes()).equal(BigInt(total));
    await world.idle();
  });

  it('a client’s end that finishes in mid-download counts what is on its way; all of it is signed', async () => {
    const { net, guard, client, second, signedBytes, world } = await start({ total: 512 * MIB, starting: 25_700n });
    const socket = (await net.dial()) as Socket;
    for (let at = 0; at < 6; at++) await second();
    // A tor that is slow to take it: more is on its way than it will ever read.
    socket.pause();
    for (let at = 0; at < 3; at++) await second();
    expect(await net.client.finish()).equal(true);
    for (let at = 0; at < 12; at++) await second({ isOwnHeard: false });
    const sign = async () => {
      const answer = (await client.call('sign')) as unknown as { value: { signed: boolean } };
      return answer.value.signed;
    };
    expect(await sign()).equal(true);
    const used = await guard.database.transaction((tx) => tx.all('SELECT circuit_bytes + other_bytes AS sum FROM guard_usage'));
    expect([await signedBytes(), (await signedBytes()) > 0n]).deep.equal([BigInt(String(used[0]?.['sum'])), true]);
    // Nobody is let in any more, and what was told as untold once is not told again.
    expect(await net.dial().catch(() => 'closed')).equal('closed');
    expect(net.client.transport.takeUntold!()).deep.equal([]);
    await world.idle();
    expect((await newestSigned(guard.database))?.serial).equal(decodeTally((await clientSigned(client))[0]!).serial);
  });

  it('a connection that the network cuts: what was on its way may be charged, and what follows is signed', async () => {
    // No limit that would keep the guard from sending on what nobody gets.
    const { net, guard, second, signedBytes, world } = await start({ total: 512 * MIB, unsigned: 512n * STEP });
    await cutAfter(net, second, 2 * MIB);
    const broken = await used(guard.database);
    expect(broken > net.client.carried(guardId) + BigInt(MIB)).equal(true);
    const socket = (await net.dial()) as Socket;
    count(socket);
    for (let at = 0; at < 200 && (await signedBytes()) < broken + 8n * STEP; at++) await second();
    expect((await signedBytes()) >= broken + 8n * STEP).equal(true);
    socket.destroy();
    await closing(socket);
    for (let at = 0; at < 70; at++) await second();
    await world.idle();
    expect(await signedBytes()).equal(await used(guard.database));
  });

  it('a guard that charges more of a broken connection than can have been on its way gets no signature', async () => {
    const { net, guard, client, second, signedBytes, world } = await start({ total: 512 * MIB, unsigned: 512n * STEP });
    await cutAfter(net, second, 16 * MIB);
    const signed = await signedBytes();
    for (let at = 0; at < 70; at++) await second();
    await world.idle();
    expect((await used(guard.database)) - signed > 16n * STEP).equal(true);
    expect(await signedBytes()).equal(signed);
    const refused = await client.database.transaction((tx) => tx.all("SELECT code FROM client_tally WHERE state = 'refused'"));
    expect(refused.map(({ code }) => code)).include('tally-overcharge');
  });

  it('a balance that runs out ends the session cleanly, with what it covered carried', async () => {
    // 2.5 and 1.5 per unit: about 4 MiB at 10^9 a GiB.
    const { net, second, world } = await start({ deposit: 16_000_000n });
    const socket = (await net.dial()) as Socket;
    const got = count(socket);
    for (let at = 0; at < 200 && net.heard.ended.length === 0; at++) await second();
    await closing(socket);
    expect(net.heard.ended[0]?.reason).match(/balance is used up.*\[session-used-up\]$/);
    // Once a connection, before the end, and of nothing else.
    expect(net.heard.warned.map(({ guard: from, code }) => [from, code])).deep.equal([[guardId, 'low-balance']]);
    expect(got.length).within(2 * MIB, 6 * MIB);
    for (let at = 0; at < 70; at++) await second();
    await world.idle();
    const account = await world.ask('alice', { kind: 'account' });
    expect(account.ok && account.value.account.body.balance >= 0n).equal(true);
  });

  it('no account, or nothing on it: SOCKS says refused, and the client hears why', async () => {
    const { net, world } = await start({ deposit: 0n });
    expect(await net.dial()).equal(2);
    expect(net.heard.ended[0]?.reason).match(/no account of this key, or no balance/);
    await until(() => net.guard.count().sessions === 0, 'nothing is left');
    expect(world.relay.sessions.size).equal(0);
  });
});
