/*
 * Letters that say nothing: rubbish under any id in the debtor's mailbox; at the settlement time it is passed over, and the pair ends as
 * it would have without.
 */
import { expect } from 'chai';
import { GIB } from '../../core/rule/price.ts';
import { balanceOf, openWorld, pairsOf, statesOf, type World } from './world.ts';

const price = 1_000_000_000n;

describe('a letter that does not open', () => {
  let world: World;
  afterEach(() => world.close());

  it('changes nothing, and keeps none that does from being read', async () => {
    world = await openWorld({ names: ['A', 'B'], funds: { A: 10n * price } });
    world.owe(0, 'A', 'B', GIB);
    // B reaches A by its letter alone.
    for (const tag of ['statement', 'settlement']) world.down.add(`${tag}:A`).add(`${tag}:B`);
    const { bst } = world.schedule(0);
    await world.advance(bst - 1);
    const [pair] = await pairsOf(world, 'B');
    const [good] = world.letters.filter((one) => one.to === world.of('A').id);
    expect(good?.id).equal(pair?.id);
    const rubbish = (id: string, sealed: string) => ({ ...good!, id, sealed });
    world.letters.unshift(rubbish('ab'.repeat(32), 'AAAA'), rubbish('cd'.repeat(32), good!.sealed));
    await world.advance(bst + 60);
    expect(await balanceOf(world, 'B')).equal(price);
    const [paid] = await pairsOf(world, 'A');
    expect(paid?.destination).equal((good && pair)?.destination);
    world.down.clear();
    await world.advance(bst + 900);
    expect(await statesOf(world, 'A')).deep.equal([`B: receipted ${price}`]);
  });
});
