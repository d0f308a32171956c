/*
 * A small running network and every endpoint and page of its roles, each with bodies that it takes: what its nodes said to each other
 * in one interval with a contest, and by hand what they do not say. Bytes in, checked answers out. Called by endpoints.spec.ts.
 */
import { expect } from 'chai';
import http from 'node:http';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import sqlite3 from 'sqlite3';
import { z, type ZodType } from 'zod';
import { sha256Hex } from '../../core/crypto/hash.ts';
import { bare } from '../../core/crypto/sign.ts';
import { BODY_BYTES_MAX } from '../../core/limits.ts';
import { decode, encode } from '../../core/wire/codec.ts';
import { refusalsPage } from '../../docs/refusals.ts';
import * as story from '../../docs/story.ts';
import { socketPath } from '../../host/http/local.ts';
import { refusalShape } from '../../host/http/refusals.ts';
import { silentLog } from '../../host/log.ts';
import { systemEntropy } from '../../host/entropy.ts';
import type { Caller, Endpoint, Role, RoleName, SealingKey } from '../../host/ports.ts';
import { sealLinkRequest } from '../../host/seal.ts';
import { sealBoxRequest } from '../../host/seal-subscriber.ts';
import { authorityName } from '../../lab/world.ts';
import type { RunningNode } from '../../node/start.ts';
import { openDocket } from '../journeys/docket.ts';
import { openNetwork, type TestNetwork } from '../journeys/network.ts';

export interface Sample {
  readonly text: string;
  /** Of a link: the relay that said it. */
  readonly from: string | null;
}

export interface Target {
  readonly node: string;
  readonly role: RoleName;
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly access: Caller['kind'];
  readonly tag: string;
  readonly input: ZodType;
  readonly bodyMax: number;
  readonly isPage: boolean;
  /** Bodies of a POST. */
  readonly samples: readonly Sample[];
  /** Values for the parameters of a GET. */
  readonly params: Readonly<Record<string, readonly string[]>>;
}

export interface Targets {
  readonly network: TestNetwork;
  readonly all: readonly Target[];
  get(target: Target, path: string): Promise<void>;
  /** Sealed where the endpoint says so; `garble` changes the envelope. */
  post(target: Target, sample: Sample, body: Buffer, garble: ((envelope: Buffer) => Buffer) | null): Promise<void>;
  /** What the roles logged as their own failure. */
  failures(): readonly string[];
  /** The relay and the authority answer as they did. */
  alive(): Promise<void>;
  /** A digest of all rows of each database, by the name of its file. */
  rows(): Promise<ReadonlyMap<string, string>>;
  /** Of the ledger's rows, by its own database: what all accounts have together, and those below zero. */
  ledger(): Promise<{ readonly sum: bigint; readonly overdrawn: number }>;
  stop(): Promise<void>;
}

