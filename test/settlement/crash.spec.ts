/*
 * Killed before and after every transaction and every call that a role makes, one at a time, and started again on its database:
 * the debt is paid once, and both sides end with the receipt.
 */
import { expect } from 'chai';
import { GIB } from '../../core/rule/price.ts';
import { balanceOf, openWorld, pairsOf, statesOf } from './world.ts';

const price = 1_000_000_000n;

type From = 'booksClose' | 'bst';

/** Runs an interval in which `name` dies at the point of that number after `from`; false when it never came to it. */
async function dieAt(name: 'A' | 'B', from: From, deathPoint: number): Promise<boolean> {
  let [counted, died] = [0, false];
  let strike = (): void => undefined;
  const world = await openWorld({ names: ['A', 'B'], funds: { A: 10n * price }, strike: { name, at: () => strike() } });
  try {
    world.owe(0, 'A', 'B', 3n * GIB);
    world.owe(0, 'B', 'A', GIB);
    const destination = world.of('B').wallet.at('a subscriber');
    const order = { id: 'aa'.repeat(16), rail: 'ledger', destination, amount: '300' };
    const ordered = from === 'bst' ? 300n : 0n;
    const { booksClose, bst } = world.schedule(0);
    await world.advance((from === 'bst' ? bst : booksClose) - 1);
    strike = () => {
      counted += 1;
      if (counted >= deathPoint) died = true;
      if (died) throw new Error('killed');
    };
    // Second by second where something happens, so that it is seen as soon as it is dead.
    for (const to of [booksClose, booksClose + 1, booksClose + 3, booksClose + 7, bst - 1, bst, bst + 1, bst + 3, bst + 60]) {
      if (to <= world.clock.now()) continue;
      await world.advance(to);
      // A guard orders a withdrawal, and again until it is paid.
      if (from === 'bst') await world.local('A', '/settlement/withdraw', order).catch(() => null);
      await world.idle();
      if (!died) continue;
      strike = () => undefined;
      died = false;
      await world.kill(name);
      await world.start(name);
      strike = () => {
        counted += 1;
      };
    }
    // What the test itself reads is no point of the role's.
    const reached = counted >= deathPoint;
    strike = () => undefined;
    await world.advance(bst + 1200);
    expect(await statesOf(world, 'A')).deep.equal([`B: receipted ${2n * price}`]);
    expect(await statesOf(world, 'B')).deep.equal([`A: receipted ${2n * price}`]);
    expect([await balanceOf(world, 'A'), await balanceOf(world, 'B')]).deep.equal([8n * price - ordered, 2n * price + ordered]);
    expect((await pairsOf(world, 'A'))[0]?.receipt).deep.equal((await pairsOf(world, 'B'))[0]?.receipt);
    const books = await world.local(name, '/settlement/reconcile', {});
    expect((books as { value: { wallets: { difference: string }[] } }).value.wallets[0]?.difference).equal('0');
    return reached;
  } finally {
    strike = () => undefined;
    await world.close();
  }
}

describe('killed at any point', () => {
  // Agreeing moves nothing: every eighth point of it. Paying does: every fifth; `npm run kill` tries every one.
  const plans: readonly (readonly [string, 'A' | 'B', From, number])[] = [
    ['the debtor while it agrees', 'A', 'booksClose', 8],
    ['the creditor while it agrees', 'B', 'booksClose', 8],
    ['the debtor while it pays', 'A', 'bst', 5],
    ['the creditor while it is paid', 'B', 'bst', 4],
  ];
  for (const [title, name, from, stride] of plans) {
    it(title, async function () {
      let point = 1;
      while (await dieAt(name, from, point)) point += stride;
      expect(point).above(40);
    });
  }
});
