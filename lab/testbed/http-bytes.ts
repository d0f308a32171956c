/*
 * What the nodes of this process say to each other over HTTP, in bytes on the wire: every call as its caller's socket saw it, heads and
 * all. Calls on Unix sockets are inside one operator's machine and are left out. Called by testbeds that compare it to traffic.
 */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { ClientRequest, IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';

export interface HttpBytes {
  /** Since it was opened, of calls whose path is so. */
  of(path: (path: string) => boolean): bigint;
  close(): void;
}

/** Of Node's own HTTP client: told when an answer's head is there. */
const FINISHED = 'http.client.response.finish';

export function countHttpBytes(): HttpBytes {
  const byPath = new Map<string, bigint>();
  /** What a kept connection had carried when its last call was over. */
  const counted = new WeakMap<Socket, number>();
  const add = (path: string, bytes: number): void => void byPath.set(path, (byPath.get(path) ?? 0n) + BigInt(bytes));
  const carried = (socket: Socket): number => socket.bytesRead + socket.bytesWritten;
  const take = (message: unknown): void => {
    const { request, response } = message as { request: ClientRequest; response: IncomingMessage };
    const { socket } = response;
    if (socket.remoteAddress === undefined) return;
    const path = request.path.split('?')[0] ?? '';
    response.once('close', () => {
      const now = carried(socket);
      add(path, now - (counted.get(socket) ?? 0));
      counted.set(socket, now);
    });
  };
  subscribe(FINISHED, take);
  return {
    of: (wanted) => [...byPath].reduce((sum, [path, bytes]) => (wanted(path) ? sum + bytes : sum), 0n),
    close: () => void unsubscribe(FINISHED, take),
  };
}
