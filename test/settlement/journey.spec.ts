/*
 * From closed books to receipts between running roles, by a driven clock and over a real ledger.
 */
import { expect } from 'chai';
import { GIB } from '../../core/rule/price.ts';
import { balanceOf, openWorld, pairsOf, statesOf, type World, type WorldOptions } from './world.ts';

const price = 1_000_000_000n;

describe('settlement between running roles', () => {
  let world: World;
  const open = async (options: WorldOptions) => (world = await openWorld(options));
  afterEach(() => world.close());

  it('nets both directions and pays once, at the BST', async () => {
    await open({ names: ['A', 'B'], funds: { A: 10n * price } });
    world.owe(0, 'A', 'B', 3n * GIB);
    world.owe(0, 'B', 'A', GIB);
    const { booksClose, bst } = world.schedule(0);
    await world.advance(booksClose - 1);
    expect(await pairsOf(world, 'A', 0)).deep.equal([]);
    await world.advance(bst - 1);
    expect(await statesOf(world, 'A')).deep.equal([`B: agreed ${2n * price}`]);
    expect(await statesOf(world, 'B')).deep.equal([`A: expecting ${2n * price}`]);
    expect(await balanceOf(world, 'B')).equal(0n);
    await world.advance(bst);
    expect(await statesOf(world, 'A')).deep.equal([`B: receipted ${2n * price}`]);
    expect(await statesOf(world, 'B')).deep.equal([`A: receipted ${2n * price}`]);
    expect(await balanceOf(world, 'A')).equal(8n * price);
    expect(await balanceOf(world, 'B')).equal(2n * price);
    const [a] = await pairsOf(world, 'A');
    const [b] = await pairsOf(world, 'B');
    expect(a?.receipt).deep.equal(b?.receipt);
    expect(a?.settlement).deep.equal(b?.settlement);
    const told = { interval: 0, outcome: 'paid', rail: 'ledger' };
    expect(world.of('A').outcomes).deep.equal([{ ...told, peer: world.of('B').id, received: 0n }]);
    expect(world.of('B').outcomes).deep.equal([{ ...told, peer: world.of('A').id, received: 2n * price }]);
  });

  it('rests when all is done: no poll until the next interval', async () => {
    await open({ names: ['A', 'B'], funds: { A: 10n * price } });
    world.owe(0, 'A', 'B', GIB);
    const { bst, paymentEnd } = world.schedule(0);
    await world.advance(bst + 60);
    expect(world.of('B').role?.nextDue()).equal(paymentEnd);
    expect(world.of('A').role?.nextDue()).equal(paymentEnd);
  });

  it('tells the relay of a pair that is even, and moves nothing', async () => {
    await open({ names: ['A', 'B'] });
    world.owe(0, 'A', 'B', GIB);
    world.owe(0, 'B', 'A', GIB);
    await world.advance(world.schedule(0).bst);
    expect(await statesOf(world, 'A')).deep.equal(['B: clear 0']);
    expect(world.of('A').outcomes.map((one) => [one.outcome, one.received])).deep.equal([['paid', 0n]]);
    expect(world.calls.filter((call) => call.startsWith('settlement'))).deep.equal([]);
  });

  it('carries the rest under a quantum over three BSTs, each time signed by both', async () => {
    const rails = { ledger: { price: 1000n, quantum: 1000n, dust: 0n } };
    await open({ names: ['A', 'B'], funds: { A: 10_000n }, parameters: { rails } });
    for (const interval of [0, 1, 2]) world.owe(interval, 'A', 'B', (1400n * GIB) / 1000n + 1n);
    const seen: unknown[] = [];
    for (const interval of [0, 1, 2]) {
      await world.advance(world.schedule(interval).bst);
      const [pair] = await pairsOf(world, 'B', interval);
      const body = pair?.settlement?.body as { carryIn: { amount: string }; carryLeft: { amount: string }; amount: string };
      seen.push([body.carryIn.amount, body.amount, body.carryLeft.amount, await balanceOf(world, 'B')]);
    }
    expect(seen).deep.equal([
      ['0', '1000', '400', 1000n],
      ['400', '1000', '800', 2000n],
      ['800', '2000', '200', 4000n],
    ]);
    await world.advance(world.schedule(3).bst);
    expect(await statesOf(world, 'A', 3)).deep.equal(['B: carried 0']);
  });

  it('pays a carry to the unit when it is old, also without new traffic', async () => {
    const rails = { ledger: { price: 1000n, quantum: 1000n, dust: 10n } };
    await open({ names: ['A', 'B'], funds: { A: 10_000n }, parameters: { rails, carryIntervals: 2 } });
    world.owe(0, 'A', 'B', (300n * GIB) / 1000n + 1n);
    await world.advance(world.schedule(1).bst);
    expect(await statesOf(world, 'B')).deep.equal(['A: carried 0', 'A: carried 0']);
    await world.advance(world.schedule(2).bst);
    expect(await statesOf(world, 'B', 2)).deep.equal(['A: receipted 300']);
    await world.advance(world.schedule(3).bst);
    expect(await pairsOf(world, 'B', 3)).deep.equal([]);
  });

  it('signs that a carry is used up where the traffic just cancels it', async () => {
    const rails = { ledger: { price: 1000n, quantum: 1000n, dust: 0n } };
    await open({ names: ['A', 'B'], parameters: { rails } });
    world.owe(0, 'A', 'B', GIB / 2n);
    world.owe(1, 'B', 'A', GIB / 2n);
    await world.advance(world.schedule(1).bst);
    expect(await statesOf(world, 'A')).deep.equal(['B: carried 0', 'B: carried 0']);
    await world.advance(world.schedule(2).bst);
    expect(await pairsOf(world, 'A', 2)).deep.equal([]);
  });

  it('a middle without funds is paid before it pays', async () => {
    await open({ names: ['G', 'M', 'E'], funds: { G: 3n * price } });
    world.owe(0, 'G', 'M', 3n * GIB);
    world.owe(0, 'M', 'E', 2n * GIB);
    await world.advance(world.schedule(0).bst);
    await world.advance(world.schedule(0).bst + 60);
    expect(await balanceOf(world, 'M')).equal(price);
    expect(await balanceOf(world, 'E')).equal(2n * price);
    expect(await statesOf(world, 'M')).deep.equal([`E: receipted ${2n * price}`, `G: receipted ${3n * price}`]);
  });

  it('pays what the funds cover, whole or not at all; the rest awaits funds until the window ends', async () => {
    await open({ names: ['A', 'B', 'C'], funds: { A: 5n * price } });
    world.owe(0, 'A', 'B', 4n * GIB);
    world.owe(0, 'A', 'C', 3n * GIB);
    const { bst, paymentEnd } = world.schedule(0);
    await world.advance(bst + 120);
    const states = (await statesOf(world, 'A')).map((one) => one.split(' ')[1]).sort();
    expect(states).deep.equal(['awaiting', 'receipted']);
    await world.advance(paymentEnd);
    expect((await statesOf(world, 'A')).map((one) => one.split(' ')[1]).sort()).deep.equal(['lapsed', 'receipted']);
    const creditor = (await statesOf(world, 'B'))[0]?.includes('contested') === true ? 'B' : 'C';
    expect(await statesOf(world, creditor)).deep.equal([`A: contested ${creditor === 'B' ? 4n * price : 3n * price}`]);
    expect(world.of(creditor).outcomes.map((one) => one.outcome)).deep.equal(['unpaid']);
    expect(world.of('A').role?.nextDue()).above(paymentEnd);
  });

  it('the highest IOU that either side shows counts', async () => {
    await open({ names: ['A', 'B'], funds: { A: 10n * price } });
    // The debtor issued more than the creditor got; the creditor shows an older one.
    world.owe(0, 'A', 'B', GIB, { serial: 1n, shownBy: ['B'] });
    world.owe(0, 'A', 'B', 2n * GIB, { serial: 2n, shownBy: ['A'] });
    // And the other way round for what B issued.
    world.owe(0, 'B', 'A', GIB, { serial: 5n, shownBy: ['A'] });
    world.owe(0, 'B', 'A', GIB / 2n, { serial: 4n, shownBy: ['B'] });
    await world.advance(world.schedule(0).bst);
    expect(await statesOf(world, 'A')).deep.equal([`B: receipted ${price}`]);
  });

  it('is settled also where one side had no book of the pair at all', async () => {
    await open({ names: ['A', 'B'], funds: { A: 10n * price } });
    world.owe(0, 'A', 'B', GIB, { shownBy: ['B'] });
    await world.advance(world.schedule(0).bst);
    expect(await statesOf(world, 'A')).deep.equal([`B: receipted ${price}`]);
  });

  it('drops the IOUs when the windows are over, and keeps settlements and receipts', async () => {
    await open({ names: ['A', 'B'], funds: { A: 10n * price }, parameters: { contestWindowSec: 60, appealWindowSec: 60 } });
    world.owe(0, 'A', 'B', GIB);
    await world.advance(world.schedule(0).appealEnd - 1);
    expect((await pairsOf(world, 'A', 0))[0]?.mine).not.equal(null);
    await world.advance(world.schedule(0).appealEnd);
    const [pair] = await pairsOf(world, 'A', 0);
    expect([pair?.mine, pair?.theirs]).deep.equal([null, null]);
    expect(pair?.settlement?.countersignature).a('string');
    expect(pair?.receipt).not.equal(null);
  });
});
