/*
 * The doors to the tor beside a guard: its ORPort, with nothing changed in its torrc, or its Extended ORPort, which is told the
 * client's address (ext-orport-spec). A client's address in; a connection to tor, and what tor calls it, out. Called by guard.ts.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Duplex } from 'node:stream';
import type { Entropy } from '../../host/ports.ts';
import type { Tcp, TcpAddress } from '../../host/tcp.ts';
import type { TorDoor } from './guard.ts';
import { take } from './inlet.ts';

/** Tor sees the own end of the connection to it. */
export function orDoor(tcp: Tcp, orPort: TcpAddress): TorDoor {
  return async () => {
    const wire = await tcp.dial(orPort);
    return wire === null ? null : { wire, connection: wire.local };
  };
}

export interface ExtOrPort {
  readonly address: TcpAddress;
  /** Content of ExtORPortCookieAuthFile; read for each connection, since a tor that starts writes another. Null when it cannot be read. */
  cookie(): Promise<Uint8Array | null>;
  readonly transport: string;
}

/** Tor sees the client's address, so that its limits for each address hold. */
export function extOrDoor(tcp: Tcp, entropy: Entropy, port: ExtOrPort): TorDoor {
  return async (client) => {
    const key = cookieKey(await port.cookie());
    const wire = key === null ? null : await tcp.dial(port.address);
    if (key === null || wire === null) return null;
    const nonce = Buffer.from(entropy.bytes(NONCE_BYTES));
    if ((await authenticate(wire.stream, key, nonce)) && (await announce(wire.stream, client, port.transport))) {
      return { wire, connection: client };
    }
    wire.stream.destroy();
    return null;
  };
}

const COOKIE_HEADER = '! Extended ORPort Auth Cookie !\n';
const SAFE_COOKIE = 1;
const NONCE_BYTES = 32;
const HASH_BYTES = 32;
/** More types than these are not offered by any tor. */
const TYPES_MAX = 16;
const USERADDR = 0x0001;
const TRANSPORT = 0x0002;
const DONE = 0x0000;
const OKAY = 0x1000;

function cookieKey(cookie: Uint8Array | null): Buffer | null {
  if (cookie?.length !== COOKIE_HEADER.length + 32) return null;
  const bytes = Buffer.from(cookie);
  return bytes.toString('latin1', 0, COOKIE_HEADER.length) === COOKIE_HEADER ? bytes.subarray(COOKIE_HEADER.length) : null;
}

/** SAFE_COOKIE: each side shows that it has the cookie, and neither sends it. */
async function authenticate(stream: Duplex, key: Buffer, clientNonce: Buffer): Promise<boolean> {
  let isOffered = false;
  for (let count = 0; ; count++) {
    const type = (await take(stream, 1))?.[0];
    if (type === 0) break;
    if (type === undefined || count === TYPES_MAX) return false;
    isOffered ||= type === SAFE_COOKIE;
  }
  if (!isOffered) return false;
  stream.write(Buffer.concat([Buffer.from([SAFE_COOKIE]), clientNonce]));
  const hash = await take(stream, HASH_BYTES);
  const serverNonce = await take(stream, NONCE_BYTES);
  if (hash === null || serverNonce === null) return false;
  const proof = (direction: string): Buffer =>
    createHmac('sha256', key)
      .update(`ExtORPort authentication ${direction} hash`)
      .update(clientNonce)
      .update(serverNonce)
      .digest();
  if (!timingSafeEqual(hash, proof('server-to-client'))) return false;
  stream.write(proof('client-to-server'));
  return (await take(stream, 1))?.[0] === 1;
}

async function announce(stream: Duplex, client: string, transport: string): Promise<boolean> {
  stream.write(Buffer.concat([command(USERADDR, client), command(TRANSPORT, transport), command(DONE, '')]));
  const head = await take(stream, 4);
  if (head === null || head.readUInt16BE(0) !== OKAY) return false;
  return (await take(stream, head.readUInt16BE(2))) !== null;
}

function command(code: number, body: string): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt16BE(code, 0);
  head.writeUInt16BE(Buffer.byteLength(body), 2);
  return Buffer.concat([head, Buffer.from(body)]);
}
