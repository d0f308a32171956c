/*
 * The control port of a tor that comes and goes: dialled again with a growing delay, authenticated, and whoever listens is told when
 * it is there and how long it was away. Called by reading/watch.ts.
 *
 *   dialling ─→ authenticating ─→ up ─→ away (1, 2, 4 … 60 s) ─→ dialling
 */
import type { Refusal } from '../../core/refusal.ts';
import type { Dial, Place } from '../../host/dial.ts';
import type { Clock, Entropy, Log } from '../../host/ports.ts';
import { authenticate, type Secrets } from './authenticate.ts';
import type { Reply } from './reply.ts';
import { openSession, type Session } from './session.ts';

export interface ControlPorts {
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly log: Log;
  readonly dial: Dial;
}

export interface ControlEars {
  /** Authenticated, and nothing asked yet. */
  up(session: Session): void;
  event(event: Reply): void;
  /** What was up is gone. */
  away(): void;
}

export interface ControlState {
  readonly up: boolean;
  /** Of what is: up, or away. */
  readonly since: number;
  /** Why it is away. */
  readonly reason: string | null;
}

export interface ControlClient {
  state(): ControlState;
  /** Somebody knows that tor is there: it is dialled now, and not after the delay. */
  hurry(): void;
  close(): Promise<void>;
}

export const DELAY_SEC_MAX = 60;

export function openControl(ports: ControlPorts, place: Place, secrets: Secrets, ears: ControlEars): ControlClient {
  const { clock, entropy, log, dial } = ports;
  let state: ControlState = { up: false, since: clock.now(), reason: null };
  let session: Session | null = null;
  /** The reason that was logged last. */
  let told: string | null = null;
  let delay = 1;
  let dueAt = clock.now();
  let isStopped = false;
  let whenClosed: () => void = () => undefined;

  function begin(): void {
    const own: Session = openSession(dial, place, clock, {
      open: () => void enter(own),
      event: (event) => ears.event(event),
      closed: (reason) => leave(reason),
    });
    session = own;
  }

  async function enter(own: Session): Promise<void> {
    const known = await authenticate(own, secrets, entropy);
    if (session !== own) return;
    if (!known.ok) {
      state = { ...state, reason: reasonOf(known.refusal) };
      return own.end();
    }
    log.info('tor-up', { count: clock.now() - state.since });
    state = { up: true, since: clock.now(), reason: null };
    told = null;
    delay = 1;
    ears.up(own);
  }

  function leave(reason: string): void {
    session = null;
    const now = clock.now();
    const wasUp = state.up;
    // Of an attempt that failed the reason that authentication gave says more.
    const why = !wasUp && reason === 'ended here' ? state.reason : reason;
    if (!isStopped && (wasUp || why !== told)) log.warn('tor-away', { error: why ?? reason });
    told = why;
    state = { up: false, since: wasUp ? now : state.since, reason: why };
    dueAt = now + delay;
    delay = Math.min(delay * 2, DELAY_SEC_MAX);
    if (wasUp && !isStopped) ears.away();
    whenClosed();
  }

  // A clock that was set back must not keep it waiting.
  const unhook = clock.onWake(() => {
    const now = clock.now();
    if (session === null && (now >= dueAt || dueAt - now > DELAY_SEC_MAX)) begin();
  });
  begin();

  return {
    state: () => state,
    hurry() {
      if (session === null && !isStopped) begin();
    },
    async close() {
      isStopped = true;
      unhook();
      if (session === null) return;
      const closed = new Promise<void>((resolve) => (whenClosed = resolve));
      session.end();
      await closed;
    },
  };
}

function reasonOf({ code, about }: Refusal): string {
  return about === '' ? code : `${code}: ${about}`;
}
