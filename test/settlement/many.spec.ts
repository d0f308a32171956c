/*
 * Many neighbours: a book in pages, payments in batches. Each pair is opened once and paid once, wherever the process was stopped
 * between two of them.
 */
import { expect } from 'chai';
import { GIB } from '../../core/rule/price.ts';
import { balanceOf, openWorld, pairsOf, statesOf, type World, type WorldOptions } from './world.ts';

const price = 1_000_000_000n;
const others = ['B', 'C', 'D', 'E', 'F'];

describe('a relay with many neighbours', () => {
  let world: World;
  const open = async (options: Omit<WorldOptions, 'names'>) =>
    (world = await openWorld({ names: ['A', ...others, 'P'], ...options }));
  afterEach(() => world.close());

  const oweAll = () => {
    for (const [place, name] of others.entries()) world.owe(0, 'A', name, BigInt(place + 1) * GIB);
  };
  const received = () => Promise.all(others.map((name) => balanceOf(world, name)));

  it('reads its book page by page', async () => {
    await open({ funds: { A: 100n * price }, pageLines: 2 });
    oweAll();
    await world.advance(world.schedule(0).booksClose);
    expect((await pairsOf(world, 'A', 0)).map((pair) => pair.nickname).sort()).deep.equal(others);
    await world.advance(world.schedule(0).bst);
    expect(await received()).deep.equal([1n, 2n, 3n, 4n, 5n].map((gib) => gib * price));
  });

  it('begins its book anew where it was stopped between two pages, and states each pair once', async () => {
    let pages = 0;
    const strike = {
      name: 'A',
      at(point: string) {
        if (point === 'before /relay/book') pages += 1;
        if (point === 'before /relay/book' && pages === 3) throw new Error('stopped');
      },
    };
    await open({ funds: { A: 100n * price }, pageLines: 2, strike });
    oweAll();
    const { booksClose, bst } = world.schedule(0);
    world.clock.advance(booksClose);
    await world.idle();
    // Two pages are there, and nobody is told that the book is closed.
    expect(await pairsOf(world, 'A', 0)).length(4);
    await world.kill('A');
    await world.start('A');
    await world.advance(bst);
    expect(pages).equal(6);
    expect(await received()).deep.equal([1n, 2n, 3n, 4n, 5n].map((gib) => gib * price));
    expect(await balanceOf(world, 'A')).equal(85n * price);
  });

  it('takes up the carry of a peer that is in no page', async () => {
    const rails = { ledger: { price, quantum: 10n * price, dust: 0n } };
    await open({ funds: { A: 100n * price }, pageLines: 2, parameters: { rails } });
    for (const name of others) world.owe(0, 'A', name, 6n * GIB);
    for (const name of others.slice(1)) world.owe(1, 'A', name, 6n * GIB);
    await world.advance(world.schedule(1).bst);
    expect(await statesOf(world, 'A', 1)).deep.equal([
      'B: carried 0',
      ...['C', 'D', 'E', 'F'].map((name) => `${name}: receipted ${10n * price}`),
    ]);
  });

  it('pays in as many batches as it takes, what the funds cover, and the rest when they do', async () => {
    // 1 + 2 + 3 + 4 + 5 are due, in an order that nobody chooses; 12 are there, so that one at least has to wait.
    await open({ funds: { A: 12n * price, P: 100n * price }, batchMax: 2, payouts: { P: 'manual' } });
    oweAll();
    world.owe(0, 'P', 'A', 50n * GIB);
    const { bst } = world.schedule(0);
    await world.advance(bst);
    const due = [1n, 2n, 3n, 4n, 5n];
    const first = await received();
    const paid = first.reduce((sum, one) => sum + one, 0n);
    for (const [place, one] of first.entries()) expect([0n, (due[place] as bigint) * price]).include(one);
    expect(paid <= 12n * price && paid > 6n * price).equal(true);
    const waiting = (await statesOf(world, 'A', 0)).filter((one) => one.includes('awaiting'));
    expect(waiting).length(first.filter((one) => one === 0n).length);
    expect(waiting).not.empty;
    await world.local('P', '/settlement/payouts-approve', { all: true });
    await world.advance(bst + 600);
    expect(await received()).deep.equal(due.map((gib) => gib * price));
    expect(await balanceOf(world, 'A')).equal((12n - 15n + 50n) * price);
    expect(await balanceOf(world, 'P')).equal(50n * price);
  });

  it('pays none of them twice that the rail shows as paid, and the others of its batch', async () => {
    await open({ funds: { A: 100n * price }, batchMax: 2, payouts: { A: 'manual' } });
    oweAll();
    await world.advance(world.schedule(0).bst);
    const [pair] = (await pairsOf(world, 'A', 0)).filter((one) => one.nickname === 'C');
    // As a process did whose database is lost.
    const paid = await world.of('A').wallet.pay({
      id: 'ab'.repeat(32),
      outputs: [{ destination: pair?.destination as string, amount: 2n * price }],
    });
    expect(paid.ok).equal(true);
    await world.local('A', '/settlement/payouts-approve', { all: true });
    await world.advance(world.schedule(0).bst + 120);
    expect(await received()).deep.equal([1n, 2n, 3n, 4n, 5n].map((gib) => gib * price));
    expect(await balanceOf(world, 'A')).equal(85n * price);
    expect((await statesOf(world, 'A', 0)).every((one) => one.includes('receipted'))).equal(true);
  });
});
