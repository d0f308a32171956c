/*
 * Local calls: a role's local endpoints (and the public ones, for the operator's commands) on the Unix socket `<home>/<role>.sock`,
 * or on host:port with a token where an operator's roles sit on several machines. Called by node.
 */
import { chmod, lstat, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import type { Express, NextFunction, Request, Response } from 'express';
import { sha256Hex } from '../../core/crypto/hash.ts';
import { invariant } from '../../core/refusal.ts';
import { DatabaseFault } from '../db/fault.ts';
import type { Log, Role, RoleName } from '../ports.ts';
import { createApp, type App } from './app.ts';
import { mountEndpoint, mountPage, sendPlain } from './mount.ts';
import { refuseHttp } from './refusals.ts';
import { listen } from './serve.ts';

export interface LocalOptions {
  /** The data folder. */
  readonly home: string;
  readonly log: Log;
  /** Instead of the socket. The token is the content of a file that both machines have. */
  readonly listen?: { readonly host: string; readonly port: number; readonly token: string };
}

export interface ServedLocal {
  /** The socket's path, or `http://host:port`. */
  readonly address: string;
  busy(): boolean;
  close(): Promise<void>;
}

/** A longer path is cut off by the system without a word. */
const SOCKET_CHARS_MAX = 104;

export function socketPath(home: string, role: RoleName): string {
  return join(home, `${role}.sock`);
}

export async function serveLocal(role: Role, options: LocalOptions): Promise<ServedLocal> {
  const token = options.listen?.token;
  invariant(token === undefined || token.length >= 32, 'a token is long');
  const app = createApp(options.log, (express) => mountLocal(express, role, token, options.log));
  if (options.listen !== undefined) {
    const served = await listen(app, options.listen.host, options.listen.port);
    return { address: served.url, busy: served.busy, close: served.close };
  }
  const path = socketPath(options.home, role.name);
  if (path.length > SOCKET_CHARS_MAX) {
    throw new Error(
      `the data folder's path is too long for a socket\n  ${path}\n  choose a folder with a shorter path [socket-path]`,
    );
  }
  await removeStale(path);
  await listenOn(app, path);
  return { address: path, busy: app.busy, close: app.close };
}

function mountLocal(express: Express, role: Role, token: string | undefined, log: Log): void {
  if (token !== undefined) {
    const expected = sha256Hex(`Bearer ${token}`);
    express.use((request, response, next) => {
      // Digests are compared, so that the time taken says nothing of the token.
      if (sha256Hex(request.get('authorization') ?? '') === expected) next();
      else sendPlain(response, refuseHttp('no-token', role.name));
    });
  }
  for (const endpoint of role.endpoints) {
    if (endpoint.access === 'local' || endpoint.access === 'public') mountEndpoint(express, role, endpoint, null);
  }
  for (const page of role.pages ?? []) mountPage(express, page);
  // The operator is told what ails the own database; everybody else that the other side failed.
  express.use((thrown: unknown, _: Request, response: Response, next: NextFunction) => {
    if (!(thrown instanceof DatabaseFault) || response.headersSent) return next(thrown);
    log.error('request-failed', { role: role.name, error: thrown.message });
    sendPlain(response, { ok: false, refusal: thrown.refusal });
  });
}

/** A socket file outlives a process that was killed; one that still answers belongs to another process. */
async function removeStale(path: string): Promise<void> {
  const found = await lstat(path).catch(() => null);
  if (found === null) return;
  const taken = !found.isSocket() || (await answers(path));
  if (taken) throw new Error(`another process has this role's socket\n  ${path}\n  stop it first [socket-taken]`);
  await rm(path, { force: true });
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

async function listenOn(app: App, path: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    app.server.once('error', reject);
    // The file is made inside listen(): never, not even for a moment, is it open to others.
    const before = process.umask(0o117);
    try {
      app.server.listen(path, () => resolve());
    } finally {
      process.umask(before);
    }
  });
  await chmod(path, 0o660);
}
