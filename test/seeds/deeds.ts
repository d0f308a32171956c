/*
 * What a plan's deeds do to a running town: circuits are opened and carry, money goes in and out, nodes fall, liars file. A deed in;
 * nothing out but its traces. What does not succeed is tried again where an operator would. Called by run.ts.
 */
import type { SourceCircuit } from '../../lab/traffic/source.ts';
import { chanceOf } from './chance.ts';
import { appealFalsely, contestFalsely } from './filing.ts';
import type { Chunk, Deed, SeedPlan } from './plan.ts';
import { replay, REPLAYS_MAX } from './replay.ts';
import type { Carried } from './subscribers.ts';
import { authorityName, type Town } from './town.ts';

const TRIES_MAX = 12;
const AGAIN_SEC = 420;

export interface Deeds {
  readonly carried: Carried;
  run(deed: Deed): Promise<void>;
}

/** Bytes of a circuit: those of the interval in which it began, and the rest. */
interface Use {
  readonly interval: number | null;
  readonly first: bigint;
  readonly later: bigint;
}

const unused: Use = { interval: null, first: 0n, later: 0n };

export function createDeeds(plan: SeedPlan, town: Town): Deeds {
  const chance = chanceOf(`${plan.seed} deeds`);
  const subscribed = new Set<string>();
  const carried = new Map<string, bigint>();
  const guardOf = (subscriber: string): string => plan.subscribers.find((one) => one.name === subscriber)!.guard;
  const now = (): number => town.clock.now();

  async function subscribe(name: string): Promise<boolean> {
    if (subscribed.has(name)) return true;
    const answer = await town.call(name, 'client', '/client/subscribe', { guard: guardOf(name), withoutFlag: true });
    if (answer.ok) subscribed.add(name);
    return answer.ok;
  }

  /** A subscriber that was refused or saw nothing comes again. */
  async function insist(what: string, run: () => Promise<boolean>, tries = 0): Promise<void> {
    if (await run()) return town.count(what);
    if (tries < TRIES_MAX) town.plan(now() + AGAIN_SEC, () => insist(what, run, tries + 1));
  }

  async function carry(who: string, circuit: SourceCircuit, chunks: readonly Chunk[], use: Use = unused): Promise<void> {
    const [first, ...rest] = chunks;
    if (first === undefined) {
      // Some are never closed.
      if (chance.thousandths(800)) circuit.close();
      return;
    }
    town.plan(now() + first.after, async () => {
      // A guard that dies at this moment carries nothing.
      const bytes = await circuit.carry(first.bytes).catch(() => 0n);
      if (bytes > 0n) town.count('carried');
      const after = bytes === 0n ? use : used(use, bytes);
      carried.set(who, (carried.get(who) ?? 0n) + costOf(after) - costOf(use));
      await carry(who, circuit, rest, after);
    });
  }

  /** What is near an interval's end may be counted in the one or in the other. */
  function used(use: Use, bytes: bigint): Use {
    const { genesis, intervalSec, skewSec } = plan.parameters;
    const [interval, ...near] = [0, -skewSec, skewSec].map((sec) => Math.floor((now() + sec - genesis) / intervalSec)) as [
      number,
    ];
    const isFirst = (use.interval ?? interval) === interval && near.every((one) => one === interval);
    const { first, later } = use;
    return isFirst ? { interval, first: first + bytes, later } : { interval: use.interval ?? -1, first, later: later + bytes };
  }

  /** Rule 4: a circuit costs at least its starting amount, and that belongs to the interval in which it was seen. */
  function costOf({ interval, first, later }: Use): bigint {
    const { startingBytes } = plan.parameters;
    return interval === null ? 0n : (first > startingBytes ? first : startingBytes) + later;
  }

  async function circuit(subscriber: string, path: readonly string[], chunks: readonly Chunk[]): Promise<void> {
    const ids = path.map((name) => town.world.relayId(name));
    const opened = await town.world.source
      .open({ subscriber: town.keyOf(subscriber), path: ids, leavesTor: true })
      .catch(() => null);
    town.count(opened === null ? 'circuit refused' : 'circuit');
    if (opened !== null) await carry(subscriber, opened, chunks);
  }

  async function complain(name: string): Promise<void> {
    type Claims = { candidates: { kind: string; subject: string; from: number }[] };
    const answer = await town.call(name, 'client', '/client/claims', {});
    const claims = answer.ok ? (answer.value as Claims).candidates : [];
    for (const { kind, subject, from } of claims) {
      if (from > now()) continue;
      const filed = await town.call(name, 'client', '/client/complain', { kind, subject, confirm: true });
      if (filed.ok) town.count('complaint');
    }
  }

  return {
    carried,
    async run(deed) {
      const { subscriber = '', name = '' } = deed as { subscriber?: string; name?: string };
      switch (deed.kind) {
        case 'deposit':
          return insist('deposit', async () => {
            if (!(await subscribe(subscriber))) return false;
            return (await town.call(subscriber, 'client', '/client/deposit', { amount: deed.amount })).ok;
          });
        case 'withdraw':
          return insist(
            'withdrawal',
            async () => (await town.call(subscriber, 'client', '/client/withdraw', { amount: deed.amount })).ok,
            TRIES_MAX - 2,
          );
        case 'complain':
          return complain(subscriber);
        case 'circuit':
          return circuit(subscriber, deed.path, deed.chunks);
        case 'crash':
          return town.doom(name, deed.steps, deed.downSec, deed.again);
        case 'off':
          return town.switchOff(name, deed.downSec);
        case 'stall':
          return town.cutOff(name, deed.downSec);
        case 'backup':
          return town.isUp(name) ? town.backUp(name) : undefined;
        case 'restore':
          return town.restore(name, deed.downSec);
        case 'approve':
          return void (await town.call(name, 'settlement', '/settlement/payouts-approve', { all: true }));
        case 'contest':
          // Who cannot be reached now is lied to another time.
          if (!town.isUp(authorityName)) return;
          return contestFalsely(town, name, deed.interval, chance);
        case 'appeal':
          if (!town.isUp(authorityName)) return;
          return appealFalsely(town, name, chance);
        case 'replay':
          town.faults.push(
            ...(await replay(town, chance.some(town.wire.kept, REPLAYS_MAX), {
              liars: [...plan.liars.keys()].map(town.world.relayId),
              isUnderWay: true,
            })),
          );
      }
    },
  };
}
