/*
 * Path selection as a Tor client does it: relays and position weights come in, a guard for a subscriber and guard, middle and
 * exit for a circuit go out. No two of one circuit are the same relay, of one mutual family or in one /16. Called by the lab.
 */
import { ok, refuser } from '../../core/refusal.ts';
import type { Result } from '../../core/refusal.ts';
import type { Draw } from '../chance.ts';
import { isExit, isGuard, isUsable } from './relay.ts';
import type { TorRelay } from './relay.ts';
import { weightIn } from './weights.ts';
import type { PositionWeights } from './weights.ts';
import { makeWheel, spin } from './wheel.ts';
import type { Wheel } from './wheel.ts';

/** A circuit's relays, from the user outwards. */
export interface Path {
  readonly guard: TorRelay;
  readonly middle: TorRelay;
  readonly exit: TorRelay;
}

/** What choosing needs, made once for a set of relays. */
export interface PathTable {
  readonly guards: Seats;
  readonly middles: Seats;
  readonly exits: Seats;
  readonly bySubnet: ReadonlyMap<string, readonly string[]>;
}

export const pathRefusals = {
  'path-no-guard': { retry: false, text: 'no relay can be the guard', remedy: 'draw more relays with the Guard flag' },
  'path-no-exit': {
    retry: false,
    text: 'no relay can be the exit behind this guard',
    remedy: 'draw more relays with the Exit flag',
  },
  'path-no-middle': { retry: false, text: 'no relay can stand between this guard and exit', remedy: 'draw more relays' },
} as const;
const refuse = refuser(pathRefusals);

/** Only relays that are Running and Valid; a guard has Guard, an exit has Exit and no BadExit; any may be the middle. */
export function preparePaths(from: { readonly relays: readonly TorRelay[]; readonly weights: PositionWeights }): PathTable {
  const relays = from.relays.filter(isUsable);
  const bySubnet = new Map<string, string[]>();
  for (const { subnet, identity } of relays) {
    if (subnet === null) continue;
    const neighbours = bySubnet.get(subnet);
    if (neighbours === undefined) bySubnet.set(subnet, [identity]);
    else neighbours.push(identity);
  }
  return {
    guards: seat(relays.filter(isGuard), 'g', from.weights),
    middles: seat(relays, 'm', from.weights),
    exits: seat(relays.filter(isExit), 'e', from.weights),
    bySubnet,
  };
}

/** The guard that a subscriber keeps. */
export function chooseGuard(table: PathTable, draw: Draw): Result<TorRelay> {
  const guard = choose(table, table.guards, [], draw);
  return guard === null ? refuse('path-no-guard', `${table.guards.wheel.items.length} candidates`) : ok(guard);
}

/** A circuit behind a guard that is given: the exit first, which is scarcer, then the middle, in Tor's order. */
export function chooseCircuit(table: PathTable, guard: TorRelay, draw: Draw): Result<Path> {
  const exit = choose(table, table.exits, [guard], draw);
  if (exit === null) return refuse('path-no-exit', guard.identity);
  const middle = choose(table, table.middles, [guard, exit], draw);
  if (middle === null) return refuse('path-no-middle', `${guard.identity} ${exit.identity}`);
  return ok({ guard, middle, exit });
}

/** A circuit with a fresh guard. */
export function choosePath(table: PathTable, draw: Draw): Result<Path> {
  const guard = chooseGuard(table, draw);
  return guard.ok ? chooseCircuit(table, guard.value, draw) : guard;
}

/** Candidates of one position, each by bandwidth times the weight of its class there. */
interface Seats {
  readonly wheel: Wheel<TorRelay>;
  readonly placeOf: ReadonlyMap<string, number>;
}

function seat(relays: readonly TorRelay[], position: 'g' | 'm' | 'e', weights: PositionWeights): Seats {
  const wheel = makeWheel(relays, (relay) => BigInt(relay.bandwidth) * BigInt(weightIn(position, relay, weights)));
  return { wheel, placeOf: new Map(wheel.items.map((relay, place) => [relay.identity, place])) };
}

function choose(table: PathTable, seats: Seats, chosen: readonly TorRelay[], draw: Draw): TorRelay | null {
  const leftOut: number[] = [];
  for (const relay of chosen) {
    const neighbours = relay.subnet === null ? [] : (table.bySubnet.get(relay.subnet) ?? []);
    for (const identity of [relay.identity, ...relay.family, ...neighbours]) {
      const place = seats.placeOf.get(identity);
      if (place !== undefined) leftOut.push(place);
    }
  }
  const place = spin(seats.wheel, draw, leftOut);
  return place === null ? null : (seats.wheel.items[place] as TorRelay);
}
