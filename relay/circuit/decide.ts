/*
 * What becomes of one circuit: a reading, a certification, a session's beginning or end in; the circuit as it stands then, and
 * what of it is owed to the next hop, out. Pure; rules 2, 4 and 7. Called by circuit/table.ts alone. Lives in memory only.
 */
import { chargedBytes, hopsLeftAfterGuard, onwardBytes } from '../../core/rule/chain.ts';
import type { CertifiedCircuit } from '../../core/wire/iou.ts';
import type { CircuitReading } from '../../tor/meter.ts';

/** Who pays for a circuit, and what its next hop is told. */
export interface Route {
  readonly by: 'session' | 'issuer';
  /** Hops after the next one; negative when nothing is owed onward. */
  readonly hopsLeft: number;
  readonly leavesTor: boolean;
}

/** Amounts by interval: everything of an interval is reckoned in it alone. */
type ByInterval<T> = ReadonlyMap<number, T>;

export interface Certified {
  readonly counted: bigint;
  readonly bytes: bigint;
}

export interface Expected {
  /** Carried when the previous hop last delivered, when it did in the tick before that, and in the tick before that. */
  readonly seen: bigint;
  readonly earlier: bigint;
  readonly due: bigint;
  /** Not null: the previous hop said that no more comes, and this is all it had to certify. */
  readonly last: bigint | null;
}

export interface Circuit {
  readonly previous: CircuitReading['previous'];
  readonly next: CircuitReading['next'];
  /** The last reading; null while only certified: a delivery may come before the own meter shows the circuit. */
  readonly read: bigint | null;
  /** Null for a free circuit. */
  readonly route: Route | null;
  /** The subscriber's session that pays, at the guard. */
  readonly session: string | null;
  /** What this hop carried of it while it was paid. */
  readonly carried: ByInterval<{ readonly bytes: bigint; readonly began: boolean }>;
  /** What the previous hop certified: by its own count, and as the sum of what grew here. */
  readonly certified: ByInterval<Certified>;
  /** What was signed for the next hop, and what that has acknowledged. */
  readonly signed: ByInterval<bigint>;
  readonly acknowledged: ByInterval<bigint>;
  /** What of `carried` the previous hop must have certified by now (circuit/compare.ts). */
  readonly expected: ByInterval<Expected>;
  /** The interval of its last reading. */
  readonly meterClosedIn: number | null;
  /** The interval in which its session ended or its issuer said that it closed. */
  readonly payClosedIn: number | null;
  /** Beyond the credit: free for good for all later hops. */
  readonly free: boolean;
  /** Whether the next hop knows of it, and that it closed. */
  readonly told: boolean;
  readonly closedTold: boolean;
  /** The last interval in which anything happened. */
  readonly touched: number;
}

/** A session as far as its circuits are concerned. */
export interface PayingSession {
  readonly session: string;
  readonly hops: number;
  readonly leavesTor: boolean;
}

/** One circuit's part in the next delivery to its next hop. */
export interface Draft {
  readonly key: string;
  readonly circuit: number;
  readonly hopsLeft: number;
  readonly leavesTor: boolean;
  readonly from: bigint;
  readonly owed: bigint;
  readonly closed: boolean;
}

export function newCircuit(previous: Circuit['previous'], interval: number): Circuit {
  const empty = { carried: new Map(), certified: new Map(), signed: new Map(), acknowledged: new Map(), expected: new Map() };
  const open = { meterClosedIn: null, payClosedIn: null, free: false, told: false, closedTold: false };
  return { previous, next: null, read: null, route: null, session: null, ...empty, ...open, touched: interval };
}

/** Whether a reading cannot be of this circuit: it had closed, or its bytes fell. The id is used again. */
export function isAnother(circuit: Circuit, reading: CircuitReading): boolean {
  return circuit.meterClosedIn !== null || (circuit.read !== null && reading.bytes < circuit.read);
}

