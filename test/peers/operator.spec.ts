/*
 * Failures of the peers that an operator would meet: with its name and addresses, its keys, its restarts and its disk. Numbers are
 * those of the collection of failures that docs/claims.md names.
 */
import { expect } from 'chai';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bare, sign } from '../../core/crypto/sign.ts';
import { GIB } from '../../core/rule/price.ts';
import { hasFlag } from '../../core/wire/consensus.ts';
import { openDatabase } from '../../host/db/open.ts';
import { migrations as settlementMigrations } from '../../settlement/main.ts';
import { choosePath, preparePaths } from '../../tor/consensus/path.ts';
import { positionWeights } from '../../tor/consensus/weights.ts';
import { parseScenario } from '../../lab/scenario/file.ts';
import { caseOf, codeOf, givenDocket, idOf, stateOf, valueOf, type Docket } from '../directory/filed.ts';
import { GENESIS, givenAuthority, givenDescriptor, givenParameters } from '../directory/given.ts';
import { networkId, testKey } from '../harness/view.ts';
import { circuitOf, createNet, genesis, hour, session, totals } from '../relay/net.ts';
import { balanceOf, openWorld, statesOf } from '../settlement/world.ts';
import { carried, must, relayOf, seededDraw } from '../tor/given.ts';

const price = 1_000_000_000n;

