/*
 * A guard that takes deposits on a real node: credited after its confirmations, taken back by a reorganisation, and what its subscriber
 * sees of all that. Roles, databases and traffic are those of test/guard/world.ts.
 */
import { expect } from 'chai';
import { z } from 'zod';
import type { Result } from '../../core/refusal.ts';
import type { Account, RequestAnswer } from '../../core/wire/guard.ts';
import { amountOf, btcOf } from '../../rail/bitcoin/amount.ts';
import { derivation } from '../../rail/bitcoin/derive.ts';
import { RECEIVING } from '../../rail/bitcoin/descriptor.ts';
import { bitcoinReader } from '../../rail/bitcoin/reader.ts';
import { bitcoinReceiving } from '../../rail/bitcoin/receiving.ts';
import { makeWorld, type World } from '../guard/world.ts';
import { accountOf, doubleSpend, valueOf, withBitcoind } from './fixture.ts';

const CONFIRMATIONS = 2;

describe('a guard on bitcoind', () => {
  const node = withBitcoind();
  let world: World;
  let count = 0;

  /** `family`: H beside G, over one database and one wallet. */
  async function make(gapLimit = 20, family = false) {
    const account = accountOf(`guard ${(count += 1)}`);
    const { rpc } = node();
    const rules = { chain: 'regtest' as const, confirmations: CONFIRMATIONS, difficulty: 0n };
    const prices = { price: 1_000_000_000n, quantum: 1n, dust: 0n };
    world = await makeWorld({ rails: { ledger: prices, bitcoin: prices } }, family, {
      receiving: (database, clock) => bitcoinReceiving({ rpc, account, database, clock, gapLimit, shownFrom: 0 }),
      reader: bitcoinReader({ rules, rpc }),
    });
    return world.startGuard('G', settings);
  }
  const settings = { confirmations: { bitcoin: CONFIRMATIONS } };

  afterEach(async function () {
    if (this.currentTest?.state !== 'pending') await world.stop();
  });

  const ask = async (name: string, kind: 'account' | 'subscribe'): Promise<Account> => {
    const what = kind === 'subscribe' ? { kind, rail: 'bitcoin' } : { kind };
    return valueOf<RequestAnswer>(await world.ask(name, what)).account.body;
  };
  const codeOf = (result: Result<unknown>): string | null => (result.ok ? null : result.refusal.code);
  /** Blocks in whose place others are mined, one more, with what is in the mempool or without. */
  async function reorganise(from: string, depth: number, withMempool: boolean): Promise<void> {
    await node().ask('invalidateblock', from);
    const { address } = derivation(accountOf('nobody'), RECEIVING)(0);
    for (let index = 0; index <= depth; index += 1) {
      if (withMempool) await node().mine(1);
      else await node().ask('generateblock', address, []);
    }
  }

  it('shows a deposit at once, and credits it after its confirmations', async () => {
    await make();
    const { destination } = await ask('alice', 'subscribe');
    expect(destination).match(/^bcrt1q/);
    await node().pay(destination, btcOf(10n ** 9n));
    expect(await ask('alice', 'account')).include({ unconfirmed: 10n ** 9n, deposited: 0n, balance: 0n });
    await node().mine(1);
    expect(await ask('alice', 'account')).include({ unconfirmed: 10n ** 9n, deposited: 0n });
    await node().mine(1);
    expect(await ask('alice', 'account')).include({ unconfirmed: 0n, deposited: 10n ** 9n, state: 'open' });
    expect(await world.carry('alice', 1000n)).equal(1000n);
  });

  it('says to its operator that bitcoind is away, since when and what to do; and no more when it is back', async () => {
    await make();
    await ask('alice', 'subscribe');
    await ask('alice', 'account');
    const unread = async () => ((await world.status()) as { unread: { rail: string; text: string; remedy: string }[] }).unread;
    expect(await unread()).deep.equal([]);
    await node().stop();
    try {
      await world.ask('alice', { kind: 'account' });
      const [one, ...more] = await unread();
      expect(more).deep.equal([]);
      expect(one).include({ rail: 'bitcoin', text: 'bitcoind does not answer, or is still starting' });
      expect(one?.remedy).include('[bitcoin] url');
    } finally {
      await node().start();
    }
    await ask('alice', 'account');
    expect(await unread()).deep.equal([]);
  });

  it('late, repeated and small ones to one address all count', async () => {
    await make();
    const { destination } = await ask('alice', 'subscribe');
    const amounts = ['0.00000600', '1.00000000', '0.00100000'];
    for (const amount of amounts) {
      await node().pay(destination, amount);
      await node().mine(3);
    }
    const { deposited, deposits } = await ask('alice', 'account');
    expect(deposited).equal(100_100_600n);
    expect(deposits.map((one) => one.amount)).have.members(amounts.map(amountOf));
  });

  it('a reorganisation takes the credit back; the balance falls below zero, service ends, and the subscriber sees why', async () => {
    const { database } = await make();
    const alice = await world.startClient('alice');
    const opened = valueOf<unknown>(await alice.call('subscribe', { guard: 'G', rail: 'bitcoin' }));
    const { destination } = z.object({ account: z.object({ destination: z.string() }).loose() }).parse(opened).account;
    await node().pay(destination, btcOf(10n ** 9n));
    const [first = ''] = await node().mine(2);
    const credited = await ask('alice', 'account');
    expect(credited.deposited).equal(10n ** 9n);
    valueOf<unknown>(await alice.call('balance'));
    expect(await world.carry('alice', 10n ** 6n)).equal(10n ** 6n);
    const { spent } = await ask('alice', 'account');
    expect(spent > 0n).equal(true);

    await reorganise(first, 2, false);
    const after = await ask('alice', 'account');
    expect(after).deep.include({ deposited: 0n, deposits: [], unconfirmed: 10n ** 9n, balance: -spent, state: 'cut-off' });
    expect(after.serial > credited.serial).equal(true);
    expect(await world.carry('alice', 1000n)).equal(0n);
    await world.advance(world.clock.now() + 4 * world.parameters.iouTickSec);
    expect(world.relay.closed).length(1);
    const told = z.object({ accounts: z.array(z.object({ undone: z.array(z.unknown()) }).loose()) });
    const shown = told.parse(valueOf<unknown>(await alice.call('balance')));
    expect(shown.accounts[0]?.undone).deep.equal(credited.deposits);

    // The trail stays, whatever follows.
    const trail = () =>
      database.transaction((tx) => tx.all('SELECT payment, CAST(amount AS TEXT) AS amount, subscriber FROM guard_undone'));
    const expected = [{ payment: credited.deposits[0]?.payment, amount: '1000000000', subscriber: alice.key }];
    expect(await trail()).deep.equal(expected);
    await node().mine(2);
    expect(await ask('alice', 'account')).include({ deposited: 10n ** 9n, balance: 10n ** 9n - spent, state: 'open' });
    expect(await trail()).deep.equal(expected);
    const again = told.parse(valueOf<unknown>(await alice.call('balance')));
    expect(again.accounts[0]?.undone).deep.equal([]);
  });

  it('a reorganisation that keeps the payment takes nothing back once it is confirmed', async () => {
    const { database } = await make();
    const { destination } = await ask('alice', 'subscribe');
    await node().pay(destination, '0.5');
    const [first = ''] = await node().mine(2);
    expect((await ask('alice', 'account')).deposited).equal(50_000_000n);
    await reorganise(first, 2, true);
    expect((await ask('alice', 'account')).deposited).equal(50_000_000n);
    expect(await database.transaction((tx) => tx.all('SELECT payment FROM guard_undone'))).deep.equal([]);
  });

  it('credit that was taken back and then spent elsewhere is gone', async () => {
    await make();
    const { destination } = await ask('alice', 'subscribe');
    const txid = await node().pay(destination, '0.25');
    const [first = ''] = await node().mine(2);
    expect((await ask('alice', 'account')).deposited).equal(25_000_000n);
    await node().ask('invalidateblock', first);
    await doubleSpend(node(), txid);
    await node().mine(4);
    expect(await ask('alice', 'account')).deep.include({
      deposited: 0n,
      unconfirmed: 0n,
      deposits: [],
      balance: 0n,
      state: 'open',
    });
  });

  it('an unconfirmed deposit that is spent elsewhere is never credited', async () => {
    await make();
    const { destination } = await ask('alice', 'subscribe');
    const txid = await node().pay(destination, '0.25');
    expect((await ask('alice', 'account')).unconfirmed).equal(25_000_000n);
    await doubleSpend(node(), txid);
    expect(await ask('alice', 'account')).include({ unconfirmed: 0n, deposited: 0n });
    await node().mine(3);
    expect(await ask('alice', 'account')).include({ unconfirmed: 0n, deposited: 0n });
  });

  it('is down during a reorganisation, and finds it when it is back', async () => {
    const { database } = await make();
    const { destination } = await ask('alice', 'subscribe');
    await node().pay(destination, '0.125');
    const [first = ''] = await node().mine(3);
    expect((await ask('alice', 'account')).deposited).equal(12_500_000n);
    world.kill('G');
    await reorganise(first, 3, false);
    await world.startGuard('G', settings, database);
    expect(await ask('alice', 'account')).include({ deposited: 0n, unconfirmed: 12_500_000n });
  });

  it('two guards of a family credit it once, and take it back once', async () => {
    const { database } = await make(20, true);
    await world.startGuard('H', settings, database);
    const { destination } = await ask('alice', 'subscribe');
    await node().pay(destination, '0.75');
    const [first = ''] = await node().mine(2);
    await world.advance(world.clock.now() + 2 * world.parameters.consensusSec);
    expect((await ask('alice', 'account')).deposited).equal(75_000_000n);
    await reorganise(first, 2, false);
    await world.advance(world.clock.now() + 2 * world.parameters.consensusSec);
    expect((await ask('alice', 'account')).deposited).equal(0n);
    expect(await database.transaction((tx) => tx.all('SELECT payment FROM guard_undone'))).length(1);
  });

  it('is busy past its gap limit, and keeps those that it has', async () => {
    await make(2);
    await ask('alice', 'subscribe');
    const { destination } = await ask('bob', 'subscribe');
    expect(codeOf(await world.ask('carol', { kind: 'subscribe', rail: 'bitcoin' }))).equal('request-busy');
    expect((await ask('bob', 'subscribe')).destination).equal(destination);
    await node().pay(destination, '0.01');
    await node().mine(1);
    await ask('bob', 'account');
    expect((await ask('carol', 'subscribe')).destination).not.equal(destination);
  });

  it('a node that is down keeps nobody waiting, and one that is back is read on from where it was', async () => {
    await make();
    const { destination } = await ask('alice', 'subscribe');
    await node().pay(destination, '0.3');
    await node().mine(2);
    await node().stop();
    expect(await ask('alice', 'account')).include({ deposited: 0n, unconfirmed: 0n });
    await node().start();
    expect((await ask('alice', 'account')).deposited).equal(30_000_000n);
    await node().pay(destination, '0.1');
    await node().mine(2);
    expect((await ask('alice', 'account')).deposited).equal(40_000_000n);
  });
});
