/*
 * Before all tests: properties draw from one seed, so that a run is repeatable; SEED=7 npm test draws others, and what that finds
 * becomes a named test. Root hooks of mocha: a run that leaves a server, a child process or a database open fails, and says where it was opened. What is
 * opened is noted by wrapping the three ways in which the program opens such things.
 */
import { ChildProcess } from 'node:child_process';
import { Server } from 'node:net';
import fc from 'fast-check';
import knex, { type Knex } from 'knex';
import type { Context, RootHookObject } from 'mocha';

fc.configureGlobal({ seed: Number(process.env['SEED'] ?? 20_261_122) });

interface Opened {
  readonly what: string;
  readonly where: string;
  isOpen(): boolean;
}

const opened = new Set<Opened>();

export const mochaHooks: RootHookObject = {
  async afterAll(this: Context) {
    this.timeout(PATIENCE_MS * 2);
    const end = Date.now() + PATIENCE_MS;
    // What was told to close may need a moment for it.
    while (left().length > 0 && Date.now() < end) await new Promise((resolve) => setImmediate(resolve));
    const rest = left().map((one) => `${one.what} opened ${one.where}`);
    if (rest.length > 0) throw new Error(`left open by the tests:\n  ${rest.join('\n  ')}`);
  },
};

const PATIENCE_MS = 15_000;

function left(): Opened[] {
  for (const one of [...opened]) if (!one.isOpen()) opened.delete(one);
  return [...opened];
}

/** The first line of the stack that is in this repository. */
function caller(): string {
  const lines = (new Error().stack ?? '').split('\n').slice(1);
  const ours = lines.filter((line) => !/node_modules|node:|test\/hooks/.test(line));
  return (ours.find((line) => line.includes('/test/')) ?? ours[0] ?? 'somewhere').trim();
}

function note(what: string, isOpen: () => boolean): void {
  const where = caller();
  opened.add({ what, where, isOpen });
}

const listen = Server.prototype.listen;
Server.prototype.listen = function (this: Server, ...args: unknown[]) {
  note('a server', () => this.listening && !unheld.has(this));
  return (listen as (...all: unknown[]) => Server).apply(this, args);
} as typeof listen;

/** Whoever says of a server that it keeps no process running means it to end with the process. */
const unheld = new WeakSet<Server>();
const unref = Server.prototype.unref;
Server.prototype.unref = function (this: Server) {
  unheld.add(this);
  return unref.call(this);
};

type Spawning = { spawn(...args: unknown[]): unknown };
const children = ChildProcess.prototype as unknown as Spawning;
const spawn = children.spawn;
children.spawn = function (this: ChildProcess, ...args: unknown[]) {
  note('a child process', () => this.pid !== undefined && this.exitCode === null && this.signalCode === null);
  return spawn.apply(this as unknown as Spawning, args);
};

type Pooled = { initializePool(...args: unknown[]): unknown; pool?: { destroyed: boolean } };
const clients = (knex as unknown as { Client: { prototype: Knex.Client & Pooled } }).Client.prototype as unknown as Pooled;
const initializePool = clients.initializePool;
clients.initializePool = function (this: Pooled, ...args: unknown[]) {
  // destroy() takes the pool away.
  note('a database', () => this.pool !== undefined);
  return initializePool.apply(this, args);
};
