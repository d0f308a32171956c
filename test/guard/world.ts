/*
 * A guard (or two) and a client of it, in one process: real roles over their own databases, a driven clock, the traffic source, a rail
 * in memory, and stand-ins for the relay and the settlement that remember what they were told. Calls pass through the codecs.
 */
import { z, type ZodType } from 'zod';
import { sha256Hex } from '../../core/crypto/hash.ts';
import { sign } from '../../core/crypto/sign.ts';
import { chargedBytes } from '../../core/rule/chain.ts';
import { intervalAt } from '../../core/rule/interval.ts';
import { localRefusals } from '../../core/local/messages.ts';
import { ok, refuser, type Result } from '../../core/refusal.ts';
import { decode, encode, shaped } from '../../core/wire/codec.ts';
import { requestAnswer, type RequestAnswer, type SubscriberRequest } from '../../core/wire/guard.ts';
import type { Parameters } from '../../core/wire/parameters.ts';
import { drivenClock } from '../../host/clock.ts';
import { openDatabase, type DatabasePlace } from '../../host/db/open.ts';
import { seededEntropy } from '../../host/entropy.ts';
import { refuseHttp } from '../../host/http/refusals.ts';
import { silentLog } from '../../host/log.ts';
import type { Clock, Database, HttpClient, NetworkView, Role } from '../../host/ports.ts';
import * as client from '../../client/main.ts';
import * as directory from '../../directory/main.ts';
import * as guard from '../../guard/main.ts';
import { createTrafficSource } from '../../lab/traffic/source.ts';
import type { IncomingPayment, RailReader, Receiving, Wallet } from '../../rail/rail.ts';
import type { ClientTransport, GuardTransport } from '../../tor/meter.ts';
import { railRules } from '../../rail/rails.ts';
import { networkId, testDescriptor, testKey, testParameters, testSeed, testView } from '../harness/view.ts';

export type World = Awaited<ReturnType<typeof makeWorld>>;
export type WorldOptions = Partial<Parameters>;
const refuseLocal = refuser(localRefusals);
type Called = (body: unknown) => Promise<Result<unknown>>;

export const idOf = (name: string): string => testKey(`${name} identity`).publicKey;

/** A rail beside the one in memory. */
export interface Beside {
  receiving(database: Database, clock: Clock): Receiving;
  readonly reader: RailReader;
}

