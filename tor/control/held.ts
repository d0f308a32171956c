/*
 * A control port to ask now and then: a place and its secrets in; a way to ask that refuses while tor is away, out. For whoever wants
 * answers and no events. Called by authority/directory-tor.ts.
 */
import type { Place } from '../../host/dial.ts';
import { refuser, type Result } from '../../core/refusal.ts';
import type { Secrets } from './authenticate.ts';
import { openControl, type ControlPorts, type ControlState } from './client.ts';
import type { Reply } from './reply.ts';
import { sessionRefusals, type Session } from './session.ts';

export interface HeldControl {
  ask(command: string): Promise<Result<Reply>>;
  state(): ControlState;
  close(): Promise<void>;
}

const refuse = refuser(sessionRefusals);

export function holdControl(ports: ControlPorts, place: Place, secrets: Secrets): HeldControl {
  let session: Session | null = null;
  const client = openControl(ports, place, secrets, {
    up: (own) => (session = own),
    event: () => undefined,
    away: () => (session = null),
  });
  return {
    async ask(command) {
      return session === null ? refuse('control-closed', client.state().reason ?? 'not reached yet') : session.ask(command);
    },
    state: client.state,
    close: client.close,
  };
}
