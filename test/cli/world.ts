/*
 * A small network on disk under a driven clock, with which commands that look after a node are tried: relays R1 (guard), R2, R3
 * (exit) and a subscriber U1, each in a folder of its own.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { scheduleOf, type Schedule } from '../../core/rule/interval.ts';
import type { Parameters } from '../../core/wire/parameters.ts';
import { drivenClock, type DrivenClock } from '../../host/clock.ts';
import { seededEntropy } from '../../host/entropy.ts';
import { silentLog } from '../../host/log.ts';
import { advanceTo, untilIdle } from '../../lab/drive.ts';
import { callLocal } from '../../lab/report.ts';
import { parseScenario } from '../../lab/scenario/file.ts';
import { createWorld, type RelayPlan, type World } from '../../lab/world.ts';
import { openHome } from '../../node/open.ts';
import { startNode, type RunningNode } from '../../node/start.ts';

export interface SmallWorld {
  readonly world: World;
  readonly clock: DrivenClock;
  readonly folder: string;
  home(name: string): string;
  schedule(interval: number): Schedule;
  advance(until: number): Promise<void>;
  /** U1's traffic over R1, R2 and R3. A guard that was restarted knows none of its sessions: another kind makes another one. */
  carry(bytes: bigint, leavesTor?: boolean): Promise<void>;
  /** What the ledger holds for a relay. */
  balance(name: string): Promise<bigint>;
  /** A node by what lies in its folder alone, as `ptg run` starts it. */
  run(home: string, name: string): Promise<RunningNode>;
  stop(): Promise<void>;
}

const anything = z.unknown();
const price = 1_000_000_000n;

/** `now`: of the driven clock. */
export async function smallWorld(now = 1_600_000_000): Promise<SmallWorld> {
  const scenario = parseScenario(JSON.stringify({ price: String(price), relays: [{ name: 'R1', exit: true }], circuits: [] }));
  if (!scenario.ok) throw new Error(scenario.refusal.about);
  const given = scenario.value.parameters;
  const parameters: Parameters = { ...given, genesis: now + 4 * given.consensusSec };
  const folder = await mkdtemp(join(tmpdir(), 'ptg-care-'));
  const clock = drivenClock(now);
  const relay = (name: string, guard: boolean, exit: boolean): RelayPlan => ({
    name,
    exit,
    guard,
    takesSubscribers: guard,
    bandwidth: 100_000_000,
    family: null,
    payouts: 'auto',
    opening: 100n * price,
  });
  const world = await createWorld({
    ...{ home: folder, inMemory: false, networkId: 'care', parameters, clock },
    relays: [relay('R1', true, false), relay('R2', false, false), relay('R3', false, true)],
    subscribers: [{ name: 'U1', purse: 50n * price }],
    entropy: (name) => seededEntropy(`care ${name}`),
    log: silentLog,
  });
  const started = new Set<RunningNode>();
  const nodes = () => [...world.nodes(), ...started];
  const advance = (until: number) => advanceTo(clock, until, nodes);
  const client = () => world.subscribers.get('U1')!;
  return {
    world,
    clock,
    folder,
    home: (name) => join(folder, name),
    schedule: (interval) => scheduleOf(parameters, interval),
    async advance(until) {
      if (clock.now() < parameters.genesis && until >= parameters.genesis) {
        await advance(parameters.genesis - parameters.consensusSec + 1);
        await callLocal(
          client().node,
          'client',
          '/client/subscribe',
          { guard: world.relayId('R1'), withoutFlag: true },
          anything,
        );
        await callLocal(client().node, 'client', '/client/deposit', { amount: 40n * price }, anything);
        await callLocal(client().node, 'client', '/client/balance', {}, anything);
      }
      await advance(until);
    },
    async carry(bytes, leavesTor = true) {
      const path = ['R1', 'R2', 'R3'].map(world.relayId);
      const circuit = await world.source.open({ subscriber: client().key, path, leavesTor });
      if ((await circuit?.carry(bytes)) !== bytes) throw new Error('the guard lets it through');
      circuit?.close();
      await untilIdle(nodes);
    },
    async balance(name) {
      const url = `${world.network.ledger!.url}/ledger/accounts/${await world.walletKey(name)}`;
      const account = await world.authority.http.get(url, z.object({ balance: z.string() }).loose());
      if (!account.ok) throw new Error(account.refusal.code);
      return BigInt(account.value.balance);
    },
    async run(home, name) {
      const entropy = seededEntropy(`care ${name} again ${started.size}`);
      const opened = await openHome(home, entropy);
      if (!opened.ok) throw new Error(opened.refusal.about);
      const id = world.relayId(name);
      const traffic = { meter: world.source.meter(id), guardTransport: world.source.guardTransport(id) };
      const node = await startNode({ ...opened.value, ...traffic, clock, entropy, log: silentLog() });
      started.add(node);
      return { ...node, stop: () => (started.delete(node), node.stop()) };
    },
    async stop() {
      await Promise.all([...started].map((node) => node.stop()));
      await world.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
