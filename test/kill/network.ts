/*
 * A network from its folder, under one driven clock, with one node that may die at any moment (nodes.ts): what a journey does with it.
 * Called by point.ts and snapshot.ts.
 */
import { join } from 'node:path';
import { z } from 'zod';
import type { Result } from '../../core/refusal.ts';
import { scheduleOf, type Schedule } from '../../core/rule/interval.ts';
import type { Parameters } from '../../core/wire/parameters.ts';
import { drivenClock, type DrivenClock } from '../../host/clock.ts';
import { seededEntropy } from '../../host/entropy.ts';
import { createHttpClient } from '../../host/http/client.ts';
import type { RoleName } from '../../host/ports.ts';
import { createTrafficSource, type SourceCircuit } from '../../lab/traffic/source.ts';
import { soonest } from '../../node/start.ts';
import { openNodes, type Nodes, type NodesGiven } from './nodes.ts';
import type { Quiet } from './wire.ts';

export interface NetworkGiven extends NodesGiven {
  readonly now: number;
  readonly parameters: Parameters;
}

export interface Network {
  readonly home: string;
  readonly parameters: Parameters;
  now(): number;
  schedule(interval: number): Schedule;
  /** Waits until nothing runs anywhere; what died meanwhile is started again. */
  idle(): Promise<void>;
  advance(until: number): Promise<void>;
  /** To the next tick, and a second more. */
  tick(): Promise<void>;
  /** A command to a node's own role, as its operator gives it. */
  ask(name: string, role: RoleName, path: string, body: unknown): Promise<Result<unknown>>;
  /** A circuit of a subscriber along these relays. */
  open(subscriber: string, path: readonly string[]): Promise<SourceCircuit | null>;
  /** From here on the node under test counts its points, and dies at this one. */
  arm(at: number | null): Promise<void>;
  /** How many points there were; null where it died at one. */
  disarm(): Promise<number | null>;
  /** What it was at when it died, each time. */
  deaths(): readonly string[];
  stop(): Promise<void>;
}

export async function openNetwork(given: NetworkGiven): Promise<Network> {
  const { home, names, parameters } = given;
  const clock = drivenClock(given.now);
  const source = createTrafficSource();
  const nodes = await openNodes(given, clock, source);
  const { idle, advance } = driverOf(nodes, clock);
  try {
    await nodes.start();
    await idle();
  } catch (thrown) {
    await nodes.stop().catch(() => undefined);
    throw thrown;
  }
  const { networkId } = nodes.known(names[0] as string).opened.network;
  return {
    ...{ home, parameters, idle, advance },
    now: () => clock.now(),
    schedule: (interval) => scheduleOf(parameters, interval),
    async tick() {
      const { genesis, iouTickSec } = parameters;
      await advance(genesis + (Math.floor((clock.now() - genesis) / iouTickSec) + 1) * iouTickSec + 1);
    },
    async ask(name, role, path, body) {
      const http = createHttpClient({ networkId, entropy: seededEntropy(`${home} operator`), home: join(home, name) });
      const answer = await http.local(role, path, body, z.unknown(), { answerMax: 2 ** 22 });
      await http.close();
      await idle();
      return answer;
    },
    open: (subscriber, path) =>
      source.open({
        subscriber: nodes.known(subscriber).account as string,
        path: path.map((name) => nodes.known(name).id as string),
        leavesTor: true,
      }),
    arm: nodes.arm,
    async disarm() {
      const count = (await nodes.apart()?.ask('disarm', null)) ?? null;
      await nodes.revive();
      return nodes.deaths().length > 0 ? null : count;
    },
    deaths: nodes.deaths,
    stop: nodes.stop,
  };
}

/** As lab/drive.ts, but that one of the nodes is asked from afar, and may die. */
function driverOf(nodes: Nodes, clock: DrivenClock): Pick<Network, 'idle' | 'advance'> {
  let told: Quiet | null = null;

  async function quietHere(): Promise<void> {
    for (let turns = 0; turns < 4;) {
      turns = nodes.here().some((node) => node.busy()) ? 0 : turns + 1;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** Both sides are quiet, and since both were quiet nothing happened on either. */
  async function idle(): Promise<void> {
    for (let before: string | null = null; ;) {
      await quietHere();
      told = (await nodes.apart()?.ask('quiet', null)) ?? null;
      const died = await nodes.revive();
      const seen = `${nodes.happened()} ${told?.happened}`;
      if (!died && seen === before) return;
      before = died ? null : seen;
    }
  }

  /** All clocks before anybody wakes: a call comes from nobody's future. */
  async function setTime(to: number): Promise<void> {
    const apart = nodes.apart();
    await apart?.ask('time', to);
    clock.advance(to);
    await apart?.ask('wake', null);
  }

  async function advance(until: number): Promise<void> {
    await idle();
    for (;;) {
      const next = soonest([told?.nextDue ?? null, ...nodes.here().map((node) => node.nextDue())]);
      if (next === null || next > until) break;
      await setTime(Math.max(next, clock.now() + 1));
      await idle();
    }
    if (clock.now() < until) await setTime(until);
    await idle();
  }

  return { idle, advance };
}
