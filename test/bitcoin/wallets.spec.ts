/*
 * The wallets of a node as its settings name them: what subscribers pay into the guard's account is income of settlement and pays its
 * debts; what is signed elsewhere is watched alone.
 */
import { expect } from 'chai';
import { drivenClock } from '../../host/clock.ts';
import { openDatabase } from '../../host/db/open.ts';
import { seededEntropy } from '../../host/entropy.ts';
import { silentLog } from '../../host/log.ts';
import { openBitcoin, readBitcoin, type BitcoinFrom } from '../../node/bitcoin.ts';
import { keysFrom } from '../../node/keys.ts';
import { nodeSpec, type BitcoinSpec } from '../../node/spec.ts';
import { depositsOf, fallbacksOf, walletsOf } from '../../node/wallets.ts';
import { derivation } from '../../rail/bitcoin/derive.ts';
import { descriptorOf, RECEIVING } from '../../rail/bitcoin/descriptor.ts';
import { migrations } from '../../settlement/main.ts';
import { later, undoAll } from '../harness/later.ts';
import { testSeed, testView } from '../harness/view.ts';
import { codeOf } from '../rail/bitcoin/answers.ts';
import { accountOf, valueOf, withBitcoind } from './fixture.ts';
import { bankPays, batchTo, rules } from './paying.ts';
import { writeFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

afterEach(undoAll);

describe('the wallets of a node', () => {
  const node = withBitcoind(['-txindex=1', '-blockfilterindex=1']);
  const keys = keysFrom(testSeed('node wallets'));

  async function from(bitcoin: Partial<BitcoinSpec>): Promise<BitcoinFrom> {
    const home = await mkdtemp(join(tmpdir(), 'ptg-wallets-'));
    later(() => rm(home, { recursive: true }));
    await writeFile(join(home, 'cookie'), await node().login());
    const given = { roles: ['settlement', 'guard'], bitcoin: { url: node().url, cookie: 'cookie', gapLimit: 20, ...bitcoin } };
    return { home, spec: nodeSpec.parse(given), network: { ...testView([]).network, ledger: null, bitcoin: rules } };
  }

  async function portsOf() {
    const database = await openDatabase({ file: ':memory:' }, migrations, 'settlement');
    later(() => database.close());
    const http = {} as never;
    return { database, http, log: silentLog(), entropy: seededEntropy('wallets'), clock: drivenClock(1_700_000_000) };
  }

  it('hot: deposits are its income, and pay its debts', async () => {
    const parts = await from({ wallet: 'hot', feerateFallback: 2 });
    const bitcoin = openBitcoin(parts)!;
    later(async () => bitcoin.rpc.close());
    const [own] = await walletsOf({ network: parts.network, keys, bitcoin }, await portsOf());
    const { wallet } = own!;
    const [said] = await fallbacksOf({ network: parts.network, keys, bitcoin }, {} as never);
    expect(said).deep.equal({ rail: 'bitcoin', fallback: wallet.fallback() });
    const deposits = derivation((await depositsOf(bitcoin, keys))!, RECEIVING);
    expect(valueOf(await wallet.held())).equal(0n);
    // The books are opened before anything comes.
    const opened = await incomeOf('');
    expect(opened.amounts).deep.equal([]);
    await bankPays(node(), [
      { destination: deposits(3).address, amount: 70_000n },
      { destination: wallet.fallback(), amount: 30_000n },
    ]);
    await node().mine(rules.confirmations);
    const { amounts, cursor } = await incomeOf(opened.cursor);
    expect(amounts).deep.equal([30_000n, 70_000n]);
    expect((await incomeOf(cursor)).amounts).deep.equal([]);
    expect(valueOf(await wallet.held())).equal(100_000n);
    const batch = batchTo('debts', 1, 90_000n);
    expect(valueOf(await wallet.pay(batch))).deep.equal({ waits: 'confirmations' });
    await node().mine(rules.confirmations);
    expect(valueOf(await wallet.pay(batch))).property('fee');

    async function incomeOf(start: string) {
      const amounts: bigint[] = [];
      for (let cursor = start; ;) {
        const page = valueOf(await wallet.incoming(cursor));
        amounts.push(...page.payments.map((one) => one.amount));
        if (page.cursor === cursor) return { amounts: amounts.sort((a, b) => (a < b ? -1 : 1)), cursor };
        cursor = page.cursor;
      }
    }
  });

  it('external: needs its account, and pays only with a signature', async () => {
    expect(codeOf(readBitcoin(await from({ wallet: 'external' })))).equal('node-signing');
    const account = descriptorOf(accountOf('external'), RECEIVING);
    const parts = await from({ wallet: 'external', account });
    const bitcoin = openBitcoin(parts)!;
    later(async () => bitcoin.rpc.close());
    const [own] = await walletsOf({ network: parts.network, keys, bitcoin }, await portsOf());
    await bankPays(node(), [{ destination: own!.wallet.fallback(), amount: 70_000n }]);
    await node().mine(rules.confirmations);
    expect(valueOf(await own!.wallet.pay(batchTo('elsewhere signed', 1)))).deep.equal({ waits: 'signature' });
  });

  it('without one, settlement is not paid in Bitcoin', async () => {
    const parts = await from({});
    const bitcoin = openBitcoin(parts)!;
    later(async () => bitcoin.rpc.close());
    expect(await walletsOf({ network: parts.network, keys, bitcoin }, await portsOf())).deep.equal([]);
  });
});
