/*
 * The nodes of a network, from their folders: all in this process but the one under test, which is a process of its own and dies. Then
 * it is started again on its disk: once more as a process, where it is to die again while it comes back, and at last here. Called by
 * network.ts.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { signingKey } from '../../core/crypto/keys.ts';
import type { DrivenClock } from '../../host/clock.ts';
import { seededEntropy } from '../../host/entropy.ts';
import { createLog, silentLog } from '../../host/log.ts';
import { need } from '../../lab/report.ts';
import type { TrafficSource } from '../../lab/traffic/source.ts';
import { openHome, type OpenedHome } from '../../node/open.ts';
import { startNode, type RunningNode } from '../../node/start.ts';
import { withPoints } from './points.ts';
import type { NodeProcess } from './process.ts';

export interface NodesGiven {
  /** The folder of the nodes' folders. */
  readonly home: string;
  /** In the order in which they start; who ends last is first. */
  readonly names: readonly string[];
  readonly under: UnderTest | null;
}

export interface UnderTest {
  readonly name: string;
  /** Becomes it. */
  readonly process: NodeProcess;
  /** Becomes it after its death, and dies at this point after it began to start. */
  readonly again: { readonly process: NodeProcess; readonly at: number } | null;
}

export interface Nodes {
  /** Those of this process. */
  here(): readonly RunningNode[];
  apart(): NodeProcess | null;
  /** Calls and statements of those here: whether something happened. */
  happened(): number;
  start(): Promise<void>;
  /** The process under test counts from here on, and dies at this point. */
  arm(at: number | null): Promise<void>;
  /** Starts again what died; false where nothing did. */
  revive(): Promise<boolean>;
  /** What it was at when it died, each time. */
  deaths(): readonly string[];
  known(name: string): Known;
  stop(): Promise<void>;
}

export interface Known {
  readonly opened: OpenedHome;
  /** A relay's id. */
  readonly id: string | null;
  /** A subscriber's key. */
  readonly account: string | null;
}

export async function openNodes(given: NodesGiven, clock: DrivenClock, source: TrafficSource): Promise<Nodes> {
  const { home, names, under } = given;
  const known = new Map<string, Known>();
  for (const name of names) known.set(name, await openKnown(home, name));
  const running = new Map<string, RunningNode>();
  const deaths: string[] = [];
  const note = join(home, 'died-at');
  let happened = 0;
  const counting = withPoints(() => (happened += 1));
  let apart: NodeProcess | null = null;
  let starts = 0;
  // Two starts in one second draw different bytes.
  const seedOf = (name: string): string => `${home} ${name} ${(starts += 1)}`;

  async function startHere(name: string): Promise<void> {
    const { opened, id, account } = known.get(name) as Known;
    const traffic = {
      ...(id === null ? {} : { meter: source.meter(id), guardTransport: source.guardTransport(id) }),
      ...(account === null ? {} : { clientTransport: source.clientTransport(account) }),
    };
    const log = process.env['KILL_LOG'] === undefined ? silentLog() : createLog({ clock });
    running.set(name, await startNode({ ...opened, clock, entropy: seededEntropy(seedOf(name)), log, ...counting, ...traffic }));
  }

  async function startApart(name: string, as: NodeProcess, at: number | null): Promise<void> {
    const { id, account } = known.get(name) as Known;
    apart = as;
    apart.hear({ source, relay: id, subscriber: account });
    if (at !== null) await apart.ask('arm', { at, note });
    await apart.ask('start', { home: join(home, name), now: clock.now(), seed: seedOf(name) });
    await revive();
  }

  async function revive(): Promise<boolean> {
    if (apart === null || under === null || apart.ended() === null) return false;
    const { signal, code, text } = await apart.end();
    apart = null;
    if (signal !== 'SIGKILL') throw new Error(`the process under test ended by itself (${signal ?? code}): ${text}`);
    deaths.push((await readFile(note, 'utf8')).replace(/\s+/g, ' '));
    const { name, again } = under;
    if (again !== null && deaths.length === 1) await startApart(name, again.process, again.at);
    else await startHere(name);
    return true;
  }

  return {
    here: () => [...running.values()],
    apart: () => apart,
    happened: () => happened,
    async start() {
      for (const name of names) {
        if (under?.name === name) await startApart(name, under.process, null);
        else await startHere(name);
      }
    },
    arm: async (at) => void (await apart?.ask('arm', { at, note })),
    revive,
    deaths: () => deaths,
    known: (name) => known.get(name) as Known,
    async stop() {
      await apart?.ask('stop', null);
      // Whoever was never needed, too.
      const ended = await under?.process.end();
      await under?.again?.process.end();
      const [last, ...others] = names;
      await Promise.all(others.map((name) => running.get(name)?.stop()));
      await running.get(last as string)?.stop();
      if (ended !== undefined && ended.code !== 0 && ended.signal !== 'SIGKILL') throw new Error(ended.text);
    },
  };
}

async function openKnown(home: string, name: string): Promise<Known> {
  const opened = need(await openHome(join(home, name), seededEntropy(`${home} ${name} keys`)));
  const isClient = opened.spec.roles.includes('client');
  return {
    opened,
    id: opened.spec.relay === undefined ? null : signingKey(await opened.keys('identity')).publicKey,
    account: isClient ? signingKey(await opened.keys('account')).publicKey : null,
  };
}
