/*
 * Deliveries that arrive together beside the same ones that arrive one after the other: the same answers, rows, evidence and credit. And
 * the statements with many rows that a batch is read and written by.
 */
import { expect } from 'chai';
import fc from 'fast-check';
import { networkId, testKey } from '../harness/view.ts';
import { sign } from '../../core/crypto/sign.ts';
import { encode } from '../../core/wire/codec.ts';
import type { Iou, IouDelivery } from '../../core/wire/iou.ts';
import { openDatabase } from '../../host/db/open.ts';
import { marksOf, slicesOf } from '../../host/db/slices.ts';
import type { Database } from '../../host/ports.ts';
import { readHeldOf, saveIous, signedOf, textOf } from '../../relay/iou/store.ts';
import { migrations } from '../../relay/migrations.ts';
import { createNet, genesis, hour, idOf, signedIou, type Net } from './net.ts';

const issuers = ['G', 'X', 'Y'];

/** What an issuer may say: from a small world, so that replays, contradictions, gaps and credit limits come up. */
interface Said {
  readonly issuer: string;
  readonly interval: number;
  readonly serial: bigint;
  readonly since: bigint;
  readonly bytes: bigint;
  readonly rest: bigint;
}

const anySaid: fc.Arbitrary<Said> = fc.record({
  issuer: fc.constantFrom(...issuers),
  interval: fc.constantFrom(0, 1),
  serial: fc.bigInt(1n, 4n),
  since: fc.bigInt(0n, 3n),
  bytes: fc.bigInt(0n, 6n).map((hundreds) => hundreds * 100n),
  rest: fc.bigInt(0n, 6n).map((hundreds) => hundreds * 100n),
});

function deliver(net: Net, { issuer, interval, serial, since, bytes, rest }: Said) {
  const body: Iou = {
    ...{ issuer: idOf(issuer), issuerKey: 1, holder: idOf('M'), interval, terms: net.view.termsDigest(interval) as string },
    ...{ serial, relayBytes: bytes, exitBytes: 0n, issuedAt: genesis + 6 * hour },
  };
  const { signature } = signedIou(issuer, body);
  const delivery: IouDelivery = {
    ...{ iou: { body, signature }, since, circuits: [] },
    unattributed: { relayBytes: rest, exitBytes: 0n },
  };
  return net.link('M', '/relay/ious', { ...sign('delivery', networkId, delivery, testKey(`${issuer} iou`)) }, issuer);
}

/** Two intervals are open: the first in grace. */
async function holder(): Promise<Net> {
  const parameters = { creditStartBytes: 500n, creditIntervals: 2 };
  const net = await createNet(['M', ...issuers], { parameters, families: [] });
  await net.until(genesis + 6 * hour + 60);
  // Of G something came in, and of X its first interval is paid.
  for (const [peer, received] of [
    ['G', '1'],
    ['X', '0'],
  ])
    await net.local('M', 'POST', '/relay/outcome', { peer: idOf(peer!), interval: 0, outcome: 'paid', rail: 'ledger', received });
  return net;
}

async function stateOf(net: Net) {
  const rows = await net.database('M').transaction(async (tx) => ({
    ious: await tx.all('SELECT direction, interval_number, peer, serial, relay_bytes, signed FROM iou ORDER BY 1, 2, 3'),
    evidence: await tx.all('SELECT id, held, offered FROM iou_evidence ORDER BY id'),
  }));
  return { ...rows, links: await net.local('M', 'GET', '/relay/links', {}) };
}

