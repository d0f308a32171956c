/*
 * Who has which flag (design §6.12; Tor's directory specification §3.4.2). State and a time in; for each relay with a valid
 * descriptor its flags, and why it has or has not Guard, out. Pure; called by consensus and by whoever explains.
 */
import type { Flag } from '../../core/wire/consensus.ts';
import type { Parameters } from '../../core/wire/parameters.ts';
import type { DirectoryState } from '../state/decide.ts';
import { measureAll, thresholdsOf, type Measured, type Thresholds } from './measure.ts';

/** In the order in which an operator would mend them. */
export type GuardReason = 'not-wanted' | 'not-running' | 'not-fast' | 'not-stable' | 'not-familiar' | 'uptime' | 'bandwidth';

export interface GuardCondition {
  readonly code: GuardReason;
  readonly met: boolean;
  /** What it has and what it needs: bytes a second, seconds, millionths; null where there is nothing to count. */
  readonly has: number | null;
  readonly needs: number | null;
}

export interface Judged extends Measured {
  /** In alphabetical order. */
  readonly flags: readonly Flag[];
  /** All that Guard asks for: it has the flag when all are met. */
  readonly guard: readonly GuardCondition[];
}

export function judgeAll(state: DirectoryState, parameters: Parameters, now: number): Judged[] {
  const all = measureAll(state, parameters.flags, now);
  const thresholds = thresholdsOf(all, parameters.flags);
  return all.map((one) => judge(one, thresholds));
}

function judge(one: Measured, thresholds: Thresholds): Judged {
  const guard = guardConditions(one, thresholds);
  const met = (code: GuardReason): boolean => guard.some((condition) => condition.code === code && condition.met);
  const has: Record<Flag, boolean> = {
    Exit: one.relay.descriptor.body.isExit,
    Fast: met('not-running') && met('not-fast'),
    Guard: guard.every((condition) => condition.met),
    Running: met('not-running'),
    Stable: met('not-running') && met('not-stable'),
    // Nobody is known to misbehave: the docket will say who does.
    Valid: true,
  };
  return { ...one, flags: (Object.keys(has) as Flag[]).filter((flag) => has[flag]), guard };
}

function guardConditions(one: Measured, thresholds: Thresholds): GuardCondition[] {
  const stated = (code: GuardReason, met: boolean): GuardCondition => ({ code, met, has: null, needs: null });
  const reaches = (code: GuardReason, has: number, needs: number): GuardCondition => ({ code, met: has >= needs, has, needs });
  return [
    stated('not-wanted', one.relay.descriptor.body.wantsGuard),
    stated('not-running', one.running),
    reaches('not-fast', one.bandwidth, thresholds.fastBandwidth),
    reaches('not-stable', one.mtbfSec, thresholds.stableMtbfSec),
    reaches('not-familiar', one.knownSec, thresholds.familiarSec),
    reaches('uptime', one.uptimeMillionths, thresholds.guardUptimeMillionths),
    reaches('bandwidth', one.bandwidth, thresholds.guardBandwidth),
  ];
}
