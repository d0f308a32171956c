/*
 * One settlement of a relay with many neighbours, in a process of its own so that its memory is its own: the folder that bst-peers.ts
 * made in, seconds and peak memory out, as JSON. The role is whole, on a SQLite file; the wire is the codec without sockets and
 * sealing; the rail answers at once. Started by bst.ts.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { ZodType } from 'zod';
import { asStored } from '../core/crypto/sign.ts';
import { invariant, ok, type Result } from '../core/refusal.ts';
import { scheduleOf } from '../core/rule/interval.ts';
import { decode, encode } from '../core/wire/codec.ts';
import { drivenClock } from '../host/clock.ts';
import { openDatabase } from '../host/db/open.ts';
import { seededEntropy } from '../host/entropy.ts';
import { refuseHttp } from '../host/http/refusals.ts';
import { silentLog } from '../host/log.ts';
import { createKnown } from '../host/network/known.ts';
import type { Endpoint, HttpClient, Log, NetworkView } from '../host/ports.ts';
import { ledgerReader } from '../rail/ledger/reader.ts';
import type { RailReader, Wallet } from '../rail/rail.ts';
import { readBookPage } from '../relay/iou/book.ts';
import { migrations as relayMigrations } from '../relay/migrations.ts';
import { migrations, start } from '../settlement/main.ts';
import { testSeed, testView } from '../test/harness/view.ts';
import { interval, keyOf, me, openPeers, parameters, receiving, type Peers, type Said } from './bst-peers.ts';
import { peakBytes, quiet, residentBytes, timed, type Took } from './measure.ts';

/** Counterparts that speak at once. */
const AT_ONCE = 32;

export interface BstTook {
  readonly seconds: number;
  readonly stages: { readonly agree: Took; readonly pay: Took };
  readonly peakBytes: number;
  /** With the program and the directory in memory, before anything is settled. */
  readonly beforeBytes: number;
  readonly batches: number;
}

export async function settleOnce(folder: string): Promise<BstTook> {
  const peers = openPeers(folder);
  const scratch = mkdtempSync(join(folder, 'run-'));
  const relayDatabase = await openDatabase({ file: join(folder, 'relay.sqlite') }, relayMigrations, 'relay');
  const database = await openDatabase({ file: join(scratch, 'settlement.sqlite') }, migrations, 'settlement');
  const clock = drivenClock(parameters.genesis);
  const network = viewOf(peers);
  const wire = createWire(peers);
  const paid: number[] = [];
  const book = { clock, database: relayDatabase, network, log: logOf() };
  const id = keyOf(`${me} identity`).publicKey;
  const role = await start(
    {
      ...{ clock, network, database, entropy: seededEntropy('bst'), log: logOf(), http: wire.http(book) },
      rails: [{ wallet: walletOf(paid), reader: readerOf(network) }],
    },
    {
      ...{ id, nickname: me, payouts: 'auto', contests: 'auto' },
      keys: [{ number: 1, seed: testSeed(`${me} settlement`), sealingSeed: testSeed(`${me} sealing`) }],
    },
  );
  wire.connect(role.endpoints, id);
  const { booksClose, bst } = scheduleOf(parameters, interval);
  await quiet(() => role.busy());
  const beforeBytes = residentBytes();
  const agree = await timed(async () => {
    clock.advance(booksClose);
    await wire.speak();
    await quiet(() => role.busy() || wire.busy());
  });
  const expected = peers.descriptors.filter(({ body }) => body.id !== id && !peers.said(body.id).iAmOwed).length;
  const pay = await timed(async () => {
    clock.advance(bst);
    await quiet(() => sum(paid) < expected);
  });
  const took = {
    seconds: agree.wallSec + pay.wallSec,
    stages: { agree, pay },
    ...{ peakBytes: peakBytes(), beforeBytes, batches: paid.length },
  };
  await role.stop();
  await database.close();
  await relayDatabase.close();
  peers.close();
  rmSync(scratch, { recursive: true });
  return took;
}

function viewOf(peers: Peers): NetworkView {
  const known = createKnown();
  const empty = testView([], parameters);
  for (const one of peers.descriptors) known.addDescriptor(one);
  known.addTerms({ terms: empty.terms(interval) as never, seenIn: parameters.genesis });
  const consensus = asStored(empty.consensus() as never) as ReturnType<NetworkView['consensus']>;
  return {
    ...empty,
    consensus: () => consensus,
    terms: (of) => known.terms(of)?.terms ?? null,
    termsDigest: (of) => known.termsDigest(of),
    descriptor: (of) => known.descriptor(of),
  };
}

