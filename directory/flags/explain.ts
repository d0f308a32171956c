/*
 * Why a relay has or has not Guard, in a form for people and programs: what GET /directory/relays lists, what `ptg status` and
 * `ptg relay NAME` print. What the rule judged in, plain values out.
 */
import type { Flag } from '../../core/wire/consensus.ts';
import type { GuardReason, Judged } from './decide.ts';

export interface Explained {
  readonly id: string;
  readonly nickname: string;
  readonly descriptor: string;
  readonly flags: readonly Flag[];
  readonly isExit: boolean;
  readonly bandwidth: number;
  readonly firstSeen: number;
  readonly reachedAt: number | null;
  readonly expires: number;
  readonly mtbfSec: number;
  readonly uptimeMillionths: number;
  readonly guard: {
    readonly has: boolean;
    /** What is missing; empty when it has the flag. */
    readonly missing: readonly {
      readonly code: GuardReason;
      readonly text: string;
      readonly has: number | null;
      readonly needs: number | null;
    }[];
  };
}

const texts: Readonly<Record<GuardReason, string>> = {
  'not-wanted': 'its descriptor does not ask for Guard',
  'not-in-tor': 'Tor’s consensus does not have it running, or its ContactInfo does not name this relay: ptg doctor',
  'not-running': 'the authority could not reach it lately',
  contested:
    'contests against it count (reporters that are not of one family): those upheld, or not answered in time; a late payment lifts each',
  'not-fast': 'its bandwidth (bytes a second) is neither in the top seven eighths nor enough for Fast',
  'not-stable': 'its mean time between failures (seconds) is neither at the median nor enough for Stable',
  'not-familiar': 'it has been known (seconds) for too short a time',
  uptime: 'its weighted uptime (millionths) is neither at the median of familiar relays nor enough for Guard',
  bandwidth: 'its bandwidth (bytes a second) is neither in the top quarter nor enough for Guard',
};

export function explain(one: Judged): Explained {
  const { descriptor, digest, firstSeen, uptime } = one.relay;
  const missing = one.guard.filter((condition) => !condition.met);
  return {
    id: descriptor.body.id,
    nickname: descriptor.body.nickname,
    descriptor: digest,
    flags: one.flags,
    isExit: descriptor.body.isExit,
    bandwidth: one.bandwidth,
    firstSeen,
    reachedAt: uptime.reachedAt,
    expires: descriptor.body.expires,
    mtbfSec: one.mtbfSec,
    uptimeMillionths: one.uptimeMillionths,
    guard: {
      has: missing.length === 0,
      missing: missing.map(({ code, has, needs }) => ({ code, text: texts[code], has, needs })),
    },
  };
}
