/*
 * What the transport says to a tor: the Extended ORPort (against a server that keeps to ext-orport-spec, word for word), and the lines
 * of managed mode.
 */
import { expect } from 'chai';
import { createHmac, randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import { systemEntropy } from '../../host/entropy.ts';
import { systemTcp } from '../../host/tcp.ts';
import { announce } from '../../tor/transport/managed.ts';
import { extOrDoor } from '../../tor/transport/or-port.ts';
import { later, undoAll } from '../harness/later.ts';
import { closing, plainServer, read } from './transport-net.ts';

const key = randomBytes(32);
const cookie = Buffer.concat([Buffer.from('! Extended ORPort Auth Cookie !\n'), key]);
const hash = (secret: Buffer, direction: string, ...nonces: Buffer[]): Buffer =>
  createHmac('sha256', secret)
    .update(Buffer.concat([Buffer.from(`ExtORPort authentication ${direction} hash`), ...nonces]))
    .digest();

interface Tor {
  readonly types?: number[];
  readonly secret?: Buffer;
  readonly answer?: number;
}

describe('tor/transport, the Extended ORPort', () => {
  afterEach(undoAll);

  async function start({ types = [1, 0], secret = key, answer = 0x1000 }: Tor = {}) {
    const told: { command: number; body: string }[] = [];
    const serve = async (socket: Socket): Promise<void> => {
      socket.write(Buffer.from(types));
      const chosen = await read(socket, 33);
      if (chosen === null) return void socket.destroy();
      const [clientNonce, serverNonce] = [chosen.subarray(1), randomBytes(32)];
      socket.write(Buffer.concat([hash(secret, 'server-to-client', clientNonce, serverNonce), serverNonce]));
      const proof = await read(socket, 32);
      if (proof?.equals(hash(key, 'client-to-server', clientNonce, serverNonce)) !== true) return void socket.destroy();
      socket.write(Buffer.from([1]));
      for (;;) {
        const head = await read(socket, 4);
        const body = head === null ? null : await read(socket, head.readUInt16BE(2)).then((bytes) => bytes ?? Buffer.alloc(0));
        if (head === null || body === null) return;
        if (head.readUInt16BE(0) === 0) break;
        told.push({ command: head.readUInt16BE(0), body: body.toString() });
      }
      socket.write(Buffer.from([answer >> 8, answer & 255, 0, 2, 7, 7]));
      socket.write('tor speaks');
    };
    const server = await plainServer((socket) => void serve(socket));
    const door = (content: Buffer | null = cookie) =>
      extOrDoor(systemTcp(), systemEntropy(), {
        address: { host: '127.0.0.1', port: server.port },
        cookie: async () => content,
        transport: 'paidguard',
      })('192.0.2.7:4000');
    return { told, door, server };
  }

  it('proves the cookie, tells address and transport, and then carries', async () => {
    const { told, door } = await start();
    const made = (await door())!;
    later(async () => void made.wire.stream.destroy());
    expect(made.connection).equal('192.0.2.7:4000');
    expect(told).deep.equal([
      { command: 1, body: '192.0.2.7:4000' },
      { command: 2, body: 'paidguard' },
    ]);
    expect((await read(made.wire.stream as Socket, 10))?.toString()).equal('tor speaks');
  });

  it('is no door when tor has another cookie, offers no safe one, or denies', async () => {
    for (const tor of [
      { secret: randomBytes(32) },
      { types: [2, 0] },
      { types: Array<number>(40).fill(1) },
      { answer: 0x1001 },
    ]) {
      const { door, server } = await start(tor);
      expect(await door()).equal(null);
      await Promise.all([...server.sockets].map(closing));
    }
    const { door } = await start();
    expect(await door(null)).equal(null);
    expect(await door(Buffer.from('not a cookie'))).equal(null);
  });
});

describe('tor/transport, managed mode', () => {
  const running = { client: { host: '127.0.0.1', port: 7777 }, server: { host: '::', port: 6003 } };
  const env = {
    TOR_PT_MANAGED_TRANSPORT_VER: '1,2',
    TOR_PT_STATE_LOCATION: '/var/lib/tor/pt_state/',
    TOR_PT_EXIT_ON_STDIN_CLOSE: '1',
  };

  it('says where both ends listen', () => {
    expect(announce({ ...env, TOR_PT_CLIENT_TRANSPORTS: 'obfs4,paidguard' }, running)).deep.equal({
      lines: ['VERSION 1', 'CMETHOD paidguard socks5 127.0.0.1:7777', 'CMETHODS DONE'],
      stays: true,
      stateFolder: '/var/lib/tor/pt_state/',
      endsWithInput: true,
    });
    const server = announce({ ...env, TOR_PT_SERVER_TRANSPORTS: 'paidguard' }, running);
    expect(server.lines).deep.equal(['VERSION 1', 'SMETHOD paidguard [::]:6003', 'SMETHODS DONE']);
  });

  it('ends where there is nothing to say', () => {
    const cases: [Record<string, string>, string[]][] = [
      [{}, ['ENV-ERROR no TOR_PT_MANAGED_TRANSPORT_VER: this is started by tor']],
      [{ ...env, TOR_PT_MANAGED_TRANSPORT_VER: '2' }, ['VERSION-ERROR no-version']],
      [env, ['VERSION 1', 'ENV-ERROR neither client nor server']],
      [{ ...env, TOR_PT_CLIENT_TRANSPORTS: 'obfs4' }, ['VERSION 1', 'CMETHODS DONE']],
      [{ ...env, TOR_PT_CLIENT_TRANSPORTS: '*', TOR_PT_PROXY: 'socks5://x' }, ['VERSION 1', 'PROXY-ERROR no proxy can be used']],
    ];
    for (const [given, lines] of cases) {
      const said = announce(given, running);
      expect(said.lines).deep.equal(lines);
      expect(said.stays).equal(false);
    }
    const none = announce({ ...env, TOR_PT_SERVER_TRANSPORTS: '*' }, { client: null, server: null });
    expect(none.lines[1]).match(/^SMETHOD-ERROR paidguard /);
    expect(none.stays).equal(false);
  });
});
