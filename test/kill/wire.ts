/*
 * What the test says to the process under test, and what that answers: asked by process.ts, answered by child.ts. Times and chance
 * come from the asker, so that all nodes of a network live under one driven clock.
 */
import type { CircuitReading, ClientTransport, GuardTransport, SessionReading } from '../../tor/meter.ts';

export type SessionAsk = Parameters<Parameters<GuardTransport['onOpen']>[0]>[0];
export type AllowAsk = Parameters<Parameters<GuardTransport['onAllow']>[0]>[0];
export type ClientReading = Parameters<Parameters<ClientTransport['onReading']>[0]>[0];
export type SessionEnd = Parameters<Parameters<ClientTransport['onEnded']>[0]>[0];

/** By name: what is said, and what is answered. */
export interface Asks {
  start: [{ readonly home: string; readonly now: number; readonly seed: string }, null];
  /** Counts from here on, and dies at the point of that number; null lets it live. `note` is the file that says where it died. */
  arm: [{ readonly at: number | null; readonly note: string }, null];
  /** Counts no more; answers how many points there were. */
  disarm: [null, number];
  /** Sets the clock and wakes nobody: first every clock goes on, then everybody wakes. */
  time: [number, null];
  wake: [null, null];
  /** Answers once nothing runs. */
  quiet: [null, Quiet];
  reading: [CircuitReading, null];
  sessionReading: [SessionReading, null];
  sessionClosed: [string, null];
  sessionOpen: [SessionAsk, boolean];
  allow: [AllowAsk, bigint];
  clientReading: [ClientReading, null];
  sessionEnded: [SessionEnd, null];
  stop: [null, null];
}

export interface Quiet {
  /** The next second at which something is due. */
  readonly nextDue: number | null;
  /** Points since its start, counted or not: whether something happened since the last time. */
  readonly happened: number;
}

export interface Asked {
  readonly id: number;
  readonly what: keyof Asks;
  readonly value: unknown;
}

/** The answer to what was asked; or, unasked, that the guard ends a session. */
export type Told =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly failed: string }
  | { readonly ends: { readonly connection: string; readonly reason: string } };
