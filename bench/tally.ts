/*
 * `tally.10k`: tallies a second at one guard with 10 000 subscribers: asked for, signed by the guard, signed by the subscriber, taken
 * and stored, each of both requests from text to text; 64 subscribers at once. On SQLite, and where there is a server on PostgreSQL.
 * Beside bare libsodium doing the signatures that it takes. Listed in main.ts.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sha256Hex } from '../core/crypto/hash.ts';
import type { SigningKey } from '../core/crypto/keys.ts';
import { asStored, countersign, sign } from '../core/crypto/sign.ts';
import { invariant, ok } from '../core/refusal.ts';
import { circuitUsage, railTermsOf, usageCeil } from '../core/rule/price.ts';
import { decode, encode } from '../core/wire/codec.ts';
import { requestAnswer, type RequestAnswer, type SubscriberRequest } from '../core/wire/guard.ts';
import { insertAccount } from '../guard/account/store.ts';
import { saveDeposit } from '../guard/deposit/store.ts';
import { migrations, start } from '../guard/main.ts';
import { saveUsage } from '../guard/tally/store.ts';
import { drivenClock } from '../host/clock.ts';
import { openDatabase, type DatabasePlace } from '../host/db/open.ts';
import { seededEntropy } from '../host/entropy.ts';
import { refuseHttp } from '../host/http/refusals.ts';
import { silentLog } from '../host/log.ts';
import type { Database, Role } from '../host/ports.ts';
import { sideBySide } from '../host/side-by-side.ts';
import { createTrafficSource } from '../lab/traffic/source.ts';
import { postgresPrograms, startPostgres, type PostgresServer } from '../test/harness/postgres.ts';
import { networkId, testDescriptor, testParameters, testSeed, testView } from '../test/harness/view.ts';
import { bareSigning, bareVerification } from './bare.ts';
import { rowOf, type Bench, type Row } from './bench.ts';
import { keyOf } from './bst-peers.ts';
import { alternating, perSecond, quiet, timed, type Took } from './measure.ts';

const AT_ONCE = 64;
/** Of one round; each time by other subscribers. */
const TALLIES = 1_000;
const interval = 0;
const id = keyOf('G identity').publicKey;
const parameters = testParameters({ startingBytes: 0n });
const view = testView([testDescriptor('G')], parameters);
const now = parameters.genesis + 100;
const terms = view.terms(interval);
const rail = terms === null ? null : railTermsOf(terms, 'ledger');

export const tally: readonly Bench[] = [
  { ...onEngine('tally.10k', onSqlite), names: ['tally.10k'] },
  { ...onEngine('tally.10k.postgres', onPostgres), names: ['tally.10k.postgres'] },
];

type Measure = (rounds: number, size: number, name: string) => Promise<Row[]>;

function onEngine(name: string, measure: Measure): Bench {
  return {
    names: [name],
    work: 'subscribers',
    size: 10_000,
    growth: [100, 1_000, 10_000],
    run: (rounds, size) => measure(rounds, size, name),
  };
}

