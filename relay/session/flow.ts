/*
 * A session's journey: opened by the guard, its circuits paid, asked after on the guard's ticks, closed by the guard. Called by
 * http.ts for local calls alone.
 */
import { ok, refuser, type Result } from '../../core/refusal.ts';
import { localRefusals, type Done, type SessionNamed, type SessionOpen } from '../../core/local/messages.ts';
import type { Clock, NetworkView } from '../../host/ports.ts';
import type { Circuits } from '../circuit/table.ts';
import { intervalNow } from '../period.ts';
import type { Sessions } from './table.ts';

export interface SessionFlow {
  open(asked: SessionOpen): Result<Done>;
  /** Refused where this process does not know it as open: it has begun anew since. */
  known(asked: SessionNamed): Result<Done>;
  close(asked: SessionNamed): Result<Done>;
}

const refuse = refuser(localRefusals);
const done: Done = { done: true };

export function createSessionFlow(
  ports: { readonly clock: Clock; readonly network: NetworkView },
  sessions: Sessions,
  circuits: Circuits,
): SessionFlow {
  const interval = () => intervalNow(ports.network, ports.clock.now()) ?? -1;

  function end(session: string): void {
    sessions.end(session);
    circuits.endPay(session, interval());
  }

  return {
    open(asked) {
      const known = sessions.of(asked.session);
      if (known !== null) return isSame(known, asked) ? ok(done) : refuse('order-conflict', asked.session);
      // The guard has begun anew on this connection; it may have lost the old session.
      const before = sessions.onConnection(asked.connection);
      if (before !== null) end(before.session);
      sessions.add(asked);
      circuits.payFor(asked.session, interval());
      return ok(done);
    },
    known({ session }) {
      return sessions.of(session)?.open === true ? ok(done) : refuse('session-unknown', session);
    },
    close({ session }) {
      if (sessions.of(session) === null) return refuse('session-unknown', session);
      end(session);
      return ok(done);
    },
  };
}

function isSame(a: SessionOpen, b: SessionOpen): boolean {
  return a.connection === b.connection && a.hops === b.hops && a.leavesTor === b.leavesTor;
}
