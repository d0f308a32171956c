/*
 * Settlement roles in one process: a real ledger role and wallets on it, a clock that is driven, and a post office in place of
 * sockets that hands every call to the endpoint it is for, through the codec and the endpoint's own schema. A role can be stopped
 * and started again on its database, and a call or transaction can be the one at which it dies.
 */
import { expect } from 'chai';
import { z, type ZodType } from 'zod';
import { sha256Hex } from '../../core/crypto/hash.ts';
import { asStored, sign, type Signed, type Verified } from '../../core/crypto/sign.ts';
import type { BookLine, PairOutcome } from '../../core/local/messages.ts';
import { ok, type Result } from '../../core/refusal.ts';
import { scheduleOf, type Schedule } from '../../core/rule/interval.ts';
import { decode, encode } from '../../core/wire/codec.ts';
import type { Consensus } from '../../core/wire/consensus.ts';
import { signedAppeal, signedContest, type Appeal, type Contest } from '../../core/wire/contest.ts';
import type { Descriptor } from '../../core/wire/descriptor.ts';
import type { Iou } from '../../core/wire/iou.ts';
import type { Letter } from '../../core/wire/mailbox.ts';
import type { Parameters } from '../../core/wire/parameters.ts';
import { drivenClock, type DrivenClock } from '../../host/clock.ts';
import { openDatabase, type DatabasePlace } from '../../host/db/open.ts';
import { seededEntropy } from '../../host/entropy.ts';
import { refuseHttp } from '../../host/http/refusals.ts';
import type { Caller, Database, Endpoint, HttpClient, Log, NetworkView, Role } from '../../host/ports.ts';
import { sealingKeyFromSeed } from '../../host/seal.ts';
import { migrations as ledgerMigrations, start as startLedger } from '../../ledger/main.ts';
import { mint } from '../../rail/ledger/mint.ts';
import { ledgerReader } from '../../rail/ledger/reader.ts';
import { ledgerWallet, type LedgerWallet } from '../../rail/ledger/wallet.ts';
import type { RailReader, Wallet } from '../../rail/rail.ts';
import { migrations, start, type OwnRail, type SettlementConfig } from '../../settlement/main.ts';
import { standInDocket, type StandInDocket } from './docket.ts';
import { networkId, testDescriptor, testKey, testParameters, testSeed, testView } from '../harness/view.ts';

export interface Member {
  readonly name: string;
  readonly id: string;
  readonly wallet: LedgerWallet;
  readonly reader: RailReader;
  readonly outcomes: PairOutcome[];
  readonly log: string[];
  role: Role | null;
  database: Database;
}

export interface WorldOptions {
  readonly names: readonly string[];
  readonly parameters?: Partial<Parameters>;
  readonly funds?: Readonly<Record<string, bigint>>;
  readonly payouts?: Readonly<Record<string, 'auto' | 'manual'>>;
  readonly contests?: Readonly<Record<string, 'auto' | 'ask'>>;
  /** Members of one operator. */
  readonly family?: readonly string[];
  /** Where members keep their rows; in memory by default. */
  readonly place?: (name: string) => Promise<DatabasePlace>;
  /** Lines of a page of a closed book; all of them by default. */
  readonly pageLines?: number;
  /** Most outputs of a payment batch, where it is less than what the ledger takes. */
  readonly batchMax?: number;
  /** Of one member: sees every transaction and call of it, and may throw. */
  readonly strike?: { readonly name: string; at(point: string): void };
  /** Another rail than the ledger, on which all of them pay. */
  readonly rail?: RailOfAll;
}

export interface RailOfAll {
  readonly name: string;
  /** Null: that member has the ledger alone. */
  of(name: string, database: Database): OwnRail | null;
  /** The others have the ledger too, after it. */
  readonly besides?: boolean;
  /** Null of who has the ledger alone. */
  fallback(name: string): string | null;
  /** Of whoever has no wallet. */
  readonly reader: RailReader;
}

