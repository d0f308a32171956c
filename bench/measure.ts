/*
 * How long work takes: a piece of work in, wall and processor seconds out; what is measured and its limit, in rounds that alternate,
 * in, the medians of both out. The only file of bench that reads a clock. Called by every bench.
 */
import { cpuUsage, memoryUsage } from 'node:process';
import { pause } from '../host/clock.ts';

export interface Took {
  readonly wallSec: number;
  /** Of all threads of this process together: the database writes on one of its own. */
  readonly coreSec: number;
}

export async function timed(work: () => Promise<unknown> | unknown): Promise<Took> {
  // What was thrown away before is not collected at this work's cost. (All of it at once would still be swept while the work runs.)
  globalThis.gc?.({ type: 'minor' });
  const before = cpuUsage();
  const started = performance.now();
  await work();
  const wallSec = (performance.now() - started) / 1000;
  const { user, system } = cpuUsage(before);
  return { wallSec, coreSec: (user + system) / 1e6 };
}

/** So many times the same, together. */
export async function summed(times: number, once: () => Promise<Took>): Promise<Took> {
  const sum = { wallSec: 0, coreSec: 0 };
  for (let time = 0; time < times; time++) {
    const { wallSec, coreSec } = await once();
    sum.wallSec += wallSec;
    sum.coreSec += coreSec;
  }
  return sum;
}

/** How many a second: by the wall's clock or by processor time, whichever is longer, so that a second core counts as time too. */
export function perSecond(count: number, { wallSec, coreSec }: Took): number {
  return count / Math.max(wallSec, coreSec, 1e-9);
}

/** How many a second of processor time alone: what other programs on the machine, and the disk, take does not count. */
export function perCoreSecond(count: number, { coreSec }: Took): number {
  return count / Math.max(coreSec, 1e-9);
}

export interface Measured {
  readonly value: number;
  readonly limit: number;
}

/** `value` and `limit` each answer the figure of one round. First one round of each that does not count. */
export async function alternating(
  rounds: number,
  value: () => Promise<number> | number,
  limit: () => Promise<number> | number,
): Promise<Measured> {
  await value();
  await limit();
  const values: number[] = [];
  const limits: number[] = [];
  for (let round = 0; round < rounds; round++) {
    values.push(await value());
    limits.push(await limit());
  }
  return { value: median(values), limit: median(limits) };
}

export function median(figures: readonly number[]): number {
  const sorted = [...figures].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? NaN) + upper) / 2;
}

/** The most memory that this process has taken so far, in bytes; of a child process, for one piece of work. */
export function peakBytes(): number {
  return process.resourceUsage().maxRSS * 1024;
}

/** What is taken now, in bytes. */
export function residentBytes(): number {
  globalThis.gc?.();
  return memoryUsage().rss;
}

/** Looks now and then: who asks all the time takes the processor from whom it asks. */
export async function quiet(busy: () => boolean): Promise<void> {
  for (let calm = 0; calm < 2;) {
    calm = busy() ? 0 : calm + 1;
    await pause(1);
  }
}