export async function openTargets(): Promise<Targets> {
  const failures: string[] = [];
  const network = await openNetwork({
    relays: [{ name: 'G', guard: true, payouts: 'manual' }, { name: 'M' }, { name: 'X', exit: true }],
    subscribers: { U: 10_000_000n },
    onDisk: true,
    log: (name) => ({
      ...silentLog(),
      error: (event, fields) => void failures.push(`${name}: ${event} ${JSON.stringify(fields ?? {})}`),
    }),
  });
  const nodes = new Map<string, RunningNode>([
    [authorityName, network.world.authority],
    ...network.world.relays,
    ...[...network.world.subscribers].map(([name, { node }]): [string, RunningNode] => [name, node]),
  ]);
  const heard = listen(nodes);
  try {
    await live(network);
  } catch (thrown) {
    await network.stop();
    throw thrown;
  }
  failures.length = 0;
  const all = await targetsOf(network, nodes, heard);
  const agent = new http.Agent({ keepAlive: true, maxSockets: 16 });
  const call = (target: Target, path: string, body?: Buffer) => exchange(agent, network, nodes, target, path, body);
  return {
    network,
    all,
    async get(target, path) {
      const { status, type, bytes } = await call(target, path);
      if (target.isPage && !type.startsWith('application/json')) expectPage(status, type, bytes.toString('utf8'));
      else expectPlain(status, type, bytes);
    },
    async post(target, sample, body, garble) {
      if (target.access === 'public' || target.access === 'local') {
        const { status, type, bytes } = await call(target, target.path, body);
        return expectPlain(status, type, bytes);
      }
      const { envelope, open } = sealed(network, nodes, target, sample, body);
      const { status, type, bytes } = await call(target, target.path, garble === null ? envelope : garble(envelope));
      if (!type.startsWith('application/octet-stream')) return expectPlain(status, type, bytes);
      expect(status).equal(200);
      const opened = open(bytes);
      if (!opened.ok) throw new Error(`the answer does not open: ${opened.refusal.code}`);
      expectSealed(Buffer.from(opened.value).toString('utf8'));
    },
    failures: () => failures,
    async alive() {
      for (const [role, path] of [
        ['relay', '/relay/alive'],
        ['directory', '/directory/consensus'],
        ['ledger', '/ledger/head'],
      ] as const) {
        const target = all.find((one) => one.role === role && one.path === path) as Target;
        expect((await call(target, path)).status, path).equal(200);
      }
    },
    rows: () => digests(network.home),
    ledger: async () => {
      const file = join(network.home, authorityName, 'ledger.sqlite');
      const sql = 'SELECT account, CAST(SUM(amount) AS TEXT) AS balance FROM ledger_entry GROUP BY account';
      const balances = (await inFile(file, (rows) => rows(sql))).map((row) => BigInt((row as { balance: string }).balance));
      // The mint's alone is: what it issued.
      return { sum: balances.reduce((sum, one) => sum + one, 0n), overdrawn: balances.filter((one) => one < 0n).length - 1 };
    },
    async stop() {
      agent.destroy();
      await network.stop();
    },
  };
}

/** One interval that G does not pay for, M contests, G appeals to no end; and the beginning of the next. */
async function live(network: TestNetwork): Promise<void> {
  const docket = openDocket(network);
  await network.subscribe('U', 'G', 1_000_000n);
  await network.carry('U', ['G', 'M', 'X'], 1000n);
  await network.tick();
  await network.advance(network.schedule(0).paymentEnd);
  const evidence = { kind: 'payment', proof: { rail: 'ledger', proof: encode(story.proof) }, settlement: null } as const;
  await docket.appeal('G', docket.caseOf('M', 'G'), evidence);
  await docket.file(await docket.agreed('M', 'G'));
  await network.call('U', 'client', '/client/withdraw', { amount: '1000' });
  // And the interval that is open: what is said of it is not refused for its time.
  await network.carry('U', ['G', 'M', 'X'], 2000n);
  await network.tick();
  await network.carry('U', ['G', 'M', 'X'], 500n);
  await network.call('U', 'client', '/client/balance', {});
}

type Heard = Map<string, Map<string, Sample>>;

/** From now on every body that an endpoint takes is kept: `node path` → text → who said it. */
function listen(nodes: ReadonlyMap<string, RunningNode>): Heard {
  const heard: Heard = new Map();
  for (const [name, node] of nodes) {
    for (const endpoint of node.roles.flatMap((role) => role.endpoints)) {
      if (endpoint.method === 'GET') continue;
      const all = new Map<string, Sample>();
      heard.set(`${name} ${endpoint.path}`, all);
      const answer = endpoint.answer.bind(endpoint) as (input: unknown, from: Caller) => ReturnType<Endpoint['answer']>;
      const listening = (input: unknown, from: Caller) => {
        const text = encode(input);
        if (decode(text, endpoint.input, 1_000_000).ok) all.set(text, { text, from: from.relay ?? null });
        return answer(input, from);
      };
      Object.assign(endpoint, { answer: listening });
    }
  }
  return heard;
}

