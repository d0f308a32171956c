/*
 * Rule 12: whether the settlement record lets a relay have Guard. Contests that count in, an answer out; the rest of the flag is
 * Tor's (directory/flags).
 */
import type { Reason } from '../wire/verdict.ts';
import type { CaseState } from './course.ts';

/** Upheld, or unanswered for `answerWindowSec`. */
export function counts(state: CaseState, filedAt: number, answerWindowSec: number, now: number): boolean {
  return state === 'upheld' || (state === 'open' && filedAt + answerWindowSec <= now);
}

/** Reporters, families as one: whoever is joined to another by mutual family, over others too, is of one family with it. */
export function countReporters(reporters: readonly string[], areFamily: (a: string, b: string) => boolean): number {
  const left = new Set(reporters);
  let families = 0;
  for (const first of left) {
    families += 1;
    const found = [first];
    left.delete(first);
    for (let one = found.pop(); one !== undefined; one = found.pop()) {
      for (const other of [...left]) {
        if (!areFamily(one, other)) continue;
        left.delete(other);
        found.push(other);
      }
    }
  }
  return families;
}

/** `hadGuard`: in the consensus before. It takes several reporters to lose the flag, and none to get it. */
export function recordAllowsGuard(hadGuard: boolean, reporters: number, reportersToUnflag: number): boolean {
  return hadGuard ? reporters < reportersToUnflag : reporters === 0;
}

/**
 * Whether a contest of its own tells against its reporter. Not where it ended by a settlement that leaves nothing to pay: a signature
 * has no time, so an accused that signed only afterwards could trap whoever contested in good faith.
 */
export function isRefuted(state: CaseState, reason: Reason | null): boolean {
  return state === 'dismissed' && reason !== 'carried';
}
