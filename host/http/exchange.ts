/*
 * One HTTP exchange: where to, what, and the limits in; status, type and bytes out, or a refusal. Keeps connections open.
 * Called by client.ts, and by a rail whose node speaks another protocol over HTTP.
 */
import http from 'node:http';
import https from 'node:https';
import { BODY_BYTES_MAX } from '../../core/limits.ts';
import { ok, type Result } from '../../core/refusal.ts';
import type { CallOptions } from '../ports.ts';
import { refuseHttp } from './refusals.ts';

export interface Outgoing {
  /** http or https; for a socket its host means nothing. */
  readonly url: string;
  readonly socketPath?: string;
  readonly method: 'GET' | 'POST';
  readonly type?: string;
  readonly token?: string;
  /** Of a protocol that is not ours: user and password, as `user:password`. */
  readonly login?: string;
  readonly body?: Uint8Array;
}

export interface Incoming {
  readonly status: number;
  readonly type: string;
  readonly bytes: Buffer;
}

export interface Exchanger {
  exchange(outgoing: Outgoing, options: CallOptions | undefined): Promise<Result<Incoming>>;
  inFlight(): number;
  close(): void;
}

const DEADLINE_MS = 10_000;
/** A kept connection is closed after so long without a call: the other side need not be so kind as to do it. */
const IDLE_MS = 30_000;

export function createExchanger(): Exchanger {
  const settings = { keepAlive: true, maxSockets: 64, maxFreeSockets: 16, keepAliveMsecs: 10_000, timeout: IDLE_MS };
  const agents = { plain: new http.Agent(settings), secure: new https.Agent(settings) };
  let inFlight = 0;
  return {
    async exchange(outgoing, options) {
      if (!URL.canParse(outgoing.url)) return refuseHttp('unreachable', outgoing.url.slice(0, 200));
      inFlight++;
      try {
        const first = await attempt(agents, outgoing, options);
        // A kept connection may have been closed by the other side just then; every call may be repeated.
        return first === 'stale' ? notStale(await attempt(agents, outgoing, options), outgoing) : first;
      } finally {
        inFlight--;
      }
    },
    inFlight: () => inFlight,
    close() {
      agents.plain.destroy();
      agents.secure.destroy();
    },
  };
}

function notStale(outcome: Result<Incoming> | 'stale', outgoing: Outgoing): Result<Incoming> {
  return outcome === 'stale' ? refuseHttp('unreachable', nameOf(outgoing)) : outcome;
}

interface Agents {
  readonly plain: http.Agent;
  readonly secure: https.Agent;
}

function attempt(agents: Agents, outgoing: Outgoing, options: CallOptions | undefined): Promise<Result<Incoming> | 'stale'> {
  return new Promise((resolve) => {
    const secure = outgoing.url.startsWith('https:');
    const request = (secure ? https : http).request(outgoing.url, {
      method: outgoing.method,
      headers: headersOf(outgoing),
      agent: options?.once === true ? false : secure ? agents.secure : agents.plain,
      ...(outgoing.socketPath === undefined ? {} : { socketPath: outgoing.socketPath }),
    });
    let late = false;
    const deadline = setTimeout(() => {
      late = true;
      request.destroy();
    }, options?.deadlineMs ?? DEADLINE_MS);
    const settle = (outcome: Result<Incoming> | 'stale') => {
      clearTimeout(deadline);
      resolve(outcome);
    };
    request.once('error', (error: NodeJS.ErrnoException) => {
      const stale = request.reusedSocket && !late && (error.code === 'ECONNRESET' || error.code === 'EPIPE');
      settle(stale ? 'stale' : refuseHttp('unreachable', `${nameOf(outgoing)}${late ? ' (deadline)' : codeOf(error)}`));
    });
    request.once('response', (response) => {
      collect(response, options?.answerMax ?? BODY_BYTES_MAX, nameOf(outgoing)).then(settle, () => {
        settle(refuseHttp('unreachable', `${nameOf(outgoing)}${late ? ' (deadline)' : ' (broken off)'}`));
      });
    });
    request.end(outgoing.body);
  });
}

/** Rejects when the connection breaks off. */
function collect(response: http.IncomingMessage, answerMax: number, name: string): Promise<Result<Incoming>> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    response.on('data', (chunk: Buffer) => {
      size += chunk.length;
      chunks.push(chunk);
      if (size <= answerMax) return;
      resolve(refuseHttp('answer-too-large', name));
      response.destroy();
    });
    response.once('end', () =>
      resolve(
        ok({ status: response.statusCode ?? 0, type: response.headers['content-type'] ?? '', bytes: Buffer.concat(chunks) }),
      ),
    );
    response.once('error', reject);
    response.once('close', () => reject(new Error('closed before its end')));
  });
}

function headersOf(outgoing: Outgoing): http.OutgoingHttpHeaders {
  return {
    ...(outgoing.body === undefined ? {} : { 'content-length': outgoing.body.length }),
    ...(outgoing.type === undefined ? {} : { 'content-type': outgoing.type }),
    ...(outgoing.token === undefined ? {} : { authorization: `Bearer ${outgoing.token}` }),
    ...(outgoing.login === undefined ? {} : { authorization: `Basic ${Buffer.from(outgoing.login, 'utf8').toString('base64')}` }),
  };
}

/** A URL without its query, or the socket's path. */
function nameOf(outgoing: Outgoing): string {
  return (outgoing.socketPath ?? outgoing.url.split('?')[0] ?? '').slice(0, 200);
}

function codeOf(error: NodeJS.ErrnoException): string {
  return error.code === undefined ? '' : ` (${error.code})`;
}