async function targetsOf(network: TestNetwork, nodes: ReadonlyMap<string, RunningNode>, heard: Heard): Promise<Target[]> {
  const [values, bodies] = [await valuesOf(network), byHand(network)];
  const found = new Map<string, Target>();
  for (const [node, running] of nodes) {
    for (const role of running.roles) {
      for (const one of role.endpoints) {
        const said = ends([...(heard.get(`${node} ${one.path}`)?.values() ?? [])]);
        const made = (bodies[one.path] ?? []).map((body): Sample => ({ text: encode(body), from: otherThan(network, node) }));
        const { method, path, access, tag, input } = one;
        const bodyMax = one.bodyMax ?? BODY_BYTES_MAX;
        const samples = [...said, ...made];
        const params = method === 'GET' ? paramsOf(path, input, values) : {};
        const target = {
          ...{ node, role: role.name, method, path, access, tag, input, bodyMax, isPage: false },
          samples,
          params,
        };
        const before = found.get(path);
        if (before === undefined || before.method !== method)
          found.set(before === undefined ? path : `${method} ${path}`, target);
        else if (before.samples.length < samples.length) found.set(path, target);
      }
      for (const { path, access, input } of role.pages ?? []) {
        const rest = { method: 'GET', tag: 'page', bodyMax: BODY_BYTES_MAX, isPage: true, samples: [] } as const;
        found.set(path, { node, role: role.name, path, access, input, params: paramsOf(path, input, values), ...rest });
      }
    }
  }
  return [...found.values()];
}

/** The first, and the newest, which may still be taken. */
function ends<T>(all: readonly T[]): T[] {
  return all.length <= 6 ? [...all] : [...all.slice(0, 2), ...all.slice(-4)];
}

function paramsOf(path: string, input: ZodType, values: Readonly<Record<string, readonly string[]>>) {
  const names = input instanceof z.ZodObject ? Object.keys(input.shape as object) : [];
  return Object.fromEntries(
    names.map((name): [string, readonly string[]] => {
      const known = values[name];
      if (known === undefined) throw new Error(`${path}: a value for its parameter ${name}; see targets.ts`);
      return [name, known];
    }),
  );
}

async function valuesOf(network: TestNetwork): Promise<Readonly<Record<string, readonly string[]>>> {
  const wallets = await Promise.all(['G', 'U'].map((name) => network.world.walletKey(name)));
  const small = ['0', '1', '2', '5'];
  return {
    ...{ account: wallets, to: [...wallets, ...small], ref: ['00'.repeat(16)], after: small, position: small, from: small },
    ...{ index: small, size: small, before: small, interval: ['0', '1'] },
    ...{ rail: ['ledger', 'bitcoin'], destination: ['bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080'], amount: ['150000'] },
    ...{ relay: ['G', network.world.relayId('M')], case: [openDocket(network).caseOf('M', 'G'), sha256Hex('none')] },
  };
}