export interface World {
  readonly clock: DrivenClock;
  readonly view: NetworkView;
  readonly parameters: Parameters;
  readonly letters: Letter[];
  /** In place of a directory's: see docket.ts. Of whom it accuses it tells, unless `docket.tells` is false. */
  readonly docket: StandInDocket;
  /** Calls that do not get through: `tag:to` or a path. */
  readonly down: Set<string>;
  /** Calls whose answers do not come back. */
  readonly lost: Set<string>;
  /** Calls made, as `tag from>to`. */
  readonly calls: string[];
  of(name: string): Member;
  schedule(interval: number): Schedule;
  /** Puts lines into both books. */
  owe(interval: number, issuer: string, holder: string, relayBytes: bigint, options?: OweOptions): Signed<Iou>;
  /** What its relay knew of an interval is lost. */
  loseBook(interval: number, name: string): void;
  stop(name: string): Promise<void>;
  /** Kills it: what it does from now on fails, then it is gone. */
  kill(name: string): Promise<void>;
  start(name: string, changes?: Partial<SettlementConfig>, fresh?: boolean): Promise<void>;
  local(name: string, path: string, body: unknown): Promise<Result<unknown>>;
  /** As anybody may. */
  tell(name: string, caseId: string): Promise<Result<unknown>>;
  /** The next consensus: it names the pairs that were contested. */
  agree(): Promise<void>;
  link(from: string, to: string, path: string, body: unknown): Promise<Result<unknown>>;
  idle(): Promise<void>;
  advance(to: number): Promise<void>;
  close(): Promise<void>;
}

export interface OweOptions {
  readonly serial?: bigint;
  /** Whose book shows it; both by default. */
  readonly shownBy?: readonly string[];
}

