/*
 * What every item of the guard is given: ports, configuration, keys, the counts that live in memory, and turns, so that what
 * concerns one subscriber happens one after the other. Made once by main.ts.
 */
import { intervalAt } from '../core/rule/interval.ts';
import { inTurn, type InTurn } from '../host/in-turn.ts';
import { parametersOf } from '../host/network/prices.ts';
import type { NetworkView, Ports, Tx } from '../host/ports.ts';
import type { RailReader, Receiving } from '../rail/rail.ts';
import type { GuardTransport } from '../tor/meter.ts';
import type { GuardConfig } from './config.ts';
import type { GuardKeys } from './keys.ts';
import type { Live } from './session/live.ts';

export interface GuardPorts extends Ports {
  readonly transport: GuardTransport;
  /** One a rail, the preferred first. */
  readonly receiving: readonly Receiving[];
  /** Where given, a withdrawal to what is no destination is refused at once. */
  readonly readers?: Readonly<Record<string, RailReader>>;
}

export type JobName = 'deposits' | 'usage' | 'withdrawals' | 'complaints';

export interface Guard {
  readonly ports: GuardPorts;
  readonly config: GuardConfig;
  readonly keys: GuardKeys;
  readonly live: Live;
  readonly turns: Turns;
  schedule(tx: Tx, job: JobName, due: number): Promise<void>;
}

export interface Turns {
  /** Runs `step` when all earlier ones of this subscriber have ended. Not from within a turn of the same subscriber. */
  of<T>(subscriber: string, step: () => Promise<T>): Promise<T>;
  /** Steps that run or wait. */
  count(): number;
}

export function createTurns(): Turns {
  const queues = new Map<string, { readonly turn: InTurn; waiting: number }>();
  let count = 0;
  return {
    async of(subscriber, step) {
      const queue = queues.get(subscriber) ?? { turn: inTurn(), waiting: 0 };
      queues.set(subscriber, queue);
      queue.waiting++;
      count++;
      try {
        return await queue.turn(step);
      } finally {
        count--;
        if (--queue.waiting === 0) queues.delete(subscriber);
      }
    },
    count: () => count,
  };
}

/** The running interval; null before the first consensus. */
export function intervalNow(network: NetworkView, now: number): number | null {
  const parameters = parametersOf(network);
  return parameters === null ? null : intervalAt(parameters, now);
}
