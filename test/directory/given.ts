/*
 * An authority for tests: the role itself, on a database in memory and a driven clock, in a network whose relays are there or not
 * as the test says.
 */
import { setImmediate } from 'node:timers/promises';
import type { z } from 'zod';
import { signingKey } from '../../core/crypto/keys.ts';
import type { Signed } from '../../core/crypto/sign.ts';
import { ok, type Result } from '../../core/refusal.ts';
import { decode, encode, shaped } from '../../core/wire/codec.ts';
import type { ConsensusDocument } from '../../core/wire/consensus.ts';
import { descriptorDigest, type Descriptor } from '../../core/wire/descriptor.ts';
import type { Network } from '../../core/wire/network.ts';
import type { Parameters } from '../../core/wire/parameters.ts';
import { caseNotice } from '../../core/wire/verdict.ts';
import { migrations, start } from '../../directory/main.ts';
import { readEntry, type LogEntry } from '../../directory/log/entry.ts';
import { emptyState, type DirectoryState, type KnownRelay } from '../../directory/state/decide.ts';
import { neverAsked, type Uptime } from '../../directory/state/uptime.ts';
import { drivenClock, type DrivenClock } from '../../host/clock.ts';
import { openDatabase } from '../../host/db/open.ts';
import { seededEntropy } from '../../host/entropy.ts';
import { refuseHttp } from '../../host/http/refusals.ts';
import { silentLog } from '../../host/log.ts';
import type { Database, HttpClient, Role } from '../../host/ports.ts';
import { openRails, railRules } from '../../rail/rails.ts';
import type { DirectoryTor } from '../../tor/authority/directory-tor.ts';
import { networkId, testDescriptor, testKey, testParameters, testSeed } from '../harness/view.ts';

export const GENESIS = 1_000_000;
export const MONTH = 30 * 24 * 3600;

export const network: Network = {
  networkId,
  authorities: [{ name: 'auth', key: signingKey(testSeed('authority')).publicKey, url: 'http://127.0.0.1:1' }],
  ledger: { url: 'http://127.0.0.1:1', logKey: testKey('log').publicKey, mintKey: testKey('mint').publicKey },
};

/** Interval 400 s, consensus each 20 s, so that the last quarter is five of them; |N| and |E| are counted. */
export function givenParameters(changes: Partial<Parameters> = {}): Parameters {
  return testParameters({ genesis: GENESIS, intervalSec: 400, consensusSec: 20, exitRatio: null, ...changes });
}

/** A relay whose urls name it, with a descriptor that is valid around genesis. */
export function givenDescriptor(name: string, changes: Partial<Descriptor> = {}): Signed<Descriptor> {
  const url = `http://${name}:1`;
  const urls = { relay: url, settlement: url, guard: url };
  const signed = testDescriptor(name, { urls, published: GENESIS - 1000, expires: GENESIS + MONTH, ...changes });
  return { body: signed.body, signature: signed.signature };
}

export function givenRelay(name: string, changes: Partial<KnownRelay> = {}, said: Partial<Descriptor> = {}): KnownRelay {
  const descriptor = testDescriptor(name, { expires: GENESIS + MONTH, ...said });
  const digest = descriptorDigest(descriptor);
  return {
    descriptor,
    digest,
    firstSeen: 0,
    acceptedAt: 0,
    keysUpTo: 1,
    uptime: neverAsked,
    earlier: [],
    tor: null,
    boundTo: null,
    ...changes,
  };
}

/** Seen up for all of that time, until `now`. */
export function upFor(seconds: number, now: number): Uptime {
  const sum = BigInt(seconds) << 32n;
  return { ...neverAsked, askedAt: now, reachedAt: now, up: sum, total: sum, runSince: now - seconds };
}

export function stateOf(relays: readonly KnownRelay[], parameters: Parameters = givenParameters()): DirectoryState {
  return { ...emptyState, networkId, parameters, relays: new Map(relays.map((one) => [one.descriptor.body.id, one])) };
}

