/*
 * Who has which flag (rule 12; Tor's directory specification §3.4.2). State and a time in; for each relay with a valid
 * descriptor its flags, and why it has or has not Guard, out. Pure; called by consensus and by whoever explains.
 */
import { recordAllowsGuard } from '../../core/rule/flag.ts';
import type { Flag } from '../../core/wire/consensus.ts';
import type { Parameters } from '../../core/wire/parameters.ts';
import type { TorFacts } from '../log/entry.ts';
import { reportersOf } from '../standing/record.ts';
import type { DirectoryState } from '../state/decide.ts';
import { measureAll, thresholdsOf, type Measured, type Thresholds } from './measure.ts';

/** In the order in which an operator would mend them. */
export type GuardReason =
  'not-wanted' | 'not-in-tor' | 'not-running' | 'contested' | 'not-fast' | 'not-stable' | 'not-familiar' | 'uptime' | 'bandwidth';

export interface GuardCondition {
  readonly code: GuardReason;
  readonly met: boolean;
  /**
   * What it has and what it needs: bytes a second, seconds, millionths; null where there is nothing to count. Of `contested` the reporters
   * whose contests count, and how many of them take the flag away; null where it has no flag to lose, and one keeps it from it.
   */
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
  const reporters = reportersOf(state, now);
  return all.map((one) => {
    const { id } = one.relay.descriptor.body;
    const record = recordCondition(state.guards.has(id), reporters.get(id) ?? 0, parameters.reportersToUnflag);
    return judge(one, { thresholds, record, byTor: state.tor !== null });
  });
}

/** Rule 12: it takes several reporters to lose the flag, and none to get it. */
function recordCondition(hadGuard: boolean, reporters: number, reportersToUnflag: number): GuardCondition {
  const met = recordAllowsGuard(hadGuard, reporters, reportersToUnflag);
  return { code: 'contested', met, has: reporters, needs: hadGuard ? reportersToUnflag : null };
}

interface Grounds {
  readonly thresholds: Thresholds;
  readonly record: GuardCondition;
  /** Whether Tor's consensus says who is an exit, fast and stable. */
  readonly byTor: boolean;
}

function judge(one: Measured, grounds: Grounds): Judged {
  const guard = guardConditions(one, grounds);
  const unmet = new Set<GuardReason>();
  for (const { code, met } of guard) if (!met) unmet.add(code);
  const met = (code: GuardReason): boolean => !unmet.has(code);
  const has: Record<Flag, boolean> = {
    Exit: grounds.byTor ? torSays(one, 'Exit') : one.relay.descriptor.body.isExit,
    Fast: met('not-running') && met('not-fast'),
    Guard: unmet.size === 0,
    Running: met('not-running'),
    Stable: met('not-running') && met('not-stable'),
    // As in Tor: not marked as broken. Who does not pay is ordered last and loses Guard; its traffic is still good.
    Valid: true,
  };
  return { ...one, flags: (Object.keys(has) as Flag[]).filter((flag) => has[flag]), guard };
}

function torSays({ relay }: Measured, flag: TorFacts['flags'][number]): boolean {
  return relay.tor?.flags.includes(flag) ?? false;
}

function guardConditions(one: Measured, { thresholds, record, byTor }: Grounds): GuardCondition[] {
  const stated = (code: GuardReason, met: boolean): GuardCondition => ({ code, met, has: null, needs: null });
  const reaches = (code: GuardReason, has: number, needs: number): GuardCondition => ({ code, met: has >= needs, has, needs });
  return [
    stated('not-wanted', one.relay.descriptor.body.wantsGuard),
    ...(byTor ? [stated('not-in-tor', one.inTor)] : []),
    stated('not-running', one.running),
    record,
    byTor ? stated('not-fast', torSays(one, 'Fast')) : reaches('not-fast', one.bandwidth, thresholds.fastBandwidth),
    byTor ? stated('not-stable', torSays(one, 'Stable')) : reaches('not-stable', one.mtbfSec, thresholds.stableMtbfSec),
    reaches('not-familiar', one.knownSec, thresholds.familiarSec),
    reaches('uptime', one.uptimeMillionths, thresholds.guardUptimeMillionths),
    reaches('bandwidth', one.bandwidth, thresholds.guardBandwidth),
  ];
}
