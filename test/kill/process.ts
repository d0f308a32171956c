/*
 * The parent's side of the process under test: its bundle in; a handle to ask it out, and word of its end. Traffic of the source is
 * passed on to it from when it is told whose. Called by worker.ts and network.ts.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import type { TrafficSource } from '../../lab/traffic/source.ts';
import type { Asks, Told } from './wire.ts';

export interface NodeProcess {
  /** Null where it ended before it had answered. */
  ask<W extends keyof Asks>(what: W, value: Asks[W][0]): Promise<Asks[W][1] | null>;
  /** Passes on what a node sees of the source's traffic. */
  hear(traffic: Traffic): void;
  /** Null while it runs. */
  ended(): Ended | null;
  /** Takes no more traffic, and is there no more. */
  end(): Promise<Ended>;
}

export interface Ended {
  readonly signal: string | null;
  readonly code: number | null;
  /** What it said last. */
  readonly text: string;
}

export interface Traffic {
  readonly source: TrafficSource;
  readonly relay: string | null;
  readonly subscriber: string | null;
}

export function startProcess(bundle: string): NodeProcess {
  const child = fork(bundle, { serialization: 'advanced', execArgv: [], stdio: ['ignore', 'inherit', 'pipe', 'ipc'] });
  const waiting = new Map<number, { resolve(value: unknown): void; reject(thrown: Error): void }>();
  let asked = 0;
  let text = '';
  let ended: Ended | null = null;
  let ends: (connection: string, reason: string) => void = () => undefined;
  let unhook: readonly ((() => void) | undefined)[] = [];
  child.stderr?.on('data', (bytes: Buffer) => {
    if (process.env['KILL_LOG'] !== undefined) process.stderr.write(bytes);
    text = (text + bytes.toString('utf8')).slice(-4000);
  });
  const exit = once(child, 'exit').then(([code, signal]) => {
    ended = { code: code as number | null, signal: signal as string | null, text };
    for (const one of waiting.values()) one.resolve(null);
    waiting.clear();
    return ended;
  });

  const ask: NodeProcess['ask'] = (what, value) => {
    if (ended !== null || !child.connected) return exit.then(() => null);
    asked += 1;
    const id = asked;
    return new Promise((resolve, reject) => {
      waiting.set(id, { resolve: resolve as (value: unknown) => void, reject });
      // What cannot be sent is to one that is ending.
      child.send({ id, what, value }, () => undefined);
    });
  };

  child.on('message', (message) => {
    const told = message as Told;
    if ('ends' in told) return ends(told.ends.connection, told.ends.reason);
    const one = waiting.get(told.id);
    waiting.delete(told.id);
    if ('failed' in told) one?.reject(new Error(`the process under test: ${told.failed}`));
    else one?.resolve(told.value);
  });

  const pass =
    <W extends keyof Asks>(what: W) =>
    (value: Asks[W][0]): void =>
      void ask(what, value);

  function hear({ source, relay, subscriber }: Traffic): void {
    const guard = relay === null ? undefined : source.guardTransport(relay);
    const client = subscriber === null ? undefined : source.clientTransport(subscriber);
    ends = (connection, reason) => guard?.end(connection, reason);
    unhook = [
      relay === null ? undefined : source.meter(relay).onReading(pass('reading')),
      guard?.onReading(pass('sessionReading')),
      guard?.onClose(pass('sessionClosed')),
      guard?.onOpen(async (session) => (await ask('sessionOpen', session)) ?? false),
      guard?.onAllow(async (wanted) => (await ask('allow', wanted)) ?? 0n),
      client?.onReading(pass('clientReading')),
      client?.onEnded(pass('sessionEnded')),
    ];
  }

  return {
    ask,
    hear,
    ended: () => ended,
    async end() {
      for (const one of unhook) one?.();
      if (ended === null && child.connected) child.disconnect();
      return exit;
    },
  };
}
