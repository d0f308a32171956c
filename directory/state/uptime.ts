/*
 * What probing has shown of one relay: weighted fractional uptime and weighted mean time between failures, as in Tor's directory
 * specification §3.4.2. Probe results in, sums out; all in integers. Called by the fold; read by flags.
 */
import { aged, weightAt } from './half-life.ts';

export interface Uptime {
  readonly askedAt: number | null;
  readonly reachedAt: number | null;
  /** Weighted seconds in units of 2^-32, as of askedAt. */
  readonly up: bigint;
  readonly total: bigint;
  /** When it was first reached in the run that goes on, if one does. */
  readonly runSince: number | null;
  /** Of the runs that ended: weighted lengths, and weights, in units of 2^-32. */
  readonly runs: bigint;
  readonly runWeights: bigint;
}

export const neverAsked: Uptime = {
  askedAt: null,
  reachedAt: null,
  up: 0n,
  total: 0n,
  runSince: null,
  runs: 0n,
  runWeights: 0n,
};

export interface Probe {
  readonly reached: boolean;
  readonly at: number;
  /** Since when the relay is known. */
  readonly knownSince: number;
  readonly halfLifeSec: number;
  /** Time that one probe speaks for at most: while the authority itself was down nobody was seen, up or down. */
  readonly spanMaxSec: number;
}

const SCALE = 32n;
const MILLION = 1_000_000n;

export function observe(before: Uptime, probe: Probe): Uptime {
  const age = Math.max(0, probe.at - (before.askedAt ?? probe.knownSince));
  const weight = weightAt(age, probe.halfLifeSec);
  // A second at least, so that the very first probe counts.
  const seen = BigInt(Math.max(1, Math.min(age, probe.spanMaxSec))) << SCALE;
  const ended = !probe.reached && before.runSince !== null;
  return {
    askedAt: probe.at,
    reachedAt: probe.reached ? probe.at : before.reachedAt,
    up: aged(before.up, weight) + (probe.reached ? seen : 0n),
    total: aged(before.total, weight) + seen,
    runSince: probe.reached ? (before.runSince ?? probe.at) : null,
    runs: aged(before.runs, weight) + (ended ? BigInt(runLength(before)) << SCALE : 0n),
    runWeights: aged(before.runWeights, weight) + (ended ? 1n << SCALE : 0n),
  };
}

/** Rounded down; 0 for a relay that was never asked. */
export function uptimeMillionths(uptime: Uptime): number {
  return uptime.total === 0n ? 0 : Number((uptime.up * MILLION) / uptime.total);
}

/** The weighted mean length of its runs, the one that goes on with full weight; rounded down. */
export function mtbfSec(uptime: Uptime): number {
  const goesOn = uptime.runSince !== null;
  const lengths = uptime.runs + (goesOn ? BigInt(runLength(uptime)) << SCALE : 0n);
  const weights = uptime.runWeights + (goesOn ? 1n << SCALE : 0n);
  return weights === 0n ? 0 : Number(lengths / weights);
}

function runLength(uptime: Uptime): number {
  return uptime.runSince === null || uptime.reachedAt === null ? 0 : uptime.reachedAt - uptime.runSince;
}
