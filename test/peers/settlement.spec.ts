/*
 * Failures of the peers that are about paying: twice, half, not at all, or for ever about to. Numbers are those of the collection of
 * failures that docs/claims.md names; each runs at running settlement roles on a real ledger.
 */
import { expect } from 'chai';
import { GIB } from '../../core/rule/price.ts';
import type { Role } from '../../host/ports.ts';
import { balanceOf, openWorld, pairsOf, statesOf, type World, type WorldOptions } from '../settlement/world.ts';

const price = 1_000_000_000n;

describe('peers: settlement', () => {
  let world: World;
  const open = async (options: WorldOptions) => (world = await openWorld(options));
  afterEach(() => world.close());

  const idOf = async (name: string, interval = 0) => (await pairsOf(world, name, interval))[0]?.id as string;
  const differenceOf = async (name: string): Promise<string> => {
    const books = await world.local(name, '/settlement/reconcile', {});
    return (books as { value: { wallets: { difference: string }[] } }).value.wallets[0]?.difference as string;
  };
  const codeOf = (answer: { ok: boolean; refusal?: { code: string } }) => (answer.ok ? 'taken' : answer.refusal?.code);

  it('peers 03: the same IOU settled twice: by repeating it, by showing it for another interval, by approving it again', async () => {
    await open({ names: ['A', 'B'], funds: { A: 10n * price } });
    world.owe(0, 'A', 'B', GIB);
    await world.advance(world.schedule(0).bst + 60);
    expect(await balanceOf(world, 'B')).equal(price);
    const [pair] = await pairsOf(world, 'B', 0);
    // All that B has said, said again.
    expect(codeOf(await world.link('B', 'A', '/settlement/statements', pair?.mine))).equal('taken');
    await world.link('B', 'A', '/settlement/settlements', {
      body: pair?.settlement?.body,
      signature: pair?.settlement?.signature,
    });
    await world.link('B', 'A', '/settlement/receipts', pair?.receipt);
    await world.local('A', '/settlement/payouts-approve', { ids: [pair?.id] });
    await world.local('A', '/settlement/payouts-approve', { all: true });
    await world.advance(world.schedule(0).contestEnd);
    // The IOU of interval 0 in a statement of interval 1.
    await world.advance(world.schedule(1).booksClose + 1);
    const mine = pair?.mine as { body: object; signature: string };
    const moved = { body: { ...mine.body, interval: 1, terms: world.view.termsDigest(1) }, signature: mine.signature };
    expect(codeOf(await world.link('B', 'A', '/settlement/statements', moved))).equal('settlement-signature');
    await world.advance(world.schedule(1).bst + 60);
    expect([await balanceOf(world, 'A'), await balanceOf(world, 'B')]).deep.equal([9n * price, price]);
    expect(await statesOf(world, 'A')).deep.equal([`B: receipted ${price}`]);
  });

  it('peers 07: a crash between the signature and its being known: the same signature comes again, and no other', async () => {
    await open({ names: ['A', 'B'], funds: { A: 10n * price } });
    world.owe(0, 'A', 'B', GIB);
    // A countersigns, and nobody hears of it.
    world.lost.add('settlement:A');
    await world.advance(world.schedule(0).booksClose + 20);
    const before = (await pairsOf(world, 'A'))[0]?.settlement;
    expect(before?.countersignature).match(/^[0-9a-f]{128}$/);
    expect((await pairsOf(world, 'B'))[0]?.settlement?.countersignature).equal(undefined);
    await world.kill('A');
    await world.start('A');
    world.lost.delete('settlement:A');
    await world.advance(world.schedule(0).bst + 60);
    expect((await pairsOf(world, 'B'))[0]?.settlement).deep.equal(before);
    expect(await statesOf(world, 'B')).deep.equal([`A: receipted ${price}`]);
    expect(await balanceOf(world, 'A')).equal(9n * price);
  });

  it('peers 08: the rail has paid and the books say not; the books say so and the rail has not', async () => {
    await open({ names: ['A', 'B', 'C'], funds: { A: 10n * price, C: 10n * price } });
    world.owe(0, 'A', 'B', GIB);
    world.owe(0, 'C', 'B', GIB);
    await world.advance(world.schedule(0).bst - 1);
    const [a, c] = [world.of('A').wallet, world.of('C').wallet];
    const [payA, payC] = [a.pay.bind(a), c.pay.bind(c)];
    const dead = new Error('killed');
    // A dies after the rail took its batch, C when its intent is on disk and before the rail heard of it.
    a.pay = async (batch) => payA(batch).then(() => Promise.reject(dead));
    c.pay = () => Promise.reject(dead);
    await world.advance(world.schedule(0).bst + 5);
    expect([await balanceOf(world, 'A'), await balanceOf(world, 'C')]).deep.equal([9n * price, 10n * price]);
    expect([await statesOf(world, 'A'), await statesOf(world, 'C')]).deep.equal([[`B: paying ${price}`], [`B: paying ${price}`]]);
    for (const name of ['A', 'C']) await world.kill(name);
    [a.pay, c.pay] = [payA, payC];
    for (const name of ['A', 'C']) await world.start(name);
    await world.advance(world.schedule(0).bst + 600);
    for (const name of ['A', 'C']) {
      expect(await statesOf(world, name)).deep.equal([`B: receipted ${price}`]);
      expect([await balanceOf(world, name), await differenceOf(name)]).deep.equal([9n * price, '0']);
    }
    expect(await balanceOf(world, 'B')).equal(2n * price);
  });

  it('peers 21: a counterpart that is gone at the close: the debtor pays all the same, the creditor is told by when to act', async () => {
    await open({ names: ['A', 'B', 'C'], funds: { A: 10n * price, C: 10n * price }, contests: { C: 'ask' } });
    world.owe(0, 'A', 'B', GIB);
    world.owe(0, 'B', 'C', GIB);
    await world.stop('B');
    await world.advance(world.schedule(0).bst + 60);
    // Nobody needs B for it, and no money waits for B to come back.
    expect(await statesOf(world, 'A')).deep.equal([`B: paid ${price}`]);
    expect(await balanceOf(world, 'B')).equal(price);
    await world.advance(world.schedule(0).paymentEnd + 1);
    expect(await statesOf(world, 'C')).deep.equal([`B: unpaid ${price}`]);
    const status = await world.local('C', '/settlement/status', {});
    const { contests } = (status as { value: { contests: { state: string; until: number }[] } }).value;
    expect(contests.map(({ state, until }) => [state, until])).deep.equal([['asked', world.schedule(0).contestEnd]]);
    for (const name of ['A', 'C']) expect(await differenceOf(name)).equal('0');
  });

  it('peers 22: every notice delivered twice, and again after the work was done, changes nothing', async () => {
    await open({ names: ['A', 'B', 'C'], funds: { A: 10n * price }, payouts: { C: 'manual' } });
    world.owe(0, 'A', 'B', GIB);
    world.owe(0, 'C', 'B', GIB);
    // Answers get lost, so that each message is sent until the sender gives up or hears.
    for (const tag of ['statement', 'settlement', 'payment', 'receipt']) world.lost.add(`${tag}:A`).add(`${tag}:B`);
    await world.advance(world.schedule(0).bst + 40);
    world.lost.clear();
    await world.advance(world.schedule(0).paymentEnd + 60);
    const sent = world.calls.filter((call) => call === 'settlement B>A').length;
    expect(sent).above(1);
    const id = (await pairsOf(world, 'B')).find((one) => one.nickname === 'C')?.id as string;
    for (let times = 0; times < 3; times++) await world.tell('C', id);
    await world.idle();
    const before = [
      await statesOf(world, 'A'),
      await statesOf(world, 'B'),
      await statesOf(world, 'C'),
      world.docket.posted.length,
    ];
    const receipt = (await pairsOf(world, 'A'))[0]?.receipt;
    for (let times = 0; times < 2; times++)
      expect(codeOf(await world.link('B', 'A', '/settlement/receipts', receipt))).equal('taken');
    for (let times = 0; times < 3; times++) await world.tell('C', id);
    await world.idle();
    expect([
      await statesOf(world, 'A'),
      await statesOf(world, 'B'),
      await statesOf(world, 'C'),
      world.docket.posted.length,
    ]).deep.equal(before);
    expect([await balanceOf(world, 'A'), await balanceOf(world, 'B')]).deep.equal([9n * price, price]);
    expect(
      world
        .of('B')
        .outcomes.map((one) => one.outcome)
        .sort(),
    ).deep.equal(['paid', 'unpaid']);
  });

  it('peers 29: the books wiped and restored: nothing is lost, nothing claimed or paid twice', async () => {
    await open({ names: ['A', 'B'], funds: { A: 10n * price, B: 10n * price } });
    world.owe(0, 'A', 'B', GIB);
    world.owe(1, 'B', 'A', GIB);
    world.owe(1, 'A', 'B', 3n * GIB);
    await world.advance(world.schedule(0).bst + 60);
    for (const name of ['A', 'B']) {
      await world.stop(name);
      await world.start(name, {}, true);
      await world.advance(world.clock.now() + 120);
    }
    expect([await statesOf(world, 'A', 0), await statesOf(world, 'B', 0)]).deep.equal([
      [`B: receipted ${price}`],
      [`A: receipted ${price}`],
    ]);
    await world.advance(world.schedule(1).bst + 60);
    expect(await statesOf(world, 'A', 1)).deep.equal([`B: receipted ${2n * price}`]);
    expect([await balanceOf(world, 'A'), await balanceOf(world, 'B')]).deep.equal([7n * price, 13n * price]);
  });

  it('peers 30: a deadline that passes: what lapses is said before it does, with the time that is left', async () => {
    await open({ names: ['A', 'B'], funds: { A: 10n * price }, payouts: { A: 'manual' }, contests: { B: 'ask' } });
    world.owe(0, 'A', 'B', GIB);
    const { bst, paymentEnd, contestEnd } = world.schedule(0);
    await world.advance(bst + 60);
    const status = async (name: string) =>
      (await world.local(name, '/settlement/status', {})) as { value: Record<string, unknown> };
    expect((await status('A')).value['needsApproval']).deep.equal([await idOf('A')]);
    await world.advance(paymentEnd + 60);
    const { contests } = (await status('B')).value as { contests: { until: number; amount: string }[] };
    expect(contests.map(({ until, amount }) => [until, amount])).deep.equal([[contestEnd, String(price)]]);
    const preview = await world.local('B', '/settlement/contest-file', { id: await idOf('B'), confirm: false });
    const { lost, filed } = (preview as { value: { lost: object; filed: boolean } }).value;
    expect([filed, lost]).deep.equal([
      false,
      { held: { relayBytes: String(GIB), exitBytes: '0' }, issued: { relayBytes: '0', exitBytes: '0' }, carry: '0' },
    ]);
    await world.advance(contestEnd);
    expect(codeOf((await world.local('B', '/settlement/contest-file', { id: await idOf('B'), confirm: true })) as never)).equal(
      'contest-late',
    );
    // What lapsed for the one is no debt that comes back by itself for the other.
    expect(await statesOf(world, 'A')).deep.equal([`B: lapsed ${price}`]);
    expect(await balanceOf(world, 'A')).equal(10n * price);
  });

  it('peers 32: one that never answers does not keep the others from being paid in the same minute', async () => {
    const others = ['B', 'C', 'D', 'E'];
    await open({ names: ['A', 'Z', ...others], funds: { A: 100n * price } });
    for (const name of ['Z', ...others]) world.owe(0, 'A', name, GIB);
    world.owe(1, 'A', 'B', GIB);
    await world.advance(world.schedule(0).booksClose - 1);
    // Whoever calls Z waits, and waits.
    let release = (): void => undefined;
    const never = new Promise<void>((resolve) => (release = resolve));
    const member = world.of('Z');
    const role = member.role as Role;
    const slow = role.endpoints.map((one) =>
      one.access === 'link'
        ? { ...one, answer: (...given: Parameters<typeof one.answer>) => never.then(() => one.answer(...given)) }
        : one,
    );
    member.role = { ...role, endpoints: slow, busy: () => false, nextDue: () => null };
    // A's own reading queues behind what A does: so much of it, and A has had its turn.
    const turns = async () => {
      for (let turn = 0; turn < 25; turn++) for (const name of ['A', ...others]) await statesOf(world, name);
    };
    const { booksClose, bst } = world.schedule(0);
    const seconds = Array.from({ length: 12 }, (_, place) => bst + 5 * place);
    for (const to of [booksClose, booksClose + 2, booksClose + 10, booksClose + 60, bst - 1, ...seconds]) {
      world.clock.advance(to);
      await turns();
    }
    expect(world.clock.now()).below(bst + 60);
    for (const name of others) {
      expect(await statesOf(world, 'A'), name).include(`${name}: receipted ${price}`);
      expect(await balanceOf(world, name)).equal(price);
    }
    release();
    member.role = role;
    await world.advance(world.schedule(0).paymentEnd - 1);
    expect(await balanceOf(world, 'Z')).equal(price);
  });
});
