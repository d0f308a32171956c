/*
 * A payout that breaks off at each of its steps, before it and after it, and is asked for again by another process on the same database;
 * and one whose database came out of a backup. Each is paid once.
 */
import { expect } from 'chai';
import { derivation } from '../../rail/bitcoin/derive.ts';
import { CHANGE } from '../../rail/bitcoin/descriptor.ts';
import { chains } from '../../rail/bitcoin/network.ts';
import { accountFrom } from '../../rail/bitcoin/wallet/keys.ts';
import { paidNothing, type Batch, type Wallet } from '../../rail/rail.ts';
import { undoAll } from '../harness/later.ts';
import { testSeed } from '../harness/view.ts';
import { valueOf, withBitcoind } from './fixture.ts';
import { breaking, Killed, unanswered } from './faulty.ts';
import { batchOf, batchTo, openPaying, payingOn, placesOf, receivedBy, rules } from './paying.ts';

afterEach(undoAll);

const waits = { waits: 'confirmations' };

describe('a payout that is broken off', () => {
  const node = withBitcoind(['-txindex=1', '-blockfilterindex=1']);

  async function final(wallet: Wallet, batch: Batch): Promise<void> {
    const paid = valueOf(await wallet.pay(batch));
    if ('waits' in paid) throw new Error(`it waits for ${paid.waits}`);
  }

  it('at each step until it is sent, before it and after it, is paid once', async () => {
    const { wallet, again, database, reader, fund } = await payingOn(node(), 'killed');
    const plain = breaking(node().rpc, database, 0, 'before');
    await fund([1_000_000n]);
    valueOf(await wallet.balance());
    expect(valueOf(await again({ rpc: plain.rpc, database: plain.database, name: 'plain' }).pay(batchTo('plain', 1)))).deep.equal(
      waits,
    );
    const steps = plain.taken();
    expect(steps).greaterThan(12);
    await fund(Array.from({ length: 2 * steps }, (_, index) => 50_000n + BigInt(index)));
    const batches: Batch[] = [];
    for (const when of ['before', 'after'] as const) {
      for (let at = 1; at <= steps; at++) {
        const batch = batchTo(`killed ${when} ${at}`, 2);
        batches.push(batch);
        const faulty = breaking(node().rpc, database, at, when);
        const dying = again({ rpc: faulty.rpc, database: faulty.database, name: `${when} ${at}` });
        const end = await dying.pay(batch).then(
          () => null,
          (thrown: unknown) => thrown,
        );
        expect(end, `${when} ${at}`).instanceOf(Killed);
        expect(valueOf(await again({ name: `after ${when} ${at}` }).pay(batch))).deep.equal(waits);
      }
    }
    await node().mine(rules.confirmations);
    for (const batch of batches) {
      await final(wallet, batch);
      expect(await receivedBy(reader, batch)).deep.equal(batch.outputs.map((one) => [one.amount]));
    }
  });

  it('an answer of the node that is lost, whichever: nobody says that nothing was paid, and it is paid once', async () => {
    const { wallet, again, reader, fund } = await payingOn(node(), 'unanswered');
    await fund([50_000n]);
    valueOf(await wallet.balance());
    const plain = unanswered(node().rpc, 0);
    expect(valueOf(await again({ rpc: plain.rpc, name: 'plain' }).pay(batchTo('answered', 1)))).deep.equal(waits);
    const calls = plain.taken();
    await fund(Array.from({ length: calls }, (_, index) => 50_000n + BigInt(index)));
    const batches: Batch[] = [];
    for (let at = 1; at <= calls; at++) {
      const batch = batchTo(`unanswered ${at}`, 1);
      batches.push(batch);
      const paid = await again({ rpc: unanswered(node().rpc, at).rpc, name: `lost ${at}` }).pay(batch);
      expect(paid.ok, `call ${at}`).equal(false);
      if (!paid.ok) expect([paid.refusal.code, paidNothing(paid.refusal)]).deep.equal(['bitcoin-down', false]);
      expect(valueOf(await again({ name: `after ${at}` }).pay(batch))).deep.equal(waits);
    }
    await node().mine(rules.confirmations);
    for (const batch of batches) {
      await final(again({ name: 'end' }), batch);
      expect(await receivedBy(reader, batch)).deep.equal(batch.outputs.map((one) => [one.amount]));
    }
  });

  it('at each step of its replacement, before it and after it, is paid once', async () => {
    const { wallet, again, database, reader, fund } = await payingOn(node(), 'replaced');
    await fund(Array.from({ length: 40 }, (_, index) => 60_000n + BigInt(index)));
    let steps = 0;
    const batches: Batch[] = [];
    const stuck = async (batch: Batch): Promise<void> => {
      expect(valueOf(await wallet.pay(batch))).deep.equal(waits);
      for (const txid of (await node().ask('getrawmempool')) as string[])
        await node().ask('prioritisetransaction', txid, 0, -100_000_000);
      await node().mine(2);
    };
    const plain = breaking(node().rpc, database, 0, 'before');
    const first = batchTo('replaced plain', 2);
    await stuck(first);
    expect(valueOf(await again({ ...plain, name: 'plain' }).pay(first))).deep.equal(waits);
    steps = plain.taken();
    // One step in three of each kind: each costs two blocks, and the first half is what every look does.
    for (const when of ['before', 'after'] as const) {
      for (let at = when === 'before' ? 1 : 2; at <= steps; at += 2) {
        const batch = batchTo(`replaced ${when} ${at}`, 2);
        batches.push(batch);
        await stuck(batch);
        const faulty = breaking(node().rpc, database, at, when);
        await again({ ...faulty, name: `${when} ${at}` })
          .pay(batch)
          .then(
            () => expect.fail('it was not killed'),
            (thrown: unknown) => expect(thrown).instanceOf(Killed),
          );
        expect(valueOf(await again({ name: `after ${when} ${at}` }).pay(batch))).deep.equal(waits);
        await node().mine(1);
      }
    }
    await node().mine(rules.confirmations);
    for (const batch of batches) {
      await final(wallet, batch);
      expect(await receivedBy(reader, batch)).deep.equal(batch.outputs.map((one) => [one.amount]));
    }
  });

  it('its database is lost: the same batch is found on the chain or in the mempool, and not paid again', async () => {
    const before = await payingOn(node(), 'lost');
    await before.fund([100_000n, 100_000n, 100_000n]);
    const [place] = placesOf('lost', 1) as [string];
    const same = ['a', 'b'].map((name) => batchOf(name, [{ destination: place, amount: 20_000n }]));
    for (const batch of same) expect(valueOf(await before.wallet.pay(batch))).deep.equal(waits);
    await node().mine(rules.confirmations);
    const late = batchTo('late', 2);
    expect(valueOf(await before.wallet.pay(late))).deep.equal(waits);
    const held = valueOf(await before.wallet.held());
    // As out of a backup of before all of it; the seed is the same.
    const after = await payingOn(node(), 'lost', { database: await openPaying() });
    const places = late.outputs.map((one) => one.destination);
    const sent = valueOf(await after.wallet.sentTo([...places, place]));
    expect(sent.map((one) => [one.destination, one.amount, one.isFinal]).sort()).deep.equal(
      [...[1, 2].map(() => [place, 20_000n, true]), ...late.outputs.map((one) => [one.destination, one.amount, false])].sort(),
    );
    expect(valueOf(await after.wallet.pay(late))).deep.equal(waits);
    for (const batch of same) await final(after.wallet, batch);
    expect(valueOf(await after.wallet.held()), 'the books of both').equal(held - (await feesOf(before.wallet, same)) - 40_000n);
    await node().mine(rules.confirmations);
    await final(after.wallet, late);
    expect((await receivedBy(after.reader, late)).flat()).deep.equal(late.outputs.map((one) => one.amount));
    expect((await receivedBy(after.reader, same[0]!)).flat()).deep.equal([20_000n, 20_000n]);
    // What comes next gets an address for its change that was never used.
    const next = batchTo('next', 1);
    expect(valueOf(await after.wallet.pay(next))).deep.equal(waits);
    await node().mine(rules.confirmations);
    await final(after.wallet, next);
    const change = derivation(accountFrom(testSeed('lost'), chains.regtest, 0), CHANGE);
    const used = await Promise.all([0, 1, 2, 3, 4, 5, 6, 7].map((index) => after.reader.history(change(index).address)));
    // 3, 4 and 5 were set aside for the batches that were found.
    expect(used.map((one) => valueOf(one).length)).deep.equal([1, 1, 1, 0, 0, 0, 1, 0]);
  });

  async function feesOf(wallet: Wallet, batches: readonly Batch[]): Promise<bigint> {
    let fees = 0n;
    for (const batch of batches) {
      const paid = valueOf(await wallet.pay(batch));
      if (!('waits' in paid)) fees += paid.fee;
    }
    return fees;
  }
});
