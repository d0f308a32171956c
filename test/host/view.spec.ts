/*
 * The network view against authorities of its test: what it takes, from how many signatures, what it keeps, and when it asks.
 */
import { expect } from 'chai';
import { join } from 'node:path';
import { sha256Hex } from '../../core/crypto/hash.ts';
import { signingKey, type SigningKey } from '../../core/crypto/keys.ts';
import { sign, type Signed, type Verified } from '../../core/crypto/sign.ts';
import { ok, type Result } from '../../core/refusal.ts';
import { encode } from '../../core/wire/codec.ts';
import type { Consensus, ConsensusDocument } from '../../core/wire/consensus.ts';
import { descriptorDigest, type Descriptor } from '../../core/wire/descriptor.ts';
import type { Network } from '../../core/wire/network.ts';
import { drivenClock, type DrivenClock } from '../../host/clock.ts';
import { openDatabase } from '../../host/db/open.ts';
import { refuseHttp } from '../../host/http/refusals.ts';
import { networkMigrations } from '../../host/network/migrations.ts';
import { senderKeyIn, sealingKeyOf } from '../../host/network/sealing.ts';
import { openNetworkView } from '../../host/network/view.ts';
import type { HttpClient } from '../../host/ports.ts';
import { networkId, testDescriptor, testKey, testTerms } from '../harness/view.ts';
import { folder, memoryDatabase, recordingLog, until } from './harness.ts';
import { later, undoAll } from '../harness/later.ts';

afterEach(undoAll);

const names = ['one', 'two', 'three'];
const authorityKeys = names.map((name) => signingKey(Buffer.from(sha256Hex(name), 'hex')));
const network: Network = {
  networkId,
  authorities: names.map((name, i) => ({ name, key: authorityKeys[i]?.publicKey as string, url: `http://${name}` })),
  ledger: null,
};
const genesis = 1_000_000;
const relayA = testDescriptor('A');

function document(
  validAfter: number,
  change: Partial<Consensus> = {},
  signers: readonly SigningKey[] = authorityKeys,
): ConsensusDocument {
  const body: Consensus = {
    networkId,
    validAfter,
    freshUntil: validAfter + 3600,
    validUntil: validAfter + 10_800,
    terms: [testTerms(Math.floor((validAfter - genesis) / 21_600))],
    relays: [{ id: relayA.body.id, nickname: 'A', descriptor: descriptorDigest(relayA), flags: ['Valid'], bandwidth: 1 }],
    nullified: [],
    log: { size: 0n, root: sha256Hex() },
    ...change,
  };
  return {
    body,
    signatures: signers.map((key) => ({
      authority: key.publicKey,
      signature: sign('consensus', networkId, body, key).signature,
    })),
  };
}

/** What each authority answers, by its name; and what it was asked. */
interface Authority {
  consensus?: ConsensusDocument;
  descriptors?: Signed<Descriptor>[];
  terms?: Record<number, ConsensusDocument>;
}

function authorities(answers: Record<string, Authority>) {
  const asked: string[] = [];
  const answer = (url: string): Result<unknown> => {
    asked.push(url);
    const { host, pathname } = new URL(url);
    const authority = answers[host] ?? {};
    const terms = /^\/directory\/terms\/(\d+)$/.exec(pathname);
    const found =
      pathname === '/directory/consensus'
        ? authority.consensus
        : terms
          ? authority.terms?.[Number(terms[1])]
          : authority.descriptors && { descriptors: authority.descriptors };
    return found === undefined ? refuseHttp('unreachable', url) : ok(found);
  };
  const call = async (url: string, output: { parse(value: unknown): unknown }) => {
    const result = answer(url);
    return result.ok ? ok(output.parse(JSON.parse(encode(result.value)))) : result;
  };
  const http = {
    get: (url: string, output: never) => call(url, output),
    post: (url: string, _body: unknown, output: never) => call(url, output),
  } as unknown as HttpClient;
  return { http, asked };
}

async function view(
  answers: Record<string, Authority>,
  clock: DrivenClock = drivenClock(genesis + 10),
  given = memoryDatabase(networkMigrations),
) {
  const { http, asked } = authorities(answers);
  const log = recordingLog();
  const opened = await openNetworkView({ network, clock, http, database: await given, log });
  later(() => opened.close());
  await until(() => !opened.busy());
  return { view: opened, asked, clock, log };
}

