/*
 * TCP: an address in; a connection, or a server that hands over each connection that comes, out. With backpressure,
 * which dial.ts has no need of. Given to the transport, that speaks to a tor, or for one.
 */
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';

export interface TcpAddress {
  readonly host: string;
  readonly port: number;
}

/** Of `host:port`, IPv6 in brackets; null for what is no address. Port 0 stands for any that is free. */
export function tcpAddressOf(text: string): TcpAddress | null {
  const [, bracketed, plain, port] = /^(?:\[([0-9a-f:]+)\]|([^:/\s]+)):(\d{1,5})$/i.exec(text) ?? [];
  const host = bracketed ?? plain;
  return host === undefined || Number(port) > 65_535 ? null : { host, port: Number(port) };
}

export function tcpAddressText({ host, port }: TcpAddress): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** One connection. Both addresses as `host:port`, IPv6 in brackets. */
export interface Wire {
  readonly stream: Duplex;
  readonly local: string;
  readonly remote: string;
}

export interface TcpServer {
  readonly address: TcpAddress;
  /** Takes no more; those that it handed over stay as they are. */
  close(): Promise<void>;
}

export interface Tcp {
  /** Null when nobody answers there. */
  dial(address: TcpAddress): Promise<Wire | null>;
  /** `take` owns what it is given. Port 0 for any that is free. */
  listen(address: TcpAddress, take: (wire: Wire) => void): Promise<TcpServer>;
}

const DIAL_MS = 10_000;

export function systemTcp(): Tcp {
  return { dial, listen };
}

function dial({ host, port }: TcpAddress): Promise<Wire | null> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: DIAL_MS, noDelay: true });
    const fail = (): void => {
      socket.destroy();
      resolve(null);
    };
    socket.once('error', fail).once('timeout', fail);
    socket.once('connect', () => {
      socket.off('error', fail).off('timeout', fail);
      resolve(wireOf(socket));
    });
  });
}

function listen({ host, port }: TcpAddress, take: (wire: Wire) => void): Promise<TcpServer> {
  return new Promise((resolve, reject) => {
    const server = createServer({ noDelay: true, pauseOnConnect: true }, (socket) => take(wireOf(socket)));
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      // Out of file descriptors for a moment: it goes on listening.
      server.on('error', () => undefined);
      const bound = (server.address() as AddressInfo).port;
      resolve({ address: { host, port: bound }, close: () => new Promise((done) => void server.close(() => done())) });
    });
  });
}

function wireOf(socket: Socket): Wire {
  // Whoever reads or writes sees that it is gone; the fault itself says nothing more.
  socket.on('error', () => undefined);
  return {
    stream: socket,
    local: named(socket.localAddress, socket.localPort),
    remote: named(socket.remoteAddress, socket.remotePort),
  };
}

function named(address: string | undefined, port: number | undefined): string {
  return tcpAddressText({ host: (address ?? '').replace(/^::ffff:(?=\d+\.)/, ''), port: port ?? 0 });
}
