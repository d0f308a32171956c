/*
 * What `ptg doctor` says of a real node: that it answers, that settlement lacks its indexes, that it is of another chain, that its cookie
 * cannot be read, that it is down, that it was pruned beyond what a guard has read; each with what to do.
 */
import { expect } from 'chai';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../host/clock.ts';
import { seededEntropy } from '../../host/entropy.ts';
import { examineNode } from '../../node/care/doctor.ts';
import { initNode } from '../../node/init.ts';
import type { ChainName } from '../../rail/bitcoin/network.ts';
import { openDatabase } from '../../host/db/open.ts';
import { savePlace } from '../../guard/deposit/store.ts';
import { migrations as guardMigrations } from '../../guard/migrations.ts';
import { derivation } from '../../rail/bitcoin/derive.ts';
import { RECEIVING } from '../../rail/bitcoin/descriptor.ts';
import { placeAt } from '../../rail/bitcoin/follow.ts';
import { placeText } from '../../rail/bitcoin/place.ts';
import { later, undoAll } from '../harness/later.ts';
import { accountOf, valueOf, withBitcoind } from './fixture.ts';

afterEach(undoAll);

describe('a doctor beside bitcoind', () => {
  const bare = withBitcoind();
  const indexed = withBitcoind(['-txindex=1', '-blockfilterindex=1']);
  const pruned = withBitcoind(['-prune=1', '-fastprune']);
  const entropy = seededEntropy('doctor');

  async function findings(node: { url: string; login(): Promise<string> }, chain: ChainName = 'regtest', cookie = 'cookie') {
    const folder = await mkdtemp(join(tmpdir(), 'ptg-doctor-'));
    later(() => rm(folder, { recursive: true }));
    const made = { nickname: 'birch', url: 'http://127.0.0.1:1', exit: false, entropy, now: systemClock().now() };
    valueOf(await initNode({ ...made, roles: ['directory'], home: join(folder, 'net'), network: null, bitcoin: { chain } }));
    await writeFile(join(folder, 'cookie'), await node.login());
    const bitcoin = { chain, url: node.url, cookie: join(folder, cookie) };
    const home = join(folder, 'birch');
    const network = join(folder, 'net', 'network.json');
    valueOf(await initNode({ ...made, roles: ['relay', 'settlement', 'guard'], home, network, bitcoin }));
    const all = await examineNode(home, systemClock(), entropy);
    return all
      .filter((one) => one.what.startsWith('bitcoin'))
      .map((one) => `${one.what}: ${one.state}: ${one.seen}: ${one.remedy}`);
  }

  it('says what is missing, and what to do', async () => {
    await indexed().mine(1);
    const until = Date.now() + 60_000;
    while (!(await findings(indexed()))[1]?.includes('both are there') && Date.now() < until);
    expect(await findings(indexed())).deep.equal([
      'bitcoin: ok: bitcoind answers; block 1 of regtest: null',
      'bitcoin indexes: ok: both are there: null',
    ]);
    const [, indexes] = await findings(bare());
    expect(indexes).include('fail: it has no txindex and basic block filter index').include('-txindex=1 -blockfilterindex=1');
    expect((await findings(bare(), 'signet'))[0])
      .include('bitcoin: fail: ')
      .include('regtest, not signet');
    expect((await findings(bare(), 'regtest', 'nowhere'))[0])
      .include('fail')
      .include('readable by the user');
    const away = { url: 'http://127.0.0.1:1', login: () => bare().login() };
    expect((await findings(away))[0]).include('fail: bitcoind does not answer');
  });

  it('says where the blocks that a guard has yet to read are gone', async () => {
    const { rpc, mine, ask, url, login } = pruned();
    for (let hundreds = 0; hundreds < 8; hundreds += 1) await mine(100);
    const keptFrom = Number(await ask('pruneblockchain', 400)) + 1;
    expect(keptFrom).within(2, 401);
    const folder = await mkdtemp(join(tmpdir(), 'ptg-doctor-'));
    later(() => rm(folder, { recursive: true }));
    const made = { nickname: 'birch', url: 'http://127.0.0.1:1', exit: false, entropy, now: systemClock().now() };
    valueOf(
      await initNode({ ...made, roles: ['directory'], home: join(folder, 'net'), network: null, bitcoin: { chain: 'regtest' } }),
    );
    await writeFile(join(folder, 'cookie'), await login());
    const account = accountOf('pruned');
    const bitcoin = { chain: 'regtest', url, cookie: join(folder, 'cookie'), deposits: account.key.toBase58() } as const;
    const home = join(folder, 'birch');
    valueOf(await initNode({ ...made, roles: ['guard'], home, network: join(folder, 'net', 'network.json'), bitcoin }));
    const deposits = async () => (await examineNode(home, systemClock(), entropy)).find((one) => one.what === 'bitcoin deposits');
    expect(await deposits(), 'nothing read yet').equal(undefined);

    const database = await openDatabase({ file: join(home, 'guard.sqlite') }, guardMigrations, 'guard');
    const watched = { rail: 'bitcoin', wallet: derivation(account, RECEIVING)(0).address };
    let stored = '';
    const readTo = async (height: number) => {
      const place = placeText(valueOf(await placeAt(rpc, height)));
      await database.transaction((tx) => savePlace(tx, watched, stored, place));
      stored = place;
      return deposits();
    };
    try {
      expect(await readTo(keptFrom - 2)).include({ state: 'fail' });
      expect((await deposits())?.seen).include(`${keptFrom - 1}; it begins with ${keptFrom}`);
      expect((await deposits())?.remedy).include('not pruned so far');
      expect(await readTo(keptFrom - 1)).deep.include({ state: 'ok', seen: `read up to block ${keptFrom - 1} of 800` });
    } finally {
      await database.close();
    }
  });
});
