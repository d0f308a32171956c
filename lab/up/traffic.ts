/*
 * Synthetic traffic for `ptg up`: on each of the clock's seconds some subscribers begin a circuit, of a size as measured on Tor,
 * over a path by the consensus' weights, and carry a part of it. World, plan and chance in; circuits on the traffic source out.
 */
import type { Draw } from '../../tor/chance.ts';
import { chooseCircuit } from '../../tor/consensus/path.ts';
import { CELL_BYTES } from '../../tor/meter.ts';
import type { TrafficSource, SourceCircuit } from '../traffic/source.ts';
import { drawCells } from '../traffic/sizes.ts';
import type { UpPlan, UpSubscriber } from './plan.ts';

/** A circuit is carried in parts, one a second, at most this many. */
const PARTS_MAX = 4n;

export interface RunningTraffic {
  /** One second's worth. */
  step(): Promise<void>;
  readonly begun: number;
  readonly refused: number;
  stop(): void;
}

interface Carried {
  readonly circuit: SourceCircuit;
  left: bigint;
  readonly part: bigint;
}

export function runTraffic(
  plan: UpPlan,
  source: TrafficSource,
  key: (subscriber: string) => string,
  relayId: (name: string) => string,
  draw: Draw,
): RunningTraffic {
  const carried = new Set<Carried>();
  let begun = 0;
  let refused = 0;

  async function begin(subscriber: UpSubscriber): Promise<void> {
    const path = chooseCircuit(plan.paths, subscriber.entry, draw);
    if (!path.ok) return;
    const names = [path.value.guard, path.value.middle, path.value.exit].map(
      (relay) => plan.nameOf.get(relay.identity) as string,
    );
    const circuit = await source.open({ subscriber: key(subscriber.name), path: names.map(relayId), leavesTor: true });
    if (circuit === null) {
      refused += 1;
      return;
    }
    begun += 1;
    const bytes = BigInt(Math.max(1, drawCells(draw))) * CELL_BYTES;
    const parts = 1n + draw(PARTS_MAX);
    carried.add({ circuit, left: bytes, part: bytes / parts + 1n });
  }

  async function carry(one: Carried): Promise<void> {
    const wanted = one.left < one.part ? one.left : one.part;
    const through = await one.circuit.carry(wanted);
    one.left -= through;
    if (through === wanted && one.left > 0n) return;
    one.circuit.close();
    carried.delete(one);
  }

  return {
    async step() {
      for (const subscriber of plan.subscribers) if (draw(2n) === 0n) await begin(subscriber);
      for (const one of [...carried]) await carry(one);
      // Directory fetches, padding and TLS: a little, now and then.
      for (const { name, guard } of plan.subscribers) {
        if (draw(5n) === 0n) source.carryOther(key(name), relayId(guard), 2000n + draw(4000n));
      }
    },
    get begun() {
      return begun;
    },
    get refused() {
      return refused;
    },
    stop() {
      for (const one of carried) one.circuit.close();
      carried.clear();
    },
  };
}