describe('a batch of deliveries', () => {
  it('is answered and leaves behind what the same ones would, one after the other', async () => {
    const codes = new Set<string>();
    await fc.assert(
      fc.asyncProperty(fc.array(anySaid, { minLength: 1, maxLength: 14 }), async (said) => {
        const [together, apart] = [await holder(), await holder()];
        try {
          const answers = await Promise.all(said.map((one) => deliver(together, one)));
          const others = [];
          for (const one of said) others.push(await deliver(apart, one));
          expect(encode(answers)).to.equal(encode(others));
          expect(await stateOf(together)).to.deep.equal(await stateOf(apart));
          for (const one of answers) codes.add(one.ok ? 'taken' : one.refusal.code);
        } finally {
          await together.close();
          await apart.close();
        }
      }),
      { numRuns: 40 },
    );
    expect([...codes]).to.include.members(['taken', 'iou-behind', 'iou-conflict', 'iou-growth', 'iou-credit']);
  });

  it('of one link leaves its newest, and answers each', async () => {
    const net = await holder();
    const chain = [1n, 2n, 3n].map((serial) => ({
      ...{ issuer: 'Y', interval: 1, serial, since: serial - 1n },
      ...{ bytes: serial * 100n, rest: 100n },
    }));
    const answers = await Promise.all(chain.map((one) => deliver(net, one)));
    expect(answers.map((one) => one.ok && (one.value as { body: { held: { body: Iou } } }).body.held.body.serial)).to.deep.equal([
      1n,
      2n,
      3n,
    ]);
    const { ious } = await stateOf(net);
    expect(ious.map((row) => row['serial'])).to.deep.equal([3]);
    await net.close();
  });
});

describe('many rows in one statement', () => {
  let database: Database;
  afterEach(() => database.close());

  const iouOf = (issuer: number, serial: bigint, relayBytes: bigint) => {
    const body: Iou = {
      ...{ issuer: issuer.toString(16).padStart(64, '0'), issuerKey: 1, holder: idOf('M'), interval: 0, terms: '00'.repeat(32) },
      ...{ serial, relayBytes, exitBytes: 0n, issuedAt: genesis },
    };
    const signed = signedIou('G', body);
    return { signed, text: textOf(signed) };
  };

  it('is what one statement a row is', async () => {
    database = await openDatabase({ file: ':memory:' }, migrations, 'relay');
    for (const count of [1, 7, 8, 9, 300]) {
      const first = Array.from({ length: count }, (_, at) => iouOf(at, BigInt(count), BigInt(count)));
      await database.transaction((tx) => saveIous(tx, 'held', first));
      const peers = first.map(({ signed }) => signed.body.issuer);
      const read = await database.transaction((tx) => readHeldOf(tx, [...peers, 'ff'.repeat(32)]));
      expect(read.map((row) => row.text).sort()).to.deep.equal(first.map((one) => one.text).sort());
      expect(read.map((row) => signedOf(row.text)?.body.relayBytes)).to.deep.equal(peers.map(() => BigInt(count)));
    }
  });

  it('throws when one of them would fall, and then none is saved', async () => {
    database = await openDatabase({ file: ':memory:' }, migrations, 'relay');
    const before = [iouOf(1, 2n, 200n), iouOf(2, 2n, 200n), iouOf(3, 2n, 200n)];
    await database.transaction((tx) => saveIous(tx, 'held', before));
    const after = [iouOf(1, 3n, 300n), iouOf(2, 3n, 199n), iouOf(3, 3n, 300n)];
    const saving = database.transaction((tx) => saveIous(tx, 'held', after));
    expect(await saving.catch((thrown: Error) => thrown.message)).to.contain('an IOU in the book only grows');
    const read = await database.transaction((tx) =>
      readHeldOf(
        tx,
        before.map(({ signed }) => signed.body.issuer),
      ),
    );
    expect(read.map((row) => row.totals.relayBytes)).to.deep.equal([200n, 200n, 200n]);
  });

  it('has few texts: lengths up to eight, and powers of two', async () => {
    database = await openDatabase({ file: ':memory:' }, migrations, 'relay');
    const lengths = new Set<number>();
    for (let count = 0; count <= 1_000; count++) {
      const items = Array.from({ length: count }, (_, at) => at);
      const slices = slicesOf(items);
      expect(slices.flat()).to.deep.equal(items);
      for (const slice of slices) lengths.add(slice.length);
    }
    expect([...lengths].sort((a, b) => a - b)).to.deep.equal([1, 2, 3, 4, 5, 6, 7, 8, 16, 32, 64, 128, 256]);
    expect(marksOf(2, 3)).to.equal('(?, ?, ?), (?, ?, ?)');
  });
});
