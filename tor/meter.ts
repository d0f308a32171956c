/*
 * What Tor's traffic looks like from outside it: cumulative readings of circuits at one hop, and the two ends of a transport
 * that carries a subscriber to its guard. The traffic source of the lab is the first inhabitant, Tor itself the next; the relay,
 * guard and client roles are given these and know no other source of traffic.
 */
import type { Signed } from '../core/crypto/sign.ts';
import type { Result } from '../core/refusal.ts';
import type { RequestAnswer, SubscriberRequest } from '../core/wire/guard.ts';

/** Of a cell on a link, with a circuit id of four bytes (tor-spec, link protocol 4). */
export const CELL_BYTES = 514n;

/** Cumulative reading of one circuit at one hop. */
export interface CircuitReading {
  /** The neighbour nearer the user: a relay's id, or null when the circuit comes from a client connection. */
  readonly previous: { readonly relay: string | null; readonly connection: string | null; readonly circuit: number };
  /** The neighbour nearer the destination, or null at the last hop. */
  readonly next: { readonly relay: string; readonly circuit: number } | null;
  /** Bytes of relay cells that this hop sent, both ways, since the circuit began. */
  readonly bytes: bigint;
  /** True on the circuit's last reading. */
  readonly closed: boolean;
}

/** Cumulative reading of one link: all cells between this relay and a neighbour, whoever's circuits they are of. */
export interface LinkReading {
  /** The neighbour's id, or null where it is outside the scheme. */
  readonly relay: string | null;
  /** Tor's own name for it. */
  readonly fingerprint: string;
  readonly sentCells: bigint;
  readonly sentBytes: bigint;
  readonly receivedCells: bigint;
  readonly receivedBytes: bigint;
}

/**
 * Where a relay's readings come from, and how much it sees: its own traffic source, Tor's circuits, or links alone. With links alone
 * nothing is billed (watch mode).
 */
export interface Meter {
  readonly kind: 'traffic' | 'circuits' | 'links';
  /** Calls `take` for every change, in order. Returns its own undoing. */
  onReading(take: (reading: CircuitReading) => void): () => void;
  /** Of a meter that sees links: calls `take` with all of them after each look. */
  onLinks?(take: (links: readonly LinkReading[]) => void): () => void;
  /** Of a meter beside a tor. */
  state?(): MeterState;
}

/** Whether tor can be heard, and what of its traffic nobody is billed for. */
export interface MeterState {
  readonly up: boolean;
  /** Of what is: up, or away. */
  readonly since: number;
  /** Why it is away. */
  readonly reason: string | null;
  /** What it lets be heard: links alone where it does not grant CELL_STATS, as outside testing networks. Null before the first look. */
  readonly hears: 'circuits' | 'links' | null;
  /** The last look at its channels that succeeded. */
  readonly lookedAt: number | null;
  readonly circuits: number;
  readonly strangers: readonly Stranger[];
}

/** A neighbour outside the scheme. */
export interface Stranger {
  readonly fingerprint: string;
  readonly circuits: number;
  readonly cells: bigint;
}

/** A subscriber's connection as its guard's transport sees it. `connection` is what CircuitReading.previous.connection names. */
export interface SessionReading {
  readonly connection: string;
  /** Cumulative bytes of circuits. */
  readonly circuitBytes: bigint;
  /** Cumulative bytes of the rest: directory, padding, TLS. */
  readonly otherBytes: bigint;
}

/** The guard's end of the transport. */
export interface GuardTransport {
  /**
   * A client asks for a session (already authenticated by the transport as `subscriber`, an ed25519 public key hex) and states
   * its circuits' hops.
   */
  onOpen(
    take: (session: { connection: string; subscriber: string; hops: number; leavesTor: boolean }) => Promise<boolean>,
  ): () => void;
  /** Calls `take` for every change of a session's counts. Returns its own undoing. */
  onReading(take: (reading: SessionReading) => void): () => void;
  /** Calls `take` when a connection is gone, whoever ended it. */
  onClose(take: (connection: string) => void): () => void;
  /**
   * Asked by the transport before it carries more: how many further circuit bytes may this circuit carry of those wanted? `begun`
   * false on a circuit's first ask.
   */
  onAllow(take: (ask: { connection: string; wanted: bigint; begun: boolean }) => Promise<bigint>): () => void;
  /** Requests that come over the transport: of the session's own subscriber alone. */
  onAsk?(take: (request: Signed<SubscriberRequest>) => Promise<Result<RequestAnswer>>): () => void;
  /** A word to the client of a session that goes on. */
  warn?(connection: string, warning: SessionWarning): void;
  /** The guard ends a session; `reason` is shown to the client. */
  end(connection: string, reason: string): void;
}

/**
 * low-balance: less than the guard's threshold is left. guard-flag: the guard has lost its Guard flag. closing: the session ends soon
 * unless the client does what `text` says.
 */
export interface SessionWarning {
  readonly code: 'low-balance' | 'guard-flag' | 'closing';
  readonly text: string;
}

export interface Untold {
  readonly guard: string;
  readonly hops: number;
  readonly leavesTor: boolean;
  readonly bytes: bigint;
}

/** The client's end. */
export interface ClientTransport {
  /** Cumulative count of the client's own circuits at one guard, per circuit, so that the starting amount can be reckoned. */
  onReading(
    take: (reading: {
      guard: string;
      circuit: number;
      hops: number;
      leavesTor: boolean;
      bytes: bigint;
      otherBytes: bigint;
    }) => void,
  ): () => void;
  /**
   * Bytes of sessions that are over and that no reading tells of, each answered once: a tor tells once a second what its circuits carried,
   * and not of the last second of those that close. Each may be a circuit's or the rest.
   */
  takeUntold?(): readonly Untold[];
  /** Whether a session at that guard is open. */
  isOpen?(guard: string): boolean;
  /** A request over an open session at that guard; null where there is none, or no answer came: it is then asked elsewhere. */
  ask?(guard: string, request: Signed<SubscriberRequest>): Promise<Result<RequestAnswer> | null>;
  /** Calls `take` when a guard warns. */
  onWarned?(take: (warned: SessionWarning & { guard: string }) => void): () => void;
  /** Calls `take` when a guard ends the client's session. */
  onEnded(take: (ended: { guard: string; reason: string }) => void): () => void;
}
