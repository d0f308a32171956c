/*
 * Receiving over a wire that misbehaves: between the program and a real node stands a proxy that cuts, stalls, flips and invents. What is
 * shown then is refused, or is what the node has.
 */
import { expect } from 'chai';
import type { IncomingPayment } from '../../rail/rail.ts';
import { createRpc, type Rpc } from '../../rail/bitcoin/rpc.ts';
import { modes, openProxy, type Mode } from '../faults/proxy.ts';
import { later, undoAll } from '../harness/later.ts';
import { accountOf, receivingOn, valueOf, withBitcoind } from './fixture.ts';

afterEach(undoAll);

/** Of these something may come through whole. */
const passing: readonly Mode[] = ['pass', 'drip', 'flip-request', 'flip-answer', 'endless-interim'];

/** When an unconfirmed one was seen first is each receiver's own. */
const timeless = (payments: readonly IncomingPayment[]) =>
  payments.map(({ at, ...rest }) => ({ ...rest, at: rest.confirmations === 0 ? null : at }));

describe('receiving over a bad wire to bitcoind', () => {
  const node = withBitcoind();

  it('a node that hands out another block, or a chain that changes under it, is not believed', async () => {
    const wallet = await receivingOn(node().rpc, accountOf('liar'));
    const address = await wallet.give('u1');
    await node().pay(address, '0.1');
    await node().mine(4);
    const { payments, cursor } = await wallet.read();
    const height = Number(await node().ask('getblockcount'));
    const other = await node().ask('getblockhash', height - 1);
    await node().mine(3);
    /** The node's own answers, but for one. */
    const lying = (change: Pick<Partial<Rpc>, 'call' | 'batch'>): Rpc => ({ ...node().rpc, ...change });

    const swapped = lying({
      call: async (method, params, answer, options) =>
        node().rpc.call(method, method === 'getblock' ? [other as string, 0] : params, answer, options),
    });
    const over = await receivingOn(swapped, accountOf('liar'), { database: wallet.database });
    const page = await over.receiving.incoming(cursor);
    expect(page.ok ? null : page.refusal.code).equal('bitcoin-nonsense');

    // It names the second block first: no child of the last that was read.
    const reordered = lying({
      batch: async (method, params, answer) =>
        node().rpc.batch(
          method,
          params.length === 3 && Number(params[0]?.[0]) === height + 1 ? params.toReversed() : params,
          answer,
        ),
    });
    const behind = await receivingOn(reordered, accountOf('liar'), { database: wallet.database });
    const nothing = valueOf(await behind.receiving.incoming(cursor));
    expect(nothing).deep.include({ cursor, blocks: { above: height, through: height } });
    expect(payments.map((one) => one.amount)).deep.equal([10_000_000n]);
  });

  it('shows nothing that the node does not have, and goes on when the wire is mended', async () => {
    const account = accountOf('faults');
    const straight = await receivingOn(node().rpc, account);
    const address = await straight.give('u1');
    // The first payment makes the node's own wallet, and the blocks of its money.
    await node().pay(address, '0.3');
    await node().mine(1);
    const { cursor } = await straight.read();
    await node().pay(address, '0.4');
    await node().mine(2);
    await node().pay(address, '0.5');
    const { payments } = valueOf(await straight.receiving.incoming(cursor));
    expect(payments.map((one) => one.confirmations)).deep.equal([2, 0]);

    const proxy = await openProxy(Number(new URL(node().url).port));
    later(() => proxy.close());
    const rpc = createRpc({ url: proxy.url, login: () => node().login(), deadlineMs: 500 });
    later(async () => rpc.close());
    const over = await receivingOn(rpc, account, { database: straight.database });
    for (const mode of modes) {
      proxy.mode = mode;
      for (let times = 0; times < 3; times += 1) {
        const page = await over.receiving.incoming(cursor);
        if (page.ok) expect(timeless(page.value.payments), mode).deep.equal(timeless(payments));
        if (!passing.includes(mode)) expect(page.ok ? null : page.refusal.retry, mode).equal(true);
      }
      expect(proxy.seen.get(mode) ?? 0, mode).greaterThan(0);
    }
    proxy.mode = 'pass';
    expect(timeless(valueOf(await over.receiving.incoming(cursor)).payments)).deep.equal(timeless(payments));
  });
});
