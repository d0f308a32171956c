/*
 * The nodes of a seed, running: each with its own clock, network and disk, that die, are buried and start again on what their disks
 * hold. A plan in; time moved on, nodes ended and started, calls to their roles, out. Whoever opens one closes it. Called by run.ts.
 */
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Result } from '../../core/refusal.ts';
import { drivenClock, type Clock, type DrivenClock } from '../../host/clock.ts';
import { refuseHttp } from '../../host/http/refusals.ts';
import { seededEntropy } from '../../host/entropy.ts';
import { silentLog } from '../../host/log.ts';
import type { Log, LogFields, RoleName } from '../../host/ports.ts';
import { authorityName, createWorld, type World } from '../../lab/world.ts';
import { backUpNode } from '../../node/care/backup.ts';
import { restoreNode } from '../../node/care/restore.ts';
import { openHome } from '../../node/open.ts';
import type { NodeSpec } from '../../node/spec.ts';
import { soonest, startNode, type NodeOptions, type RunningNode } from '../../node/start.ts';
import { need } from '../../lab/report.ts';
import { databasesOf, newLife, type Life } from './life.ts';
import type { SeedPlan } from './plan.ts';
import { createWire, type Tamper, type Wire } from './wire.ts';

export interface Town {
  readonly home: string;
  readonly world: World;
  readonly clock: DrivenClock;
  readonly wire: Wire;
  /** What happened, by kind. */
  readonly counts: ReadonlyMap<string, number>;
  count(what: string): void;
  /** What a living role logged as a failure, and what else is wrong with it by itself. */
  readonly faults: string[];
  /** Seconds in which a node was away, by its name. */
  readonly absences: ReadonlyMap<string, readonly Absence[]>;
  isUp(name: string): boolean;
  /** A subscriber's public key. */
  keyOf(subscriber: string): string;
  /** At that second, when everybody is idle. */
  plan(at: number, run: () => Promise<void>): void;
  advance(until: number): Promise<void>;
  idle(): Promise<void>;
  call(name: string, role: RoleName, path: string, body?: unknown): Promise<Result<unknown>>;
  /** Dies at the k-th step from now on, and is back so long after its death; unless `again`, when it dies at that step of its start. */
  doom(name: string, steps: number, downSec: number, again: number): void;
  /** In order. */
  switchOff(name: string, downSec: number): Promise<void>;
  cutOff(name: string, downSec: number): void;
  backUp(name: string): Promise<void>;
  /** From its last backup; its disk is lost. */
  restore(name: string, downSec: number): Promise<void>;
  readonly restored: ReadonlySet<string>;
  /** Nothing more goes wrong: everybody is up again, and no call is lost. */
  calm(): Promise<void>;
  close(): Promise<void>;
}

export interface Absence {
  readonly from: number;
  until: number;
}

/** Turns of the event loop without an end: some role is busy for ever. */
const TURNS_MAX = 3_000_000;
const PASSPHRASE = 'a seed';

export interface TownOptions {
  readonly home: string;
  readonly templates: string;
  tamper(name: string, count: (what: string) => void): Tamper | null;
  readonly log?: (line: string) => void;
}

