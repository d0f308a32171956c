/*
 * What Tor's word means for relays of ours (rule 12, spec 22): the state of the log, what the tor beside us says and a time in;
 * what is to be written down, whom Tor itself is to give no Guard flag, and who is of one family, out. Pure. Called by tor/flow.ts, by
 * descriptor and by standing.
 */
import { recordAllowsGuard } from '../../core/rule/flag.ts';
import { encode } from '../../core/wire/codec.ts';
import type { Parameters } from '../../core/wire/parameters.ts';
import type { TorSeen } from '../../tor/authority/directory-tor.ts';
import type { ServerDescriptor } from '../../tor/authority/server-descriptor.ts';
import type { TorFacts } from '../log/entry.ts';
import { reportersOf } from '../standing/record.ts';
import { isCurrent, type DirectoryState, type KnownRelay } from '../state/decide.ts';

/** Whose Tor descriptor is asked for before a consensus: id and fingerprint. */
export function toLookAt(state: DirectoryState, now: number): { readonly id: string; readonly fingerprint: string }[] {
  return [...state.relays.values()].flatMap((relay) => {
    const { id, fingerprint } = relay.descriptor.body;
    return fingerprint === null || !isCurrent(relay, now) ? [] : [{ id, fingerprint }];
  });
}

/** `said` is null where tor has no descriptor of it any more: what it last said of itself stands. */
export function factsOf(relay: KnownRelay, seen: TorSeen, said: ServerDescriptor | null): TorFacts | null {
  const { id, fingerprint } = relay.descriptor.body;
  if (fingerprint === null) return null;
  const listed = seen.relay(fingerprint);
  const has = (flag: string): boolean => listed?.flags.has(flag) ?? false;
  // Not one that the authorities found broken: nobody leaves Tor by it.
  const isExit = has('Exit') && !has('BadExit');
  const isRunning = has('Running') && has('Valid');
  const flags = flagNames.filter((flag) => (flag === 'Exit' ? isExit : flag === 'Running' ? isRunning : has(flag)));
  const own =
    said === null
      ? { names: relay.tor?.names ?? false, family: relay.tor?.family ?? [], payouts: relay.tor?.payouts ?? [] }
      : { names: said.paymentKey === id, family: [...said.family], payouts: [...said.payouts] };
  return { id, fingerprint, ...own, flags, bandwidth: (listed?.bandwidth ?? 0) * 1000 };
}

const flagNames = ['Exit', 'Fast', 'Guard', 'MiddleOnly', 'Running', 'Stable'] as const;

/** Of those facts, what the log does not say already. */
export function newsOf(state: DirectoryState, facts: readonly TorFacts[]): TorFacts[] {
  return facts.filter((one) => {
    const relay = state.relays.get(one.id);
    const isOf = relay?.descriptor.body.fingerprint === one.fingerprint;
    return isOf && (relay.tor === null || encode(relay.tor) !== encode(one));
  });
}

/**
 * Fingerprints in upper-case hex, in order. Only of relays whose own Tor descriptor has named them; the expired too, as long as they are
 * known: who stops publishing, or takes its key out of ContactInfo, is not cleared by that. An exit that is no guard is left out:
 * MiddleOnly would take the Exit flag from everybody who uses it, and it has no Guard flag to lose.
 */
export function middleOnlyOf(state: DirectoryState, parameters: Parameters, now: number): string[] {
  const denied: string[] = [];
  for (const [id, reporters] of reportersOf(state, now)) {
    const relay = state.relays.get(id);
    const has = (flag: TorFacts['flags'][number]): boolean => relay?.tor?.flags.includes(flag) ?? false;
    if (relay === undefined || relay.boundTo === null || (has('Exit') && !has('Guard'))) continue;
    const hadGuard = state.guards.has(id) || has('Guard');
    if (recordAllowsGuard(hadGuard, reporters, parameters.reportersToUnflag)) continue;
    denied.push(relay.boundTo.toUpperCase());
  }
  return denied.sort();
}
