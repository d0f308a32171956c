/*
 * Both ends of the transport on loopback, with a plain TCP server where the tor of the guard would be, and a plain SOCKS client where
 * the user's would be: what the transport sees of tor is bytes.
 */
import { createHash } from 'node:crypto';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { signingKey } from '../../core/crypto/keys.ts';
import { systemClock } from '../../host/clock.ts';
import { systemEntropy } from '../../host/entropy.ts';
import { silentLog } from '../../host/log.ts';
import type { Clock } from '../../host/ports.ts';
import { systemTcp } from '../../host/tcp.ts';
import type { CircuitReading, Meter, SessionReading } from '../../tor/meter.ts';
import { startClientEnd, type ClientEndOptions, type OwnCircuit } from '../../tor/transport/client.ts';
import { startGuardEnd, type GuardLimits, type TorDoor } from '../../tor/transport/guard.ts';
import { keyPair } from '../../tor/transport/noise.ts';
import { orDoor } from '../../tor/transport/or-port.ts';
import { later } from '../harness/later.ts';
import { networkId, testKey, testSeed } from '../harness/view.ts';

export const guardId = testKey('G identity').publicKey;
export const guardKey = keyPair(testSeed('G sealing'));
export const alice = signingKey(testSeed('alice'));

export interface Heard {
  readonly opened: { connection: string; subscriber: string; hops: number; leavesTor: boolean }[];
  readonly readings: SessionReading[];
  readonly closed: string[];
  readonly warned: { guard: string; code: string; text: string }[];
  readonly ended: { guard: string; reason: string }[];
}

