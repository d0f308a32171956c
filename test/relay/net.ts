/*
 * Some relay roles in one process under a driven clock: real databases in memory, links that pass canonical JSON from role to
 * role without a socket, meters that a test speaks for. Used by the journeys of test/relay.
 */
import { expect } from 'chai';
import type { ZodType } from 'zod';
import { testDescriptor, testKey, testParameters, testSeed, testView } from '../harness/view.ts';
import { asStored, sign, type Verified } from '../../core/crypto/sign.ts';
import { decode, encode } from '../../core/wire/codec.ts';
import type { Consensus } from '../../core/wire/consensus.ts';
import type { Iou } from '../../core/wire/iou.ts';
import type { Parameters } from '../../core/wire/parameters.ts';
import type { Descriptor } from '../../core/wire/descriptor.ts';
import type { Refusal, Result } from '../../core/refusal.ts';
import { drivenClock } from '../../host/clock.ts';
import { openDatabase } from '../../host/db/open.ts';
import { seededEntropy } from '../../host/entropy.ts';
import type { Caller, Database, HttpClient, Log, LogFields, NetworkView, Role } from '../../host/ports.ts';
import type { CircuitReading, Meter } from '../../tor/meter.ts';
import { start } from '../../relay/main.ts';
import { migrations } from '../../relay/migrations.ts';

export const hour = 3600;
export const genesis = 1_000_000;

interface Spot {
  readonly database: Database;
  role: Role | null;
  take: (reading: CircuitReading) => void;
}

export type Net = Awaited<ReturnType<typeof createNet>>;

