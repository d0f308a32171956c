/*
 * Whom Tor itself is to give no Guard flag (rule 12): the state of the log and a time in; fingerprints out. Pure. Called by
 * tor/flow.ts after each consensus.
 */
import { recordAllowsGuard } from '../../core/rule/flag.ts';
import type { Parameters } from '../../core/wire/parameters.ts';
import { reportersOf } from '../standing/record.ts';
import type { DirectoryState, KnownRelay } from '../state/decide.ts';

/**
 * Upper-case hex, in order. The expired too, as long as they are known: who stops publishing is not cleared by that. An exit that is no
 * guard is left out: MiddleOnly would take the Exit flag from everybody who uses it, and it has no Guard flag to lose.
 */
export function middleOnlyOf(state: DirectoryState, parameters: Parameters, now: number): string[] {
  const denied: string[] = [];
  for (const [id, reporters] of reportersOf(state, now)) {
    const relay = state.relays.get(id);
    const fingerprint = relay?.descriptor.body.fingerprint ?? null;
    if (relay === undefined || fingerprint === null || isExitAlone(relay)) continue;
    if (recordAllowsGuard(state.guards.has(id), reporters, parameters.reportersToUnflag)) continue;
    denied.push(fingerprint.toUpperCase());
  }
  return denied.sort();
}

function isExitAlone({ descriptor: { body } }: KnownRelay): boolean {
  return body.isExit && !body.wantsGuard;
}
