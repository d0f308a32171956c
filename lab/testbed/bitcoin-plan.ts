/*
 * What the Bitcoin testbed consists of: parameters, four relays, three subscribers, and the circuits of its two intervals. No input;
 * constants out. Read by bitcoin.ts.
 */
import type { BitcoinNetwork } from '../../core/wire/bitcoin.ts';
import { defaultParameters, type Parameters } from '../../core/wire/parameters.ts';
import type { RelayPlan } from '../world.ts';

/** A block with two upon it counts here; a deposit and a payment each wait for it. */
export const bitcoinRules: BitcoinNetwork = { chain: 'regtest', confirmations: 3, difficulty: 0n };
/** Seconds of the testbed's clock between two blocks. */
export const BLOCK_SEC = 5;

const MIB = 2n ** 20n;

/** Short, and each window long enough for a payment that waits for the payer's own income: twice its confirmations. */
export const bitcoinParameters: Omit<Parameters, 'genesis'> = {
  ...defaultParameters,
  consensusSec: 15,
  intervalSec: 150,
  skewSec: 5,
  graceSec: 5,
  bstOffsetSec: 15,
  paymentWindowSec: 100,
  contestWindowSec: 30,
  answerWindowSec: 20,
  appealWindowSec: 40,
  withdrawWindowSec: 60,
  iouTickSec: 5,
  // Credit is not what is shown here.
  creditStartBytes: 2n ** 40n,
  flags: { ...defaultParameters.flags, runningSec: 60, uptimeHalfLifeSec: 600, stableMtbfSec: 0, guardUptimeThousandths: 500 },
  // Satoshi: a GiB through a standard hop; below the dust, and below a multiple of the quantum, amounts are carried.
  rails: { bitcoin: { price: 1_000_000n, quantum: 1000n, dust: 10_000n } },
};

/** Guards from which subscribers pay; a middle without capital; an exit that is paid for most. */
const roles = [
  ['guard-1', true],
  ['guard-2', true],
  ['middle', false],
  ['exit', false],
] as const;

export const relayPlans: readonly RelayPlan[] = roles.map(([name, isGuard]) => ({
  ...{ name, exit: name === 'exit', guard: isGuard, takesSubscribers: isGuard },
  ...{ bandwidth: 100_000_000, family: null, payouts: 'auto' as const, opening: 0n },
}));

export interface PaidSubscriber {
  readonly name: string;
  readonly guard: string;
  /** Satoshi. */
  readonly deposit: bigint;
}

export const subscriberPlans: readonly PaidSubscriber[] = [
  { name: 'user-1', guard: 'guard-1', deposit: 30_000_000n },
  { name: 'user-2', guard: 'guard-1', deposit: 20_000_000n },
  { name: 'user-3', guard: 'guard-2', deposit: 25_000_000n },
];

export interface PlannedCircuit {
  readonly subscriber: string;
  readonly path: readonly string[];
  readonly bytes: bigint;
}

/** In the first interval the exit is paid by three, two of whom net what they owe each other; in the second by the middle alone. */
export const circuitPlans: readonly (readonly PlannedCircuit[])[] = [
  [
    { subscriber: 'user-1', path: ['guard-1', 'middle', 'exit'], bytes: 1024n * MIB },
    { subscriber: 'user-2', path: ['guard-1', 'guard-2', 'exit'], bytes: 384n * MIB + 514n },
    { subscriber: 'user-3', path: ['guard-2', 'guard-1', 'exit'], bytes: 256n * MIB },
    { subscriber: 'user-3', path: ['guard-2', 'middle', 'exit'], bytes: 512n * MIB + 5140n },
  ],
  [
    { subscriber: 'user-1', path: ['guard-1', 'middle', 'exit'], bytes: 512n * MIB },
    { subscriber: 'user-2', path: ['guard-1', 'middle', 'exit'], bytes: 256n * MIB + 514n },
    { subscriber: 'user-3', path: ['guard-2', 'middle', 'exit'], bytes: 640n * MIB },
  ],
];

/** In the second interval the exit does not see that the middle has paid it. */
export const CONTESTED = 1;
export const CONTESTANT = 'exit';
export const ACCUSED = 'middle';
