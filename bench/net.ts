/*
 * `net.24m`: what every pair of a network of Tor's size pays, from all its links at once; seconds and peak memory. Each run checks a
 * sample against core's rule, and ends the bench where one pair differs. Listed in main.ts.
 */
import { rowOf, type Bench } from './bench.ts';
import { inChild } from './child.ts';
import { median } from './measure.ts';
import type { NetTook } from './net-run.ts';

const NAMES = ['net.24m', 'net.24m.memory'] as const;

/** Relays among whom so many links are: each ordered pair has one with one in two. */
const relaysFor = (links: number): number => Math.round((1 + Math.sqrt(1 + 8 * links)) / 2);

export const net: Bench = {
  names: NAMES,
  work: 'links',
  size: 24_496_500,
  growth: [244_650, 2_446_500, 24_496_500],
  async run(rounds, size) {
    const relays = relaysFor(size);
    const took = await inChild<NetTook>('net-run.ts', [relays, rounds]);
    const mib = took.peakBytes / 2 ** 20;
    return [
      rowOf(NAMES[0], 's', median(took.net), median(took.sums)),
      // The input alone: two totals of 64 bits, and the holder.
      rowOf(NAMES[1], 'MiB peak', mib, (took.links * 18) / 2 ** 20),
    ];
  },
};