interface Wire {
  http(book: Parameters<typeof readBookPage>[0]): HttpClient;
  connect(endpoints: readonly Endpoint[], id: string): void;
  /** Every second neighbour states first. */
  speak(): Promise<void>;
  busy(): boolean;
}

function createWire(peers: Peers): Wire {
  let endpoints: readonly Endpoint[] = [];
  let id = '';
  let flying = 0;
  const waiting: (() => Promise<void>)[] = [];
  let running = 0;

  /** They come as many at a time as there are hands. */
  function soon(work: () => Promise<void>): void {
    waiting.push(work);
    next();
  }

  function next(): void {
    while (running < AT_ONCE) {
      const work = waiting.shift();
      if (work === undefined) return;
      running += 1;
      void work().finally(() => {
        running -= 1;
        next();
      });
    }
  }

  async function tell(peer: string, path: string, text: string): Promise<void> {
    const endpoint = endpoints.find((one) => one.path === path && one.access === 'link') as Endpoint;
    const input = decode(text, endpoint.input);
    invariant(input.ok, 'what a neighbour says is in form');
    const answer = await endpoint.answer(input.value as never, { kind: 'link', relay: peer });
    // As a neighbour does: again, until it is taken.
    if (!answer.ok && answer.refusal.retry) {
      await new Promise((resolve) => setImmediate(resolve));
      return void soon(() => tell(peer, path, text));
    }
    if (!answer.ok) throw new Error(`${path}: ${answer.refusal.code}`);
    encode(answer.value);
    if (path === '/settlement/statements') claim(peer, peers.said(peer));
  }

  function claim(peer: string, said: Said): void {
    if (!said.iAmOwed) soon(() => tell(peer, '/settlement/settlements', said.settlement));
  }

  function answerTo(tag: string, peer: string): string {
    const said = peers.said(peer);
    if (tag === 'statement') claim(peer, said);
    return tag === 'statement' ? said.statement : said.settlement;
  }

  return {
    http: (book) => ({
      get: async () => refuseHttp('unreachable', 'get'),
      post: async () => refuseHttp('unreachable', 'post'),
      subscriber: async () => refuseHttp('unreachable', 'subscriber'),
      async link<T>({ tag, body, to }: { tag: string; body: unknown; to: string }, output: ZodType<T>): Promise<Result<T>> {
        flying += 1;
        encode(body);
        await new Promise((resolve) => setImmediate(resolve));
        const answer = tag === 'notice' ? null : decode(answerTo(tag, to), output);
        flying -= 1;
        return answer ?? refuseHttp('unreachable', tag);
      },
      async local<T>(_role: string, path: string, body: unknown, output: ZodType<T>): Promise<Result<T>> {
        if (path !== '/relay/book') return decode(encode({ done: true }), output);
        const page = await readBookPage(book, body as Parameters<typeof readBookPage>[1]);
        return page.ok ? decode(encode(page.value), output, 1024 * 1024) : page;
      },
      inFlight: () => flying,
    }),
    connect(those, own) {
      endpoints = those;
      id = own;
    },
    async speak() {
      const others = peers.descriptors.map((one) => one.body.id).filter((one) => one !== id);
      for (const [place, peer] of others.entries()) {
        if (place % 2 === 0) soon(() => tell(peer, '/settlement/statements', peers.said(peer).statement));
      }
    },
    busy: () => flying > 0 || running > 0,
  };
}

/** Counts what it was handed. */
function walletOf(paid: number[]): Wallet {
  return {
    ...receiving,
    incoming: async (cursor) => ok({ payments: [], cursor }),
    balance: async () => ok(10n ** 18n),
    held: async () => ok(10n ** 18n),
    waiting: async () => ok(0n),
    sentTo: async () => {
      await new Promise((resolve) => setImmediate(resolve));
      return ok([]);
    },
    quote: async () => ok(0n),
    batchMax: 500,
    async pay({ id, outputs }) {
      paid.push(outputs.length);
      return ok({ payments: outputs.map((_, place) => `${id} ${place}`), fee: 0n });
    },
  };
}

function readerOf(network: NetworkView): RailReader {
  const offline = async () => refuseHttp('unreachable', 'rail');
  return {
    ...ledgerReader({ http: { get: offline, post: offline }, network: network.network }),
    history: async () => {
      await new Promise((resolve) => setImmediate(resolve));
      return ok([]);
    },
  };
}

/** What goes wrong is not to go by unseen. */
function logOf(): Log {
  const loud = (event: string, fields: object = {}) => void process.stderr.write(`${event} ${JSON.stringify(fields)}\n`);
  return { ...silentLog(), warn: loud, error: loud };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}

const [folder] = process.argv.slice(2);
if (folder !== undefined) process.stdout.write(`${JSON.stringify(await settleOnce(folder))}\n`);
