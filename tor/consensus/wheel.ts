/*
 * Choice by weight, exactly: things and whole-number weights come in, one of them goes out by one draw below the sum of the
 * weights; some may be left out of a turn. Called by path.ts (positions of a circuit) and draw.ts (drawing a network).
 */
import { invariant } from '../../core/refusal.ts';
import type { Draw } from '../chance.ts';

/** Things of weight above zero, with the running sum of their weights. */
export interface Wheel<T> {
  readonly items: readonly T[];
  /** `ends[i]` is the sum of the weights up to and with item i. */
  readonly ends: readonly bigint[];
}

export function makeWheel<T>(things: readonly T[], weightOf: (thing: T) => bigint): Wheel<T> {
  const items: T[] = [];
  const ends: bigint[] = [];
  let sum = 0n;
  for (const thing of things) {
    const weight = weightOf(thing);
    invariant(weight >= 0n, 'a weight is not negative');
    if (weight === 0n) continue;
    items.push(thing);
    ends.push((sum += weight));
  }
  return { items, ends };
}

/**
 * The place of one item, each with probability weight / sum of all that are not left out; null when all are. `leftOut` are
 * places, in any order. The draw falls on what remains when the ranges left out are cut away, so one draw is
 * enough and none is repeated.
 */
export function spin<T>(wheel: Wheel<T>, draw: Draw, leftOut: Iterable<number> = []): number | null {
  const gaps = [...new Set(leftOut)].sort((a, b) => a - b);
  const rest = gaps.reduce((sum, place) => sum - weightAt(wheel, place), totalOf(wheel));
  if (rest === 0n) return null;
  let point = draw(rest);
  invariant(point >= 0n && point < rest, 'a draw stays below its bound');
  for (const place of gaps) {
    const start = startAt(wheel, place);
    if (point < start) break;
    point += weightAt(wheel, place);
  }
  return placeOf(wheel.ends, point);
}

export function totalOf<T>(wheel: Wheel<T>): bigint {
  return wheel.ends.at(-1) ?? 0n;
}

export function weightAt<T>(wheel: Wheel<T>, place: number): bigint {
  const end = wheel.ends[place];
  invariant(end !== undefined, 'a place on the wheel');
  return end - startAt(wheel, place);
}

function startAt<T>(wheel: Wheel<T>, place: number): bigint {
  return place === 0 ? 0n : (wheel.ends[place - 1] as bigint);
}

/** The first place whose end lies above the point. */
function placeOf(ends: readonly bigint[], point: bigint): number {
  let [low, high] = [0, ends.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ends[middle] as bigint) > point) high = middle;
    else low = middle + 1;
  }
  return low;
}