export async function createNet(
  names: readonly string[],
  options: {
    parameters?: Partial<Parameters>;
    unknown?: readonly string[];
    families?: readonly string[];
    guards?: readonly string[];
    /** Instead of a meter that the test speaks for. */
    meterOf?: (name: string) => Meter;
    /** Instead of a guard that only listens. */
    guardOf?: (name: string) => Role | null;
  } = {},
) {
  const parameters = testParameters({ startingBytes: 0n, creditStartBytes: 2n ** 62n, ...options.parameters });
  const family = (options.families ?? []).map((name) => idOf(name));
  const descriptors = names.map((name) =>
    testDescriptor(name, { urls: { relay: `http://${name}`, settlement: `http://${name}`, guard: null }, family }),
  );
  const known = descriptors.filter((one) => !(options.unknown ?? []).includes(one.body.nickname));
  const given = testView(known, parameters);
  const listeners = new Set<(consensus: Verified<Consensus>) => void>();
  let newest = given.consensus()!;
  const view: NetworkView = {
    ...given,
    consensus: () => newest,
    onConsensus: (run) => {
      listeners.add(run);
      return () => void listeners.delete(run);
    },
  };
  const clock = drivenClock(genesis);
  const spots = new Map<string, Spot>();
  const down = new Set<string>();
  /** Acks of these are lost on their way back. */
  const deaf = new Set<string>();
  /** Every call on a link: path, sender and receiver by name. */
  const calls: { path: string; from: string; to: string }[] = [];
  const published: Descriptor[] = [];
  const publishRefusals: Refusal[] = [];
  const shortfalls: { session: string; interval: number; bytes: string }[] = [];
  const logged: { at: string; event: string; fields: LogFields }[] = [];
  /** Other roles beside the relays, waited for and woken with them. */
  const joined: Role[] = [];
  const nameOf = (id: string) => names.find((name) => idOf(name) === id) as string;

  function logOf(at: string): Log {
    const line = (event: string, fields: LogFields = {}) => void logged.push({ at, event, fields });
    return { info: line, warn: line, error: line };
  }

  function httpOf(name: string): HttpClient {
    const http: Partial<HttpClient> = {
      async link(call, output) {
        const to = nameOf(call.to);
        const path = call.url.slice(`http://${to}`.length);
        calls.push({ path, from: nameOf(call.from), to });
        const role = spots.get(to)?.role ?? null;
        if (role === null || down.has(to)) return { ok: false, refusal: unreachable };
        const answer = await ask(role, 'POST', path, call.body, { kind: 'link', relay: call.from });
        if (deaf.has(to)) return { ok: false, refusal: unreachable };
        return answer.ok ? decode(encode(answer.value), output) : answer;
      },
      async post(url, body, output) {
        expect(url).to.equal('http://127.0.0.1:1/directory/publish');
        const refusal = publishRefusals.shift();
        if (refusal !== undefined) return { ok: false, refusal };
        published.push((body as { body: Descriptor }).body);
        return decode(encode({ digest: '00'.repeat(32) }), output);
      },
      async local(role, path, body, output) {
        expect(`${role} ${path}`).to.equal('guard /guard/shortfall');
        if (options.guardOf !== undefined) return askFor(options.guardOf(name), path, body, output);
        shortfalls.push(JSON.parse(encode(body)) as (typeof shortfalls)[number]);
        return decode(encode({ done: true }), output);
      },
      inFlight: () => 0,
    };
    return http as HttpClient;
  }

  async function begin(name: string): Promise<void> {
    const spot = spots.get(name) as Spot;
    const { body } = descriptors[names.indexOf(name)]!;
    const template: Partial<Descriptor> = { ...body };
    delete template.published;
    delete template.expires;
    const meter = options.meterOf?.(name) ?? {
      kind: 'traffic' as const,
      onReading(take: (reading: CircuitReading) => void) {
        spot.take = take;
        return () => void (spot.take = () => undefined);
      },
    };
    const entropy = seededEntropy(name);
    spot.role = await start(
      { clock, entropy, database: spot.database, http: httpOf(name), log: logOf(name), network: view, meter },
      {
        id: idOf(name),
        nickname: name,
        keys: [{ number: 1, iouSeed: testSeed(`${name} iou`), sealingSeed: testSeed(`${name} sealing`) }],
        descriptor: template as Descriptor,
        identitySeed: testSeed(`${name} identity`),
        hasGuard: (options.guards ?? []).includes(name),
      },
    );
  }

  for (const name of names) {
    const database = await openDatabase({ file: ':memory:' }, migrations, 'relay');
    spots.set(name, { database, role: null, take: () => undefined });
    await begin(name);
  }

  const roles = () => [...[...spots.values()].flatMap((spot) => spot.role ?? []), ...joined];

  async function settle(): Promise<void> {
    while (roles().some((role) => role.busy())) await new Promise((resolve) => setImmediate(resolve));
  }

  return {
    clock,
    view,
    calls,
    down,
    deaf,
    published,
    publishRefusals,
    shortfalls,
    /** The next consensus says that these pairs were contested. */
    async nullify(nullified: readonly { a: string; b: string; interval: number }[]): Promise<void> {
      newest = asStored({ body: { ...newest.body, nullified: [...nullified] }, signature: '00'.repeat(64) });
      for (const run of listeners) run(newest);
      await settle();
    },
    logged,
    join: (role: Role) => void joined.push(role),
    settle,
    database: (name: string) => (spots.get(name) as Spot).database,
    role: (name: string) => spots.get(name)?.role as Role,
    /** Runs everything due until then, second by second as it falls due. */
    async until(to: number): Promise<void> {
      await settle();
      for (;;) {
        const due = roles().flatMap((role) => role.nextDue() ?? []);
        const next = Math.min(to, ...due.filter((one) => one > clock.now()));
        clock.advance(next);
        await settle();
        if (next === to) return;
      }
    },
    read: (name: string, reading: CircuitReading) => (spots.get(name) as Spot).take(reading),
    /** As kill -9 and a start; the database stays. */
    async crash(name: string): Promise<void> {
      const spot = spots.get(name) as Spot;
      const { role } = spot;
      spot.role = null;
      await role?.stop();
    },
    begin,
    local: async (name: string, method: 'GET' | 'POST', path: string, body: unknown = {}) => {
      const answer = await ask((spots.get(name) as Spot).role as Role, method, path, body, { kind: 'local' });
      return (answer.ok ? JSON.parse(encode(answer.value)) : answer.refusal.code) as never;
    },
    link: (to: string, path: string, body: unknown, from: string) =>
      ask((spots.get(to) as Spot).role as Role, 'POST', path, body, { kind: 'link', relay: idOf(from) }),
    async close(): Promise<void> {
      for (const role of joined) await role.stop();
      for (const spot of spots.values()) {
        await spot.role?.stop();
        await spot.database.close();
      }
    },
  };
}

