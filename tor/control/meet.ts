/*
 * A control port to ask at once: a place and its secrets in; an authenticated session out, or why there is none. It is not dialled
 * again. Called by `ptg doctor`.
 */
import { ok, refuser, type Result } from '../../core/refusal.ts';
import type { Place } from '../../host/dial.ts';
import { authenticate, type Secrets } from './authenticate.ts';
import type { ControlPorts } from './client.ts';
import { openSession, sessionRefusals, type Session } from './session.ts';

const refuse = refuser(sessionRefusals);

/** A packet filter that drops what comes says nothing. */
const OPEN_SEC_MAX = 20;

/** Whoever gets the session ends it. */
export async function meetControl(
  { clock, entropy, dial }: Omit<ControlPorts, 'log'>,
  place: Place,
  secrets: Secrets,
): Promise<Result<Session>> {
  const begun = clock.now();
  let settle: (why: string | null) => void = () => undefined;
  const opened = new Promise<string | null>((resolve) => (settle = resolve));
  const session = openSession(dial, place, clock, {
    open: () => settle(null),
    event: () => undefined,
    closed: (reason) => settle(reason),
  });
  const unhook = clock.onWake(() => {
    if (clock.now() - begun > OPEN_SEC_MAX) settle('nobody answers');
  });
  const why = await opened.finally(unhook);
  const known = why === null ? await authenticate(session, secrets, entropy) : refuse('control-closed', why);
  if (known.ok) return ok(session);
  session.end();
  return known;
}