export interface Authority {
  readonly clock: DrivenClock;
  readonly database: Database;
  role: Role;
  /** Names of relays that answer; the host of their url. */
  readonly up: Set<string>;
  readonly calls: string[];
  /** What relays were told: `name path case`. */
  readonly told: string[];
  /** Through an endpoint, as the server would: canonical text in, canonical text out. */
  call(path: string, input?: unknown): Promise<Result<never>>;
  publish(name: string, changes?: Partial<Descriptor>): Promise<Result<{ digest: string }>>;
  consensus(): Promise<ConsensusDocument>;
  entries(): Promise<LogEntry[]>;
  /** Runs all that falls due until then. */
  goTo(time: number): Promise<void>;
  settle(): Promise<void>;
  restart(parameters?: Parameters): Promise<void>;
  close(): Promise<void>;
}

export async function givenAuthority(
  at: number,
  parameters: Parameters = givenParameters(),
  tor: DirectoryTor | null = null,
): Promise<Authority> {
  const clock = drivenClock(at);
  const database = await openDatabase({ file: ':memory:' }, migrations, 'directory');
  const up = new Set<string>();
  const calls: string[] = [];
  const told: string[] = [];
  const http = relaysThatAnswer(up, calls, told);
  const rails = railRules(openRails({ http, network }));
  const ports = { clock, entropy: seededEntropy('directory'), database, http, rails, log: silentLog(), tor };
  const begin = (of: Parameters) => start(ports, { network, name: 'auth', authoritySeed: testSeed('authority'), parameters: of });
  const authority: Authority = {
    clock,
    database,
    role: await begin(parameters),
    up,
    calls,
    told,
    async call(path, input = {}) {
      const endpoint = authority.role.endpoints.find((one) => one.path === path)!;
      const checked =
        endpoint.method === 'GET'
          ? shaped(input, endpoint.input as z.ZodType<never>)
          : decode(encode(input), endpoint.input as z.ZodType<never>, endpoint.bodyMax);
      if (!checked.ok) return checked;
      const answer = await endpoint.answer(checked.value, { kind: 'public' });
      return answer as Result<never>;
    },
    publish: (name, changes) => authority.call('/directory/publish', givenDescriptor(name, changes)),
    async consensus() {
      const answer = await authority.call('/directory/consensus');
      if (!answer.ok) throw new Error(answer.refusal.code);
      return answer.value;
    },
    async entries() {
      const all: LogEntry[] = [];
      for (;;) {
        const page = (await authority.call('/directory/log/entries', { from: String(all.length) })) as Result<{
          entries: string[];
        }>;
        if (!page.ok) throw new Error(page.refusal.code);
        if (page.value.entries.length === 0) return all;
        all.push(...page.value.entries.map(readEntry));
      }
    },
    async goTo(time) {
      await authority.settle();
      for (let due = authority.role.nextDue(); due !== null && due <= time; due = authority.role.nextDue()) {
        clock.advance(Math.max(due, clock.now()));
        await authority.settle();
      }
      clock.advance(time);
      await authority.settle();
    },
    async settle() {
      while (authority.role.busy()) await setImmediate();
    },
    async restart(of = parameters) {
      await authority.role.stop();
      authority.role = await begin(of);
    },
    async close() {
      await authority.role.stop();
      await database.close();
    },
  };
  return authority;
}

function relaysThatAnswer(up: ReadonlySet<string>, calls: string[], told: string[]): HttpClient {
  const bug = () => Promise.reject(new Error('a directory only asks relays whether they are there, and tells the accused'));
  return {
    async get(url, output) {
      const name = /^http:\/\/(\w+):1\/relay\/alive$/.exec(url)?.[1] ?? '';
      calls.push(name);
      // Slower than a database: who does not wait for it decides without it.
      for (let turn = 0; turn < 50; turn += 1) await setImmediate();
      if (!up.has(name)) return refuseHttp('unreachable', url);
      return ok(output.parse({ id: givenDescriptor(name).body.id, nickname: name }));
    },
    async post(url, body, output) {
      const [, name = '', path = ''] = /^http:\/\/(\w+):1(\/\w+\/(?:contested|complained))$/.exec(url) ?? [];
      if (!up.has(name)) return refuseHttp('unreachable', url);
      told.push(`${name} ${path} ${caseNotice.parse(body).case}`);
      return ok(output.parse({ done: true }));
    },
    link: bug,
    subscriber: bug,
    local: bug,
    inFlight: () => 0,
  };
}
