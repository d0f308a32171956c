/*
 * Both ends of `paidguard` together, over real sockets: what goes in comes out, both count alike, nothing is held for who does not
 * read, and either end may die.
 */
import { expect } from 'chai';
import { createHash, randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import { drivenClock } from '../../host/clock.ts';
import { undoAll } from '../harness/later.ts';
import {
  alice,
  closing,
  dialPlain,
  digest,
  guardId,
  plainLine,
  plainServer,
  read,
  socksDial,
  startNet,
  until,
} from './transport-net.ts';

const MIB = 1_048_576;

const opened = (socket: Socket | number): Socket => {
  if (typeof socket === 'number') throw new Error(`SOCKS reply ${socket}`);
  return socket;
};

describe('tor/transport', () => {
  afterEach(undoAll);

  it('carries a download of 16 MiB and an upload of 2 unchanged; both ends count just these bytes', async () => {
    const body = randomBytes(16 * MIB);
    const up = randomBytes(2 * MIB);
    const hashes: string[] = [];
    const server = await plainServer((socket) => {
      const hash = createHash('sha256');
      let length = 0;
      socket.on('data', (chunk: Buffer) => {
        hash.update(chunk);
        length += chunk.length;
        if (length === up.length) {
          hashes.push(hash.digest('hex'));
          socket.end(body);
        }
      });
    });
    const net = await startNet({ orPort: server.port, limits: { lagSec: 1 } });
    const socket = opened(await net.dial());
    expect(net.heard.opened).deep.equal([
      { connection: net.heard.opened[0]!.connection, subscriber: alice.publicKey, hops: 3, leavesTor: true },
    ]);
    const { connection } = net.heard.opened[0]!;
    socket.write(up);
    const got = await digest(socket);
    expect(got).deep.equal({ hash: createHash('sha256').update(body).digest('hex'), length: body.length });
    expect(hashes).deep.equal([createHash('sha256').update(up).digest('hex')]);
    // 97 of 100 bytes were circuits, says the meter, a moment after the connection is gone.
    const whole = BigInt(body.length + up.length);
    const circuits = (whole * 97n) / 100n;
    net.meter.tell({
      previous: { relay: null, connection, circuit: 7 },
      next: { relay: 'M', circuit: 8 },
      bytes: circuits,
      closed: true,
    });
    await until(() => net.heard.closed.length === 1, 'the close');
    expect(net.heard.readings.at(-1)).deep.equal({ connection, circuitBytes: circuits, otherBytes: whole - circuits });
    expect(net.client.carried(guardId)).equal(whole);
    await until(() => net.guard.count().connections === 0 && net.client.count().connections === 0, 'both at rest');
    expect(net.guard.count()).deep.equal({ connections: 0, handshakes: 0, sources: 0, sessions: 0 });
  });

  it('tells the client role of its circuits and the rest', async () => {
    const server = await plainServer((socket) => void socket.write(Buffer.alloc(10_000)));
    const net = await startNet({ orPort: server.port });
    const told: unknown[] = [];
    net.client.transport.onReading((reading) => void told.push(reading));
    const socket = opened(await net.dial());
    const circuit = { guard: guardId, circuit: 3, bytes: 9_252n, isLed: true, closed: false };
    net.own.tell(circuit);
    // The first cell of a circuit asks the guard to extend it, and is of the rest to it.
    await until(() => (told.at(-1) as { otherBytes: bigint }).otherBytes === 748n + 514n, 'the rest');
    expect(told[0]).deep.equal({ guard: guardId, circuit: 3, hops: 3, leavesTor: true, bytes: 9_252n, otherBytes: 0n });
    socket.destroy();
    await until(() => net.client.count().connections === 0, 'the session to be over');
    expect(net.client.transport.takeUntold!()).deep.equal([]);
  });

  it('tells the client role, when a session is over, of what no reading will tell of; once', async () => {
    const server = await plainServer((socket) => socket.end(Buffer.alloc(10_000)));
    const net = await startNet({ orPort: server.port, clock: drivenClock(1000) });
    const told: unknown[] = [];
    net.client.transport.onReading((reading) => void told.push(reading));
    const take = net.client.transport.takeUntold!;
    const session = async (): Promise<void> => {
      const socket = opened(await net.dial());
      if (told.length === 0) net.own.tell({ guard: guardId, circuit: 3, bytes: 5_140n, isLed: true, closed: false });
      expect((await digest(socket)).length).equal(10_000);
      expect(take()).deep.equal([]);
      socket.destroy();
      await until(() => net.client.count().connections === 0, 'the session to be over');
    };
    await session();
    const what = { guard: guardId, hops: 3, leavesTor: true };
    // Its cells but the first; the rest of it may be either.
    expect(take()).deep.equal([{ ...what, bytes: 10_000n - 9n * 514n }]);
    expect(take()).deep.equal([]);
    await session();
    expect(take()).deep.equal([{ ...what, bytes: 10_000n }]);
    expect(told.at(-1)).deep.include({ circuit: 3, bytes: 5_140n, otherBytes: 0n });
  });

  it('tells the client role of what a session that broke may have lost: no more than it carried', async () => {
    const server = await plainServer((socket) => {
      socket.write(Buffer.alloc(10_000));
      socket.once('data', () => socket.write(Buffer.alloc(100_000)));
    });
    const net = await startNet({ orPort: server.port, clock: drivenClock(1000) });
    const line = await plainLine(net.guard.address.port);
    const socket = opened(await socksDial(net.client.address.port, line.port));
    await read(socket, 10_000);
    net.own.tell({ guard: guardId, circuit: 3, bytes: 5_140n, isLed: true, closed: false });
    const broken = line.breakAfter(50_000);
    socket.write(Buffer.alloc(1_000));
    await broken;
    await until(() => net.client.count().connections === 0, 'the session to be over');
    // What its own tor did not tell of, and as much again as passed.
    const [told] = net.client.transport.takeUntold!();
    expect(told?.bytes).equal(11_000n - 9n * 514n + 11_000n);
    expect(net.client.transport.takeUntold!()).deep.equal([]);
  });

  it('holds little for a reader that does not read, and loses nothing of it', async () => {
    const total = 256 * MIB;
    let written = 0;
    const server = await plainServer((socket) => {
      const chunk = Buffer.alloc(256 * 1024, 1);
      const push = (): void => {
        while (written < total && !socket.destroyed) {
          written += chunk.length;
          if (!socket.write(chunk)) return void socket.once('drain', push);
        }
        socket.end();
      };
      push();
    });
    const net = await startNet({ orPort: server.port });
    const before = process.memoryUsage().arrayBuffers;
    const socket = opened(await net.dial());
    let last = -1;
    let still = 0;
    // It stands still: as many looks as fit half a second show the same count.
    const end = Date.now() + 60_000;
    for (let since = Date.now(); Date.now() - since < 500 && Date.now() < end;) {
      if (written !== last) since = Date.now();
      last = written;
      still++;
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(still).greaterThan(10);
    // What the kernel's buffers of three connections hold; the process itself a few chunks.
    expect(written).lessThan(64 * MIB);
    expect(process.memoryUsage().arrayBuffers - before).lessThan(24 * MIB);
    expect((await digest(socket)).length).equal(total);
    expect(net.client.carried(guardId)).equal(BigInt(total));
  });

  it('has two sessions of a subscriber at once, and a third after them', async () => {
    const server = await plainServer((socket) => socket.on('data', (chunk: Buffer) => socket.write(chunk)));
    const net = await startNet({ orPort: server.port, limits: { lagSec: 1 } });
    const both = [opened(await net.dial()), opened(await net.dial())];
    for (const [index, socket] of both.entries()) socket.write(Buffer.alloc(1000, index));
    for (const [index, socket] of both.entries()) expect(await read(socket, 1000)).deep.equal(Buffer.alloc(1000, index));
    expect(new Set(net.heard.opened.map((one) => one.connection)).size).equal(2);
    expect(new Set(net.heard.opened.map((one) => one.subscriber)).size).equal(1);
    expect(net.guard.count().sessions).equal(2);
    for (const socket of both) socket.destroy();
    await until(() => net.heard.closed.length === 2, 'both closed');
    opened(await net.dial());
    expect(net.guard.count().sessions).equal(1);
  });

  it('ends a session with its reason, which the client hears; the other goes on', async () => {
    const server = await plainServer((socket) => socket.on('data', (chunk: Buffer) => socket.write(chunk)));
    const net = await startNet({ orPort: server.port, limits: { lagSec: 1 } });
    const [one, other] = [opened(await net.dial()), opened(await net.dial())];
    net.guard.transport.end(net.heard.opened[0]!.connection, 'the balance is used up: top up with ptg deposit');
    await closing(one);
    expect(net.heard.ended).deep.equal([{ guard: guardId, reason: 'the balance is used up: top up with ptg deposit' }]);
    await until(() => net.heard.closed.length === 1, 'the close');
    other.write('still here');
    expect((await read(other, 10))?.toString()).equal('still here');
  });

  it('carries just what the guard allows, and asks anew for each circuit', async () => {
    let left = 300_000n;
    let isShown = false;
    const asks: boolean[] = [];
    const server = await plainServer((socket) => socket.write(Buffer.alloc(4 * MIB)));
    const net = await startNet({
      orPort: server.port,
      limits: { lagSec: 1, portionBytes: 65_536 },
      allow({ connection, wanted, begun }) {
        asks.push(begun);
        // Nothing for now, until the meter has shown the circuits.
        if (asks.length > 1 && !isShown) return 0n;
        const granted = wanted < left ? wanted : left;
        left -= granted;
        if (granted === 0n) net.guard.transport.end(connection, 'used up');
        return granted;
      },
    });
    const socket = opened(await net.dial());
    const { connection } = net.heard.opened[0]!;
    for (const circuit of [1, 1, 2, 2]) {
      net.meter.tell({
        previous: { relay: null, connection, circuit },
        next: { relay: 'M', circuit: 8 },
        bytes: 514n,
        closed: false,
      });
    }
    isShown = true;
    const got = await digest(socket);
    expect(got.length).equal(300_000);
    expect(net.heard.ended).deep.equal([{ guard: guardId, reason: 'used up' }]);
    // The session's first, and the second circuit's; the first one's starting amount was in the session's.
    expect(asks[0]).equal(false);
    expect(asks.filter((begun) => !begun)).lengthOf(2);
    await until(() => net.heard.closed.length === 1, 'the close');
    const last = net.heard.readings.at(-1)!;
    expect(last.circuitBytes + last.otherBytes).equal(300_000n);
  });

  it('waits where nothing is allowed for now, and goes on when it is', async () => {
    let isOpen = false;
    const server = await plainServer((socket) => socket.end(Buffer.alloc(200_000)));
    const net = await startNet({ orPort: server.port, allow: ({ wanted }) => (isOpen ? wanted : 0n) });
    const socket = opened(await net.dial());
    const waited = digest(socket);
    await until(() => server.sockets.size === 0 || net.guard.count().sessions === 1, 'a session');
    isOpen = true;
    expect((await waited).length).equal(200_000);
  });

  it('frees everything when the client’s end is killed', async () => {
    const server = await plainServer((socket) => {
      const push = (): void => {
        while (!socket.destroyed && socket.write(Buffer.alloc(65_536)));
        if (!socket.destroyed) socket.once('drain', push);
      };
      push();
    });
    const net = await startNet({ orPort: server.port, limits: { lagSec: 1, lingerSec: 1 } });
    const socket = opened(await net.dial());
    expect(await read(socket, 10_000)).lengthOf(10_000);
    await net.client.stop();
    await until(() => net.heard.closed.length === 1, 'the close');
    await until(() => server.sockets.size === 0, 'the tor let go');
    expect(net.guard.count()).deep.equal({ connections: 0, handshakes: 0, sources: 0, sessions: 0 });
    // What the guard wrote and the client never read is the most by which they differ.
    const { otherBytes, circuitBytes } = net.heard.readings.at(-1)!;
    expect(Number(otherBytes + circuitBytes)).least(Number(net.client.carried(guardId)));
  });

  it('lets tor go when the guard’s end is killed', async () => {
    const server = await plainServer((socket) => socket.write('hello'));
    const net = await startNet({ orPort: server.port });
    const socket = opened(await net.dial());
    expect((await read(socket, 5))?.toString()).equal('hello');
    const ended = closing(socket);
    await net.guard.stop();
    await ended;
    expect(net.client.count().connections).least(0);
    expect(await net.dial()).equal(4);
  });

  it('answers tor’s SOCKS with what went wrong', async () => {
    const server = await plainServer(() => undefined);
    const net = await startNet({ orPort: server.port, takes: () => false, limits: { lagSec: 1 } });
    const { port } = net.client.address;
    expect(await socksDial(port, net.guard.address.port, 'guard=00')).equal(1);
    expect(await socksDial(port, 9, `guard=${guardId}`)).equal(4);
    expect(await socksDial(port, net.guard.address.port)).equal(2);
    expect(net.heard.ended).lengthOf(1);
    expect(net.heard.ended[0]!.reason).match(/no account of this key.*\[transport-subscription\]/);
    expect(net.heard.closed).deep.equal([]);
    // Not a tor: no SOCKS, and SOCKS without arguments.
    const http = await dialPlain(port);
    http.write('GET / HTTP/1.1\r\n\r\n');
    await closing(http);
    await until(() => net.guard.count().connections === 0, 'no state');
  });
});
