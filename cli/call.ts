/*
 * Calling a role: over its socket when the node runs, else by opening the node's database just for this command, under a clock
 * that stands still, so that nothing becomes due and nothing is sent. Called by every command that speaks to a node.
 */
import { z, type ZodType } from 'zod';
import { invariant, type Result } from '../core/refusal.ts';
import { shaped } from '../core/wire/codec.ts';
import { encode } from '../core/wire/codec.ts';
import { drivenClock, systemClock } from '../host/clock.ts';
import { systemEntropy } from '../host/entropy.ts';
import { createHttpClient } from '../host/http/client.ts';
import { createLog, silentLog } from '../host/log.ts';
import type { Clock, RoleName } from '../host/ports.ts';
import { openHome } from '../node/open.ts';
import { startNode } from '../node/start.ts';

const anything: ZodType<unknown> = z.unknown();

export interface RoleCall {
  readonly home: string;
  readonly role: RoleName;
  readonly path: string;
  /** Undefined for a GET. */
  readonly body?: unknown;
}

/** Of a node that does not run, `reading` answers from its disk alone; `acting` runs the role for as long as the command takes. */
export async function callRole(call: RoleCall, stopped: 'reading' | 'acting'): Promise<Result<unknown>> {
  const opened = await openHome(call.home, systemEntropy());
  if (!opened.ok) return opened;
  const http = createHttpClient({ networkId: opened.value.network.networkId, entropy: systemEntropy(), home: call.home });
  try {
    const answer = await http.local(call.role, call.path, call.body, anything, {
      deadlineMs: 30_000,
      answerMax: 8 * 1024 * 1024,
    });
    if (answer.ok || answer.refusal.code !== 'unreachable') return answer;
  } finally {
    await http.close();
  }
  return callStopped(call, stopped === 'reading' ? drivenClock(0) : systemClock());
}

async function callStopped(call: RoleCall, clock: Clock): Promise<Result<unknown>> {
  const entropy = systemEntropy();
  const opened = await openHome(call.home, entropy);
  if (!opened.ok) return opened;
  const spec = { ...opened.value.spec, roles: [call.role] };
  const log = clock.now() === 0 ? silentLog() : createLog({ clock, level: 'error' });
  const node = await startNode({ ...opened.value, spec, clock, entropy, log });
  try {
    if (clock.now() > 0) await node.view.refresh();
    const role = node.roles[0];
    const { pathname, searchParams } = new URL(call.path, 'http://localhost');
    const endpoint = role?.endpoints.find(
      (one) => one.path === pathname && one.method === (call.body === undefined ? 'GET' : 'POST'),
    );
    invariant(endpoint !== undefined, `${call.role} has ${pathname}`);
    // As it would come over the socket.
    const given: unknown = call.body === undefined ? Object.fromEntries(searchParams) : JSON.parse(encode(call.body));
    const input = shaped(given, endpoint.input);
    const answer = input.ok ? await endpoint.answer(input.value as never, { kind: 'local' }) : input;
    return answer.ok ? { ok: true, value: JSON.parse(encode(answer.value)) as unknown } : answer;
  } finally {
    await node.stop();
  }
}
