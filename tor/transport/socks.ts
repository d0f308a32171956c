/*
 * What a tor says to its client's transport: a SOCKS5 dialogue (RFC 1928, with RFC 1929 carrying the bridge line's arguments as
 * pt-spec's "per-connection arguments" has them) in; the arguments and the address out. Called by client.ts.
 */
import type { Duplex } from 'node:stream';
import { ok, type Result } from '../../core/refusal.ts';
import type { TcpAddress } from '../../host/tcp.ts';
import { take } from './inlet.ts';
import { refuseTransport } from './refusals.ts';

export interface Asked {
  readonly args: ReadonlyMap<string, string>;
  readonly address: TcpAddress;
}

/** Reply codes of RFC 1928. */
export const REPLIES = { granted: 0, failed: 1, refused: 2, unreachable: 4 } as const;

const VERSION = 5;
const NO_AUTH = 0;
const USER_PASS = 2;
const NONE = 0xff;
const CONNECT = 1;

/** Null when it is no such dialogue, or breaks off. The reply is the caller's. */
export async function readSocks(stream: Duplex): Promise<Asked | null> {
  const greeting = await take(stream, 2);
  if (greeting?.[0] !== VERSION) return null;
  const methods = await take(stream, greeting[1] as number);
  if (methods === null) return null;
  const method = methods.includes(USER_PASS) ? USER_PASS : methods.includes(NO_AUTH) ? NO_AUTH : NONE;
  stream.write(Buffer.from([VERSION, method]));
  if (method === NONE) return null;
  const said = method === USER_PASS ? await readArguments(stream) : '';
  if (said === null) return null;
  const args = parseArguments(said);
  const address = await readAddress(stream);
  return args.ok && address !== null ? { args: args.value, address } : null;
}

export function replySocks(stream: Duplex, code: number): void {
  // Bound address: none is told.
  if (!stream.destroyed && !stream.writableEnded) stream.write(Buffer.from([VERSION, code, 0, 1, 0, 0, 0, 0, 0, 0]));
}

/** `key=value;key=value`, where a backslash takes the next character as it is. A key once. */
export function parseArguments(text: string): Result<ReadonlyMap<string, string>> {
  const args = new Map<string, string>();
  for (const pair of text === '' ? [] : cut(text, ';')) {
    const [key, ...values] = cut(pair, '=');
    if (key === undefined || key === '' || values.length !== 1 || args.has(plain(key))) {
      return refuseTransport('transport-arguments', text.slice(0, 100));
    }
    args.set(plain(key), plain(values[0] as string));
  }
  return ok(args);
}

/** In user name and password; a password of one zero byte stands for none. */
async function readArguments(stream: Duplex): Promise<string | null> {
  const head = await take(stream, 2);
  if (head?.[0] !== 1) return null;
  const user = await take(stream, head[1] as number);
  const length = await take(stream, 1);
  const password = length === null ? null : await take(stream, length[0] as number);
  if (user === null || password === null) return null;
  stream.write(Buffer.from([1, 0]));
  const isNone = password.length === 1 && password[0] === 0;
  return (isNone ? user : Buffer.concat([user, password])).toString('utf8');
}

async function readAddress(stream: Duplex): Promise<TcpAddress | null> {
  const head = await take(stream, 4);
  if (head?.[0] !== VERSION || head[1] !== CONNECT) return null;
  const host = await readHost(stream, head[3] as number);
  const port = host === null ? null : await take(stream, 2);
  return host === null || port === null ? null : { host, port: port.readUInt16BE(0) };
}

async function readHost(stream: Duplex, kind: number): Promise<string | null> {
  if (kind === 1) return (await take(stream, 4))?.join('.') ?? null;
  if (kind === 4) {
    const bytes = await take(stream, 16);
    if (bytes === null) return null;
    return Array.from({ length: 8 }, (_, group) => bytes.readUInt16BE(2 * group).toString(16)).join(':');
  }
  const length = kind === 3 ? await take(stream, 1) : null;
  return length === null ? null : ((await take(stream, length[0] as number))?.toString('latin1') ?? null);
}

/** At a character that no backslash stands before. */
function cut(text: string, at: string): string[] {
  const parts = [''];
  for (let index = 0; index < text.length; index++) {
    const char = text[index] as string;
    if (char === at) parts.push('');
    else parts[parts.length - 1] += char === '\\' ? char + (text[++index] ?? '') : char;
  }
  return parts;
}

function plain(text: string): string {
  return text.replace(/\\([\s\S])/g, '$1');
}