/** What nobody said in that interval. */
function byHand(network: TestNetwork): Readonly<Record<string, readonly unknown[]>> {
  const { caseOf } = openDocket(network);
  const [pair, session] = [caseOf('M', 'G'), sha256Hex('session').slice(0, 32)];
  const order = { id: session, rail: 'ledger', destination: story.settlement.body.destination, amount: '7' };
  const ofInterval = [{ interval: 0 }, { interval: null }];
  const nothing = [{}];
  return {
    '/directory/publish': ['G', 'M'].flatMap((name) => descriptorOf(network, name)),
    '/directory/contest': [story.contest],
    '/directory/appeal': [story.appeal],
    '/directory/complaint': [story.complaint],
    '/directory/answer': [story.answer],
    '/directory/mailbox': [
      {
        body: {
          ...{ from: network.world.relayId('M'), key: 1, to: network.world.relayId('G'), id: pair, sealed: 'AAAA' },
          expires: network.clock.now() + 3600,
        },
        signature: '00'.repeat(64),
      },
    ],
    '/directory/mailbox/fetch': [story.mailboxFetch],
    '/directory/descriptors': [{ digests: [pair] }],
    '/guard/complained': [{ case: pair }],
    '/guard/shortfall': [{ session, interval: 0, bytes: '-5' }],
    '/relay/acks': [{ issuer: network.world.relayId('M'), holder: network.world.relayId('X'), interval: 0 }],
    '/relay/session-open': [{ session, connection: 'c', hops: 3, leavesTor: true }],
    '/relay/session-known': [{ session }],
    '/relay/session-close': [{ session }],
    '/relay/outcome': [{ peer: network.world.relayId('X'), interval: 0, outcome: 'paid', rail: 'ledger', received: '1' }],
    '/settlement/contested': [{ case: pair }],
    '/settlement/appeals': [{ case: pair, evidence: story.appeal.body.evidence }],
    '/settlement/notices': [{ settlement: pair, rail: 'ledger', payment: '1', signed: null }],
    '/settlement/receipts': [story.receipt],
    '/settlement/recall': [
      { interval: 0, after: null },
      { interval: null, after: 0 },
    ],
    '/settlement/withdraw': [order],
    '/settlement/wallet-send': [order],
    '/settlement/dry-run': ofInterval,
    '/settlement/earnings': ofInterval,
    '/settlement/statements-list': ofInterval,
    '/settlement/payouts': nothing,
    '/settlement/payouts-unsigned': nothing,
    '/settlement/payouts-signed': [{ signed: 'cHNidP8B' }],
    '/settlement/payouts-void': [{ batch: pair }],
    '/settlement/payouts-approve': [{ ids: [pair] }, { all: true }],
    '/settlement/contests': nothing,
    '/settlement/contest-file': [{ id: pair, confirm: false }],
    '/settlement/appeal': [{ case: pair, payment: null }],
    '/settlement/wallet': nothing,
    '/settlement/reconcile': nothing,
    '/settlement/status': nothing,
    '/client/account': nothing,
    '/client/guards': nothing,
    '/client/subscribe': [{ guard: 'G' }],
    '/client/deposit': [{ amount: '5' }],
    '/client/balance': [{}, { guard: 'G' }],
    '/client/bills': [{}, { interval: 0 }],
    '/client/sign': nothing,
    '/client/withdraw': [{ amount: '5' }],
    '/client/deposits': nothing,
    '/client/withdrawals': nothing,
    '/client/complain': [{ kind: 'deposit', subject: '1', confirm: false }],
    '/client/complaints': nothing,
    '/client/claims': nothing,
    '/client/backup': [{ passphrase: 'correct horse' }],
    '/client/restore': [{ file: 'ptg', passphrase: 'correct horse' }],
  };
}

function descriptorOf(network: TestNetwork, name: string): unknown[] {
  const found = network.world.authority.view.descriptor(network.world.relayId(name));
  return found === null ? [] : [bare(found)];
}

function otherThan(network: TestNetwork, node: string): string {
  return network.world.relayId(node === 'M' ? 'G' : 'M');
}

export function roleOf(nodes: ReadonlyMap<string, RunningNode>, node: string, role: RoleName): Role {
  const found = nodes.get(node)?.roles.find((one) => one.name === role);
  if (found === undefined) throw new Error(`${node} has no ${role}`);
  return found;
}

/** As who said the sample would seal it, with its own key. */
function sealed(network: TestNetwork, nodes: ReadonlyMap<string, RunningNode>, target: Target, sample: Sample, body: Buffer) {
  const { networkId } = network.world.network;
  const receiver = roleOf(nodes, target.node, target.role);
  const key = receiver.sealing?.[0] as SealingKey;
  if (target.access === 'subscriber') {
    const box = sealBoxRequest({ networkId, tag: target.tag }, key, wellFormed(body.toString('utf8')), systemEntropy());
    if (!box.ok) throw new Error(box.refusal.code);
    return box.value;
  }
  const from = sample.from as string;
  const mine = roleOf(nodes, network.world.relayName(from), target.role).sealing?.[0] as SealingKey;
  const link = { networkId, tag: target.tag, from, to: receiver.relay as string };
  const made = sealLinkRequest(link, mine, key, body.subarray(0, 300_000), systemEntropy());
  if (!made.ok) throw new Error(made.refusal.code);
  return made.value;
}

function wellFormed(text: string): string {
  return text.slice(0, 150_000).replace(/\p{Surrogate}/gu, '\ufffd');
}

interface Answered {
  readonly status: number;
  readonly type: string;
  readonly bytes: Buffer;
}