export async function makeWorld(changes: WorldOptions = {}, family = false, beside: Beside | null = null) {
  const parameters = testParameters({ startingBytes: 0n, ...changes });
  const clock = drivenClock(parameters.genesis + 100);
  const ids = [idOf('G'), idOf('H')];
  const descriptors = ['G', 'H'].map((name) =>
    testDescriptor(name, {
      family: family ? ids : [],
      urls: { relay: `http://relay-${name}`, settlement: 'http://s', guard: `http://${name}` },
    }),
  );
  const view: NetworkView = testView(descriptors, parameters);
  const rail = memoryRail();
  const readers = { ledger: rail.reader, ...(beside === null ? {} : { [beside.reader.rail]: beside.reader }) };
  const source = createTrafficSource();
  const roles = new Map<string, Role>();
  const relay = fakeRelay(source, parameters, () => clock.now());
  const settlement = fakeSettlement();
  const databases: Database[] = [];
  /** Nothing that is started anew draws the same bytes again. */
  let starts = 0;
  const killed = new Map<string, () => void>();
  /** The database as a process sees it that may be killed: then nothing more reaches the disk. */
  const mortal = (name: string, database: Database): Database => {
    let isDead = false;
    killed.set(name, () => void (isDead = true));
    return {
      ...database,
      transaction: async (work) => {
        if (isDead) throw new Error('killed');
        return database.transaction(work);
      },
    };
  };

  const http: HttpClient = {
    async get(url, output) {
      const relay = descriptors.find((one) => one.body.urls.relay === url.replace('/relay/alive', ''));
      if (relay !== undefined) return ok(output.parse({ id: relay.body.id, nickname: relay.body.nickname }));
      return read(roles.get(hostOf(url)), url, output);
    },
    post: async (url, body, output) => pass(roles.get(hostOf(url)), pathOf(url), body, output),
    link: async () => refuseHttp('unreachable', 'link'),
    subscriber: async (call, output) => pass(roles.get(hostOf(call.url)), pathOf(call.url), call.body, output),
    async local(role, path, body, output) {
      const stub: Called | undefined = (role === 'relay' ? relay.calls : settlement.calls)[path];
      if (stub === undefined) return refuseHttp('unreachable', path);
      const answer = await stub(JSON.parse(encode(body)));
      return answer.ok ? decode(encode(answer.value), output) : answer;
    },
    inFlight: () => 0,
  };
  const portsOf = (database: Database, seed: string) => ({
    clock,
    entropy: seededEntropy(seed),
    database,
    http,
    log: silentLog(),
    network: view,
  });

  async function open(place: DatabasePlace, migrations: typeof guard.migrations, name: string, owner: string): Promise<Database> {
    const database = await openDatabase(place, migrations, name, owner);
    databases.push(database);
    return database;
  }

  /** Starts guard `name`; on a database of its own, or on the one that is given. */
  async function startGuard(
    name = 'G',
    settings: Partial<guard.GuardSettings> = {},
    on?: Database | DatabasePlace,
    transport: GuardTransport = source.guardTransport(idOf(name)),
  ): Promise<GuardRun> {
    const isDatabase = on !== undefined && 'transaction' in on;
    const database = isDatabase
      ? { ...on, owner: `guard-${name}` }
      : await open(on ?? { file: ':memory:' }, guard.migrations, 'guard', `guard-${name}`);
    const ports = {
      ...portsOf(mortal(name, database), `guard ${name} ${++starts}`),
      transport,
    };
    const keys = [{ number: 1, seed: testSeed(`${name} guard`), sealingSeed: testSeed(`${name} sealing`) }];
    const config = { id: idOf(name), nickname: name, keys, ...settings };
    const more = beside === null ? [] : [beside.receiving(ports.database, clock)];
    const role = await guard.start({ ...ports, receiving: [rail.wallet('guard'), ...more], readers }, config);
    roles.set(name, role);
    return { role, database };
  }

  /** The authority that network.json names, with the docket; it knows both guards. */
  async function startAuthority(on?: Database): Promise<GuardRun> {
    const database = on ?? (await open({ file: ':memory:' }, directory.migrations, 'directory', 'directory'));
    const rails = railRules(readers);
    const config = { network: view.network, name: 'auth', authoritySeed: testSeed('authority'), parameters };
    const role = await directory.start({ ...portsOf(mortal('auth', database), `directory ${++starts}`), rails }, config);
    roles.set(AUTHORITY, role);
    for (const { body } of descriptors) {
      const current = { ...body, published: clock.now(), expires: clock.now() + 2_000_000 };
      const signed = sign('descriptor', networkId, current, testKey(`${body.nickname} identity`));
      const published = await pass(role, '/directory/publish', { body: signed.body, signature: signed.signature }, anything);
      if (!published.ok) throw new Error(published.refusal.code);
    }
    return { role, database };
  }

  async function startClient(name = 'alice', on?: Database, transport?: ClientTransport): Promise<ClientRun> {
    const database = on ?? (await open({ file: ':memory:' }, client.migrations, 'client', 'client'));
    const key = testKey(name).publicKey;
    const ports = {
      ...portsOf(mortal(name, database), `client ${name} ${++starts}`),
      transport: transport ?? source.clientTransport(key),
    };
    const role = await client.start({ ...ports, wallet: rail.wallet(name), readers }, { seed: testSeed(name) });
    roles.set(name, role);
    const call = async (command: string, body: object = {}): Promise<Result<never>> => {
      const endpoint = role.endpoints.find((one) => one.path === `/client/${command}`);
      const input = decode(encode(body), endpoint?.input as ZodType);
      if (!input.ok) throw new Error(input.refusal.about);
      return (await endpoint?.answer(input.value as never, { kind: 'local' })) as Result<never>;
    };
    return { role, database, key, call };
  }

  /** A request signed by hand. */
  function requestOf(name: string, ask: SubscriberRequest['ask'], changed: Partial<SubscriberRequest> = {}) {
    const key = testKey(name);
    const id = sha256Hex(encode(ask), String(clock.now())).slice(0, 32);
    return sign('request', networkId, { subscriber: key.publicKey, guard: idOf('G'), id, at: clock.now(), ask, ...changed }, key);
  }

  async function ask(
    name: string,
    what: SubscriberRequest['ask'],
    changed: Partial<SubscriberRequest> = {},
  ): Promise<Result<RequestAnswer>> {
    const { body, signature } = requestOf(name, what, changed);
    return pass(roles.get('G'), '/guard/request', { body, signature }, requestAnswer);
  }

  async function idle(): Promise<void> {
    for (let quiet = 0; quiet < 4;) {
      quiet = [...roles.values()].some((one) => one.busy()) ? 0 : quiet + 1;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** From due time to due time, as a scenario does. */
  async function advance(until: number): Promise<number> {
    await idle();
    let steps = 0;
    for (;;) {
      const dues = [...roles.values()].map((one) => one.nextDue()).filter((due) => due !== null);
      const next = dues.length === 0 ? null : Math.min(...dues);
      if (next === null || next > until) break;
      clock.advance(Math.max(next, clock.now() + 1));
      steps++;
      await idle();
    }
    clock.advance(Math.max(until, clock.now()));
    await idle();
    return steps;
  }

  /** Carries `bytes` over one circuit of a subscriber and closes it; answers how many were let through. */
  async function carry(name: string, bytes: bigint, hops = 3, at = 'G'): Promise<bigint> {
    const path = [idOf(at), ...Array.from({ length: hops - 1 }, (_, index) => sha256Hex(`hop ${index}`))];
    const circuit = await source.open({ subscriber: testKey(name).publicKey, path, leavesTor: true });
    if (circuit === null) return 0n;
    const carried = await circuit.carry(bytes);
    circuit.close();
    return carried;
  }

  return {
    parameters,
    clock,
    view,
    rail,
    source,
    relay,
    settlement,
    roles,
    http,
    startGuard,
    startClient,
    startAuthority,
    requestOf,
    ask,
    idle,
    advance,
    carry,
    /** Ends a role as kill -9 does; start it again on its database. */
    kill(name: string) {
      killed.get(name)?.();
      roles.delete(name);
    },
    /** Called over the guard's local socket. */
    async status(name = 'G'): Promise<never> {
      const endpoint = roles.get(name)?.endpoints.find((one) => one.path === '/guard/status');
      const answer = await endpoint?.answer({} as never, { kind: 'local' });
      return (answer?.ok === true ? answer.value : answer?.refusal) as never;
    },
    async tellShortfalls(name = 'G'): Promise<void> {
      for (const total of relay.shortfalls()) {
        const endpoint = roles.get(name)?.endpoints.find((one) => one.path === '/guard/shortfall');
        await endpoint?.answer(total as never, { kind: 'local' });
      }
    },
    async stop() {
      await idle();
      for (const role of roles.values()) await role.stop();
      for (const database of databases) await database.close();
    },
  };
}

export interface GuardRun {
  readonly role: Role;
  readonly database: Database;
}

export interface ClientRun extends GuardRun {
  readonly key: string;
  call(command: string, body?: object): Promise<Result<never>>;
}

export const AUTHORITY = '127.0.0.1:1';
const anything = z.unknown();

/** Parameters in the path, as the server reads them. */
async function read<T>(role: Role | undefined, url: string, output: ZodType<T>): Promise<Result<T>> {
  const { pathname, searchParams } = new URL(url);
  for (const endpoint of role?.endpoints ?? []) {
    const pattern = new RegExp(`^${endpoint.path.replace(/:(\w+)/g, '(?<$1>[^/]+)')}$`);
    const found = endpoint.method === 'GET' ? pattern.exec(pathname) : null;
    if (found === null) continue;
    const input = shaped({ ...Object.fromEntries(searchParams), ...found.groups }, endpoint.input);
    if (!input.ok) return input;
    const answer = await endpoint.answer(input.value as never, { kind: endpoint.access });
    return answer.ok ? decode(encode(answer.value), output, 4_000_000) : answer;
  }
  return refuseHttp('unreachable', url);
}

async function pass<T>(role: Role | undefined, path: string, body: unknown, output: ZodType<T>): Promise<Result<T>> {
  const endpoint = role?.endpoints.find((one) => one.path === path);
  if (endpoint === undefined) return refuseHttp('unreachable', path);
  const input = decode(encode(body), endpoint.input, 200_000);
  if (!input.ok) return input;
  const answer = await endpoint.answer(input.value as never, { kind: endpoint.access });
  return answer.ok ? decode(encode(answer.value), output, 200_000) : answer;
}

const hostOf = (url: string): string => url.slice('http://'.length).split('/')[0] as string;
const pathOf = (url: string): string => url.slice(url.indexOf('/', 'http://'.length));

/** The paid circuits of one relay, as its meter shows them. */
function fakeRelay(source: ReturnType<typeof createTrafficSource>, parameters: Parameters, now: () => number) {
  const sessions = new Map<string, string>();
  const closed: string[] = [];
  const circuits = new Map<number, { connection: string; bytes: bigint; begunIn: number }>();
  const told = new Map<string, bigint>();
  /** Turned free: what was certified of them. */
  const free = new Map<number, bigint>();
  const running = () => intervalAt(parameters, now());
  let isUp = true;
  for (const name of ['G', 'H']) {
    source.meter(idOf(name)).onReading(({ previous, bytes }) => {
      const { connection, circuit } = previous;
      if (connection !== null) circuits.set(circuit, { connection, bytes, begunIn: circuits.get(circuit)?.begunIn ?? running() });
    });
  }
  const calls: Record<string, Called> = {
    '/relay/session-open': async (body) => {
      const { session, connection } = body as { session: string; connection: string };
      if (!isUp) return refuseHttp('unreachable', 'relay');
      sessions.set(connection, session);
      return ok({ done: true });
    },
    '/relay/session-known': async (body) => {
      if (!isUp) return refuseHttp('unreachable', 'relay');
      const { session } = body as { session: string };
      const isKnown = [...sessions.values()].includes(session) && !closed.includes(session);
      return isKnown ? ok({ done: true }) : refuseLocal('session-unknown', session);
    },
    '/relay/session-close': async (body) => {
      if (!isUp) return refuseHttp('unreachable', 'relay');
      closed.push((body as { session: string }).session);
      return ok({ done: true });
    },
  };
  return {
    calls,
    sessions,
    closed,
    goDown: () => void (isUp = false),
    goUp: () => void (isUp = true),
    /** As a new process: it knows nothing. */
    forget() {
      sessions.clear();
      circuits.clear();
      told.clear();
    },
    /** Half of what each circuit has carried is beyond the credit, and all that it carries from now on. */
    turnFree() {
      for (const [circuit, { bytes }] of circuits) if (!free.has(circuit)) free.set(circuit, bytes / 2n);
    },
    /** Of the circuits that began in the running interval. */
    shortfalls() {
      const totals = new Map<string, bigint>();
      const interval = running();
      for (const [circuit, { connection, bytes, begunIn }] of circuits) {
        const session = sessions.get(connection);
        if (session === undefined || begunIn !== interval) continue;
        const charged = free.get(circuit) ?? chargedBytes(bytes, parameters.startingBytes, true);
        totals.set(session, (totals.get(session) ?? 0n) + charged - bytes);
      }
      // As the relay does: only what is another total than before.
      const news = [...totals].filter(([session, bytes]) => told.get(`${session} ${interval}`) !== bytes);
      for (const [session, bytes] of news) told.set(`${session} ${interval}`, bytes);
      return news.map(([session, bytes]) => ({ session, interval, bytes }));
    },
  };
}

/** Takes each order once; `pay` moves it on. */
function fakeSettlement() {
  const orders = new Map<string, { id: string; amount: string; destination: string; state: string; payment: string | null }>();
  let heard = 0;
  let fault: Result<never> | null = null;
  const calls: Record<string, Called> = {
    '/settlement/withdraw': async (body) => {
      heard++;
      if (fault !== null) return fault;
      const order = body as { id: string; amount: string; destination: string };
      const known = orders.get(order.id) ?? { ...order, state: 'accepted', payment: null };
      orders.set(order.id, known);
      return ok({ id: known.id, state: known.state, payment: known.payment });
    },
  };
  return {
    calls,
    orders,
    heard: () => heard,
    setFault: (next: Result<never> | null) => void (fault = next),
    pay(id: string, payment = `payment of ${id}`) {
      const order = orders.get(id);
      if (order !== undefined) orders.set(id, { ...order, state: 'paid', payment });
    },
  };
}

/** Money in memory; confirmations are set by hand. */
export function memoryRail() {
  const payments: { payment: string; destination: string; amount: bigint; confirmations: number; at: number; wallet: string }[] =
    [];
  const batches = new Map<string, readonly string[]>();
  let isUp = true;
  let reads = 0;
  const put = (destination: string, amount: bigint, confirmations = 1, at = 5): string => {
    const payment = `p${payments.length}`;
    payments.push({ payment, destination, amount, confirmations, at, wallet: destination.split('.')[0] as string });
    return payment;
  };
  const shown = (payment: string) => {
    const found = payments.find((one) => one.payment === payment);
    return found === undefined ? null : { payment, destination: found.destination, amount: found.amount, at: found.at };
  };
  const down = () => refuseHttp('unreachable', 'rail');
  const reader: RailReader = {
    rail: 'ledger',
    isDestination: (text) => /^[a-z]+\.[0-9a-f]{8}$/.test(text),
    fallbackFor: (text) => text,
    history: async (destination) => (isUp ? ok(payments.filter((one) => one.destination === destination)) : down()),
    prove: async (payment) => (isUp && shown(payment) !== null ? ok({ rail: 'ledger', proof: payment }) : down()),
    verify: ({ proof }) => shown(proof),
  };
  const wallet = (name: string): Wallet => ({
    rail: 'ledger',
    destination: async (_tx, of) => ok(`${name}.${sha256Hex(of).slice(0, 8)}`),
    fallback: () => `${name}.00000000`,
    async incoming(cursor) {
      reads++;
      if (!isUp) return refuseHttp('unreachable', 'rail');
      const from = cursor === '' ? 0 : Number(cursor);
      const all = payments.slice(from, from + 3);
      const page: IncomingPayment[] = all.filter((one) => one.wallet === name).map((one): IncomingPayment => one);
      return ok({ payments: page, cursor: String(from + all.length) });
    },
    balance: async () => ok(10n ** 15n),
    held: async () => ok(10n ** 15n),
    waiting: async () => ok(0n),
    sentTo: async () => ok([]),
    quote: async () => ok(0n),
    batchMax: 10,
    async pay({ id, outputs }) {
      if (!isUp) return refuseHttp('unreachable', 'rail');
      const paid = batches.get(id) ?? outputs.map(({ destination, amount }) => put(destination, amount));
      batches.set(id, paid);
      return ok({ payments: paid, fee: 0n });
    },
  });
  return {
    reader,
    wallet,
    put,
    payments,
    reads: () => reads,
    confirm(payment: string, confirmations: number) {
      const found = payments.find((one) => one.payment === payment);
      if (found !== undefined) found.confirmations = confirmations;
    },
    goDown: () => void (isUp = false),
    goUp: () => void (isUp = true),
  };
}
