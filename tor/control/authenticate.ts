/*
 * Who we are to Tor's control port: its PROTOCOLINFO and the operator's cookie file or password in; an authenticated session out.
 * SAFECOOKIE before COOKIE, so that a program that only pretends to be tor never gets the cookie. Called by control/client.ts.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { ok, refuser, type Result } from '../../core/refusal.ts';
import type { Entropy } from '../../host/ports.ts';
import type { Reply } from './reply.ts';
import type { Session } from './session.ts';
import { quoted, wordsOf } from './words.ts';

export interface Secrets {
  /** Where the operator says that the cookie is; null to believe PROTOCOLINFO. */
  readonly cookieFile: string | null;
  /** A file with the password on its first line. */
  readonly passwordFile: string | null;
  /** Null for a file that cannot be read. */
  read(file: string): Promise<Uint8Array | null>;
}

export const authenticateRefusals = {
  'control-protocol': {
    retry: false,
    text: 'the control port does not say how it is authenticated to',
    remedy: 'check that the address in ptg.toml is that of a control port',
  },
  'control-secret': {
    retry: true,
    text: 'the file with which the control port is authenticated to cannot be read, or is not one',
    remedy: 'add the user of this program to the group debian-tor, and see CookieAuthFileGroupReadable',
  },
  'control-method': {
    retry: false,
    text: 'the control port takes no method of authentication that we have the secret for',
    remedy: 'set CookieAuthentication 1 in torrc, or passwordFile in ptg.toml',
  },
  'control-impostor': {
    retry: false,
    text: 'the control port does not know the cookie that it asks for',
    remedy: 'check the address and the cookie file in ptg.toml: another program may listen there',
  },
} as const;
const refuse = refuser(authenticateRefusals);

export async function authenticate(session: Session, secrets: Secrets, entropy: Entropy): Promise<Result<Reply>> {
  const asked = await session.ask('PROTOCOLINFO 1');
  if (!asked.ok) return asked;
  const info = protocolInfo(asked.value);
  if (info === null) return refuse('control-protocol', asked.value.lines[0]?.text ?? '');
  const { methods } = info;
  if (secrets.passwordFile !== null && methods.includes('HASHEDPASSWORD')) {
    const password = await readPassword(secrets, secrets.passwordFile);
    return password.ok ? session.ask(`AUTHENTICATE ${quoted(password.value)}`) : password;
  }
  const file = secrets.cookieFile ?? info.cookieFile;
  const byCookie = methods.includes('SAFECOOKIE') || methods.includes('COOKIE');
  if (byCookie && file !== null) {
    const cookie = await secrets.read(file);
    if (cookie?.length !== COOKIE_BYTES) return refuse('control-secret', file);
    if (!methods.includes('SAFECOOKIE')) return session.ask(`AUTHENTICATE ${hex(cookie)}`);
    return bySafeCookie(session, cookie, entropy);
  }
  return methods.includes('NULL') ? session.ask('AUTHENTICATE') : refuse('control-method', methods.join(','));
}

const COOKIE_BYTES = 32;
const NONCE_BYTES = 32;

/** control-spec, AUTHCHALLENGE: each side proves that it knows the cookie, and neither shows it. */
async function bySafeCookie(session: Session, cookie: Uint8Array, entropy: Entropy): Promise<Result<Reply>> {
  const clientNonce = entropy.bytes(NONCE_BYTES);
  const challenge = await session.ask(`AUTHCHALLENGE SAFECOOKIE ${hex(clientNonce)}`);
  if (!challenge.ok) return challenge;
  const words = wordsOf(challenge.value.lines[0]?.text ?? '');
  const given = unhex(words?.named.get('SERVERHASH'));
  const serverNonce = unhex(words?.named.get('SERVERNONCE'));
  if (given === null || serverNonce === null) return refuse('control-protocol', 'AUTHCHALLENGE');
  const proof = (key: string) => hmac(key, cookie, clientNonce, serverNonce);
  if (!timingSafeEqual(given, proof(SERVER_KEY))) return refuse('control-impostor', '');
  return session.ask(`AUTHENTICATE ${hex(proof(CLIENT_KEY))}`);
}

const SERVER_KEY = 'Tor safe cookie authentication server-to-controller hash';
const CLIENT_KEY = 'Tor safe cookie authentication controller-to-server hash';

function hmac(key: string, ...parts: readonly Uint8Array[]): Buffer {
  const mac = createHmac('sha256', key);
  for (const part of parts) mac.update(part);
  return mac.digest();
}

export interface ProtocolInfo {
  readonly methods: readonly string[];
  readonly cookieFile: string | null;
}

export function protocolInfo({ lines }: Reply): ProtocolInfo | null {
  const words = lines.flatMap(({ text }) => (text.startsWith('AUTH ') ? [wordsOf(text.slice('AUTH '.length))] : []));
  const methods = words[0]?.named.get('METHODS');
  if (lines[0]?.text !== 'PROTOCOLINFO 1' || words.length !== 1 || methods === undefined) return null;
  return { methods: methods.split(','), cookieFile: words[0]?.named.get('COOKIEFILE') ?? null };
}

async function readPassword(secrets: Secrets, file: string): Promise<Result<string>> {
  const bytes = await secrets.read(file);
  const [line = ''] = bytes === null ? [] : Buffer.from(bytes).toString('latin1').split(/\r?\n/);
  return line === '' ? refuse('control-secret', file) : ok(line);
}

/** Upper case, as Tor writes it; both are taken. */
function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex').toUpperCase();
}

/** 32 bytes, or null. */
function unhex(text: string | undefined): Buffer | null {
  return text !== undefined && /^[0-9A-F]{64}$/i.test(text) ? Buffer.from(text, 'hex') : null;
}
