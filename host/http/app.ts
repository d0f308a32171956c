/*
 * The express app around mounted endpoints, and the server around the app: limits, deadlines, and the count of requests that are
 * being answered. Called by serve.ts and local.ts.
 */
import { createServer, type Server } from 'node:http';
import type { Duplex } from 'node:stream';
import express, { type Express, type NextFunction, type Request, type Response } from 'express';
import { encode } from '../../core/wire/codec.ts';
import { errorText } from '../log.ts';
import type { Log } from '../ports.ts';
import { sendPlain } from './mount.ts';
import { refuseHttp } from './refusals.ts';

export interface HttpDeadlines {
  /** Milliseconds within which a request's head, and the whole of it, must be here. */
  readonly headMs: number;
  readonly requestMs: number;
  /** Within which it is answered and the answer taken: who reads slowly would otherwise hold one of IN_FLIGHT_MAX for good. */
  readonly answerMs: number;
  /** Requests answered at once; IN_FLIGHT_MAX where nothing else is said. */
  readonly inFlightMax?: number;
}

/** A consensus of 6 MB passes in its time at 50 KB/s, which is slow for Tor. */
export const defaultDeadlines: HttpDeadlines = { headMs: 5_000, requestMs: 15_000, answerMs: 120_000 };

/**
 * Requests answered at once. For one more, the oldest that waits for its caller is cut off: who sends or reads slowly does not keep
 * others out. Where all wait for us, it is asked to come again.
 */
const IN_FLIGHT_MAX = 1_024;

export interface App {
  readonly server: Server;
  busy(): boolean;
  /** Takes no more connections and waits for the requests that are being answered. */
  close(): Promise<void>;
}

/** `mount` adds what is served; what it does not know is refused. */
export function createApp(log: Log, mount: (app: Express) => void, deadlines: HttpDeadlines = defaultDeadlines): App {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('query parser', 'simple');
  const most = deadlines.inFlightMax ?? IN_FLIGHT_MAX;
  let inFlight = 0;
  const answers = new WeakMap<Duplex, Response>();
  /** In the order in which they came. */
  const open = new Set<Response>();
  app.use((request, response, next) => {
    inFlight++;
    open.add(response);
    answers.set(request.socket, response);
    const patience = setTimeout(() => request.socket.destroy(), deadlines.answerMs);
    response.once('close', () => {
      clearTimeout(patience);
      inFlight--;
      open.delete(response);
      // A kept connection would hold a closing server open until it times out.
      if (!server.listening) setImmediate(() => server.closeIdleConnections());
    });
    response.set({ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' });
    if (inFlight > most && !makeRoom(open, response)) return sendPlain(response, refuseHttp('overloaded', `${most} at once`));
    next();
  });
  mount(app);
  app.use((request: Request, response: Response) =>
    sendPlain(response, refuseHttp('unknown-endpoint', request.path.slice(0, 200))),
  );
  app.use(errorHandler(log));
  const server = createServer(
    {
      headersTimeout: deadlines.headMs,
      requestTimeout: deadlines.requestMs,
      keepAliveTimeout: 20_000,
      connectionsCheckingInterval: Math.min(1_000, deadlines.headMs),
      maxHeaderSize: 8_192,
    },
    app,
  );
  server.maxConnections = 4_096;
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    const begun = answers.get(socket);
    if (begun?.headersSent === true && !begun.writableFinished) socket.destroy();
    else refuseUnread(error, socket);
  });
  return { server, busy: () => inFlight > 0, close: () => closeServer(server, deadlines.requestMs) };
}

/** By cutting off the one that has waited longest for its caller: to send the rest, or to take the answer. */
function makeRoom(open: Set<Response>, newest: Response): boolean {
  for (const response of open) {
    if (response === newest) break;
    if (response.req.complete && !response.writableEnded) continue;
    open.delete(response);
    response.req.socket.destroy();
    return true;
  }
  return false;
}

/** Four parameters are how express knows it. What was thrown is logged; nothing of it is sent. */
function errorHandler(log: Log) {
  return (thrown: unknown, request: Request, response: Response, next: NextFunction): void => {
    const status = (thrown as { status?: unknown } | null)?.status;
    // What has begun cannot be answered otherwise: express breaks it off.
    if (response.headersSent) return next(thrown);
    // Refused before it was read whole: the rest is not waited for.
    if (!request.complete) response.set('connection', 'close');
    if (status === 413) return sendPlain(response, refuseHttp('too-large', request.path.slice(0, 200)));
    if (typeof status === 'number' && status < 500)
      return sendPlain(response, refuseHttp('bad-request', request.path.slice(0, 200)));
    log.error('request-failed', { error: errorText(thrown) });
    sendPlain(response, refuseHttp('internal', request.path.slice(0, 200)));
  };
}

/** What no express app ever sees: a head that is too large, or no HTTP, or does not come. */
function refuseUnread(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
  const [status, refused] =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? ['431 Request Header Fields Too Large', refuseHttp('too-large', 'the head')]
      : [
          error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? '408 Request Timeout' : '400 Bad Request',
          refuseHttp('bad-request', 'the head'),
        ];
  const text = Buffer.from(encode({ refusal: refused.refusal }), 'utf8');
  const head = [
    `HTTP/1.1 ${status}`,
    'content-type: application/json; charset=utf-8',
    `content-length: ${text.length}`,
    'connection: close',
  ];
  socket.end(Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`, 'latin1'), text]), () => socket.destroy());
}

/** A request that does not end in its time is cut off. */
function closeServer(server: Server, patienceMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    if (!server.listening) return resolve();
    const patience = setTimeout(() => server.closeAllConnections(), patienceMs);
    server.close((error) => {
      clearTimeout(patience);
      if (error) reject(error);
      else resolve();
    });
    server.closeIdleConnections();
  });
}
