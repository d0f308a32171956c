/*
 * Calling a role: over its socket when the node runs, else by opening the node's database just for this command. Reading is then
 * done under a clock that stands still, so that nothing becomes due and nothing is sent. Called by every command that speaks to a node.
 */
import { connect } from 'node:net';
import { z, type ZodType } from 'zod';
import { invariant, type Result } from '../core/refusal.ts';
import { encode, shaped } from '../core/wire/codec.ts';
import { drivenClock, systemClock } from '../host/clock.ts';
import { systemEntropy } from '../host/entropy.ts';
import { createHttpClient } from '../host/http/client.ts';
import { socketPath } from '../host/http/local.ts';
import { createLog, errorText, silentLog } from '../host/log.ts';
import type { Clock, NetworkView, RoleName } from '../host/ports.ts';
import { openHome, type OpenedHome } from '../node/open.ts';
import { startNode } from '../node/start.ts';
import { refuseHome } from './home.ts';

const anything: ZodType<unknown> = z.unknown();

export interface RoleCall {
  readonly home: string;
  readonly role: RoleName;
  readonly path: string;
  /** Undefined for a GET. */
  readonly body?: unknown;
  /** Of a node that does not run: adds what a running one takes from its clock. */
  readonly completed?: (call: RoleCall, view: NetworkView) => RoleCall;
}

/**
 * Of a node that does not run, `reading` answers from its disk alone; `acting` runs the role for as long as the command takes;
 * `running` refuses.
 */
export async function callRole(call: RoleCall, stopped: 'reading' | 'acting' | 'running'): Promise<Result<unknown>> {
  const opened = await openHome(call.home, systemEntropy());
  if (!opened.ok) return opened;
  if (!opened.value.spec.roles.includes(call.role)) return refuseHome('home-no-role', `${call.home}: ${call.role}`);
  for (let tries = 0; ; tries += 1) {
    if (await answersOnSocket(call.home, call.role)) return callRunning(call, opened.value);
    if (stopped === 'running') return refuseHome('home-stopped', `${call.home}: ${call.role}`);
    try {
      return await callStopped(call, opened.value, stopped === 'reading' ? drivenClock(0) : systemClock());
    } catch (thrown) {
      // Another command had the role just then: it is asked, or has ended meanwhile.
      if (tries === TRIES_MAX || !errorText(thrown).includes('[socket-taken]')) throw thrown;
    }
  }
}

const TRIES_MAX = 3;

/** Whether the role runs: by its socket, and not by its answer, which may be that some other machine cannot be reached. */
export function answersOnSocket(home: string, role: RoleName): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(socketPath(home, role));
    socket.once('error', () => resolve(false)).once('connect', () => socket.end(() => resolve(true)));
  });
}

async function callRunning(call: RoleCall, { network }: OpenedHome): Promise<Result<unknown>> {
  const http = createHttpClient({ networkId: network.networkId, entropy: systemEntropy(), home: call.home });
  try {
    return await http.local(call.role, call.path, call.body, anything, { deadlineMs: 30_000, answerMax: 8 * 1024 * 1024 });
  } finally {
    await http.close();
  }
}

async function callStopped(given: RoleCall, opened: OpenedHome, clock: Clock): Promise<Result<unknown>> {
  const entropy = systemEntropy();
  const spec = { ...opened.spec, roles: [given.role] };
  const log = clock.now() === 0 ? silentLog() : createLog({ clock, level: 'error' });
  const node = await startNode({ ...opened, spec, clock, entropy, log });
  try {
    if (clock.now() > 0) await node.view.refresh();
    const call = given.completed?.(given, node.view) ?? given;
    const role = node.roles[0];
    const { pathname, searchParams } = new URL(call.path, 'http://localhost');
    const endpoint = role?.endpoints.find(
      (one) => one.path === pathname && one.method === (call.body === undefined ? 'GET' : 'POST'),
    );
    invariant(endpoint !== undefined, `${call.role} has ${pathname}`);
    // As it would come over the socket.
    const asked: unknown = call.body === undefined ? Object.fromEntries(searchParams) : JSON.parse(encode(call.body));
    const input = shaped(asked, endpoint.input);
    const answer = input.ok ? await endpoint.answer(input.value as never, { kind: 'local' }) : input;
    return answer.ok ? { ok: true, value: JSON.parse(encode(answer.value)) as unknown } : answer;
  } finally {
    await node.stop();
  }
}
