/*
 * Who does not keep to the protocol, or has no subscription: refused, told why where that can be, and nothing is kept of it. The
 * clock is driven, so that deadlines pass when a test says so.
 */
import { expect } from 'chai';
import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import { signingKey } from '../../core/crypto/keys.ts';
import { drivenClock } from '../../host/clock.ts';
import { systemEntropy } from '../../host/entropy.ts';
import { systemTcp } from '../../host/tcp.ts';
import { header } from '../../tor/transport/frame.ts';
import { askHandshake } from '../../tor/transport/handshake.ts';
import { ephemeralKey, prologueOf, transportKey } from '../../tor/transport/keys.ts';
import { writeMessage, readMessage } from '../../tor/transport/message.ts';
import { initiate, keyPair } from '../../tor/transport/noise.ts';
import { orDoor } from '../../tor/transport/or-port.ts';
import { undoAll } from '../harness/later.ts';
import { networkId, testKey, testSeed } from '../harness/view.ts';
import { alice, closing, dialPlain, guardKey, plainServer, read, startNet, until, type NetOptions } from './transport-net.ts';

const entropy = systemEntropy();
const bob = signingKey(testSeed('bob'));

describe('tor/transport, who is refused', () => {
  afterEach(undoAll);

  async function startGuard(options: Partial<NetOptions> = {}) {
    const server = await plainServer((socket) => socket.on('data', (chunk: Buffer) => socket.write(chunk)));
    const clock = drivenClock(1_000_000);
    const net = await startNet({ orPort: server.port, clock, ...options });
    const nothing = async (): Promise<void> => {
      await until(() => net.guard.count().connections === 0, 'nothing is left of it');
      expect(net.guard.count()).deep.equal({ connections: 0, handshakes: 0, sources: 0, sessions: 0 });
      expect(net.heard.opened, 'the guard’s role was not asked').deep.equal([]);
      expect(server.sockets.size, 'tor was not dialled').equal(0);
    };
    return { ...net, clock, server, nothing, dialGuard: () => dialPlain(net.guard.address.port) };
  }

  const asking = (over: object = {}) => ({
    networkId,
    subscriber: alice,
    guardKey: guardKey.publicKey,
    hops: 3,
    leavesTor: true,
    entropy,
    ...over,
  });

  it('garbage: closed without a word', async () => {
    const guard = await startGuard();
    for (const garbage of [
      randomBytes(96),
      randomBytes(5000),
      Buffer.alloc(96),
      Buffer.from('GET / HTTP/1.1\r\n\r\n'.repeat(6)),
    ]) {
      const socket = await guard.dialGuard();
      socket.write(garbage);
      expect(await read(socket, 1)).equal(null);
    }
    await guard.nothing();
  });

  it('slow bytes: closed at the deadline, however regularly they come', async () => {
    const guard = await startGuard({ limits: { handshakeSec: 10 } });
    const [slow, silent] = [await guard.dialGuard(), await guard.dialGuard()];
    for (let sent = 0; sent < 9; sent++) {
      slow.write(Buffer.from([sent]));
      guard.clock.advance(guard.clock.now() + 1);
    }
    await until(() => guard.guard.count().handshakes === 2, 'both wait');
    guard.clock.advance(guard.clock.now() + 10);
    await Promise.all([closing(slow), closing(silent)]);
    await guard.nothing();
  });

  it('a handshake done, and then silence', async () => {
    const guard = await startGuard({ limits: { handshakeSec: 10 } });
    const socket = await guard.dialGuard();
    socket.write(firstMessage());
    expect(await read(socket, 48)).lengthOf(48);
    guard.clock.advance(guard.clock.now() + 11);
    await closing(socket);
    await guard.nothing();
  });

  it('another network, another guard’s key', async () => {
    const guard = await startGuard();
    for (const wrong of [{ networkId: 'elsewhere' }, { guardKey: keyPair(testSeed('H sealing')).publicKey }]) {
      const refused = await askHandshake(await guard.dialGuard(), asking(wrong));
      expect(refused.ok ? '' : refused.refusal.code).equal('transport-no-answer');
    }
    await guard.nothing();
  });

  it('a subscription that is not the key’s that shook hands: told why', async () => {
    const guard = await startGuard();
    const socket = await guard.dialGuard();
    const secured = await shake(socket);
    const claim = { kind: 'open', subscriber: bob.publicKey, hops: 3, leavesTor: true } as const;
    sendSealed(socket, secured.send.seal(writeMessage(claim)));
    expect(await readEnd(socket, secured)).match(/own key.*\[transport-open\]/);
    await guard.nothing();
  });

  it('a subscription without account or balance, or revoked: told why; tor sees nothing but a connection', async () => {
    const guard = await startGuard({ takes: () => false });
    const refused = await askHandshake(await guard.dialGuard(), asking());
    if (refused.ok) throw new Error('it was taken');
    expect(refused.refusal.about).match(/no account of this key.*\[transport-subscription\]/);
    await until(() => guard.guard.count().connections === 0, 'nothing is left of it');
    expect(guard.heard.closed).deep.equal([]);
    expect(guard.heard.opened.map((one) => one.subscriber)).deep.equal([alice.publicKey]);
  });

  it('a recorded session played again: neither its first message nor all of it opens anything', async () => {
    const guard = await startGuard();
    const sent: Buffer[] = [];
    const socket = await guard.dialGuard();
    const write = socket.write.bind(socket);
    socket.write = ((bytes: Buffer, ...rest: []) => {
      sent.push(Buffer.from(bytes));
      return write(bytes, ...rest);
    }) as typeof socket.write;
    const first = await askHandshake(socket, asking());
    expect(first.ok).equal(true);
    socket.destroy();
    await until(() => guard.guard.count().sessions === 0 || guard.heard.opened.length === 1, 'the first session');
    expect(guard.heard.opened).lengthOf(1);
    expect(sent[0]).lengthOf(96);
    for (let again = 0; again < 20; again++) {
      const replay = await guard.dialGuard();
      replay.write(Buffer.concat(sent));
      // The guard's second message, of a new ephemeral key; then nothing.
      await closing(replay);
    }
    expect(guard.heard.opened).lengthOf(1);
    expect(guard.guard.count().handshakes).equal(0);
  });

  it('frames of no kind or no length, and control that was not sealed now: the session is over', async () => {
    const bad = [Buffer.from([2, 0, 1, 0]), Buffer.from([0, 0, 0]), Buffer.concat([header(1, 40), randomBytes(40)])];
    for (const bytes of bad) {
      const guard = await startGuard({ limits: { lagSec: 0 } });
      const socket = await guard.dialGuard();
      const framed = await askHandshake(socket, asking());
      if (!framed.ok) throw new Error(framed.refusal.code);
      await framed.value.sendData(Buffer.from('good'));
      expect((await framed.value.next())?.kind).equal('data');
      socket.write(bytes);
      expect(await framed.value.next()).equal(null);
      await until(() => guard.server.sockets.size === 0, 'tor let go');
      await undoAll();
    }
  });

  it('a control frame as large as its length can say is held once, and no more', async () => {
    const guard = await startGuard({ limits: { handshakeSec: 10 } });
    const sockets: Socket[] = [];
    const before = process.memoryUsage().arrayBuffers;
    for (let count = 0; count < 20; count++) {
      const socket = await guard.dialGuard();
      socket.write(firstMessage());
      await read(socket, 48);
      socket.write(Buffer.concat([header(1, 65_535), Buffer.alloc(65_534)]));
      sockets.push(socket);
    }
    await until(() => guard.guard.count().handshakes === 20, 'all wait');
    expect(process.memoryUsage().arrayBuffers - before).lessThan(20 * 4 * 65_536);
    guard.clock.advance(guard.clock.now() + 10);
    await Promise.all(sockets.map(closing));
    await guard.nothing();
  });

  it('more connections than may be, in all, in handshakes and of one address', async () => {
    const cases = [
      { limits: { perSource: 3 }, room: 3 },
      { limits: { handshakes: 2 }, room: 2 },
      { limits: { connections: 1 }, room: 1 },
    ];
    for (const { limits, room } of cases) {
      const guard = await startGuard({ limits });
      const sockets = await Promise.all(Array.from({ length: room }, () => guard.dialGuard()));
      await until(() => guard.guard.count().connections === room, 'all are in');
      const more = await guard.dialGuard();
      expect(await read(more, 1)).equal(null);
      for (const socket of sockets) socket.destroy();
      await guard.nothing();
      expect((await askHandshake(await guard.dialGuard(), asking())).ok).equal(true);
      await undoAll();
    }
  });

  it('a guard whose tor is down: told why', async () => {
    const guard = await startGuard({ orPort: 9 });
    const refused = await askHandshake(await guard.dialGuard(), asking());
    expect(refused.ok ? '' : refused.refusal.about).match(/\[transport-tor\]/);
    await until(() => guard.guard.count().connections === 0, 'nothing is left of it');
    expect(guard.heard.opened).deep.equal([]);
  });

  it('a client’s address that is used again while its last session is counted: later, and the first is not touched', async () => {
    const server = await plainServer((socket) => socket.on('data', (chunk: Buffer) => socket.write(chunk)));
    const door = orDoor(systemTcp(), { host: '127.0.0.1', port: server.port });
    const guard = await startGuard({
      tor: async (client) => {
        const made = await door(client);
        return made === null ? null : { ...made, connection: '192.0.2.7:4000' };
      },
    });
    const first = await askHandshake(await guard.dialGuard(), asking());
    if (!first.ok) throw new Error(first.refusal.code);
    const second = await askHandshake(await guard.dialGuard(), asking());
    expect(second.ok ? '' : second.refusal.about).match(/\[transport-tor\]/);
    await until(() => server.sockets.size === 1, 'the second door is shut');
    expect(guard.heard.opened).lengthOf(1);
    expect(guard.guard.connectionOf('192.0.2.7:4000')).equal('192.0.2.7:4000');
    expect(guard.guard.connectionOf('192.0.2.7:4001')).equal(null);
    await first.value.sendData(Buffer.from('still here'));
    expect((await first.value.next())?.kind).equal('data');
  });

  function firstMessage(): Buffer {
    const keys = { mine: transportKey(testKey('alice')), ephemeral: ephemeralKey(entropy), theirs: guardKey.publicKey };
    return initiate({ ...keys, prologue: prologueOf(networkId) }, Buffer.alloc(0))!.message;
  }

  async function shake(socket: Socket) {
    const keys = { mine: transportKey(alice), ephemeral: ephemeralKey(entropy), theirs: guardKey.publicKey };
    const initiator = initiate({ ...keys, prologue: prologueOf(networkId) }, Buffer.alloc(0))!;
    socket.write(initiator.message);
    return initiator.finish((await read(socket, 48))!)!;
  }

  function sendSealed(socket: Socket, sealed: Buffer): void {
    socket.write(Buffer.concat([header(1, sealed.length), sealed]));
  }

  async function readEnd(socket: Socket, secured: Awaited<ReturnType<typeof shake>>): Promise<string> {
    const head = (await read(socket, 3))!;
    const message = readMessage(secured.receive.open((await read(socket, head.readUInt16BE(1)))!)!);
    return message?.kind === 'end' ? message.reason : '';
  }
});