export function withReading(circuit: Circuit, reading: CircuitReading, interval: number): Circuit {
  const began = circuit.read === null;
  const before = circuit.carried.get(interval);
  const grown = reading.bytes > (circuit.read ?? 0n) ? reading.bytes - (circuit.read ?? 0n) : 0n;
  // After a session's end the circuit goes on unpaid.
  const counts = circuit.session === null || circuit.payClosedIn === null;
  const carried = counts
    ? put(circuit.carried, interval, { bytes: (before?.bytes ?? 0n) + grown, began: before?.began ?? began })
    : circuit.carried;
  return {
    ...circuit,
    // A circuit is extended once; an end that moved would take debt from one link to another.
    next: circuit.next ?? reading.next,
    read: began || grown > 0n ? reading.bytes : circuit.read,
    carried,
    meterClosedIn: circuit.meterClosedIn ?? (reading.closed ? interval : null),
    touched: Math.max(circuit.touched, interval),
  };
}

/** From now on a session pays; what the circuit carried before stays free, and then its start is over too. */
export function paidBySession(circuit: Circuit, paying: PayingSession, interval: number): Circuit {
  const route = { by: 'session', hopsLeft: hopsLeftAfterGuard(paying.hops), leavesTor: paying.leavesTor } as const;
  const carried = circuit.read === null ? circuit.carried : new Map([[interval, { bytes: 0n, began: circuit.read === 0n }]]);
  return { ...circuit, session: paying.session, route, carried };
}

export function withSessionEnd(circuit: Circuit, interval: number): Circuit {
  return { ...circuit, payClosedIn: circuit.payClosedIn ?? interval, touched: Math.max(circuit.touched, interval) };
}

/** What the previous hop certified of it in an interval: checked before, and saved. */
export function withCertification(circuit: Circuit, entry: CertifiedCircuit, interval: number): Circuit {
  const before = circuit.certified.get(interval);
  const bytes = (before?.bytes ?? 0n) + entry.bytes - entry.from;
  return {
    ...circuit,
    route: { by: 'issuer', hopsLeft: entry.hopsLeft - 1, leavesTor: entry.leavesTor },
    certified: put(circuit.certified, interval, { counted: entry.bytes, bytes }),
    payClosedIn: circuit.payClosedIn ?? (entry.closed ? interval : null),
    touched: Math.max(circuit.touched, interval),
  };
}

/** Signed for the next hop: owed from here on. */
export function withSignature(circuit: Circuit, interval: number, bytes: bigint): Circuit {
  return { ...circuit, signed: put(circuit.signed, interval, bytes) };
}

export function withAcknowledgement(circuit: Circuit, interval: number, bytes: bigint, closed: boolean): Circuit {
  return {
    ...circuit,
    acknowledged: put(circuit.acknowledged, interval, bytes),
    told: true,
    closedTold: circuit.closedTold || closed,
  };
}

/** What the next hop is owed of it in an interval. Never falls. */
export function owedOnward(circuit: Circuit, interval: number, startingBytes: bigint): bigint {
  const { bytes, began } = circuit.carried.get(interval) ?? { bytes: 0n, began: false };
  if (circuit.route === null || circuit.route.hopsLeft < 0 || circuit.next === null) return 0n;
  if (circuit.route.by === 'session') return chargedBytes(bytes, startingBytes, began);
  return onwardBytes(bytes, circuit.certified.get(interval)?.bytes ?? 0n, startingBytes, began);
}

/** What its subscriber is charged above its bytes in an interval; below zero where it turned free (rule 6). */
export function shortfallOf(circuit: Circuit, interval: number, startingBytes: bigint): bigint {
  const carried = circuit.carried.get(interval);
  if (circuit.session === null || carried === undefined) return 0n;
  // It leads to no relay of the network yet: to its guard it is the rest of what the connection carries.
  if (circuit.next === null && circuit.route !== null && circuit.route.hopsLeft >= 0) return 0n;
  const charged = chargedBytes(carried.bytes, startingBytes, carried.began);
  return (circuit.free ? (circuit.signed.get(interval) ?? 0n) : charged) - carried.bytes;
}

