/*
 * A session's counts: cumulative readings of its connection, the relay's shortfall totals and grants in; what it has used in each
 * interval and what is set aside for it, out. Pure; called by session/live.ts and session/flow.ts.
 */
import { addTraffic, circuitUsage, noTraffic, type Traffic } from '../../core/rule/price.ts';
import { most } from '../../core/whole.ts';

/** What one subscriber used, by kind and by price. */
export interface Usage extends Traffic {
  readonly circuitBytes: bigint;
  readonly otherBytes: bigint;
}

/** Of one interval. The relay tells a shortfall after a tick, and only when it is another than before. */
interface Count {
  /** Circuit bytes as the transport read them. */
  readonly carried: bigint;
  /** What circuits cost with their starting amounts (rule 4) and without those that turned free (rule 6); just that after a tick. */
  readonly charged: bigint;
  readonly other: bigint;
  /** What the relay told last: below zero where more turned free than starting amounts add. */
  readonly shortfall: bigint;
  /** `carried` at the last tick, until the relay had its time to tell. */
  readonly marked: bigint | null;
}

export interface Session {
  /** Random; what relay and guard call it. */
  readonly ref: string;
  readonly connection: string;
  readonly subscriber: string;
  readonly hops: number;
  readonly leavesTor: boolean;
  /** The connection's last reading. */
  readonly seen: Reading;
  readonly counts: ReadonlyMap<number, Count>;
  /** Circuit bytes allowed, or paid by a starting amount, that no count shows yet. */
  readonly reserved: bigint;
  /** What was allowed in this tick and in the one before. */
  readonly grants: readonly [bigint, bigint];
  /** The relay has told a shortfall since the last tick that let something go. */
  readonly told: boolean;
  readonly state: 'open' | 'ending' | 'ended';
  /** The second at which `state` became what it is. */
  readonly since: number;
}

export interface Reading {
  readonly circuitBytes: bigint;
  readonly otherBytes: bigint;
}

const nothing: Count = { carried: 0n, charged: 0n, other: 0n, shortfall: 0n, marked: null };
export const noUsage: Usage = { circuitBytes: 0n, otherBytes: 0n, ...noTraffic };

/** Readings are cumulative: what is new since the last one belongs to `interval`. One that fell is out of order. */
export function takeReading(session: Session, reading: Reading, interval: number): Session {
  const circuit = growth(session.seen.circuitBytes, reading.circuitBytes);
  const other = growth(session.seen.otherBytes, reading.otherBytes);
  const before = session.counts.get(interval) ?? nothing;
  const carried = before.carried + circuit;
  // Not before the relay says so are bytes above those that a starting amount paid for told from those below, or free ones from
  // others.
  const least = before.shortfall < 0n ? carried + before.shortfall : carried;
  const charged = most(least, before.charged);
  const seen = { circuitBytes: session.seen.circuitBytes + circuit, otherBytes: session.seen.otherBytes + other };
  return counted({ ...session, seen }, interval, { ...before, carried, charged, other: before.other + other });
}

/** The relay's total for an interval: charged are the bytes and the shortfall, as they stand now. */
export function takeShortfall(session: Session, interval: number, bytes: bigint): Session {
  const before = session.counts.get(interval) ?? nothing;
  const charged = most(before.carried + bytes, 0n);
  const count = { ...before, charged, shortfall: bytes, marked: null };
  return counted({ ...session, told: true }, interval, count);
}

function counted(session: Session, interval: number, count: Count): Session {
  const grown = growth(session.counts.get(interval)?.charged ?? 0n, count.charged);
  const counts = new Map(session.counts).set(interval, count);
  return { ...session, counts, reserved: growth(grown, session.reserved) };
}

export function reserve(session: Session, bytes: bigint): Session {
  const [now, before] = session.grants;
  return { ...session, reserved: session.reserved + bytes, grants: [now + bytes, before] };
}

/**
 * A tick has gone by. What a grant set aside and nothing used within a whole tick is let go: small chunks that a starting amount
 * had paid already are set aside twice, since an ask does not name its circuit. Not before the relay has told of starting
 * amounts.
 */
export function takeTick(session: Session, startingBytes: bigint): Session {
  const marked = mark(session);
  if (startingBytes > 0n && !session.told) return marked;
  const [now, before] = session.grants;
  const granted = now + before;
  return { ...marked, reserved: session.reserved < granted ? session.reserved : granted, grants: [0n, now], told: false };
}

function mark(session: Session): Session {
  const counts = new Map<number, Count>();
  for (const [interval, count] of session.counts) {
    const isOpen = count.carried + count.shortfall > count.charged;
    counts.set(interval, { ...count, marked: isOpen ? count.carried : null });
  }
  return { ...session, counts };
}

/** Since the tick the relay has told nothing: its total still holds, over the bytes of then. */
export function settleTick(session: Session): Session {
  let settled = session;
  for (const [interval, count] of session.counts) {
    if (count.marked === null) continue;
    const charged = most(count.marked + count.shortfall, count.charged);
    settled = counted(settled, interval, { ...count, charged, marked: null });
  }
  return settled;
}

export function isSettled(session: Session): boolean {
  return [...session.counts.values()].every((count) => count.marked === null);
}

export function usageIn(session: Session, interval: number): Usage {
  const { charged, other } = session.counts.get(interval) ?? nothing;
  const traffic = circuitUsage(charged, session.hops, session.leavesTor);
  return { circuitBytes: charged, otherBytes: other, ...traffic, relayBytes: traffic.relayBytes + other };
}

export function reservedTraffic(session: Session): Traffic {
  return circuitUsage(session.reserved, session.hops, session.leavesTor);
}

export function addUsage(a: Usage, b: Usage): Usage {
  return { ...addTraffic(a, b), circuitBytes: a.circuitBytes + b.circuitBytes, otherBytes: a.otherBytes + b.otherBytes };
}

/** In each count the higher of the two. */
export function highestUsage(a: Usage, b: Usage): Usage {
  return {
    circuitBytes: most(a.circuitBytes, b.circuitBytes),
    otherBytes: most(a.otherBytes, b.otherBytes),
    relayBytes: most(a.relayBytes, b.relayBytes),
    exitBytes: most(a.exitBytes, b.exitBytes),
  };
}

export interface Grant {
  readonly bytes: bigint;
  /** Set aside, at least the starting amount of a circuit that begins. */
  readonly reserve: bigint;
  /** The session ends: there is nothing left to pay it with. */
  readonly ends: boolean;
}

/** Rule 4: a circuit begins only where its starting amount can be paid; a running one gets what is left. */
export function grantOf(
  ask: { readonly wanted: bigint; readonly begun: boolean },
  affordable: bigint | 'unlimited',
  startingBytes: bigint,
): Grant {
  if (affordable === 'unlimited') return { bytes: ask.wanted, reserve: 0n, ends: false };
  const bytes = ask.wanted < affordable ? ask.wanted : affordable;
  if (ask.begun) return { bytes, reserve: bytes, ends: bytes < ask.wanted && bytes === 0n };
  if (!canBegin(affordable, startingBytes)) return { bytes: 0n, reserve: 0n, ends: true };
  return { bytes, reserve: bytes < startingBytes ? startingBytes : bytes, ends: false };
}

export function canBegin(affordable: bigint | 'unlimited', startingBytes: bigint): boolean {
  return affordable === 'unlimited' || (affordable > 0n && affordable >= startingBytes);
}

function growth(from: bigint, to: bigint): bigint {
  return to > from ? to - from : 0n;
}