const unreachable: Refusal = { code: 'unreachable', about: '', retry: true, text: '', remedy: '' };

export function idOf(name: string): string {
  return testKey(`${name} identity`).publicKey;
}

/** A call over an operator's own socket. */
export async function askFor<T>(role: Role | null, path: string, body: unknown, output: ZodType<T>): Promise<Result<T>> {
  if (role === null) return { ok: false, refusal: unreachable };
  const answer = await ask(role, 'POST', path, body, { kind: 'local' });
  return answer.ok ? decode(encode(answer.value), output) : answer;
}

async function ask(role: Role, method: string, path: string, body: unknown, from: Caller): Promise<Result<unknown>> {
  const endpoint = role.endpoints.find((one) => one.path === path && one.method === method && one.access === from.kind);
  if (endpoint === undefined) throw new Error(`no ${method} ${path}`);
  const input = decode(encode(body), endpoint.input);
  return input.ok ? endpoint.answer(input.value as never, from) : input;
}

/** One circuit of three hops as each of them sees it. `ids`: its number at the client, and on both links. */
export function circuitOf(
  net: Net,
  path: readonly [string, string, string],
  connection: string,
  ids: readonly [number, number, number],
) {
  const [guard, middle, exit] = path;
  const [a, b, c] = ids;
  const readings = (bytes: bigint, closed: boolean): [string, CircuitReading][] => [
    [guard, { previous: { relay: null, connection, circuit: a }, next: { relay: idOf(middle), circuit: b }, bytes, closed }],
    [
      middle,
      { previous: { relay: idOf(guard), connection: null, circuit: b }, next: { relay: idOf(exit), circuit: c }, bytes, closed },
    ],
    [exit, { previous: { relay: idOf(middle), connection: null, circuit: c }, next: null, bytes, closed }],
  ];
  return {
    carry(bytes: bigint, closed = false): void {
      for (const [name, reading] of readings(bytes, closed)) net.read(name, reading);
    },
    /** Seen by one hop alone. */
    carryAt(name: string, bytes: bigint, closed = false): void {
      for (const [at, reading] of readings(bytes, closed)) if (at === name) net.read(name, reading);
    },
  };
}

export const session = (connection: string, hops = 3, leavesTor = true) => ({
  session: Buffer.from(connection.padEnd(16, '.')).toString('hex').slice(0, 32),
  connection,
  hops,
  leavesTor,
});

/** `[relayBytes, exitBytes]` that one relay holds of, or has issued to, another. */
export async function totals(
  net: Net,
  at: string,
  direction: 'held' | 'issued',
  peer: string,
  interval = 0,
): Promise<[string, string] | null> {
  const { ious } = (await net.local(at, 'GET', '/relay/ious', { interval: String(interval) })) as {
    ious: { direction: string; issuer: string; holder: string; relayBytes: string; exitBytes: string }[];
  };
  const found = ious.find(
    (one) => one.direction === direction && (direction === 'held' ? one.issuer : one.holder) === idOf(peer),
  );
  return found === undefined ? null : [found.relayBytes, found.exitBytes];
}

export function signedIou(name: string, body: Iou) {
  return asStored(sign('iou', 'test-network', body, testKey(`${name} iou`)));
}