/** Null when the next hop need not be told anything of it in this interval. */
export function draftOf(circuit: Circuit, key: string, interval: number, startingBytes: bigint): Draft | null {
  const { next, route } = circuit;
  if (next === null || route === null || route.hopsLeft < 0 || circuit.free) return null;
  const from = circuit.acknowledged.get(interval) ?? 0n;
  const owed = owedOnward(circuit, interval, startingBytes);
  const ended = endedIn(circuit);
  const lastWord = ended === interval && circuit.told && !circuit.closedTold;
  if (owed <= from && !lastWord) return null;
  const { hopsLeft, leavesTor } = route;
  return { key, circuit: next.circuit, hopsLeft, leavesTor, from, owed, closed: ended !== null && ended <= interval };
}

/** The interval from which on it owes no more: for the guard the first of both ends, for a later hop the last. */
export function endedIn(circuit: Circuit): number | null {
  const { meterClosedIn, payClosedIn } = circuit;
  if (circuit.route?.by === 'session') return meterClosedIn ?? payClosedIn;
  if (payClosedIn === null) return null;
  if (meterClosedIn !== null) return Math.max(meterClosedIn, payClosedIn);
  // It goes on unpaid: once all that was certified is carried, no more can be owed.
  const carried = circuit.carried.get(payClosedIn)?.bytes ?? 0n;
  return carried < (circuit.certified.get(payClosedIn)?.bytes ?? 0n) ? null : payClosedIn;
}

/** Whether nothing more is to be done for it. `open`: the intervals whose books are open, with their starting amounts. */
export function isDone(
  circuit: Circuit,
  open: readonly { readonly interval: number; readonly startingBytes: bigint }[],
): boolean {
  const { route, previous } = circuit;
  const oldest = open.reduce((least, one) => Math.min(least, one.interval), Infinity);
  const stale = circuit.touched < oldest && (circuit.meterClosedIn !== null || circuit.read === null);
  if (stale) return true;
  if (circuit.meterClosedIn === null) return false;
  // A free circuit of a relay may still be certified, until the books close; of a client connection it is over.
  if (route === null) return previous.relay === null;
  const ended = circuit.free
    ? (circuit.payClosedIn ?? (route.by === 'session' ? circuit.meterClosedIn : null))
    : endedIn(circuit);
  if (ended === null) return false;
  // Deliveries of an interval in grace may still come after those of the next one said that it closed.
  if (route.by === 'issuer' && ended > oldest && circuit.carried.has(oldest)) return false;
  return open.every(({ interval, startingBytes }) => draftOf(circuit, '', interval, startingBytes) === null);
}

/** Without what belongs to intervals before `oldest`. */
export function trimmed(circuit: Circuit, oldest: number): Circuit {
  if (!intervalsOf(circuit).some((interval) => interval < oldest)) return circuit;
  const { carried, certified, signed, acknowledged, expected } = circuit;
  return {
    ...circuit,
    carried: since(carried, oldest),
    certified: since(certified, oldest),
    signed: since(signed, oldest),
    acknowledged: since(acknowledged, oldest),
    expected: since(expected, oldest),
  };
}

/** Those in which it carried something or was certified or signed for. */
export function intervalsOf({ carried, certified, signed, acknowledged }: Circuit): number[] {
  const all = [carried, certified, signed, acknowledged].flatMap((map: ByInterval<unknown>) => [...map.keys()]);
  return [...new Set(all)];
}

function since<T>(map: ByInterval<T>, oldest: number): ByInterval<T> {
  return new Map([...map].filter(([interval]) => interval >= oldest));
}

function put<T>(map: ByInterval<T>, interval: number, value: T): ByInterval<T> {
  return new Map(map).set(interval, value);
}
