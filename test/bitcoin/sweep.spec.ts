/*
 * The sweep of earnings, on a real node: what is above the threshold and due to nobody goes to a new address each time, is in the books, and
 * goes once wherever its process dies.
 */
import { expect } from 'chai';
import * as text from '../../cli/settlement-text.ts';
import { GIB } from '../../core/rule/price.ts';
import { bitcoinReader } from '../../rail/bitcoin/reader.ts';
import { undoAll } from '../harness/later.ts';
import { statesOf } from '../settlement/world.ts';
import { valueOf, withBitcoind } from './fixture.ts';
import { rules } from './paying.ts';
import { openStory, price, type Story } from './settling.ts';

afterEach(undoAll);

describe('the sweep of earnings in Bitcoin', function () {
  // Each step is a call of a node on a busy machine.
  this.timeout(500_000);
  const node = withBitcoind(['-txindex=1', '-blockfilterindex=1']);

  const sweptTo = async (story: Story, number: number): Promise<bigint[]> => {
    const found = await bitcoinReader({ rules, rpc: node().rpc }).history(story.sweptTo(number));
    return valueOf(found).map((one) => one.amount);
  };
  const earningsOf = async (story: Story) =>
    text.earningsShape.parse(await story.ask('A', '/settlement/earnings', { interval: null }));

  it('leaves the threshold and what falls due, takes a new address each time, and is in the books', async () => {
    const above = 2n * price;
    const story = await openStory(node(), {
      ...{ names: ['A', 'B', 'C'], coins: { A: 6n * price, B: 5n * price } },
      sweep: { A: above },
    });
    const { world, advance, booksOf } = story;
    world.owe(0, 'B', 'A', 2n * GIB);
    // Due in the next interval: not swept away before.
    world.owe(1, 'A', 'C', 3n * GIB);
    const { bst } = world.schedule(0);
    await advance(bst + 60, rules.confirmations);
    await advance(bst + 900, rules.confirmations);
    await advance(bst + 2000, rules.confirmations);
    await advance(bst + 4000);
    expect(await statesOf(world, 'A', 0)).deep.equal([`B: receipted ${2n * price}`]);
    const [first] = await sweptTo(story, 0);
    const books = await booksOf('A');
    expect(books).include({ difference: '0', swept: String(first), sent: '0' });
    // 6 and 2 less the threshold, what falls due, and its fee.
    expect(first! < 3n * price && first! > 3n * price - 20_000n, `swept ${first}`).equal(true);
    const printed = text.reconcileText(text.reconcileShape.parse(await story.ask('A', '/settlement/reconcile')));
    expect(printed).match(/- swept +2[\d\u2009]+\n/);
    // What fell due is paid by what was left, and nothing more is swept by that.
    const second = world.schedule(1);
    await advance(second.bst + 60, rules.confirmations);
    await advance(second.bst + 1200, rules.confirmations);
    await advance(second.bst + 4000);
    expect(await statesOf(world, 'A', 1)).deep.equal([`C: receipted ${3n * price}`]);
    expect(await sweptTo(story, 1)).deep.equal([]);
    // More comes in: the next sweep is to another address.
    world.owe(2, 'B', 'A', 2n * GIB);
    const third = world.schedule(2);
    await advance(third.bst + 60, rules.confirmations);
    await advance(third.bst + 1200, rules.confirmations);
    await advance(third.bst + 4000);
    expect([await sweptTo(story, 0), (await sweptTo(story, 1)).length]).deep.equal([[first], 1]);
    const { sweeps } = await earningsOf(story);
    expect(sweeps.map((one) => [one.destination, one.state])).deep.equal([
      [story.sweptTo(0), 'paid'],
      [story.sweptTo(1), 'paid'],
    ]);
    expect(await booksOf('A')).include({ difference: '0' });
  });

  /** False where it never came to that point. */
  async function dieAt(deathPoint: number): Promise<boolean> {
    let [counted, died] = [0, false];
    let strike = (): void => undefined;
    const story = await openStory(node(), {
      ...{ names: ['A', 'B'], coins: { A: 6n * price, B: 5n * price }, sweep: { A: 2n * price } },
      strike: { name: 'A', at: () => strike() },
    });
    const { world, advance } = story;
    world.owe(0, 'B', 'A', 2n * GIB);
    const { bst } = world.schedule(0);
    await advance(bst + 30, rules.confirmations);
    strike = () => {
      counted += 1;
      if (counted >= deathPoint) died = true;
      if (died) throw new Error('killed');
    };
    for (const after of [120, 240, 400, 900, 1800]) {
      await advance(bst + after, rules.confirmations);
      if (!died) continue;
      strike = () => undefined;
      died = false;
      await world.kill('A');
      await world.start('A');
      strike = () => void (counted += 1);
    }
    const reached = counted >= deathPoint;
    strike = () => undefined;
    await advance(bst + 2400, rules.confirmations);
    await advance(bst + 3500, rules.confirmations);
    await advance(bst + 3700);
    const swept = [...(await sweptTo(story, 0)), ...(await sweptTo(story, 1))];
    expect(swept, `killed at ${deathPoint}`).length(1);
    const books = await story.booksOf('A');
    expect(books, `killed at ${deathPoint}`).include({ difference: '0', swept: String(swept[0]) });
    expect(BigInt(books['balance']!) >= 2n * price).equal(true);
    return reached;
  }

  it('killed before it is written down, after it, and on its way: it goes once', async () => {
    const stride = Number(process.env['PTG_SWEEP_STRIDE'] ?? 60);
    let point = 1;
    while (await dieAt(point)) point += stride;
    expect(point).above(3 * stride);
  });
});
