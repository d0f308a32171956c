/*
 * A wire that misbehaves: a TCP proxy between a caller and a node. It reads just enough of HTTP to know where a request is whole, and
 * does what `mode` says with each exchange that begins. Counts what passed; a change of mode drops the connections that are kept.
 */
import { createServer, connect, type AddressInfo, type Server, type Socket } from 'node:net';

/** What is done with an exchange. The answers that are made up never reach the node, `cut-*`, `flip*` and `drip` do. */
export const modes = [
  'pass',
  /** Half of the request arrives. */
  'cut-early',
  /** All of the request arrives; of the answer nothing. */
  'cut-late',
  /** Half of the answer. */
  'cut-middle',
  /** Accepts, and says nothing. */
  'stall',
  /** Bits of the request's body, of the answer's body, flipped. */
  'flip-request',
  'flip-answer',
  /** HTTP that is none; what another server says. */
  'nonsense',
  'other-server',
  /** An answer that is shorter, or longer, than it says. */
  'short-length',
  'long-length',
  /** An answer that does not end: its body, its head, or interim ones. */
  'endless-body',
  'endless-head',
  'endless-interim',
  /** One byte at a time, both ways. */
  'drip',
] as const;
export type Mode = (typeof modes)[number];

export interface Proxy {
  readonly url: string;
  readonly port: number;
  mode: Mode;
  /** Where to; may be set after the node has found its port. */
  target: number;
  /** Exchanges begun under each mode. */
  readonly seen: Map<Mode, number>;
  /** Bytes written to callers under modes that do not end. */
  endless(): number;
  open(): number;
  close(): Promise<void>;
}

