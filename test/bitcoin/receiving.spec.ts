/*
 * Receiving on a real node: addresses, payments in the mempool and in blocks, blocks that are undone, the gap limit, and books that
 * came from a backup.
 */
import { expect } from 'chai';
import { z } from 'zod';
import { btcOf } from '../../rail/bitcoin/amount.ts';
import { derivation } from '../../rail/bitcoin/derive.ts';
import { CHANGE, descriptorOf, RECEIVING } from '../../rail/bitcoin/descriptor.ts';
import { insertAddress } from '../../rail/bitcoin/store.ts';
import { createRpc } from '../../rail/bitcoin/rpc.ts';
import { later, undoAll } from '../harness/later.ts';
import { accountOf, doubleSpend, receivingOn, valueOf, withBitcoind } from './fixture.ts';

afterEach(undoAll);

describe('receiving on bitcoind', () => {
  const node = withBitcoind();
  let account = 0;
  const fresh = () => accountOf(`receiving ${(account += 1)}`);

  for (const kind of ['wpkh', 'tr'] as const) {
    it(`${kind}: its addresses are those that bitcoind derives`, async () => {
      const of = accountOf('derived', kind);
      for (const branch of [RECEIVING, CHANGE] as const) {
        const theirs = z.array(z.string()).parse(await node().ask('deriveaddresses', descriptorOf(of, branch), [0, 30]));
        const derive = derivation(of, branch);
        expect(theirs).deep.equal(Array.from({ length: 31 }, (_, index) => derive(index).address));
      }
    });

    it(`${kind}: a payment is shown in the mempool, then in its block`, async () => {
      const wallet = await receivingOn(node().rpc, accountOf(`paid ${kind}`, kind));
      const address = await wallet.give('u1');
      const txid = await node().pay(address, btcOf(123_456n));
      const waiting = await wallet.read();
      expect(waiting.payments.every((one) => one.payment === waiting.payments[0]?.payment)).equal(true);
      const [first] = waiting.payments;
      expect(first).include({ destination: address, amount: 123_456n, confirmations: 0, at: wallet.clock.now() });
      expect(first?.payment).match(new RegExp(`^${txid}:[01]$`));
      expect(first).not.property('height');
      await node().mine(2);
      const mined = (await wallet.read(waiting.cursor)).payments;
      expect(mined.map(({ at, ...rest }) => ({ ...rest, at: at > 1_500_000_000 }))).deep.equal([
        { ...first, confirmations: 2, at: true, height: Number(await node().ask('getblockcount')) - 1 },
      ]);
    });
  }

  it('amounts are to the unit, and each output is a payment of its own', async () => {
    const wallet = await receivingOn(node().rpc, fresh());
    const address = await wallet.give('u1');
    const amounts = [1_000_000_001n, 546n, 99_999_999n];
    for (const amount of amounts) await node().pay(address, btcOf(amount));
    await node().mine(1);
    const { payments } = await wallet.read();
    expect(payments.map((one) => one.amount).sort()).deep.equal([...amounts].sort());
    expect(new Set(payments.map((one) => one.payment)).size).equal(3);
  });

  it('the same name has the same address, another name another, and one that is late is noticed', async () => {
    const wallet = await receivingOn(node().rpc, fresh());
    const [one, other, again] = [await wallet.give('u1'), await wallet.give('u2'), await wallet.give('u1')];
    expect(again).equal(one);
    expect(new Set([one, other, wallet.receiving.fallback()]).size).equal(3);
    const { cursor } = await wallet.read();
    await node().mine(60);
    const quiet = await wallet.read(cursor);
    expect(quiet.payments).deep.equal([]);
    expect(quiet.pages).equal(4);
    await node().pay(one, '0.001');
    await node().pay(wallet.receiving.fallback(), '0.002');
    await node().mine(1);
    const destinations = (await wallet.read(quiet.cursor)).payments.map((payment) => payment.destination);
    expect(destinations.sort()).deep.equal([one, wallet.receiving.fallback()].sort());
  });

  it('begins with the first address that was given out', async () => {
    const wallet = await receivingOn(node().rpc, fresh());
    expect((await wallet.read()).cursor).match(new RegExp(`^${String(await node().ask('getblockcount'))} `));
    await wallet.give('u1');
    expect(valueOf(await wallet.receiving.incoming('')).blocks?.above).equal(0);
  });

  it('a page shows all that stands above a block, and goes on from the last that was not undone', async () => {
    const wallet = await receivingOn(node().rpc, fresh());
    const address = await wallet.give('u1');
    const before = Number(await node().ask('getblockcount'));
    const txid = await node().pay(address, '0.5');
    const [undone = ''] = await node().mine(3);
    const seen = await wallet.read();
    expect(seen.payments.at(-1)).include({ confirmations: 3, height: before + 1 });
    await node().ask('invalidateblock', undone);

    // As long as the other chain is the shorter one, nothing is undone.
    const behind = await wallet.receiving.incoming(seen.cursor);
    expect(behind.ok ? null : behind.refusal.code).equal('bitcoin-behind');
    // Four blocks without it: it is in the mempool again.
    await node().ask('generateblock', wallet.receiving.fallback(), []);
    for (let count = 0; count < 3; count += 1) await node().ask('generateblock', wallet.receiving.fallback(), []);
    const page = valueOf(await wallet.receiving.incoming(seen.cursor));
    expect(page.blocks?.above).most(before);
    expect(page.blocks?.through).equal(before + 4);
    const back = page.payments.filter((one) => one.payment.startsWith(txid));
    expect(back.map(({ confirmations, height }) => [confirmations, height])).deep.equal([[0, undefined]]);
    await node().mine(1);
    const mined = await wallet.read(page.cursor);
    expect(mined.payments.at(-1)).include({ confirmations: 1, height: before + 5, amount: 50_000_000n });
  });

  it('goes back any number of blocks', async () => {
    const wallet = await receivingOn(node().rpc, fresh());
    const address = await wallet.give('u1');
    const before = Number(await node().ask('getblockcount'));
    const txid = await node().pay(address, '0.25');
    const [undone = ''] = await node().mine(70);
    const seen = await wallet.read();
    const raw = await node().ask('getrawtransaction', txid, 0, undone);
    await node().ask('invalidateblock', undone);
    // Of so many blocks bitcoind takes nothing back into its mempool by itself.
    await node().ask('sendrawtransaction', raw as string);
    await node().mine(71);
    const page = valueOf(await wallet.receiving.incoming(seen.cursor));
    expect(page.blocks?.above).most(before);
    const shown = await wallet.read(seen.cursor);
    const own = shown.payments.filter((one) => one.destination === address);
    expect(own.map((one) => [one.height, one.confirmations])).deep.equal([[before + 1, 71]]);
  });

  it('an unconfirmed payment that is replaced by another is no longer shown', async () => {
    const wallet = await receivingOn(node().rpc, fresh());
    const address = await wallet.give('u1');
    const txid = await node().pay(address, '0.1');
    const seen = await wallet.read();
    expect(seen.payments.map((one) => one.payment.split(':')[0])).include(txid);
    await doubleSpend(node(), txid);
    expect((await wallet.read(seen.cursor)).payments).deep.equal([]);
    await node().mine(1);
    expect((await wallet.read(seen.cursor)).payments).deep.equal([]);
  });

  it('the gap limit: past it the wallet is busy, until one of them is paid to in a block', async () => {
    const wallet = await receivingOn(node().rpc, fresh(), { gapLimit: 3 });
    const give = (name: string) => wallet.database.transaction((tx) => wallet.receiving.destination(tx, name));
    for (const name of ['u1', 'u2', 'u3']) await wallet.give(name);
    const full = await give('u4');
    expect(full.ok ? null : full.refusal).include({ code: 'bitcoin-gap', retry: true });
    expect(await wallet.give('u2')).equal(valueOf(await give('u2')));
    await node().pay(await wallet.give('u2'), '0.01');
    const { cursor } = await wallet.read();
    expect((await give('u4')).ok).equal(false);
    await node().mine(1);
    await wallet.read(cursor);
    expect((await give('u4')).ok).equal(true);
    expect((await give('u5')).ok).equal(true);
    expect((await give('u6')).ok).equal(false);
  });

  it('books from an older backup give out no address again, paid to or not, and none before the chain was read', async () => {
    const of = fresh();
    const before = await receivingOn(node().rpc, of, { gapLimit: 5 });
    const [first, backup] = [await before.give('u1'), await before.read()];
    const addresses: string[] = [];
    for (const name of ['u2', 'u3', 'u4']) addresses.push(await before.give(name));
    await node().pay(addresses[2] as string, '0.03');
    await node().mine(30);
    await before.read(backup.cursor);
    for (const name of ['u5', 'u6', 'u7', 'u8', 'u9']) addresses.push(await before.give(name));

    const restored = await receivingOn(node().rpc, of, { gapLimit: 5, restore: 'r1' });
    // As the backup has it: u1 alone.
    await restored.database.transaction(async (tx) => {
      const row = { position: 1, name: 'u1', address: first, given: restored.clock.now(), used: false };
      await insertAddress(tx, restored.receiving.fallback(), row);
    });
    const give = (name: string) => restored.database.transaction((tx) => restored.receiving.destination(tx, name));
    const early = await give('u2');
    expect(early.ok ? null : early.refusal).include({ code: 'bitcoin-restored', retry: true });
    expect(await restored.give('u1')).equal(first);
    const page = valueOf(await restored.receiving.incoming(backup.cursor));
    expect(page.payments.map((one) => one.destination)).deep.equal([addresses[2]]);
    // That page was not the last.
    expect((await give('u2')).ok).equal(false);
    await restored.read(page.cursor);
    const anew: string[] = [];
    for (const name of ['v1', 'v2', 'v3', 'v4', 'v5']) anew.push(await restored.give(name));
    expect([...addresses, first].filter((one) => anew.includes(one))).deep.equal([]);
    expect((await give('v6')).ok).equal(false);
    // Once for each restore.
    await node().pay(anew[0] as string, '0.02');
    await node().mine(1);
    await restored.read(page.cursor);
    const again = await receivingOn(node().rpc, of, { gapLimit: 5, restore: 'r1', database: restored.database });
    expect((await again.database.transaction((tx) => again.receiving.destination(tx, 'v6'))).ok).equal(true);
  });

  it('shows from as many confirmations on as it was told, and the mempool then never', async () => {
    const wallet = await receivingOn(node().rpc, fresh(), { shownFrom: 3 });
    const address = await wallet.give('s1');
    await node().pay(address, '0.2');
    let { payments, cursor } = await wallet.read();
    for (const expected of [0, 0, 1, 0]) {
      expect(payments.filter((one) => one.destination === address)).length(0);
      await node().mine(1);
      const next = await wallet.read(cursor);
      expect(next.payments.length, `after ${cursor.slice(0, 4)}`).equal(expected);
      cursor = next.cursor;
      payments = [];
    }
  });

  it('the node is down, and back: with another cookie, and nothing missed', async () => {
    const wallet = await receivingOn(node().rpc, fresh());
    const address = await wallet.give('u1');
    const { cursor } = await wallet.read();
    await node().pay(address, '0.7');
    await node().mine(1);
    const cookie = await node().login();
    await node().stop();
    const down = await wallet.receiving.incoming(cursor);
    expect(down.ok ? null : down.refusal).include({ code: 'bitcoin-down', retry: true });
    await node().start();
    expect(await node().login()).not.equal(cookie);
    expect((await wallet.read(cursor)).payments.map((one) => one.amount)).deep.equal([70_000_000n]);
  });

  it('a node of another chain is refused, and so is a wrong password', async () => {
    const wallet = await receivingOn(node().rpc, { ...fresh(), chain: { ...fresh().chain, name: 'signet' } });
    const other = await wallet.receiving.incoming('');
    expect(other.ok ? null : other.refusal.code).equal('bitcoin-chain');
    const stranger = createRpc({ url: node().url, login: async () => 'somebody:else' });
    later(async () => stranger.close());
    const refused = await stranger.call('getblockcount', [], z.unknown());
    expect(refused.ok ? null : refused.refusal.code).equal('bitcoin-credentials');
  });
});
