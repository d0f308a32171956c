/*
 * What the guard tells its relay of sessions: that one has begun, that one has ended (again until it was heard), and on ticks
 * whether it still knows one. Called by session/flow.ts. Nothing here is stored or logged.
 */
import { done, type SessionOpen } from '../../core/local/messages.ts';
import type { Ports } from '../../host/ports.ts';

export interface RelayCalls {
  /** False when the relay did not take it. */
  begin(session: SessionOpen): Promise<boolean>;
  end(ref: string): Promise<void>;
  /** True when the relay has begun anew and does not know the session any more; no answer says nothing. */
  hasLost(ref: string): Promise<boolean>;
  /** Ends that the relay has not been told. */
  untold(): readonly string[];
}

export function createRelayCalls({ http, log }: Pick<Ports, 'http' | 'log'>): RelayCalls {
  const untold = new Set<string>();
  return {
    async begin(session) {
      const told = await http.local('relay', '/relay/session-open', session, done);
      if (!told.ok) log.warn('session-not-opened', { role: 'guard', code: told.refusal.code });
      return told.ok;
    },
    async end(ref) {
      untold.add(ref);
      const told = await http.local('relay', '/relay/session-close', { session: ref }, done);
      if (told.ok || !told.refusal.retry) untold.delete(ref);
    },
    async hasLost(ref) {
      const told = await http.local('relay', '/relay/session-known', { session: ref }, done);
      return !told.ok && told.refusal.code === 'session-unknown';
    },
    untold: () => [...untold],
  };
}
