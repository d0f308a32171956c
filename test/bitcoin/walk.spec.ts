/*
 * docs/operating/bitcoin.md, walked line by line on a real node: a guard from a new xpub to its first credited deposit and its first payout,
 * signed elsewhere; a relay to its first payout from a hot wallet; backup and restore. Each node is a process of `ptg run`. Only for the
 * circuit that a tor would show, the nodes that see it run in this process.
 */
import { expect } from 'chai';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { signingKey } from '../../core/crypto/keys.ts';
import { systemClock } from '../../host/clock.ts';
import { systemEntropy } from '../../host/entropy.ts';
import { silentLog } from '../../host/log.ts';
import { createTrafficSource } from '../../lab/traffic/source.ts';
import { amount } from '../../rail/bitcoin/exact.ts';
import { openHome } from '../../node/open.ts';
import { startNode, type RunningNode } from '../../node/start.ts';
import { freePorts } from '../../lab/ports.ts';
import { hurry, until } from '../cli/ptg.ts';
import { bitcoindProgram } from '../harness/bitcoind.ts';
import { valueOf, withBitcoind } from './fixture.ts';
import { beginWalk, linesOf, type Walk } from './walk.ts';

const PAGE = 'docs/operating/bitcoin.md';
const HEADING = 'From a new xpub to a first payout';
const BYTES = 64n * 1024n * 1024n;

const transactions = z.array(z.object({ category: z.string(), amount }));

interface Balance {
  readonly accounts: { readonly account: { readonly destination: string; readonly balance: string } }[];
}
interface Pairs {
  readonly statements: {
    readonly nickname: string;
    readonly amount: string;
    readonly state: string;
    readonly receipt: unknown;
  }[];
}
interface Books {
  readonly wallets: Record<string, string>[];
}