describe('peers: operator', () => {
  let docket: Docket | null = null;
  afterEach(async () => {
    await docket?.authority.close();
    docket = null;
  });

  it('peers 14: a new name after a default: behind all who paid, for as long as it has not done so itself', async () => {
    docket = await givenDocket(['g', 'm', 'n']);
    const { authority } = docket;
    for (const by of ['m', 'n']) expect(codeOf(await docket.file(await docket.contest(by, 'g')))).equal('ok');
    await authority.goTo(GENESIS + 640);
    expect((await docket.line(caseOf('m', 'g'))).state).equal('upheld');
    authority.up.add('again');
    valueOf(await authority.publish('again', { published: authority.clock.now() }));
    await authority.goTo(GENESIS + 980);
    const order = await docket.order();
    expect([order.slice(0, 2).sort(), order.slice(2)]).deep.equal([
      ['m', 'n'],
      ['again', 'g'],
    ]);
    expect(await docket.record('again')).deep.include({ upheld: 0, onTime: 0 });
  });

  it('peers 15: an honest relay with yesterday’s book signs nothing that contradicts it', async () => {
    const net = await createNet(['G', 'M', 'X']);
    try {
      await net.local('G', 'POST', '/relay/session-open', session('c1'));
      circuitOf(net, ['G', 'M', 'X'], 'c1', [1, 11, 21]).carry(100n, true);
      await net.until(genesis + hour);
      const saved = await net.database('G').transaction((tx) => tx.all('SELECT * FROM iou'));
      circuitOf(net, ['G', 'M', 'X'], 'c1', [2, 12, 22]).carry(300n, true);
      await net.until(genesis + 2 * hour);
      await net.crash('G');
      await net.database('G').transaction(async (tx) => {
        await tx.run('DELETE FROM iou');
        for (const row of saved) {
          const names = Object.keys(row);
          await tx.run(`INSERT INTO iou (${names.join(', ')}) VALUES (${names.map(() => '?').join(', ')})`, Object.values(row));
        }
      });
      await net.begin('G');
      await net.local('G', 'POST', '/relay/session-open', session('c9'));
      circuitOf(net, ['G', 'M', 'X'], 'c9', [3, 13, 23]).carry(50n, true);
      await net.until(genesis + 6 * hour + 600);
      expect(await totals(net, 'M', 'held', 'G')).deep.equal(['450', '450']);
      expect(await net.database('M').transaction((tx) => tx.all('SELECT held FROM iou_evidence'))).deep.equal([]);
    } finally {
      await net.close();
    }
  });

  it('peers 16: guard and exit in one, or one family twice, is no path', () => {
    const { relays } = carried();
    const weights = positionWeights(carried());
    // All may be guard and exit, and go in families of four: only the choice keeps them apart.
    const some = relays.slice(0, 24).map((one, place) => {
      const family = relays.slice(0, 24).filter((_, other) => other !== place && other >> 2 === place >> 2);
      const flags = 'Guard Exit Fast Stable';
      return relayOf({ identity: one.identity, bandwidth: 100, flags, family: family.map((each) => each.identity) });
    });
    const even = { ...weights, Wgd: 10_000, Wmd: 10_000, Wed: 10_000 };
    const table = preparePaths({ relays: some, weights: even });
    const draw = seededDraw('peers 16');
    const places = new Map(some.map((one, place) => [one.identity, place]));
    for (let turn = 0; turn < 2000; turn++) {
      const { guard, middle, exit } = must(choosePath(table, draw));
      const families = [guard, middle, exit].map((one) => (places.get(one.identity) as number) >> 2);
      expect(new Set(families).size).equal(3);
    }
    // Neither does a scenario take one.
    const twice = {
      price: '1',
      relays: [{ name: 'a', exit: true, guard: true }],
      subscribers: [{ name: 'u', guard: 'a', deposit: '1' }],
    };
    const read = parseScenario(JSON.stringify({ ...twice, circuits: [{ subscriber: 'u', path: ['a', 'a'], bytes: '1' }] }));
    expect(read.ok ? null : read.refusal.code).equal('scenario-path');
  });

  it('peers 18: keys rotated while IOUs of the old one are out: they are owed, contested and upheld as before', async () => {
    docket = await givenDocket(['a', 'b']);
    const { authority } = docket;
    const [first] = givenDescriptor('b').body.keys;
    const renewed = { iou: testKey('b newer iou').publicKey, settlement: testKey('b newer settlement').publicKey };
    const keys = [first!, { ...first!, number: 2, fromInterval: 1, ...renewed }];
    authority.clock.advance(authority.clock.now() + 1);
    valueOf(await authority.publish('b', { keys, published: authority.clock.now() }));
    // Nobody disowns a key under which it still owes, nor gives its number to another.
    for (const now of [[{ ...first!, iou: renewed.iou }], [{ ...keys[1]! }]])
      expect(codeOf(await authority.publish('b', { keys: now, published: authority.clock.now() }))).equal('descriptor-keys');
    const held = await docket.iou('b', 'a', 1000n);
    const ground = (one: typeof held) => ({ ground: { kind: 'claimed', held: one, issued: null, carry: null } }) as const;
    const forged = bare(sign('iou', networkId, { ...held.body, issuerKey: 2 }, testKey('b newer iou')));
    expect(codeOf(await docket.file(await docket.contest('a', 'b', 1000n, ground(forged))))).equal('contest-evidence');
    expect(valueOf(await docket.file(await docket.contest('a', 'b', 1000n, ground(held)))).state).equal('open');
    // The accused answers with the settlement key of that interval, and with no later one.
    const paid = {
      kind: 'payment',
      settlement: null,
      proof: docket.pay((await docket.contest('a', 'b')).body.destination, 1000n, GENESIS + 470),
    } as const;
    expect(stateOf(await docket.appeal('b', caseOf('a', 'b'), paid))).equal('dismissed');
    await authority.goTo(GENESIS + 700);
    expect((await docket.verdict(caseOf('a', 'b'))).body.outcome).equal('dismissed');
  });

  it('peers 26: many relays that claim one payout address: the first has it, its declared family may share it', async () => {
    docket = await givenDocket(['first']);
    const { authority } = docket;
    const rails = givenDescriptor('first').body.rails;
    for (let place = 0; place < 5; place++)
      expect(codeOf(await authority.publish(`sybil${place}`, { rails }))).equal('descriptor-destination');
    // To name the first as family is not enough: it has to say so, too.
    expect(codeOf(await authority.publish('kin', { rails, family: [idOf('first')] }))).equal('descriptor-destination');
    authority.clock.advance(authority.clock.now() + 60);
    valueOf(await authority.publish('first', { family: [idOf('kin')], published: authority.clock.now() }));
    expect(codeOf(await authority.publish('kin', { rails, family: [idOf('first')] }))).equal('ok');
  });

  it('peers 28: away for three seconds, whenever the authority asks, costs no flag and no place', async () => {
    const parameters = givenParameters({ consensusSec: 100 });
    const authority = await givenAuthority(GENESIS - 95, parameters);
    try {
      for (const name of ['a', 'b', 'c']) {
        authority.up.add(name);
        valueOf(await authority.publish(name));
        await authority.settle();
      }
      await authority.goTo(GENESIS + 400);
      const before = (await authority.consensus()).body.relays;
      const flags = before.map((one) => [one.nickname, one.flags.join(' ')]);
      const asked = authority.calls.length;
      for (let times = 0; times < 35; times++) {
        const away = authority.clock.now();
        authority.up.delete('b');
        await authority.goTo(away + 3);
        authority.up.add('b');
        // Each time at another second between two consensuses.
        await authority.goTo(away + 103);
        const { relays } = (await authority.consensus()).body;
        expect(
          relays.map((one) => [one.nickname, one.flags.join(' ')]),
          `from ${away - GENESIS}`,
        ).deep.equal(flags);
      }
      // It was away just when it was asked, and was asked again.
      const calls = authority.calls.slice(asked);
      expect(calls.filter((one) => one === 'b').length).above(calls.filter((one) => one === 'a').length);
      expect(before.every((one) => hasFlag(one, 'Guard'))).equal(true);
    } finally {
      await authority.close();
    }
  });

  it('peers 31: a full disk at the settlement time: nothing is paid by halves, and all of it when there is room', async () => {
    const world = await openWorld({ names: ['A', 'B'], funds: { A: 10n * price } });
    try {
      world.owe(0, 'A', 'B', GIB);
      await world.advance(world.schedule(0).bst - 1);
      const { database } = world.of('A');
      const ask = (sql: string) => database.transaction((tx) => tx.all(sql));
      await ask('CREATE TABLE filler (text TEXT)');
      // No page more than there are; and then whatever is free in them is filled.
      await ask('PRAGMA max_page_count = 1');
      for (const size of [4000, 200, 10]) {
        const fill = () => ask(`INSERT INTO filler VALUES ('${'x'.repeat(size)}')`).then(() => true);
        while (await fill().catch((thrown: Error) => !/full/.test(thrown.message)));
      }
      await world.advance(world.schedule(0).bst + 120);
      expect(await statesOf(world, 'A')).not.deep.equal([`B: receipted ${price}`]);
      await ask('PRAGMA max_page_count = 1000000');
      await world.advance(world.schedule(0).bst + 900);
      expect(await statesOf(world, 'A')).deep.equal([`B: receipted ${price}`]);
      expect(await balanceOf(world, 'A')).equal(9n * price);
    } finally {
      await world.close();
    }
  });

  it('peers 31: a damaged database is not opened, and says what to do; a commit is on the disk before it is answered', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'ptg-peers-'));
    try {
      const file = join(folder, 'settlement.sqlite');
      const database = await openDatabase({ file }, settlementMigrations, 'settlement');
      expect(await database.transaction((tx) => tx.all('PRAGMA synchronous'))).deep.equal([{ synchronous: 2 }]);
      await database.close();
      const whole = await readFile(file);
      await writeFile(file, Buffer.concat([Buffer.from('not what it was '), whole.subarray(16)]));
      let thrown = '';
      await openDatabase({ file }, settlementMigrations, 'settlement').catch((error: Error) => (thrown = error.message));
      expect(thrown)
        .match(/database-/)
        .include('ptg restore');
      await writeFile(file, whole);
      await (await openDatabase({ file }, settlementMigrations, 'settlement')).close();
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
