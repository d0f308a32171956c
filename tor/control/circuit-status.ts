/*
 * The circuits that a tor has built itself: an authenticated session in, a line for each (control-spec, CIRC events without their
 * name) out. Called by whoever reads a relay's tor, or the user's own.
 */
import { ok, type Result } from '../../core/refusal.ts';
import type { Session } from './session.ts';

export async function circuitStatus(session: Session): Promise<Result<string[]>> {
  const asked = await session.ask('GETINFO circuit-status');
  if (!asked.ok) return asked;
  // One circuit stands behind the name; several below it.
  const lines = asked.value.lines.flatMap(({ text, data }) => [text.replace(/^circuit-status=/, ''), ...(data ?? [])]);
  return ok(lines.filter((line) => line !== ''));
}
