/*
 * A file on loopback and a way to it through Tor: a small HTTP server whose bytes follow from their place, and a SOCKS 5 client that
 * reads them with a checksum. Each download states a user of its own, so that Tor builds a circuit of its own for it.
 */
import { createHash } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { connect, type Socket } from 'node:net';

export interface FileServer {
  close(): Promise<void>;
}

/** Serves `/n` as n bytes. */
export function serveFiles(port: number): Promise<FileServer> {
  const server: Server = createServer((request, response) => {
    const size = Number(request.url?.slice(1));
    response.writeHead(200, { 'content-length': size });
    let at = 0;
    const more = (): void => {
      while (at < size) {
        const piece = Math.min(BLOCK.length, size - at);
        at += piece;
        if (!response.write(piece === BLOCK.length ? BLOCK : BLOCK.subarray(0, piece))) return void response.once('drain', more);
      }
      response.end();
    };
    more();
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () =>
      resolve({
        close: () =>
          new Promise((closed) => {
            server.close(() => closed());
            server.closeAllConnections();
          }),
      }),
    );
  });
}

const BLOCK = Buffer.from(Array.from({ length: 65_536 }, (_, at) => (at * 31 + (at >> 8)) & 0xff));

/** SHA-256 of what the server sends for a size. */
function expectedHash(size: number): string {
  const hash = createHash('sha256');
  for (let at = 0; at < size; at += BLOCK.length) hash.update(BLOCK.subarray(0, Math.min(BLOCK.length, size - at)));
  return hash.digest('hex');
}

export interface Through {
  readonly socksPort: number;
  readonly filePort: number;
  /** Whose it is, where it is not this machine's: an onion service's. */
  readonly host?: string;
  /** Names the circuit. */
  readonly user: string;
  readonly size: number;
  /** Called as bytes come. */
  onBytes?(count: number): void;
}

/** Fails where the bytes are not those of the file. */
export async function download({ socksPort, filePort, host, user, size, onBytes }: Through): Promise<void> {
  const socket = connect(socksPort, '127.0.0.1');
  try {
    const reader = readerOf(socket);
    await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
    // RFC 1928 and 1929: version 5, one method (user and password), then CONNECT to an IPv4 address or a name.
    socket.write(Buffer.from([5, 1, 2]));
    expectBytes(await reader.take(2), [5, 2]);
    socket.write(Buffer.concat([Buffer.from([1, user.length]), Buffer.from(user), Buffer.from([1, 0x78])]));
    expectBytes(await reader.take(2), [1, 0]);
    const to = host === undefined ? [1, 127, 0, 0, 1] : [3, host.length, ...Buffer.from(host)];
    socket.write(Buffer.from([5, 1, 0, ...to, filePort >> 8, filePort & 0xff]));
    expectBytes((await reader.take(10)).subarray(0, 2), [5, 0]);
    socket.write(`GET /${size} HTTP/1.0\r\n\r\n`);
    await reader.takeHead();
    const hash = createHash('sha256');
    for (let got = 0; got < size;) {
      const piece = await reader.takeSome(size - got);
      hash.update(piece);
      got += piece.length;
      onBytes?.(got);
    }
    if (hash.digest('hex') !== expectedHash(size)) throw new Error('the file has other bytes');
  } finally {
    socket.destroy();
  }
}

function expectBytes(found: Buffer, expected: readonly number[]): void {
  if (!found.equals(Buffer.from(expected))) throw new Error(`SOCKS says ${found.toString('hex')}`);
}

function readerOf(socket: Socket) {
  let rest: Buffer = Buffer.alloc(0);
  const chunks = socket[Symbol.asyncIterator]() as AsyncIterator<Buffer, undefined>;
  const more = async (): Promise<void> => {
    const next = await chunks.next();
    if (next.done === true) throw new Error('the connection ended early');
    rest = rest.length === 0 ? next.value : Buffer.concat([rest, next.value]);
  };
  const cut = (count: number): Buffer => {
    const taken = rest.subarray(0, count);
    rest = rest.subarray(count);
    return taken;
  };
  return {
    async take(count: number): Promise<Buffer> {
      while (rest.length < count) await more();
      return cut(count);
    },
    async takeSome(max: number): Promise<Buffer> {
      while (rest.length === 0) await more();
      return cut(max);
    },
    async takeHead(): Promise<void> {
      while (!rest.includes('\r\n\r\n')) await more();
      cut(rest.indexOf('\r\n\r\n') + 4);
    },
  };
}
