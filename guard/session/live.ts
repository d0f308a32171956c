/*
 * Everything that the guard keeps in memory alone: sessions, and per subscriber the usage that is not yet written down. Gone with
 * the process; the floor is then what was stored. Called by session/flow.ts and tally/flow.ts.
 */
import { invariant } from '../../core/refusal.ts';
import { addTraffic, noTraffic, type Traffic } from '../../core/rule/price.ts';
import { addUsage, noUsage, reservedTraffic, usageIn, type Session, type Usage } from './decide.ts';

/** One subscriber with sessions. */
export interface Purse {
  readonly subscriber: string;
  readonly rail: string;
  /** Usage by interval that no session's counts hold: from the store, or of sessions that were dropped. */
  readonly base: Map<number, Usage>;
  /** What both have signed of an interval: never charged less, though circuits turned free since. */
  readonly signed: Map<number, Usage>;
  /** Bytes beside circuits that came when nothing was left to pay them: nobody owes them. */
  readonly forgiven: Map<number, bigint>;
  /** By reference. */
  readonly sessions: Map<string, Session>;
  /** Balance was used up when usage was last written down. */
  usedUp: boolean;
  /** As the books said in that second; null when something was written since. */
  funds: Funds | null;
}

export interface Funds {
  readonly at: number;
  /** On the purse's intervals. */
  readonly spendable: bigint;
  readonly newestDeposit: bigint;
}

export interface Live {
  purse(subscriber: string): Purse | null;
  purses(): readonly Purse[];
  open(purse: Purse): void;
  drop(subscriber: string): void;
  /** The session of a connection that has not ended. */
  onConnection(connection: string): Session | null;
  byRef(ref: string): Session | null;
  save(session: Session): void;
  /** An ended session's counts become part of the purse's base. */
  retire(session: Session): void;
}

export function createLive(): Live {
  const purses = new Map<string, Purse>();
  const owners = new Map<string, string>();
  const connections = new Map<string, string>();

  const byRef = (ref: string): Session | null => purses.get(owners.get(ref) ?? '')?.sessions.get(ref) ?? null;
  return {
    purse: (subscriber) => purses.get(subscriber) ?? null,
    purses: () => [...purses.values()],
    open: (purse) => void purses.set(purse.subscriber, purse),
    drop(subscriber) {
      for (const ref of purses.get(subscriber)?.sessions.keys() ?? []) owners.delete(ref);
      purses.delete(subscriber);
    },
    onConnection: (connection) => byRef(connections.get(connection) ?? ''),
    byRef,
    save(session) {
      const purse = purses.get(session.subscriber);
      invariant(purse !== undefined, 'a session has a purse');
      purse.sessions.set(session.ref, session);
      owners.set(session.ref, session.subscriber);
      if (session.state !== 'ended') connections.set(session.connection, session.ref);
      else if (connections.get(session.connection) === session.ref) connections.delete(session.connection);
    },
    retire(session) {
      const purse = purses.get(session.subscriber);
      invariant(purse !== undefined && session.state === 'ended', 'an ended session of a purse');
      for (const interval of session.counts.keys()) {
        purse.base.set(interval, addUsage(purse.base.get(interval) ?? noUsage, usageIn(session, interval)));
      }
      purse.sessions.delete(session.ref);
      owners.delete(session.ref);
    },
  };
}

/** The intervals that have something in memory, in order. */
export function intervalsOf(purse: Purse): number[] {
  const all = new Set(purse.base.keys());
  for (const session of purse.sessions.values()) for (const interval of session.counts.keys()) all.add(interval);
  return [...all].sort((a, b) => a - b);
}

/** The whole usage of an interval, what is stored included; without regard to what both have signed. */
export function usageOf(purse: Purse, interval: number): Usage {
  let usage = purse.base.get(interval) ?? noUsage;
  for (const session of purse.sessions.values()) usage = addUsage(usage, usageIn(session, interval));
  const forgiven = purse.forgiven.get(interval) ?? 0n;
  return { ...usage, otherBytes: usage.otherBytes - forgiven, relayBytes: usage.relayBytes - forgiven };
}

/** Set aside for circuits of all sessions. */
export function reservedOf(purse: Purse): Traffic {
  return [...purse.sessions.values()].reduce((sum, session) => addTraffic(sum, reservedTraffic(session)), noTraffic);
}

/** An interval whose books are closed and whose usage is written down is left to the store. */
export function forget(purse: Purse, interval: number): void {
  purse.base.delete(interval);
  purse.forgiven.delete(interval);
  purse.signed.delete(interval);
  for (const session of purse.sessions.values()) {
    if (!session.counts.has(interval)) continue;
    const counts = new Map(session.counts);
    counts.delete(interval);
    purse.sessions.set(session.ref, { ...session, counts });
  }
}
