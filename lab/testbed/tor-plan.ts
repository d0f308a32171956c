/*
 * What the Tor testbed consists of: parameters, four relays that are no exits and two that are, two subscribers and a user who pays
 * nobody. No input; constants out. Read by tor.ts.
 */
import { defaultParameters, type Parameters } from '../../core/wire/parameters.ts';
import type { RelayPlan } from '../world.ts';

export const MIB = 1_048_576;
/** What each subscriber downloads, in so many streams: Tor gives each a circuit of its own. */
export const DOWNLOAD_BYTES = 20 * MIB;
export const STREAMS = 4;
/** What the user downloads who pays nobody. */
export const FREE_BYTES = 5 * MIB;

/** On the machine's clock. The first interval lasts as long as clients need to come up, download and sign. */
export const torParameters: Omit<Parameters, 'genesis' | 'rails' | 'paymentWindowSec'> = {
  ...defaultParameters,
  consensusSec: 5,
  intervalSec: 60,
  skewSec: 5,
  graceSec: 6,
  bstOffsetSec: 9,
  contestWindowSec: 8,
  answerWindowSec: 3,
  appealWindowSec: 90,
  withdrawWindowSec: 60,
  iouTickSec: 10,
  flags: { ...defaultParameters.flags, runningSec: 15, uptimeHalfLifeSec: 60, stableMtbfSec: 0, guardUptimeThousandths: 500 },
};

const roles = [
  ['guard-1', 'guard'],
  ['guard-2', 'guard'],
  ['middle-1', 'middle'],
  ['middle-2', 'middle'],
  ['exit-1', 'exit'],
  ['exit-2', 'exit'],
] as const;

export const relayPlans: readonly RelayPlan[] = roles.map(([name, role]) => ({
  ...{ name, exit: role === 'exit', guard: role === 'guard', takesSubscribers: role === 'guard' },
  // What no middle of the testbed needs, so that a default stays beside the defaulter.
  ...{ bandwidth: 1_000_000, family: null, opening: 1_000_000_000n },
  payouts: name === 'guard-2' ? 'manual' : 'auto',
}));

/** Tor's own nicknames have letters and digits alone. */
export function torName(relay: string): string {
  return relay.replace('-', '');
}

export const subscriberPlans = [
  { name: 'user-1', guard: 'guard-1' },
  { name: 'user-2', guard: 'guard-2' },
] as const;

/** Its operator releases no payment, until it has lost its flag. */
export const DEFAULTER = 'guard-2';
/** Who pays nobody, and comes in by any guard. */
export const FREE_USER = 'user-3';
