/*
 * What leaves a process by HTTP, at the last moment before it does: the bytes as they were sealed, to be kept, or lost. A call that is
 * made inside `catching` in; a catcher told of its requests. Called by wire.ts. The production client is the caller, unchanged.
 */
import { EventEmitter } from 'node:events';
import http from 'node:http';

/** A message as it went. */
export interface Message {
  readonly url: string;
  readonly headers: http.OutgoingHttpHeaders;
  readonly body: Buffer;
}

export interface Catcher {
  /** Never arrives: the caller sees a connection that is refused. */
  readonly lose: boolean;
  keep(message: Message): void;
}

const request = http.request;
let catcher: Catcher | null = null;

/** `run` makes its request before its first await. */
export function catching<T>(by: Catcher, run: () => T): T {
  http.request = caught as typeof http.request;
  catcher = by;
  try {
    return run();
  } finally {
    catcher = null;
    http.request = request;
  }
}

function caught(url: string, options: http.RequestOptions): http.ClientRequest {
  const by = catcher;
  if (by === null) return request(url, options);
  const keep = (body: unknown): void => {
    const isMessage = options.method === 'POST' && body instanceof Uint8Array;
    if (isMessage) by.keep({ url, headers: { ...(options.headers as http.OutgoingHttpHeaders) }, body: Buffer.from(body) });
  };
  if (by.lose) return new Lost(keep) as unknown as http.ClientRequest;
  const outgoing = request(url, options);
  const end = outgoing.end.bind(outgoing) as (body?: unknown) => http.ClientRequest;
  outgoing.end = ((body?: unknown) => {
    keep(body);
    return end(body);
  }) as typeof outgoing.end;
  return outgoing;
}

/** As much of a ClientRequest as host/http uses. */
class Lost extends EventEmitter {
  readonly reusedSocket = false;
  readonly #keep: (body: unknown) => void;

  constructor(keep: (body: unknown) => void) {
    super();
    this.#keep = keep;
  }

  end(body: unknown): void {
    this.#keep(body);
    setImmediate(() => this.emit('error', Object.assign(new Error('lost on its way'), { code: 'ECONNREFUSED' })));
  }

  destroy(): void {
    return;
  }
}

/** The same bytes once more. Null when nobody answers. */
export function sendAgain({ url, headers, body }: Message): Promise<{ status: number; body: Buffer } | null> {
  return new Promise((resolve) => {
    const outgoing = request(url, { method: 'POST', headers, agent: false });
    outgoing.once('error', () => resolve(null));
    outgoing.once('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.once('end', () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks) }));
      response.once('error', () => resolve(null));
    });
    outgoing.end(body);
  });
}
