/*
 * Chance of a seed, by name: what a name draws does not depend on how often others drew before it, so that a replayed seed is much
 * the same whatever the machine's order of answers. A seed and a name in; dice out. Called by all of the seeded world.
 */
import { seededEntropy } from '../../host/entropy.ts';

export interface Chance {
  /** 0 to below − 1. */
  below(count: number): number;
  /** Both included. */
  between(low: number, high: number): number;
  /** True so many times in a thousand. */
  thousandths(count: number): boolean;
  pick<T>(list: readonly T[]): T;
  /** Some of the list, in a random order. */
  some<T>(list: readonly T[], count: number): T[];
}

export function chanceOf(name: string): Chance {
  const entropy = seededEntropy(`seeds ${name}`);
  const below = (count: number): number => Buffer.from(entropy.bytes(6)).readUIntBE(0, 6) % Math.max(1, count);
  return {
    below,
    between: (low, high) => low + below(high - low + 1),
    thousandths: (count) => below(1000) < count,
    pick: (list) => list[below(list.length)] as never,
    some(list, count) {
      const left = [...list];
      return Array.from({ length: Math.min(count, left.length) }, () => left.splice(below(left.length), 1)[0] as never);
    },
  };
}