export async function openProxy(target = 0): Promise<Proxy> {
  const sockets = new Set<Socket>();
  const seen = new Map<Mode, number>();
  let mode: Mode = 'pass';
  let endless = 0;
  const track = (socket: Socket): Socket => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket)).on('error', () => socket.destroy());
    return socket;
  };
  const server: Server = createServer((caller) => serveCaller(track(caller)));

  /** One connection; the mode is looked at when an exchange begins. */
  function serveCaller(caller: Socket): void {
    let request = Buffer.alloc(0);
    let now: Mode | null = null;
    let upstream: Socket | null = null;
    const begin = (): Mode => {
      if (now !== null) return now;
      now = mode;
      seen.set(now, (seen.get(now) ?? 0) + 1);
      return now;
    };
    const ended = () => void (now = null);
    const node = (): Socket => {
      upstream ??= openNode(caller, () => now ?? 'pass', ended);
      return upstream;
    };
    caller.on('close', () => upstream?.destroy());
    caller.on('data', (bytes: Buffer) => {
      request = Buffer.concat([request, bytes]);
      const is = begin();
      if (is === 'stall') return;
      if (madeUp.has(is)) {
        if (wholeLength(request) !== null) answerItself(caller, is, (count) => (endless += count));
        return;
      }
      const length = wholeLength(request);
      if (length === null) return;
      const whole = request.subarray(0, length);
      request = request.subarray(length);
      send(node(), caller, whole, is);
    });
  }

  function openNode(caller: Socket, is: () => Mode, ended: () => void): Socket {
    const node = track(connect(proxy.target, '127.0.0.1'));
    let answer = Buffer.alloc(0);
    node.on('close', () => caller.destroy());
    node.on('data', (bytes: Buffer) => {
      answer = Buffer.concat([answer, bytes]);
      const length = wholeLength(answer);
      if (is() === 'cut-late') return void caller.destroy();
      if (length === null) return;
      const whole = answer.subarray(0, length);
      answer = answer.subarray(length);
      if (is() === 'cut-middle') return void caller.write(whole.subarray(0, half(whole)), () => caller.destroy());
      if (is() === 'drip') return void drip(caller, whole).then(ended);
      caller.write(is() === 'flip-answer' ? flipped(whole) : whole);
      ended();
    });
    return node;
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  const { port } = server.address() as AddressInfo;
  const proxy: Proxy = {
    url: `http://127.0.0.1:${port}`,
    port,
    target,
    seen,
    endless: () => endless,
    open: () => sockets.size,
    get mode() {
      return mode;
    },
    set mode(next) {
      mode = next;
      for (const socket of sockets) socket.destroy();
    },
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
  return proxy;
}

const POURED_MAX = 4 * 1024 * 1024;

const madeUp: ReadonlySet<Mode> = new Set<Mode>([
  'nonsense',
  'other-server',
  'short-length',
  'long-length',
  'endless-body',
  'endless-head',
  'endless-interim',
]);

/** Head and body together, or null while bytes are missing. Nobody here sends chunks. */
function wholeLength(bytes: Buffer): number | null {
  const end = bytes.indexOf('\r\n\r\n');
  if (end < 0) return null;
  const [, length = '0'] = /\r\ncontent-length: *(\d+)/i.exec(bytes.toString('latin1', 0, end + 2)) ?? [];
  const whole = end + 4 + Number(length);
  return bytes.length >= whole ? whole : null;
}

function half(bytes: Buffer): number {
  const body = bytes.indexOf('\r\n\r\n') + 4;
  return body + Math.floor((bytes.length - body) / 2);
}

function send(node: Socket, caller: Socket, whole: Buffer, is: Mode): void {
  if (is === 'cut-early') node.write(whole.subarray(0, half(whole)), () => [node, caller].forEach((one) => one.destroy()));
  else if (is === 'drip') void drip(node, whole);
  else node.write(is === 'flip-request' ? flipped(whole) : whole);
}

/** A bit of each hundredth byte of the body, the first one too. */
function flipped(whole: Buffer): Buffer {
  const changed = Buffer.from(whole);
  for (let at = changed.indexOf('\r\n\r\n') + 4; at < changed.length; at += 100) changed[at] = (changed[at] as number) ^ 1;
  return changed;
}

/** Each byte in a write of its own; many, so that a body of a kilobyte does not take a second. */
async function drip(to: Socket, whole: Buffer): Promise<void> {
  to.setNoDelay(true);
  for (const byte of whole) {
    if (to.destroyed) return;
    to.write(Buffer.of(byte));
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function answerItself(caller: Socket, is: Mode, count: (bytes: number) => void): void {
  const json = 'content-type: application/json\r\n';
  const texts: Partial<Record<Mode, string>> = {
    nonsense: '\x16\x03\x01 220 mail.example ESMTP ready\r\n\0\0\0\r\n\r\n',
    'other-server': `HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 25\r\n\r\n<html>it works!</html>\r\n\r\n`,
    'short-length': `HTTP/1.1 200 OK\r\n${json}content-length: 4000\r\n\r\n{"done":true}`,
    'long-length': `HTTP/1.1 200 OK\r\n${json}content-length: 4\r\n\r\n{"done":true}{"done":true}`,
  };
  const text = texts[is];
  if (text !== undefined) return void caller.end(Buffer.from(text, 'latin1'));
  const filler = 'x'.repeat(16_000);
  const [begin, again] =
    is === 'endless-body'
      ? [`HTTP/1.1 200 OK\r\n${json}transfer-encoding: chunked\r\n\r\n`, `${filler.length.toString(16)}\r\n${filler}\r\n`]
      : is === 'endless-head'
        ? ['HTTP/1.1 200 OK\r\n', `x-${filler.slice(0, 500)}: ${filler}\r\n`]
        : ['', 'HTTP/1.1 103 Early Hints\r\nlink: <x>\r\n\r\n'.repeat(20)];
  caller.write(begin);
  let poured = 0;
  const pour = (): void => {
    // Far more than anybody may take; then it hangs.
    if (caller.destroyed || poured > POURED_MAX) return;
    poured += again.length;
    count(again.length);
    if (caller.write(again)) setImmediate(pour);
    else caller.once('drain', pour);
  };
  pour();
}
