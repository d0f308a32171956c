/*
 * A relay and its many neighbours for the benches of IOUs: the real role over a SQLite file under the system's folder for temporary
 * files, a driven clock, a network view of memory. Called by the iou benches; `close` takes the files away again.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sha256Hex } from '../core/crypto/hash.ts';
import { signingKey, type SigningKey } from '../core/crypto/keys.ts';
import { asStored } from '../core/crypto/sign.ts';
import type { Consensus } from '../core/wire/consensus.ts';
import type { Descriptor } from '../core/wire/descriptor.ts';
import { defaultParameters, type Parameters } from '../core/wire/parameters.ts';
import { termsDigest, type Terms } from '../core/wire/terms.ts';
import { drivenClock, type DrivenClock } from '../host/clock.ts';
import { openDatabase } from '../host/db/open.ts';
import { systemEntropy } from '../host/entropy.ts';
import type { Sealing } from '../host/http/mount.ts';
import { senderKeyIn } from '../host/network/sealing.ts';
import { silentLog } from '../host/log.ts';
import type { Database, Endpoint, HttpClient, NetworkView, Role, SealingKey } from '../host/ports.ts';
import { sealingKeyFromSeed } from '../host/seal.ts';
import { start } from '../relay/main.ts';
import { migrations } from '../relay/migrations.ts';
import type { CircuitReading } from '../tor/meter.ts';

export const networkId = 'bench-network';
export const genesis = 1_700_000_000;

/** Credit enough that nothing turns free. */
export const parameters: Parameters = {
  ...defaultParameters,
  genesis,
  creditStartBytes: 2n ** 60n,
  rails: { ledger: { price: 1_000_000_000n, quantum: 1n, dust: 0n } },
  exitRatio: [3n, 2n],
};

export interface Party {
  readonly id: string;
  readonly iou: SigningKey;
  readonly sealing: SealingKey;
  readonly descriptor: Descriptor;
}

export interface RelayUnderTest {
  readonly me: Party;
  readonly neighbours: readonly Party[];
  readonly role: Role;
  readonly database: Database;
  readonly view: NetworkView;
  readonly sealing: Sealing;
  readonly clock: DrivenClock;
  read(reading: CircuitReading): void;
  endpoint(path: string): Endpoint;
  settle(): Promise<void>;
  close(): Promise<void>;
}

/** `http` is what the relay calls out with. */
export async function startRelay(count: number, http: Partial<HttpClient> = {}): Promise<RelayUnderTest> {
  const me = partyOf('me');
  const neighbours = Array.from({ length: count }, (_, at) => partyOf(`neighbour ${at}`));
  const view = viewOf([me, ...neighbours]);
  const folder = await mkdtemp(join(tmpdir(), 'ptg-bench-'));
  const database = await openDatabase({ file: join(folder, 'relay.db') }, migrations, 'relay');
  const clock = drivenClock(genesis + 30);
  let take: (reading: CircuitReading) => void = () => undefined;
  const meter = {
    kind: 'traffic' as const,
    onReading(run: (reading: CircuitReading) => void) {
      take = run;
      return () => undefined;
    },
  };
  const entropy = systemEntropy();
  const ports = { clock, entropy, database, http: { ...silentHttp, ...http }, log: silentLog(), network: view, meter };
  const descriptor: Partial<Descriptor> = { ...me.descriptor };
  delete descriptor.published;
  delete descriptor.expires;
  const role = await start(ports, {
    id: me.id,
    nickname: me.descriptor.nickname,
    keys: [{ number: 1, iouSeed: seedOf('me iou'), sealingSeed: seedOf('me sealing') }],
    descriptor: descriptor as Descriptor,
    identitySeed: null,
    hasGuard: false,
  });
  const settle = async (): Promise<void> => {
    while (role.busy()) await new Promise((resolve) => setImmediate(resolve));
  };
  await settle();
  return {
    ...{ me, neighbours, role, database, view, clock, settle },
    sealing: { networkId, entropy, senderKey: senderKeyIn(view) },
    read: (reading) => take(reading),
    endpoint: (path) => role.endpoints.find((one) => one.path === path) as Endpoint,
    async close() {
      await role.stop();
      await database.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function partyOf(name: string): Party {
  const iou = signingKey(seedOf(`${name} iou`));
  const sealing = sealingKeyFromSeed(seedOf(`${name} sealing`), 1);
  const id = sha256Hex('id', name);
  const relaySealing = Buffer.from(sealing.publicKey).toString('hex');
  const settlement = { settlement: sha256Hex('settlement', name), settlementSealing: sha256Hex('settlement sealing', name) };
  const keys = [{ number: 1, fromInterval: 0, iou: iou.publicKey, ...settlement, guard: null, relaySealing, guardSealing: null }];
  const descriptor: Descriptor = {
    id,
    nickname: name.replace(/ /g, ''),
    keys,
    urls: { relay: 'http://127.0.0.1:1', settlement: 'http://127.0.0.1:1', guard: null },
    fingerprint: null,
    family: [],
    wantsGuard: false,
    isExit: true,
    bandwidth: 10_000_000,
    meter: 'traffic',
    rails: [{ rail: 'ledger', fallback: `${sha256Hex('wallet', name)}.${'00'.repeat(16)}` }],
    published: genesis - 3600,
    expires: 2_000_000_000,
  };
  return { id, iou, sealing, descriptor };
}

function seedOf(name: string): Uint8Array {
  return Buffer.from(sha256Hex('bench seed', name), 'hex');
}

function viewOf(parties: readonly Party[]): NetworkView {
  const terms: Terms = { networkId, interval: 0, parameters, relays: 3n, exits: 2n };
  const digest = termsDigest(terms);
  const descriptors = new Map(
    parties.map(({ id, descriptor }) => [id, asStored({ body: descriptor, signature: '00'.repeat(64) })]),
  );
  const consensus: Consensus = {
    networkId,
    validAfter: genesis,
    freshUntil: genesis + 2 ** 30,
    validUntil: genesis + 2 ** 30,
    terms: [terms],
    relays: [],
    nullified: [],
    log: { size: 0n, root: sha256Hex() },
  };
  const signed = asStored({ body: consensus, signature: '00'.repeat(64) });
  return {
    network: { networkId, authorities: [{ name: 'auth', key: sha256Hex('authority'), url: 'http://127.0.0.1:1' }], ledger: null },
    consensus: () => signed,
    terms: (interval) => (interval === 0 ? terms : null),
    termsDigest: (interval) => (interval === 0 ? digest : null),
    entry: () => null,
    descriptor: (id) => descriptors.get(id) ?? null,
    refresh: async () => undefined,
    onConsensus: () => () => undefined,
  };
}

const nobody = { code: 'unreachable', about: '', retry: true, text: '', remedy: '' };
const silent = async () => ({ ok: false as const, refusal: nobody });
const silentHttp: HttpClient = { get: silent, post: silent, link: silent, subscriber: silent, local: silent, inFlight: () => 0 };