export async function openWorld(options: WorldOptions): Promise<World> {
  const parameters = testParameters({ carryIntervals: 4, ...options.parameters });
  const clock = drivenClock(parameters.genesis);
  const names = options.names;
  const wallets = new Map<string, LedgerWallet>();
  const members = new Map<string, Member>();
  const books = new Map<string, Map<string, BookLine>>();
  const letters: Letter[] = [];
  const down = new Set<string>();
  const lost = new Set<string>();
  const calls: string[] = [];
  const dead = new Set<string>();
  let flying = 0;

  const logOf = (lines: string[]): Log => {
    const write = (event: string, fields: object = {}) => void lines.push(`${event} ${JSON.stringify(fields)}`);
    return { info: write, warn: write, error: write };
  };
  const silent = logOf([]);

  // The network's keys do not depend on its members: the ledger is opened first, descriptors name the wallets on it.
  const founding = testView([], parameters);
  const ledgerDatabase = await openDatabase({ file: ':memory:' }, ledgerMigrations, 'ledger');
  const ledger = await startLedger(
    { clock, database: ledgerDatabase, log: silent },
    { networkId, logSeed: testSeed('log'), mintKey: testKey('mint').publicKey },
  );
  const plainHttp = { get: ledgerGet, post: ledgerPost };
  for (const name of names) {
    const access = { http: httpOf(name), network: founding.network };
    wallets.set(name, ledgerWallet({ ...access, key: testKey(`${name} wallet`), refSecret: testSeed(`${name} refs`) }));
  }
  const family = options.family ?? [];
  const fallbacksOf = (name: string) => {
    const fallback = options.rail?.fallback(name) ?? null;
    const own = options.rail === undefined || fallback === null ? [] : [{ rail: options.rail.name, fallback }];
    const ledgerToo = own.length === 0 || options.rail?.besides === true;
    return ledgerToo ? [...own, { rail: 'ledger', fallback: (wallets.get(name) as LedgerWallet).fallback() }] : own;
  };
  const descriptors = names.map((name) => {
    const others = family.includes(name) ? family.map((one) => testDescriptor(one).body.id) : [];
    return describe(name, fallbacksOf(name), others);
  });
  const given = testView(descriptors, parameters);
  const listeners = new Set<(consensus: Verified<Consensus>) => void>();
  let newest = given.consensus()!;
  const view: NetworkView = {
    ...given,
    consensus: () => newest,
    onConsensus(run) {
      listeners.add(run);
      return () => void listeners.delete(run);
    },
  };
  const known = new Map(names.map((name, index) => [name, (descriptors[index] as { body: Descriptor }).body.id]));
  const idOf = (name: string) => known.get(name) as string;
  const nameOf = (id: string) => [...known].find(([, one]) => one === id)?.[0] ?? id;

  async function answer(endpoint: Endpoint | undefined, input: unknown, from: Caller): Promise<Result<unknown>> {
    if (endpoint === undefined) return refuseHttp('unknown-endpoint', 'test');
    const read = decode(encode(input ?? null), endpoint.input, 1024 * 1024);
    return read.ok ? endpoint.answer(read.value as never, from) : read;
  }

  function readBack<T>(result: Result<unknown>, output: ZodType<T>): Result<T> {
    if (!result.ok) return result;
    const read = decode(encode(result.value ?? null), output, 8 * 1024 * 1024);
    return read.ok ? read : refuseHttp('bad-answer', `${read.refusal.code}: ${read.refusal.about}`);
  }

  const docket = standInDocket({
    clock,
    view,
    reader: options.rail?.reader ?? ledgerReader({ http: httpOf('docket'), network: founding.network }),
    tell: (accused, id) => void world.tell(nameOf(accused), id),
  });

  async function ledgerGet<T>(url: string, output: ZodType<T>): Promise<Result<T>> {
    const { pathname, searchParams } = new URL(url);
    for (const endpoint of ledger.endpoints.filter((one) => one.method === 'GET')) {
      const found = matchPath(endpoint.path, pathname);
      if (found === null) continue;
      return readBack(await answer(endpoint, { ...found, ...Object.fromEntries(searchParams) }, { kind: 'public' }), output);
    }
    return refuseHttp('unknown-endpoint', pathname);
  }

  async function ledgerPost<T>(url: string, body: unknown, output: ZodType<T>): Promise<Result<T>> {
    const { pathname } = new URL(url);
    const endpoint = ledger.endpoints.find((one) => one.method === 'POST' && one.path === pathname);
    return readBack(await answer(endpoint, body, { kind: 'public' }), output);
  }

  function directory(pathname: string, body: unknown): Result<unknown> {
    const posted = decode(encode(body ?? null), anySigned, 1024 * 1024);
    if (pathname === '/directory/contest' && posted.ok) return docket.file(body as Signed<Contest>);
    if (pathname === '/directory/appeal' && posted.ok) return docket.appeal(body as Signed<Appeal>);
    if (pathname === '/directory/mailbox') {
      letters.push((body as Signed<Letter>).body);
      docket.letter((body as Signed<Letter>).body.id);
      return ok({ done: true });
    }
    const { relay } = (body as Signed<{ relay: string }>).body;
    return ok({ letters: letters.filter((one) => one.to === relay).map(({ id, sealed }) => ({ id, sealed })) });
  }

  function ownRelay(name: string, path: string, body: unknown): Result<unknown> {
    const { pathname, searchParams } = new URL(path, 'http://localhost');
    if (pathname === '/relay/outcome') {
      (members.get(name) as Member).outcomes.push(body as PairOutcome);
      return ok({ done: true });
    }
    const interval = pathname === '/relay/book' ? (body as { interval: number }).interval : Number(searchParams.get('interval'));
    const lines = [...(books.get(`${name} ${interval}`)?.values() ?? [])].sort((a, b) => (a.peer < b.peer ? -1 : 1));
    if (pathname === '/relay/book') return ok(pageOf(lines, (body as { after: string | null }).after));
    const shown = lines.flatMap((line) => [
      ...(line.held === null ? [] : [{ direction: 'held', ...line.held.body }]),
      ...(line.issued === null ? [] : [{ direction: 'issued', ...line.issued.body }]),
    ]);
    return ok({ interval, ious: shown });
  }

  /** The member's own, which a test may change while it runs. */
  function walletOf({ wallet }: Member): Wallet {
    return options.batchMax === undefined ? wallet : { ...wallet, batchMax: options.batchMax };
  }

  function railsOf(member: Member, database: Database): OwnRail[] {
    const own = options.rail?.of(member.name, database) ?? null;
    const onLedger = { wallet: walletOf(member), reader: member.reader };
    if (own === null) return [onLedger];
    return options.rail?.besides === true ? [own, onLedger] : [own];
  }

  function pageOf(lines: readonly BookLine[], after: string | null) {
    const rest = lines.filter((line) => after === null || line.peer > after);
    const page = rest.slice(0, options.pageLines ?? rest.length);
    return { closed: true, lines: page, next: page.length < rest.length ? (page.at(-1)?.peer ?? null) : null };
  }

  /** Every call of a member: counted, perhaps cut off, and dead when its caller is. */
  function httpOf(name: string): HttpClient {
    async function call<T>(point: string, run: () => Promise<Result<T>>): Promise<Result<T>> {
      flying += 1;
      try {
        strike(name, `before ${point}`);
        const result = down.has(point) || down.has(`${name}:${point}`) ? refuseHttp('unreachable', point) : await run();
        strike(name, `after ${point}`);
        return lost.has(point) ? refuseHttp('unreachable', point) : result;
      } finally {
        flying -= 1;
      }
    }
    return {
      get: (url, output) =>
        call(pointOf(url), async () => {
          const [, caseId] = /\/directory\/docket\/case\/([0-9a-f]{64})$/.exec(new URL(url).pathname) ?? [];
          return caseId === undefined ? plainHttp.get(url, output) : readBack(docket.read(caseId), output);
        }),
      post: (url, body, output) =>
        call(pointOf(url), async () => {
          const { pathname } = new URL(url);
          if (!pathname.startsWith('/directory/')) return plainHttp.post(url, body, output);
          return readBack(directory(pathname, body), output);
        }),
      link: ({ tag, body, from, to, url }, output) =>
        call(`${tag}:${nameOf(to)}`, async () => {
          calls.push(`${tag} ${nameOf(from)}>${nameOf(to)}`);
          const { role } = members.get(nameOf(to)) as Member;
          const path = new URL(url).pathname;
          const endpoint = role?.endpoints.find((one) => one.path === path && one.access === 'link');
          if (role === null) return refuseHttp('unreachable', nameOf(to));
          const result = await answer(endpoint, body, { kind: 'link', relay: from }).catch(() => refuseHttp('internal', path));
          return readBack(result, output);
        }),
      subscriber: async () => refuseHttp('unreachable', 'test'),
      local: (_role, path, body, output) => call(path, async () => readBack(ownRelay(name, path, body), output)),
      inFlight: () => flying,
    };
  }

  function strike(name: string, point: string): void {
    if (dead.has(name)) throw new Error('killed');
    if (options.strike?.name === name) options.strike.at(point);
  }

  /** Commits are points at which a process can die, just before and just after. */
  function databaseOf(name: string, database: Database): Database {
    return {
      ...database,
      async transaction(work) {
        strike(name, 'before commit');
        const value = await database.transaction(work);
        strike(name, 'after commit');
        return value;
      },
    };
  }

  const world: World = {
    clock,
    view,
    parameters,
    letters,
    docket,
    down,
    lost,
    calls,
    of: (name) => members.get(name) as Member,
    schedule: (interval) => scheduleOf(parameters, interval),
    owe(interval, issuer, holder, relayBytes, { serial = 1n, shownBy = [issuer, holder] } = {}) {
      const body: Iou = {
        issuer: idOf(issuer),
        issuerKey: 1,
        holder: idOf(holder),
        interval,
        terms: view.termsDigest(interval) as string,
        serial,
        relayBytes,
        exitBytes: 0n,
        issuedAt: scheduleOf(parameters, interval).start,
      };
      const iou = sign('iou', networkId, body, testKey(`${issuer} iou`));
      for (const name of shownBy) {
        const book = books.get(`${name} ${interval}`) ?? new Map<string, BookLine>();
        const peer = name === issuer ? idOf(holder) : idOf(issuer);
        const line = book.get(peer) ?? { peer, held: null, issued: null };
        book.set(peer, name === issuer ? { ...line, issued: iou } : { ...line, held: iou });
        books.set(`${name} ${interval}`, book);
      }
      return iou;
    },
    loseBook: (interval, name) => void books.delete(`${name} ${interval}`),
    async stop(name) {
      const member = members.get(name) as Member;
      const { role } = member;
      member.role = null;
      await role?.stop();
    },
    async kill(name) {
      dead.add(name);
      await world.stop(name);
      dead.delete(name);
    },
    async start(name, changes = {}, fresh = false) {
      const member = members.get(name) as Member;
      if (fresh) {
        await member.database.close();
        member.database = await openDatabase({ file: ':memory:' }, migrations, 'settlement');
      }
      const database = databaseOf(name, member.database);
      const ports = {
        clock,
        network: view,
        http: httpOf(name),
        log: logOf(member.log),
        entropy: seededEntropy(`${name} ${clock.now()}`),
        database,
        rails: railsOf(member, database),
      };
      const keys = [{ number: 1, seed: testSeed(`${name} settlement`), sealingSeed: testSeed(`${name} settlement sealing`) }];
      const payouts = options.payouts?.[name] ?? 'auto';
      const contests = options.contests?.[name] ?? 'auto';
      member.role = await start(ports, { id: member.id, nickname: name, keys, payouts, contests, ...changes });
    },
    async local(name, path, body) {
      const endpoint = world.of(name).role?.endpoints.find((one) => one.path === path && one.access === 'local');
      const result = await answer(endpoint, body, { kind: 'local' });
      return result.ok ? ok(JSON.parse(encode(result.value)) as unknown) : result;
    },
    async tell(name, caseId) {
      const endpoint = world.of(name).role?.endpoints.find((one) => one.path === '/settlement/contested');
      expect(endpoint?.access ?? 'public').equal('public');
      return answer(endpoint, { case: caseId }, { kind: 'public' });
    },
    async agree() {
      newest = asStored({ body: { ...newest.body, nullified: docket.nullified() }, signature: '00'.repeat(64) });
      for (const run of [...listeners]) run(newest);
      await world.idle();
    },
    async link(from, to, path, body) {
      const endpoint = world.of(to).role?.endpoints.find((one) => one.path === path && one.access === 'link');
      return answer(endpoint, body, { kind: 'link', relay: idOf(from) });
    },
    async idle() {
      const busy = () => flying > 0 || [...members.values()].some(({ role }) => role?.busy() === true);
      for (let quiet = 0; quiet < 4;) {
        quiet = busy() ? 0 : quiet + 1;
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
    async advance(to) {
      await world.idle();
      for (;;) {
        const dues = [...members.values()].flatMap(({ role }) => role?.nextDue() ?? []);
        const next = Math.min(...dues);
        if (dues.length === 0 || next > to) break;
        clock.advance(Math.max(next, clock.now() + 1));
        await world.idle();
      }
      if (clock.now() < to) clock.advance(to);
      await world.idle();
    },
    async close() {
      for (const name of names) await world.stop(name);
      for (const member of members.values()) await member.database.close();
      await ledger.stop();
      await ledgerDatabase.close();
    },
  };

  for (const name of names) {
    const access = { http: httpOf(name), network: view.network };
    members.set(name, {
      name,
      id: idOf(name),
      wallet: wallets.get(name) as LedgerWallet,
      reader: ledgerReader(access),
      outcomes: [],
      log: [],
      role: null,
      database: await openDatabase((await options.place?.(name)) ?? { file: ':memory:' }, migrations, 'settlement'),
    });
  }
  for (const name of names) {
    const amount = options.funds?.[name] ?? 0n;
    if (amount > 0n) await fund(world, name, amount);
  }
  for (const name of names) await world.start(name);
  await world.idle();
  return world;

  async function fund(one: World, name: string, amount: bigint): Promise<void> {
    const outputs = [{ destination: one.of(name).wallet.at('purse'), amount }];
    const id = sha256Hex('purse', name, String(amount));
    const minted = await mint({ http: plainHttp, network: view.network, mintKey: testKey('mint') }, id, outputs);
    if (!minted.ok) throw new Error(minted.refusal.code);
  }
}

export async function balanceOf(world: World, name: string): Promise<bigint> {
  const balance = await world.of(name).wallet.balance();
  if (!balance.ok) throw new Error(balance.refusal.code);
  return balance.value;
}

/** What a member says of its pairs. */
export interface PairShown {
  readonly id: string;
  readonly interval: number;
  readonly peer: string;
  readonly nickname: string;
  readonly state: string;
  readonly side: string | null;
  readonly amount: string;
  readonly destination: string | null;
  readonly mine: unknown;
  readonly theirs: unknown;
  readonly settlement: { body: Record<string, unknown>; signature: string; countersignature?: string } | null;
  readonly receipt: { body: Record<string, unknown>; signature: string } | null;
}

export async function pairsOf(world: World, name: string, interval: number | null = null): Promise<PairShown[]> {
  const shown = await world.local(name, '/settlement/statements-list', { interval });
  if (!shown.ok) throw new Error(shown.refusal.code);
  return (shown.value as { statements: PairShown[] }).statements;
}

/** `peer: state amount`, one a pair. */
export async function statesOf(world: World, name: string, interval: number | null = null): Promise<string[]> {
  return (await pairsOf(world, name, interval)).map(({ nickname, state, amount }) => `${nickname}: ${state} ${amount}`).sort();
}

function describe(name: string, rails: { readonly rail: string; readonly fallback: string }[], family: readonly string[]) {
  const sealing = sealingKeyFromSeed(testSeed(`${name} settlement sealing`), 1).publicKey;
  const given = testDescriptor(name).body;
  const keys = given.keys.map((set) => ({ ...set, settlementSealing: Buffer.from(sealing).toString('hex') }));
  const body = { ...given, keys, family: [...family], rails };
  return asStored(sign('descriptor', networkId, body, testKey(`${name} identity`)));
}

const anySigned = z.union([signedContest, signedAppeal]);

function pointOf(url: string): string {
  return new URL(url).pathname.split('/').slice(0, 3).join('/');
}

function matchPath(pattern: string, path: string): Record<string, string> | null {
  const [expected, given] = [pattern.split('/'), path.split('/')];
  if (expected.length !== given.length) return null;
  const found: Record<string, string> = {};
  for (const [index, part] of expected.entries()) {
    const value = given[index] as string;
    if (part.startsWith(':')) found[part.slice(1)] = value;
    else if (part !== value) return null;
  }
  return found;
}

/** Where this settlement is paid when its creditor is silent. */
export function fallbackOf(world: World, creditor: string, settlement: string): string {
  const { wallet, reader } = world.of(creditor);
  return reader.fallbackFor(wallet.fallback(), settlement);
}
