/*
 * Killed before and after every transaction and every call that a role makes, one at a time, and started again on its database:
 * the debt is paid once, and both sides end with the receipt.
 */
import { expect } from 'chai';
import { GIB } from '../../core/rule/price.ts';
import { balanceOf, openWorld, pairsOf, statesOf } from './world.ts';

const price = 1_000_000_000n;

/** Runs an interval in which `name` dies at the point of that number; false when it never came to it. */
async function dieAt(name: 'A' | 'B', deathPoint: number): Promise<boolean> {
  let [counted, died] = [0, false];
  let strike = (_point: string): void => undefined;
  const world = await openWorld({ names: ['A', 'B'], funds: { A: 10n * price }, strike: { name, at: (point) => strike(point) } });
  try {
    world.owe(0, 'A', 'B', 3n * GIB);
    world.owe(0, 'B', 'A', GIB);
    const { booksClose, bst } = world.schedule(0);
    await world.advance(booksClose - 1);
    strike = () => {
      counted += 1;
      if (counted >= deathPoint) died = true;
      if (died) throw new Error('killed');
    };
    // Second by second where something happens, so that it is seen as soon as it is dead.
    for (const to of [booksClose, booksClose + 1, booksClose + 3, booksClose + 7, bst - 1, bst, bst + 1, bst + 3, bst + 60]) {
      await world.advance(to);
      if (!died) continue;
      strike = () => undefined;
      died = false;
      await world.kill(name);
      await world.start(name);
      strike = () => {
        counted += 1;
      };
    }
    await world.advance(bst + 1200);
    expect(await statesOf(world, 'A')).deep.equal([`B: receipted ${2n * price}`]);
    expect(await statesOf(world, 'B')).deep.equal([`A: receipted ${2n * price}`]);
    expect([await balanceOf(world, 'A'), await balanceOf(world, 'B')]).deep.equal([8n * price, 2n * price]);
    expect((await pairsOf(world, 'A'))[0]?.receipt).deep.equal((await pairsOf(world, 'B'))[0]?.receipt);
    const books = await world.local(name, '/settlement/reconcile', {});
    expect((books as { value: { wallets: { difference: string }[] } }).value.wallets[0]?.difference).equal('0');
    return counted >= deathPoint;
  } finally {
    strike = () => undefined;
    await world.close();
  }
}

describe('killed at any point', () => {
  for (const name of ['A', 'B'] as const) {
    it(`${name === 'A' ? 'the debtor' : 'the creditor'} pays or is paid once`, async function () {
      this.timeout(120_000);
      let points = 0;
      // Every third point from each of three starts would be the same: all of them, as long as there are any.
      while (await dieAt(name, points + 1)) points += 1;
      expect(points).above(40);
    });
  }
});