const all = (authority: Authority) => Object.fromEntries(names.map((name) => [name, authority]));

describe('network view', () => {
  it('takes a consensus that a majority signed, its descriptors and terms', async () => {
    const { view: seen, asked } = await view(all({ consensus: document(genesis), descriptors: [relayA] }));
    expect(seen.consensus()?.body.validAfter).to.equal(genesis);
    expect(seen.descriptor(relayA.body.id)?.body.nickname).to.equal('A');
    expect(seen.entry(relayA.body.id)?.flags).to.deep.equal(['Valid']);
    expect(encode(seen.terms(0))).to.equal(encode(testTerms(0)));
    expect(asked).to.deep.equal(['http://one/directory/consensus', 'http://two/directory/descriptors']);
  });

  it('takes none that a minority signed, that is of the future, or is over', async () => {
    const consensuses = [
      document(genesis, {}, authorityKeys.slice(0, 1)),
      document(genesis, {}, [authorityKeys[0], authorityKeys[0]] as SigningKey[]),
      document(genesis, {}, [testKey('nobody'), testKey('else')]),
      document(genesis + 3600),
      document(genesis - 20_000, { terms: [testTerms(0)] }),
    ];
    for (const consensus of consensuses) {
      const { view: seen, log } = await view(all({ consensus, descriptors: [relayA] }));
      expect(seen.consensus()).to.equal(null);
      const code = consensuses.indexOf(consensus) < 3 ? 'consensus-signatures' : 'consensus-expired';
      expect(log.events.filter((one) => one.event === 'consensus-refused').map((one) => one.fields.code)).to.deep.equal([
        code,
        code,
        code,
      ]);
    }
  });

  it('forgets a relay that left, a year after its last descriptor', async () => {
    const [left, stayed] = [testDescriptor('B', { expires: genesis + 50 }), testDescriptor('C', { expires: genesis + 60 })];
    const naming = (...relays: Verified<Descriptor>[]) =>
      relays.map((one) => ({
        id: one.body.id,
        nickname: one.body.nickname,
        descriptor: descriptorDigest(one),
        flags: [],
        bandwidth: 1,
      }));
    const authority: Authority = { consensus: document(genesis, { relays: naming(left, stayed) }), descriptors: [left, stayed] };
    const clock = drivenClock(genesis + 10);
    const database = await memoryDatabase(networkMigrations);
    const { view: seen } = await view(all(authority), clock, Promise.resolve(database));
    expect(seen.descriptor(left.body.id)).not.to.equal(null);
    const later = genesis + 365 * 24 * 3600 + 51;
    authority.consensus = document(later, { relays: [], terms: [testTerms(0)] });
    clock.advance(later);
    await until(() => seen.consensus()?.body.validAfter === later && !seen.busy());
    expect([left, stayed].map((one) => seen.descriptor(one.body.id) !== null)).to.deep.equal([false, true]);
    const rows = await database.transaction((tx) => tx.all('SELECT id FROM descriptor'));
    expect(rows).to.deep.equal([{ id: stayed.body.id }]);
  });

  it('starts without any consensus, asks again soon, and tells when there is one', async () => {
    const answers: Record<string, Authority> = {};
    const { view: seen, clock } = await view(answers);
    expect([seen.consensus(), seen.terms(0), seen.nextDue()]).to.deep.equal([null, null, genesis + 11]);
    const heard: number[] = [];
    seen.onConsensus((consensus) => heard.push(consensus.body.validAfter));
    answers['two'] = { consensus: document(genesis), descriptors: [relayA] };
    clock.advance(genesis + 11);
    await until(() => !seen.busy());
    expect(heard).to.deep.equal([genesis]);
    expect(seen.nextDue()).to.equal(genesis + 11 + 1800);
  });

  it('goes past a stale authority to a fresh one, and never back', async () => {
    const fresh = document(genesis + 3600);
    const answers: Record<string, Authority> = {
      one: { consensus: document(genesis), descriptors: [relayA] },
      two: { consensus: fresh, descriptors: [relayA] },
    };
    const { view: seen } = await view(answers, drivenClock(genesis + 3700));
    expect(seen.consensus()?.body.validAfter).to.equal(genesis + 3600);
    delete answers['two'];
    await seen.refresh();
    expect(seen.consensus()?.body.validAfter).to.equal(genesis + 3600);
  });

  it('asks as soon as its consensus is no longer fresh', async () => {
    const { view: seen, clock } = await view(
      all({ consensus: document(genesis), descriptors: [relayA] }),
      drivenClock(genesis + 3000),
    );
    expect(seen.nextDue()).to.equal(genesis + 3600);
    clock.advance(genesis + 3600);
    await until(() => !seen.busy());
    expect(seen.nextDue(), 'a sixtieth of the time between two').to.equal(genesis + 3660);
  });

  it('takes no descriptor but the one that the consensus names, signed by its relay', async () => {
    const other = testDescriptor('A', { bandwidth: 5 });
    const forged = { body: relayA.body, signature: other.signature };
    for (const signed of [other, forged]) {
      const { view: seen, log } = await view(all({ consensus: document(genesis), descriptors: [signed] }));
      expect(seen.descriptor(relayA.body.id)).to.equal(null);
      expect(log.events.map((one) => one.event)).to.include('descriptors-missing');
    }
  });

  it('takes coming terms as they are last seen before their interval, confirmed within it, and unchanged after', async () => {
    const end = genesis + 21_600;
    const changed = (exits: bigint) => ({ ...testTerms(1), exits });
    const answers = all({ consensus: document(end - 3600, { terms: [testTerms(0), changed(7n)] }), descriptors: [relayA] });
    const { view: seen, clock } = await view(answers, drivenClock(end - 3500));
    const exits: (bigint | undefined)[] = [seen.terms(1)?.exits];
    for (const [validAfter, value] of [
      [end - 1800, 8n],
      [end, 9n],
      [end + 3600, 10n],
    ] as const) {
      for (const name of names)
        answers[name] = { consensus: document(validAfter, { terms: [changed(value)] }), descriptors: [relayA] };
      clock.advance(validAfter);
      await seen.refresh();
      exits.push(seen.terms(1)?.exits);
    }
    expect(exits).to.deep.equal([7n, 8n, 9n, 9n]);
  });

  it('asks for terms of the past that somebody needs, once', async () => {
    const old = document(genesis + 100, { terms: [testTerms(0)] });
    const later = genesis + 21_600 * 3;
    const answers = all({ consensus: document(later), descriptors: [relayA], terms: { 0: old } });
    const { view: seen, asked } = await view(answers, drivenClock(later + 10));
    expect([seen.terms(0), seen.terms(1), seen.terms(99)]).to.deep.equal([null, null, null]);
    await until(() => !seen.busy());
    expect(seen.terms(0)?.interval).to.equal(0);
    const before = asked.length;
    seen.terms(1);
    await until(() => !seen.busy());
    expect([asked.length - before, asked.filter((url) => url.endsWith('/99')).length]).to.deep.equal([0, 0]);
  });

  it('keeps what it learned over a restart, for the same authorities', async () => {
    const file = join(await folder(), 'network.db');
    const open = () => openDatabase({ file }, networkMigrations, 'network');
    const first = await open();
    const { view: before } = await view(
      all({ consensus: document(genesis), descriptors: [relayA] }),
      drivenClock(genesis + 10),
      Promise.resolve(first),
    );
    await before.close();
    await first.close();
    const second = await open();
    const { view: after } = await view({}, drivenClock(genesis + 60), Promise.resolve(second));
    later(async () => {
      await after.close();
      await second.close();
    });
    expect(after.consensus()?.body.validAfter).to.equal(genesis);
    expect(after.descriptor(relayA.body.id)).to.not.equal(null);
    expect(after.termsDigest(0)).to.equal(sha256Hex('ptg/terms/v1\0', encode(testTerms(0))));
  });

  it('knows sealing keys by role and number', async () => {
    const { view: seen } = await view(all({ consensus: document(genesis), descriptors: [relayA] }));
    const key = senderKeyIn(seen);
    const hex = (bytes: Uint8Array | null) => bytes && Buffer.from(bytes).toString('hex');
    expect(hex(key(relayA.body.id, 'settlement', 1))).to.equal(relayA.body.keys[0]?.settlementSealing);
    expect([
      key(relayA.body.id, 'settlement', 2),
      key(relayA.body.id, 'client', 1),
      key('00'.repeat(32), 'relay', 1),
    ]).to.deep.equal([null, null, null]);
    expect(sealingKeyOf(relayA.body, 'relay', 0)?.number).to.equal(1);
  });
});