export async function openTown(plan: SeedPlan, options: TownOptions): Promise<Town> {
  const { home } = options;
  const clock = drivenClock(plan.start);
  const lives = new Map<string, Life>();
  const nodes = new Map<string, RunningNode>();
  const ports = new Map<string, string>();
  const returns = new Map<string, number>();
  /** The step at which the next life of a node ends. */
  const doomed = new Map<string, number>();
  const absences = new Map<string, Absence[]>();
  const events: { at: number; run: () => Promise<void> }[] = [];
  const counts = new Map<string, number>();
  const faults: string[] = [];
  const specs = new Map<string, NodeSpec>();
  const backups = new Map<string, string>();
  const restored = new Set<string>();
  let starts = 0;

  const count = (what: string): void => void counts.set(what, (counts.get(what) ?? 0) + 1);
  const wire = createWire({
    ...{ seed: String(plan.seed), clock, rates: plan.rates, count, tamper: (name) => options.tamper(name, count) },
    nodeAt: (port) => ports.get(port) ?? null,
    lifeOf: (name) => lives.get(name) ?? null,
  });
  const offsetOf = (name: string): number => plan.offsets.get(name) ?? 0;

  function clockOf(name: string): Clock {
    return { now: () => clock.now() + offsetOf(name), onWake: clock.onWake };
  }

  function logOf(name: string, life: Life): Log {
    const line = (level: string, event: string, fields: LogFields = {}): void => {
      if (life.isOver()) return;
      options.log?.(`${clock.now() - plan.parameters.genesis} ${level} ${name} ${event} ${JSON.stringify(fields)}`);
      if (level === 'error') faults.push(`${name}: ${event} ${JSON.stringify(fields)}`);
    };
    const at = (level: string) => (event: string, fields?: LogFields) => line(level, event, fields);
    return { info: at('info'), warn: at('warn'), error: at('error') };
  }

  async function start(name: string, given: NodeOptions): Promise<RunningNode> {
    const life = newLife(name);
    life.doom(doomed.get(name) || Infinity);
    doomed.delete(name);
    lives.set(name, life);
    ports.set(new URL(given.spec.url ?? 'http://none:1').port, name);
    const node = await startNode({
      ...given,
      spec: specs.get(name) ?? given.spec,
      clock: clockOf(name),
      log: logOf(name, life),
      openDatabase: databasesOf(life, options.templates),
      createHttpClient: (settings) => wire.client(life, settings),
    });
    nodes.set(name, node);
    return node;
  }

  await mkdir(options.templates, { recursive: true });
  const world = await createWorld({
    ...{ home, networkId: `seed-${plan.seed}`, inMemory: false, parameters: plan.parameters, clock, start, log: silentLog },
    ...{ relays: plan.relays, subscribers: plan.subscribers },
    entropy: (name) => seededEntropy(`${plan.seed} ${name} ${(starts += 1)}`),
  });

  const keys = new Map([...world.subscribers].map(([name, { key }]) => [name, key]));

  function leave(name: string): void {
    absences.set(name, [...(absences.get(name) ?? []), { from: clock.now(), until: Infinity }]);
  }
  function comeBack(name: string): void {
    const last = absences.get(name)?.at(-1);
    if (last !== undefined) last.until = clock.now();
  }

  async function bury(name: string, downSec: number): Promise<void> {
    nodes.delete(name);
    await world.stopNode(name);
    lives.get(name)?.end();
    leave(name);
    at(clock.now() + downSec, () => revive(name));
  }

  async function revive(name: string): Promise<void> {
    if (nodes.has(name)) return;
    try {
      await world.startNode(name);
    } catch (thrown) {
      if (lives.get(name)?.isOver() !== true) throw thrown;
      count('crash');
      return at(clock.now() + 5, () => revive(name));
    }
    comeBack(name);
  }

  function at(second: number, run: () => Promise<void>): void {
    events.push({ at: second, run });
  }

  /** In the world's time. */
  function nextDue(): number | null {
    const own = [...nodes].map(([name, node]) => {
      const due = node.nextDue();
      return due === null ? null : due - offsetOf(name);
    });
    return soonest([...own, wire.nextDue(), ...events.map((one) => one.at)]);
  }

  async function quiet(): Promise<void> {
    const isBusy = (name: string): boolean => lives.get(name)?.isOver() === false && nodes.get(name)?.busy() === true;
    let turns = 0;
    // Who was busy a turn ago most likely still is.
    let last = '';
    for (let still = 0; still < 4; turns += 1) {
      if (!isBusy(last)) last = [...nodes.keys()].find(isBusy) ?? '';
      still = last !== '' || wire.busy() ? 0 : still + 1;
      if (turns > TURNS_MAX) throw new Error(`${last === '' ? 'the wire' : last} is busy for ever`);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  async function idle(): Promise<void> {
    for (;;) {
      await quiet();
      const dead = [...nodes.keys()].filter((name) => lives.get(name)?.isOver() === true);
      if (dead.length === 0) return;
      for (const name of dead) {
        count('crash');
        await bury(name, returns.get(name) ?? 0);
      }
    }
  }

  async function runDue(): Promise<void> {
    for (;;) {
      wire.arrive();
      const due = events.filter((one) => one.at <= clock.now()).sort((a, b) => a.at - b.at)[0];
      if (due === undefined) return;
      events.splice(events.indexOf(due), 1);
      await due.run();
      await idle();
    }
  }

  const town: Town = {
    ...{ home, world, clock, wire, counts, count, faults, absences, restored, idle, plan: at },
    keyOf: (subscriber) => keys.get(subscriber) ?? '',
    isUp: (name) => nodes.has(name) && !wire.cut.has(name) && lives.get(name)?.isOver() === false,
    async advance(until) {
      await idle();
      for (;;) {
        await runDue();
        const next = nextDue();
        if (next === null || next > until) break;
        count('step');
        clock.advance(Math.max(next, clock.now() + 1));
        await idle();
      }
      if (clock.now() < until) clock.advance(until);
      await idle();
      await runDue();
    },
    async call(name, role, path, body) {
      const node = nodes.get(name);
      if (node === undefined) return refuseHttp('unreachable', name);
      const answer = await node.http.local(role, path, plain(body), z.unknown(), { answerMax: 2 ** 23, deadlineMs: 60_000 });
      await idle();
      return answer;
    },
    doom(name, steps, downSec, again) {
      if (!nodes.has(name)) return;
      if (again > 0) doomed.set(name, again);
      returns.set(name, downSec);
      lives.get(name)?.doom(steps);
    },
    async switchOff(name, downSec) {
      if (!nodes.has(name)) return;
      count('switched off');
      await bury(name, downSec);
    },
    cutOff(name, downSec) {
      if (wire.cut.has(name)) return;
      count('stall');
      wire.cut.add(name);
      leave(name);
      at(clock.now() + downSec, async () => {
        wire.cut.delete(name);
        comeBack(name);
      });
    },
    async backUp(name) {
      const entropy = seededEntropy(`${plan.seed} backup ${name} ${(starts += 1)}`);
      const file = join(home, `${name}-${starts}.backup`);
      need(await backUpNode({ home: join(home, name), file, passphrase: PASSPHRASE, now: clock.now(), entropy }));
      backups.set(name, file);
    },
    async restore(name, downSec) {
      const file = backups.get(name);
      if (file === undefined || !nodes.has(name)) return;
      count('restore');
      lives.get(name)?.end();
      await quiet();
      await bury(name, downSec);
      const folder = join(home, name);
      for (const one of await readdir(folder)) await rm(join(folder, one), { recursive: true, force: true });
      const entropy = seededEntropy(`${plan.seed} restore ${name} ${(starts += 1)}`);
      need(await restoreNode({ home: folder, file, passphrase: PASSPHRASE, entropy }));
      specs.set(name, need(await openHome(folder, entropy)).spec);
      restored.add(name);
      // It does not remember what it took.
      const others = wire.kept.filter((one) => one.to !== name);
      wire.kept.splice(0, wire.kept.length, ...others);
    },
    async calm() {
      wire.calm();
      wire.cut.clear();
      doomed.clear();
      for (const name of lives.keys()) lives.get(name)?.doom(Infinity);
      for (const { name } of [...plan.relays, ...plan.subscribers]) await revive(name);
      for (const all of absences.values()) for (const one of all) one.until = Math.min(one.until, clock.now());
      await idle();
    },
    async close() {
      for (const life of lives.values()) life.doom(Infinity);
      await world.stop();
    },
  };
  return town;
}

export { authorityName };

/** JSON's own form of amounts. */
function plain(body: unknown): unknown {
  if (body === undefined) return undefined;
  return JSON.parse(JSON.stringify(body, (_, value: unknown) => (typeof value === 'bigint' ? value.toString() : value)));
}