function exchange(
  agent: http.Agent,
  network: TestNetwork,
  nodes: ReadonlyMap<string, RunningNode>,
  target: Target,
  path: string,
  body?: Buffer,
): Promise<Answered> {
  const home = join(network.home, target.node);
  const where =
    target.access === 'local'
      ? { socketPath: socketPath(home, target.role) }
      : { host: '127.0.0.1', port: Number(new URL(nodes.get(target.node)?.url ?? '').port) };
  return new Promise((resolve, reject) => {
    const headers = body === undefined ? {} : { 'content-length': body.length, 'content-type': 'application/json' };
    const request = http.request({ ...where, path, method: body === undefined ? 'GET' : 'POST', agent, headers });
    request.once('error', reject);
    request.once('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.once('error', reject);
      response.once('end', () =>
        resolve({
          ...{ status: response.statusCode ?? 0, type: response.headers['content-type'] ?? '' },
          bytes: Buffer.concat(chunks),
        }),
      );
    });
    request.end(body);
  });
}

/** Every code that is documented. */
const codes = new Set([...refusalsPage().matchAll(/^\| `([a-z0-9-]+)` \|/gm)].map((match) => match[1] as string));
const ANSWER_CHARS_MAX = 16 * 1024 * 1024;
const refused = z.strictObject({ refusal: refusalShape });

function expectPlain(status: number, type: string, bytes: Buffer): void {
  expect(type, bytes.toString('utf8', 0, 200)).match(/^application\/json/);
  const text = bytes.toString('utf8');
  if (status !== 200) return expectRefusal(text);
  expect(decode(text, z.unknown(), ANSWER_CHARS_MAX).ok, 'an answer in canonical JSON').equal(true);
}

function expectSealed(text: string): void {
  const read = decode(text, z.union([z.strictObject({ value: z.unknown() }), refused]), ANSWER_CHARS_MAX);
  if (!read.ok) throw new Error(`${read.refusal.code}: ${read.refusal.about}`);
  if ('refusal' in read.value) expectRefusal(text);
}

function expectRefusal(text: string): void {
  const read = decode(text, refused);
  if (!read.ok) throw new Error(`no refusal that can be read: ${read.refusal.about}: ${text.slice(0, 300)}`);
  const { code, about } = read.value.refusal;
  expect(codes.has(code), `${code} is documented`).equal(true);
  if (code === 'internal') throw new Error(`the role failed: ${about}`);
}

function expectPage(status: number, type: string, text: string): void {
  expect(type).match(/^(text\/html|application\/atom\+xml)/);
  expect(text).not.match(/<script/i);
  if (status === 200) return;
  const code = /\(([a-z0-9-]+)\)<\/p>/.exec(text)?.[1] ?? 'none';
  expect(codes.has(code) && code !== 'internal', code).equal(true);
}

async function digests(home: string): Promise<ReadonlyMap<string, string>> {
  const files = readdirSync(home, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.sqlite'));
  const found = await Promise.all(files.map(async (name): Promise<[string, string]> => [name, await digestOf(join(home, name))]));
  return new Map(found);
}

function digestOf(file: string): Promise<string> {
  return inFile(file, async (rows) => {
    const tables = (await rows(`SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name`)) as { name: string }[];
    const all: unknown[] = [];
    for (const { name } of tables) all.push(name, await rows(`SELECT * FROM "${name}" ORDER BY rowid`));
    return sha256Hex(JSON.stringify(all));
  });
}

/** By another connection, so that nothing but what is on the disk counts. */
async function inFile<T>(file: string, read: (rows: (sql: string) => Promise<unknown[]>) => Promise<T>): Promise<T> {
  const database = new sqlite3.Database(file, sqlite3.OPEN_READONLY);
  const rows = (sql: string): Promise<unknown[]> =>
    new Promise((resolve, reject) => database.all(sql, (error, all: unknown[]) => (error ? reject(error) : resolve(all))));
  try {
    return await read(rows);
  } finally {
    await new Promise<void>((resolve) => database.close(() => resolve()));
  }
}
