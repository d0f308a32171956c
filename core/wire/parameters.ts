/*
 * The network's parameters (design §7): all of them in the consensus, none in code. What stands here as default is what
 * `ptg init directory` writes into a new network's file.
 */
import { z } from 'zod';
import { hops, railName, seconds, spanSec, units } from './field.ts';

/** One rail's prices. `price` buys a GiB through one standard hop, in the rail's smallest units. */
export const railTerms = z.strictObject({ price: units, quantum: units, dust: units });
export type RailTerms = z.infer<typeof railTerms>;

/** Thresholds of the Guard, Fast and Stable flags (Tor directory specification §3.4.2). Bandwidths in bytes a second. */
export const flagThresholds = z.strictObject({
  fastBandwidth: z.int().min(0),
  guardBandwidth: z.int().min(0),
  /** Uptime fraction in thousandths that always suffices for Guard. */
  guardUptimeThousandths: z.int().min(0).max(1000),
  /** Seconds known that always suffice for Guard. */
  guardKnownSec: spanSec,
  /** Mean time between failures, seconds, that always suffices for Stable. */
  stableMtbfSec: spanSec,
  /** A relay not reached for as long is not Running. */
  runningSec: spanSec,
  /** Age of a measurement at which it counts but half. */
  uptimeHalfLifeSec: spanSec,
});

/** Terms with none would be refused by every reader, and by the authority's own log. */
const aboveZero = units.refine((count) => count > 0n, 'at least one');

export const parameters = z.strictObject({
  genesis: seconds,
  consensusSec: spanSec.min(1),
  intervalSec: spanSec.min(1),
  skewSec: spanSec,
  graceSec: spanSec,
  bstOffsetSec: spanSec,
  paymentWindowSec: spanSec,
  contestWindowSec: spanSec,
  answerWindowSec: spanSec,
  appealWindowSec: spanSec,
  withdrawWindowSec: spanSec,
  iouTickSec: spanSec.min(1),
  /** Bytes that a circuit costs at least. */
  startingBytes: units,
  /** Hops charged where the subscriber states none. */
  circuitHops: hops.min(1),
  /** Credit that every issuer has, in bytes through one standard hop. */
  creditStartBytes: units,
  creditIntervals: z.int().min(0).max(1000),
  carryIntervals: z.int().min(0).max(1000),
  contestants: z.enum(['any', 'guards']),
  reportsPerInterval: z.int().min(0),
  reportersToUnflag: z.int().min(1),
  flags: flagThresholds,
  rails: z.record(railName, railTerms),
  /** |N| / |E| where it is fixed for the network and not counted from the directory: [numerator, denominator]. */
  exitRatio: z.tuple([aboveZero, aboveZero]).nullable(),
});
export type Parameters = z.infer<typeof parameters>;

const hour = 3600;
const day = 24 * hour;

/** Design §7. `genesis` and the rails are the network's own. */
export const defaultParameters: Omit<Parameters, 'genesis' | 'rails'> = {
  consensusSec: hour,
  intervalSec: 15 * day,
  skewSec: 60,
  graceSec: 6 * hour,
  bstOffsetSec: 12 * hour,
  paymentWindowSec: 24 * hour,
  contestWindowSec: 48 * hour,
  answerWindowSec: 12 * hour,
  appealWindowSec: 7 * day,
  withdrawWindowSec: 48 * hour,
  iouTickSec: 60,
  startingBytes: 25_700n,
  circuitHops: 3,
  creditStartBytes: 2n ** 30n,
  creditIntervals: 4,
  carryIntervals: 4,
  contestants: 'any',
  reportsPerInterval: 3,
  reportersToUnflag: 2,
  flags: {
    fastBandwidth: 100_000,
    guardBandwidth: 2_000_000,
    guardUptimeThousandths: 980,
    guardKnownSec: 8 * day,
    stableMtbfSec: 5 * day,
    runningSec: 45 * 60,
    // Tor weighs by 0.95 every 12 hours (rephist.c): a month ago counts hardly at all.
    uptimeHalfLifeSec: 162 * hour,
  },
  exitRatio: null,
};
