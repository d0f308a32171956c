/*
 * A folder made for a network that settles in Bitcoin: what its founder's files say, what joining writes, and what is refused before
 * anything is written.
 */
import { expect } from 'chai';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { seededEntropy } from '../../host/entropy.ts';
import type { RoleName } from '../../host/ports.ts';
import { checkNode } from '../../node/care/check.ts';
import type { BitcoinInit } from '../../node/init-bitcoin.ts';
import { initNode } from '../../node/init.ts';
import { openHome } from '../../node/open.ts';
import { accountOf, valueOf } from '../bitcoin/fixture.ts';
import { later, undoAll } from '../harness/later.ts';
import { codeOf } from '../rail/bitcoin/answers.ts';

afterEach(undoAll);

const NOW = 1_800_000_000;
const entropy = seededEntropy('init bitcoin');
const xpub = (name: string): string => accountOf(name).key.toBase58();

describe('ptg init --bitcoin', () => {
  let folder = '';
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ptg-init-'));
    later(() => rm(folder, { recursive: true }));
  });

  const make = (name: string, roles: readonly RoleName[], bitcoin: BitcoinInit, network: string | null = null) =>
    initNode({
      ...{ roles, home: join(folder, name), network, nickname: name, url: 'http://127.0.0.1:7302', exit: false },
      ...{ bitcoin, entropy, now: NOW },
    });
  const opened = async (name: string) => valueOf(await openHome(join(folder, name), entropy));

  it('founds a network that settles in it, with the ledger or without', async () => {
    valueOf(await make('both', ['ledger', 'directory'], { chain: 'regtest' }));
    valueOf(await make('alone', ['directory'], { chain: 'main', difficulty: 70_000_000_000_000n }));
    const [both, alone] = [await opened('both'), await opened('alone')];
    expect(both.network.bitcoin).deep.equal({ chain: 'regtest', confirmations: 1, difficulty: 0n });
    expect(alone.network.bitcoin).deep.equal({ chain: 'main', confirmations: 6, difficulty: 70_000_000_000_000n });
    expect(Object.keys(both.parameters!.rails)).deep.equal(['ledger', 'bitcoin']);
    expect(alone.network.ledger).equal(null);
    expect(alone.parameters!.rails).deep.equal({ bitcoin: { price: 1_000n, quantum: 1n, dust: 10_000n } });
    expect(both.spec.bitcoin).equal(undefined);
    valueOf(await checkNode(join(folder, 'alone'), entropy));
  });

  it('joins with a hot wallet that is as old as its folder, or with accounts whose keys are elsewhere', async () => {
    valueOf(await make('founder', ['directory'], { chain: 'regtest' }));
    const network = join(folder, 'founder', 'network.json');
    const roles: RoleName[] = ['relay', 'settlement', 'guard'];
    valueOf(await make('hot', roles, { chain: 'regtest' }, network));
    const { bitcoin } = (await opened('hot')).spec;
    expect(bitcoin).include({ wallet: 'hot', birthday: NOW, url: 'http://127.0.0.1:18443' });
    expect(bitcoin?.cookie).match(/\/\.bitcoin\/regtest\/\.cookie$/);
    valueOf(await checkNode(join(folder, 'hot'), entropy));
    const elsewhere = {
      deposits: xpub('deposits'),
      account: xpub('earnings'),
      cookie: '/run/cookie',
      url: 'http://127.0.0.1:1234',
    };
    valueOf(await make('cold', roles, { chain: 'regtest', ...elsewhere }, network));
    expect((await opened('cold')).spec.bitcoin).include({ wallet: 'external', birthday: NOW, ...elsewhere });
    valueOf(await checkNode(join(folder, 'cold'), entropy));
  });

  it('takes a guard whose wallet is signed elsewhere without deposits where its subscribers can pay on the ledger', async () => {
    valueOf(await make('dawn', ['directory', 'ledger'], { chain: 'regtest' }));
    const network = join(folder, 'dawn', 'network.json');
    valueOf(await make('birch', ['relay', 'settlement', 'guard'], { chain: 'regtest', account: xpub('one') }, network));
    valueOf(await checkNode(join(folder, 'birch'), entropy));
    const alone = { chain: 'regtest', account: xpub('one') } as const;
    valueOf(await make('one', ['directory', 'ledger', 'relay', 'settlement', 'guard'], alone));
  });

  it('refuses what could not run, and writes nothing', async () => {
    valueOf(await make('founder', ['directory'], { chain: 'regtest' }));
    const network = join(folder, 'founder', 'network.json');
    const refused = async (code: string, roles: readonly RoleName[], bitcoin: BitcoinInit, joined: string | null = network) => {
      expect(codeOf(await make('refused', roles, bitcoin, joined))).equal(code);
      expect(existsSync(join(folder, 'refused'))).equal(false);
    };
    await refused('init-difficulty', ['directory'], { chain: 'main' }, null);
    await refused('init-chain', ['relay', 'settlement'], { chain: 'signet' });
    await refused('init-deposits', ['guard'], { chain: 'regtest' });
    await refused('init-deposits', ['relay', 'settlement', 'guard'], { chain: 'regtest', account: xpub('one') });
    await refused('bitcoin-descriptor', ['guard'], { chain: 'regtest', deposits: 'xpub661' });
    const same = xpub('one');
    await refused('node-accounts', ['relay', 'settlement', 'guard'], { chain: 'regtest', deposits: same, account: same });
  });
});
