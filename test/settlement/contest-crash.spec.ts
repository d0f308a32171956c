/*
 * Killed before and after every transaction and every call while it contests, is accused, and pays late; started again on its database:
 * there is one case, it ends once, and the debt is paid once. Every thirteenth point; `npm run kill` tries every one.
 */
import { expect } from 'chai';
import { GIB } from '../../core/rule/price.ts';
import { balanceOf, openWorld, statesOf } from './world.ts';

const price = 1_000_000_000n;
const parameters = { contestWindowSec: 3600, answerWindowSec: 3600, appealWindowSec: 7200 };

/** Dies at the point of that number from the end of the payment window on; false when it never came to it. */
async function dieAt(name: 'A' | 'B', deathPoint: number): Promise<boolean> {
  let [counted, died] = [0, false];
  let strike = (): void => undefined;
  const payouts = { A: 'manual' } as const;
  const world = await openWorld({
    names: ['A', 'B'],
    ...{ funds: { A: 10n * price }, payouts, parameters },
    strike: { name, at: () => strike() },
  });
  async function reviveIfDead(): Promise<void> {
    await world.idle();
    if (!died) return;
    strike = () => undefined;
    died = false;
    await world.kill(name);
    await world.start(name);
    strike = () => void (counted += 1);
  }
  try {
    world.owe(0, 'A', 'B', GIB);
    const { paymentEnd } = world.schedule(0);
    await world.advance(paymentEnd - 1);
    strike = () => {
      counted += 1;
      if (counted >= deathPoint) died = true;
      if (died) throw new Error('killed');
    };
    for (const after of [0, 1, 3, 7, 60]) {
      await world.advance(paymentEnd + after);
      await reviveIfDead();
    }
    await world.agree();
    await reviveIfDead();
    // An operator whose word is lost gives it again.
    for (const after of [61, 62, 65, 130, 300]) {
      await world.local('A', '/settlement/payouts-approve', { all: true }).catch(() => null);
      await world.advance(paymentEnd + after);
      await reviveIfDead();
      await world.agree();
      await reviveIfDead();
    }
    // What the test itself reads is no point of the role's.
    const reached = counted >= deathPoint;
    strike = () => undefined;
    await world.advance(paymentEnd + 1500);
    await world.agree();
    expect(await statesOf(world, 'A')).deep.equal([`B: receipted ${price}`]);
    expect(await statesOf(world, 'B')).deep.equal([`A: receipted ${price}`]);
    expect([await balanceOf(world, 'A'), await balanceOf(world, 'B')]).deep.equal([9n * price, price]);
    // The same again is the same: a second contest would have been refused as void, a second end as decided.
    expect(new Set(world.docket.posted.filter((one) => one.startsWith('contest')))).deep.equal(new Set(['contest B>A: open']));
    const ends = world.docket.posted.filter((one) => one.startsWith('appeal') && !one.endsWith('appeal-decided'));
    expect(new Set(ends.map((one) => one.split(': ')[1]))).deep.equal(new Set(['late']));
    for (const one of ['A', 'B']) {
      const { contests } = ((await world.local(one, '/settlement/contests', {})) as { value: { contests: { state: string }[] } })
        .value;
      expect(contests.map(({ state }) => state)).deep.equal(['late']);
      const books = await world.local(one, '/settlement/reconcile', {});
      expect((books as { value: { wallets: { difference: string }[] } }).value.wallets[0]?.difference).equal('0');
    }
    return reached;
  } finally {
    strike = () => undefined;
    await world.close();
  }
}

describe('killed at any point of a contest', () => {
  const plans: readonly (readonly [string, 'A' | 'B', number])[] = [
    ['the contestant', 'B', 13],
    ['the accused', 'A', 13],
  ];
  for (const [title, name, stride] of plans) {
    it(title, async function () {
      let point = 1;
      while (await dieAt(name, point)) point += stride;
      expect(point).above(30);
    });
  }
});