async function onSqlite(rounds: number, size: number, name: string): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), 'ptg-tally-'));
  try {
    return await measured(rounds, size, name, { file: join(folder, 'guard.sqlite') });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

let databases = 0;

async function onPostgres(rounds: number, size: number, name: string): Promise<Row[]> {
  const programs = postgresPrograms();
  // Left out where there is none.
  if (programs === null) return [rowOf(name, 'no PostgreSQL here', NaN, null)];
  const server: PostgresServer = await startPostgres(programs);
  try {
    databases += 1;
    return await measured(rounds, size, name, { url: await server.createDatabase(`tally${databases}`) });
  } finally {
    await server.stop();
  }
}

async function measured(rounds: number, size: number, name: string, place: DatabasePlace): Promise<Row[]> {
  const database = await openDatabase(place, migrations, 'guard');
  const subscribers = Array.from({ length: size }, (_, at) => keyOf(`subscriber ${at}`));
  await subscribe(database, subscribers);
  const role = await startGuard(database);
  // It signs for the deposits first, each an account: work of their arrival, not of tallies.
  await quiet(() => role.busy());
  let turn = 0;
  try {
    // Of two requests, and of the tally's both signatures; and the guard signs it, and the account with each answer.
    const [verify, signAll] = [bareVerification(4 * TALLIES, 700), bareSigning(3 * TALLIES, 700)];
    const { value, limit } = await alternating(
      rounds,
      async () => {
        const chosen = Array.from({ length: TALLIES }, (_, at) => subscribers[(turn * TALLIES + at) % size] as SigningKey);
        turn += 1;
        await use(database, new Set(chosen), turn);
        return perSecond(TALLIES, await tallyAll(role, chosen, turn));
      },
      async () =>
        perSecond(
          TALLIES,
          await timed(() => {
            verify();
            signAll();
          }),
        ),
    );
    return [rowOf(name, '1/s', value, limit)];
  } finally {
    await role.stop();
    await database.close();
  }
}

/** What the subscribers do between their two requests is not counted. */
async function tallyAll(role: Role, chosen: readonly SigningKey[], turn: number): Promise<Took> {
  const asked = chosen.map((key) => requestText(key, { kind: 'tally', interval }, turn));
  let given: Awaited<ReturnType<typeof ask>>[] = [];
  const first = await timed(async () => {
    given = await sideBySide(asked, AT_ONCE, (text) => ask(role, text));
  });
  const signed = chosen.map((key, place) => {
    const tally = given[place]?.answer().tally;
    invariant(tally !== null && tally !== undefined, 'the guard signs a tally');
    const both = countersign('tally', networkId, asStored(tally), key);
    return requestText(key, { kind: 'sign-tally', tally: both }, turn);
  });
  const second = await timed(() => sideBySide(signed, AT_ONCE, (text) => ask(role, text)));
  return { wallSec: first.wallSec + second.wallSec, coreSec: first.coreSec + second.coreSec };
}

/** From text to text; `answer` reads it, as the subscriber does. */
async function ask(role: Role, text: string): Promise<{ answer(): RequestAnswer }> {
  const endpoint = role.endpoints.find((one) => one.path === '/guard/request');
  invariant(endpoint !== undefined, 'a guard takes requests');
  const input = decode(text, endpoint.input);
  invariant(input.ok, 'a request is in form');
  const answer = await endpoint.answer(input.value as never, { kind: 'subscriber' });
  if (!answer.ok) throw new Error(answer.refusal.code);
  const given = encode(answer.value);
  return {
    answer() {
      const read = decode(given, requestAnswer);
      invariant(read.ok, 'an answer is in form');
      return read.value;
    },
  };
}

function requestText(key: SigningKey, what: SubscriberRequest['ask'], turn: number): string {
  const body: SubscriberRequest = {
    ...{ subscriber: key.publicKey, guard: id, at: now, ask: what },
    id: sha256Hex(key.publicKey, what.kind, String(turn)).slice(0, 32),
  };
  const { signature } = sign('request', networkId, body, key);
  return encode({ body, signature });
}

async function subscribe(database: Database, subscribers: readonly SigningKey[]): Promise<void> {
  const wallet = { rail: 'ledger', wallet: 'guard' };
  for (let first = 0; first < subscribers.length; first += 1000) {
    await database.transaction(async (tx) => {
      for (const { publicKey } of subscribers.slice(first, first + 1000)) {
        await insertAccount(tx, publicKey, 'ledger', `guard/${publicKey}`, now);
        const deposit = { payment: publicKey, subscriber: publicKey, amount: 10n ** 12n, at: now, confirmed: true, height: null };
        await saveDeposit(tx, wallet, deposit);
      }
    });
  }
}

/** As the meter's ticks do: what each has used by now. */
async function use(database: Database, chosen: ReadonlySet<SigningKey>, turn: number): Promise<void> {
  invariant(terms !== null && rail !== null, 'the network has terms');
  const circuitBytes = BigInt(turn) * 1_000_000n;
  const usage = { circuitBytes, otherBytes: 0n, ...circuitUsage(circuitBytes, 3, true) };
  const amount = usageCeil(terms, rail, usage);
  await database.transaction(async (tx) => {
    for (const { publicKey } of chosen) {
      await saveUsage(tx, { guard: id, subscriber: publicKey, interval }, usage, amount, BigInt(turn));
    }
  });
}

function startGuard(database: Database): Promise<Role> {
  const away = async () => refuseHttp('unreachable', 'bench');
  const nothing = async (cursor: string) => ok({ payments: [], cursor });
  return start(
    {
      ...{ clock: drivenClock(now), entropy: seededEntropy('guard'), database, log: silentLog(), network: view },
      http: { get: away, post: away, link: away, subscriber: away, local: away, inFlight: () => 0 },
      transport: createTrafficSource().guardTransport(id),
      receiving: [
        {
          rail: 'ledger',
          destination: async (_tx, of) => ok(`guard/${of}`),
          fallback: () => 'guard/fallback',
          incoming: nothing,
        },
      ],
    },
    { id, nickname: 'G', keys: [{ number: 1, seed: testSeed('G guard'), sealingSeed: testSeed('G sealing') }] },
  );
}