/** A tor's ORPort as the transport sees it: answers with what `serve` does to each connection. */
export async function plainServer(serve: (socket: Socket) => void): Promise<{ port: number; sockets: Set<Socket> }> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined).once('close', () => sockets.delete(socket));
    serve(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  later(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  return { port: (server.address() as { port: number }).port, sockets };
}

/** A line to that port, which breaks when it is told to: what comes from there meanwhile is lost. */
export async function plainLine(to: number): Promise<{ port: number; breakAfter(bytes: number): Promise<void> }> {
  let lost = -1;
  let broken = (): void => undefined;
  const server = await plainServer((near) => {
    const far = connect({ port: to, host: '127.0.0.1' }).on('error', () => undefined);
    far.once('close', () => near.destroy());
    near.once('close', () => far.destroy());
    near.on('data', (chunk: Buffer) => void far.write(chunk));
    far.on('data', (chunk: Buffer) => {
      if (lost < 0) {
        if (!near.write(chunk)) far.pause();
        return;
      }
      lost -= chunk.length;
      if (lost > 0) return;
      far.resetAndDestroy();
      near.resetAndDestroy();
      broken();
    });
    near.on('drain', () => far.resume());
  });
  return {
    port: server.port,
    breakAfter: (bytes) =>
      new Promise((resolve) => {
        broken = resolve;
        lost = bytes;
        for (const near of server.sockets) near.emit('drain');
      }),
  };
}

export interface NetOptions {
  readonly orPort: number;
  readonly clock?: Clock;
  readonly limits?: Partial<GuardLimits>;
  readonly client?: Partial<ClientEndOptions>;
  readonly tor?: TorDoor;
  /** Whom the guard's role takes. */
  readonly takes?: (subscriber: string) => boolean;
  /** The roles themselves are joined to both transports: nothing here answers for them. */
  readonly isRoled?: boolean;
  readonly allow?: (ask: { connection: string; wanted: bigint; begun: boolean }) => bigint;
}

export async function startNet(options: NetOptions) {
  const tcp = systemTcp();
  const clock = options.clock ?? systemClock();
  const ports = { tcp, clock, entropy: systemEntropy(), log: silentLog() };
  const heard: Heard = { opened: [], readings: [], closed: [], warned: [], ended: [] };
  const meter = handMeter();
  const here = { host: '127.0.0.1', port: 0 };
  const guard = await startGuardEnd(
    { ...ports, meter: meter.meter, tor: options.tor ?? orDoor(tcp, { host: '127.0.0.1', port: options.orPort }) },
    { networkId, listen: here, keys: [guardKey], limits: options.limits ?? {} },
  );
  later(() => guard.stop());
  if (options.isRoled !== true) {
    guard.transport.onOpen(async (session) => {
      heard.opened.push(session);
      return options.takes?.(session.subscriber) ?? true;
    });
    guard.transport.onAllow(async (ask) => options.allow?.(ask) ?? ask.wanted);
  }
  guard.transport.onReading((reading) => void heard.readings.push(reading));
  guard.transport.onClose((connection) => void heard.closed.push(connection));
  const own = createEar<OwnCircuit>();
  const client = await startClientEnd(
    { ...ports, circuits: { onReading: own.listen } },
    {
      networkId,
      listen: here,
      subscriber: alice,
      keyOf: (id) => (id === guardId ? guardKey.publicKey : null),
      hops: 3,
      leavesTor: true,
      ...options.client,
    },
  );
  later(() => client.stop());
  client.transport.onWarned?.((warned) => void heard.warned.push(warned));
  client.transport.onEnded((ended) => void heard.ended.push(ended));
  return { guard, client, heard, meter, own, dial: () => socksDial(client.address.port, guard.address.port) };
}

function createEar<T>() {
  const takers = new Set<(value: T) => void>();
  return {
    listen(take: (value: T) => void) {
      takers.add(take);
      return () => void takers.delete(take);
    },
    tell: (value: T) => takers.forEach((take) => take(value)),
  };
}

function handMeter() {
  const ear = createEar<CircuitReading>();
  const meter: Meter = { kind: 'circuits', onReading: ear.listen };
  return { meter, tell: ear.tell };
}

/** As tor does for `Bridge paidguard 127.0.0.1:PORT … guard=ID`: the stream after the reply, or the reply's code. */
export async function socksDial(socksPort: number, port: number, args = `guard=${guardId}`): Promise<Socket | number> {
  const socket = await dialPlain(socksPort);
  const said = Buffer.from(args);
  socket.write(Buffer.from([5, 1, 2]));
  if ((await read(socket, 2))?.[1] !== 2) throw new Error('user name and password are offered');
  socket.write(Buffer.concat([Buffer.from([1, said.length]), said, Buffer.from([1, 0])]));
  if ((await read(socket, 2))?.[1] !== 0) throw new Error('arguments are taken');
  const address = Buffer.from([5, 1, 0, 1, 127, 0, 0, 1, port >> 8, port & 255]);
  socket.write(address);
  const reply = await read(socket, 10);
  if (reply?.[1] === 0) return socket;
  socket.destroy();
  return reply?.[1] ?? -1;
}

export function dialPlain(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1' });
    later(async () => void socket.destroy());
    socket.once('error', reject).once('connect', () => resolve(socket.off('error', reject).on('error', () => undefined)));
  });
}

/** Just so many bytes; null when it ends before. */
export async function read(socket: Socket, count: number): Promise<Buffer | null> {
  if (count === 0) return Buffer.alloc(0);
  for (;;) {
    const bytes = socket.read(count) as Buffer | null;
    if (bytes !== null) return bytes.length === count ? bytes : null;
    if (socket.readableEnded || socket.destroyed) return null;
    await new Promise<void>((resolve) => {
      const end = (): void => {
        for (const event of ['readable', 'end', 'close']) socket.off(event, end);
        resolve();
      };
      for (const event of ['readable', 'end', 'close']) socket.on(event, end);
    });
  }
}

/** SHA-256 and length of all that comes until the other side ends. */
export async function digest(socket: Socket): Promise<{ hash: string; length: number }> {
  const hash = createHash('sha256');
  let length = 0;
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    hash.update(chunk);
    length += chunk.length;
  }
  return { hash: hash.digest('hex'), length };
}

export async function until(holds: () => boolean, what: string, withinMs = 60_000): Promise<void> {
  const end = Date.now() + withinMs;
  while (!holds()) {
    if (Date.now() > end) throw new Error(`waited in vain: ${what}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

export function closing(socket: Socket): Promise<void> {
  return socket.closed ? Promise.resolve() : new Promise((resolve) => void socket.resume().once('close', () => resolve()));
}