describe('the guide of Bitcoin, from a new xpub to a first payout', function () {
  this.timeout(600_000);
  const node = withBitcoind(['-txindex=1', '-blockfilterindex=1']);
  let walk: Walk;
  let page: string;
  const home = (name: string): string => join(walk.folder, 'net', name);
  const destinationOf = async (name: string): Promise<string> =>
    (await walk.json<Balance>(`balance --home net/${name}`)).accounts[0]!.account.destination;

  before(async function () {
    const program = bitcoindProgram();
    if (program === null) return void this.skip();
    const folder = await mkdtemp(join(tmpdir(), 'ptg-walk-'));
    const { lines, text } = await linesOf(PAGE, HEADING);
    page = text;
    walk = await beginWalk(folder, lines, node(), join(dirname(program), 'bitcoin-cli'));
    await writeFile(join(folder, 'secret'), 'correct horse\n');
    const ports = await freePorts(4);
    for (const [place, said] of [7300, 7302, 7303, 7304].entries())
      walk.values.set(`127.0.0.1:${said}`, `127.0.0.1:${ports[place]}`);
    walk.values.set('--bitcoin regtest', `--bitcoin regtest --bitcoin-url ${node().url}`);
  });
  after(async () => {
    await walk?.endAll();
    if (walk !== undefined) await rm(walk.folder, { recursive: true, force: true });
  });
  afterEach(function () {
    // Each stands on the one before.
    if (this.currentTest?.state === 'failed')
      this.test?.parent?.tests.forEach((one) => (one.pending ||= one.state === undefined));
  });

  it('founds a network, and takes a guard and two relays into it', async () => {
    await walk.upTo('ptg init directory');
    const file = join(home('dawn'), 'parameters.json');
    await hurry(file);
    const said = JSON.parse(/^```json\n([\s\S]*?)^```$/m.exec(page)![1]!) as object;
    await writeFile(file, JSON.stringify({ ...(JSON.parse(await readFile(file, 'utf8')) as object), ...said }));
    const { descriptors } = JSON.parse(await walk.upTo('bitcoin-cli -regtest -rpcwallet=vault listdescriptors')) as {
      descriptors: { desc: string }[];
    };
    const accountOf = (kind: string) =>
      descriptors.map((one) => one.desc).find((one) => one.startsWith(`${kind}(`) && one.includes('/0/*)'));
    walk.values.set('DEPOSITS', `'${accountOf('tr')}'`);
    walk.values.set('ACCOUNT', `'${accountOf('wpkh')}'`);
    const seen = await walk.upTo('ptg doctor', /^bitcoin indexes +ok/m);
    expect(seen).match(/^bitcoin +ok +bitcoind answers; block 101 of regtest/m);
  });

  it('has its first deposit credited, at an address of the xpub', async () => {
    const shown = await walk.upTo('ptg subscribe');
    const address = await destinationOf('ann');
    expect(shown).include(address);
    const [first] = (await node().ask('deriveaddresses', walk.values.get('DEPOSITS')!.slice(1, -1), [1, 1])) as string[];
    expect(address).equal(first);
    walk.values.set('ADDRESS', address);
    await walk.upTo('ptg balance', /1.000.000/);
    expect((await walk.json<Balance>('balance --home net/ann')).accounts[0]!.account.balance).equal('1000000');
  });

  it('carries a circuit: birch owes cedar, and cedar elder', async () => {
    const source = createTrafficSource();
    const running: RunningNode[] = [];
    const open = async (name: string) => valueOf(await openHome(home(name), systemEntropy()));
    const ports = { clock: systemClock(), entropy: systemEntropy(), log: silentLog() };
    const ids: string[] = [];
    for (const name of ['birch', 'cedar', 'elder']) ids.push(signingKey(await (await open(name)).keys('identity')).publicKey);
    await walk.end('net/birch');
    await walk.end('net/cedar');
    try {
      for (const [place, name] of ['birch', 'cedar'].entries()) {
        const traffic = { meter: source.meter(ids[place]!), guardTransport: source.guardTransport(ids[place]!) };
        running.push(await startNode({ ...(await open(name)), ...ports, ...traffic }));
      }
      const ann = await open('ann');
      const subscriber = signingKey(await ann.keys('account')).publicKey;
      running.push(await startNode({ ...ann, ...ports, clientTransport: source.clientTransport(subscriber) }));
      const circuit = await until('the guard takes the session', () => source.open({ subscriber, path: ids, leavesTor: true }));
      expect(await circuit.carry(BYTES)).equal(BYTES);
      circuit.close();
      await until('cedar holds what birch owes', () => held('birch', 'cedar'));
      await until('elder holds what cedar owes', () => held('cedar', 'elder'));
    } finally {
      for (const one of running) await one.stop();
    }
    await walk.run('net/birch');
    await walk.run('net/cedar');
  });

  /** In the interval that runs, or the one before. */
  async function held(issuer: string, holder: string): Promise<true | null> {
    type Ious = { interval: number | null; ious: { direction: string; nickname: string | null; exitBytes: string }[] };
    const now = await walk.json<Ious>(`ious --home net/${holder}`);
    const before =
      (now.interval ?? 0) > 0 ? await walk.json<Ious>(`ious --interval ${now.interval! - 1} --home net/${holder}`) : now;
    const all = [...now.ious, ...before.ious].filter((one) => one.direction === 'held' && one.nickname === issuer);
    return all.some((one) => BigInt(one.exitBytes) >= BYTES) ? true : null;
  }

  it('is backed up; somebody subscribes after that', async () => {
    await walk.upTo('ptg backup');
    expect(existsSync(join(walk.folder, 'birch.backup'))).equal(true);
    await walk.upTo('ptg subscribe');
    expect(await destinationOf('bob')).not.equal(await destinationOf('ann'));
  });

  it('pays what the vault signs, and its change is the vault’s own', async () => {
    const shown = await walk.upTo('ptg payouts unsigned', /^batch /m);
    expect(shown).match(/\(change: it stays yours\)/);
    await walk.upTo('ptg payouts unsigned --save');
    const psbt = (await readFile(join(walk.folder, 'payout.psbt'))).toString('base64');
    const { outputs } = (await node().ask('decodepsbt', psbt)) as { outputs: { bip32_derivs?: { path: string }[] }[] };
    expect(outputs.flatMap((one) => (one.bip32_derivs ?? []).map(({ path }) => path))).deep.equal(['m/84h/1h/0h/1/0']);
    expect(await walk.upTo('ptg payouts signed')).match(/^Taken and sent: [0-9a-f]{64}/);
    await walk.upTo('ptg statements', /receipted/);
    const [paid] = await pairsOf('birch', 'cedar');
    // 64 MiB at a million a GiB: one standard hop to cedar, and one exit at three relays to one exit.
    expect(paid).include({ amount: '250000', state: 'receipted' });
  });

  const pairsOf = async (name: string, peer: string) =>
    (await walk.json<Pairs>(`statements --home net/${name}`)).statements.filter(
      (one) => one.nickname === peer && BigInt(one.amount) > 0n,
    );

  it('a hot wallet pays out of that by itself; and every unit is explained', async () => {
    await walk.upTo('ptg payouts', /paying|paid/);
    await walk.upTo('ptg earnings', /receipted/);
    expect((await pairsOf('cedar', 'elder'))[0]).include({ amount: '187500' });
    for (const name of ['birch', 'cedar', 'elder']) {
      expect(await walk.upTo('ptg reconcile')).include('every unit is explained');
      const [books] = (await walk.json<Books>(`reconcile --home net/${name}`)).wallets;
      expect(books!['difference'], name).equal('0');
    }
  });

  it('restored from the backup it asks first, pays nothing again, and gives out no address twice', async () => {
    const given = [await destinationOf('ann'), await destinationOf('bob')];
    await walk.end('net/birch', 'SIGKILL');
    // Who was paid is away when the restored one starts.
    await walk.end('net/cedar');
    await walk.upTo('ptg run --home net/birch2');
    expect((await walk.json<{ unsigned: unknown[] }>('payouts unsigned --home net/birch2')).unsigned).deep.equal([]);
    expect((await pairsOf('birch2', 'cedar')).filter((one) => one.receipt !== null)).deep.equal([]);
    await walk.run('net/cedar');
    await walk.upTo('ptg statements', /cedar[^\n]*signed +receipted/);
    const [pair, ...more] = await pairsOf('birch2', 'cedar');
    expect([pair?.amount, more.length]).deep.equal(['250000', 0]);
    expect(await walk.upTo('ptg payouts unsigned')).include('Nothing waits for a signature');
    await walk.upTo('ptg subscribe');
    const address = await destinationOf('carl');
    expect(given).not.include(address);
    await walk.upTo('ptg doctor');
    expect(walk.rest()).deep.equal([]);
    // By the chain: one payment went out of the vault, and none is on its way.
    const sent = valueOf(await node().rpc.wallet('vault').call('listtransactions', ['*', 100], transactions));
    expect(sent.filter((one) => one.category === 'send').map((one) => one.amount)).deep.equal([-250_000n]);
    expect(await node().ask('getrawmempool')).deep.equal([]);
  });
});
