/*
 * Settlement roles that pay one another on a real node: due, sent, confirmed, proven, receipted; every unit in the books; and a contest of
 * what was paid, which the chain's own proof dismisses.
 */
import { expect } from 'chai';
import { GIB } from '../../core/rule/price.ts';
import { chains } from '../../rail/bitcoin/network.ts';
import { signedIn } from '../../rail/bitcoin/wallet/psbt.ts';
import { undoAll } from '../harness/later.ts';
import { codeOf } from '../rail/bitcoin/answers.ts';
import { statesOf } from '../settlement/world.ts';
import { withBitcoind } from './fixture.ts';
import { bankPays, rules, signedBy } from './paying.ts';
import { openStory, price, type Story } from './settling.ts';

afterEach(undoAll);

describe('settlement in Bitcoin', () => {
  const node = withBitcoind(['-txindex=1', '-blockfilterindex=1']);

  it('a batch is sent at the BST, and receipted when it is deep enough; every unit is in the books', async () => {
    const story = await openStory(node(), { names: ['A', 'B', 'C'], coins: { A: 10n * price, B: price } });
    const { world, advance, booksOf } = story;
    world.owe(0, 'A', 'B', 2n * GIB);
    world.owe(0, 'A', 'C', 3n * GIB);
    const { bst, paymentEnd } = world.schedule(0);
    await advance(bst + 60);
    expect(await statesOf(world, 'A')).deep.equal([`B: paying ${2n * price}`, `C: paying ${3n * price}`]);
    expect((await node().ask('getrawmempool')) as string[]).length(1);
    expect(await booksOf('A')).include({ difference: '0', balance: String(10n * price) });
    await advance(bst + 120, 1);
    await advance(bst + 180);
    expect(await statesOf(world, 'B')).deep.equal([`A: expecting ${2n * price}`]);
    await advance(bst + 190, 1);
    await advance(paymentEnd - 60);
    for (const [name, amount] of [
      ['B', 2n * price],
      ['C', 3n * price],
    ] as const) {
      expect(await statesOf(world, name)).deep.equal([`A: receipted ${amount}`]);
      expect(await booksOf(name)).include({ difference: '0', settlementsReceived: String(amount) });
    }
    expect(await statesOf(world, 'A')).deep.equal([`B: receipted ${2n * price}`, `C: receipted ${3n * price}`]);
    const books = await booksOf('A');
    expect(books).include({ difference: '0', settlementsPaid: String(5n * price) });
    expect(BigInt(books['fees']!) > 0n).equal(true);
  });

  it('too few funds: what they cover is paid, and the rest as its own income comes', async () => {
    const story = await openStory(node(), { names: ['A', 'B', 'C'], coins: { A: 3n * price } });
    const { world, advance, booksOf, placeOf } = story;
    world.owe(0, 'A', 'B', 2n * GIB);
    world.owe(0, 'A', 'C', 2n * GIB);
    const { bst, paymentEnd } = world.schedule(0);
    await advance(bst + 60);
    const states = await statesOf(world, 'A');
    expect(states.map((one) => one.slice(3).split(' ')[0]).sort()).deep.equal(['awaiting', 'paying']);
    await node().mine(rules.confirmations);
    // To the address that the descriptor names.
    await bankPays(node(), [{ destination: placeOf('A'), amount: price + 50_000n }]);
    await advance(bst + 600, rules.confirmations);
    await advance(bst + 1200);
    await advance(bst + 1300, rules.confirmations);
    await advance(paymentEnd - 60);
    expect(await statesOf(world, 'A')).deep.equal([`B: receipted ${2n * price}`, `C: receipted ${2n * price}`]);
    expect(await booksOf('A')).include({ difference: '0', otherIncome: String(price + 50_000n) });
  });

  it('signed elsewhere: handed out, given up, handed out again, signed, paid once; the first one can never be paid', async () => {
    const story = await openStory(node(), { names: ['A', 'B', 'C'], coins: { A: 10n * price }, elsewhere: ['A'] });
    const { world, advance, booksOf, seedOf } = story;
    world.owe(0, 'A', 'B', 2n * GIB);
    world.owe(0, 'A', 'C', 3n * GIB);
    const { bst, paymentEnd } = world.schedule(0);
    await advance(bst + 60);
    const first = await unsignedOf(story);
    expect(first.map((one) => [one.rail, one.total])).deep.equal([['bitcoin', String(5n * price)]]);
    expect(await statesOf(world, 'A')).deep.equal([`B: paying ${2n * price}`, `C: paying ${3n * price}`]);
    expect(await waitingOf(story)).deep.equal({ signature: 1, confirmations: 0 });
    const voided = await world.local('A', '/settlement/payouts-void', { batch: first[0]!.batch });
    expect(voided).deep.equal({ ok: true, value: { batch: first[0]!.batch, rail: 'bitcoin' } });
    expect(await statesOf(world, 'A')).deep.equal([`B: due ${2n * price}`, `C: due ${3n * price}`]);
    await advance(bst + 180);
    const [second] = await unsignedOf(story);
    const give = async (text: string) =>
      codeOf(await world.local('A', '/settlement/payouts-signed', { signed: signedBy(seedOf('A'), text) }));
    expect(await give(first[0]!.unsigned)).equal(second!.payment === first[0]!.payment ? null : 'bitcoin-void');
    expect(await give(second!.unsigned)).equal(null);
    expect(await give(second!.unsigned), 'again').equal(null);
    expect(codeOf(await world.local('A', '/settlement/payouts-void', { batch: second!.batch }))).equal('bitcoin-signed');
    expect(await waitingOf(story)).deep.equal({ signature: 0, confirmations: 1 });
    await advance(bst + 240, rules.confirmations);
    await advance(paymentEnd - 60);
    expect(await statesOf(world, 'A')).deep.equal([`B: receipted ${2n * price}`, `C: receipted ${3n * price}`]);
    expect(await booksOf('A')).include({ difference: '0', settlementsPaid: String(5n * price) });
    expect(codeOf(await world.local('A', '/settlement/payouts-void', { batch: second!.batch }))).equal('payout-unknown');
    for (const path of ['payouts-signed', 'payouts-void'])
      expect(
        codeOf(
          await world.local('B', `/settlement/${path}`, path === 'payouts-void' ? { batch: '00'.repeat(32) } : { signed: 'x' }),
        ),
      ).equal('payout-hot');
  });

  it('given up when the window is over: it lapses, and is paid late once, by the operator’s word', async () => {
    const story = await openStory(node(), { names: ['A', 'B'], coins: { A: 10n * price }, elsewhere: ['A'] });
    const { world, advance, booksOf, seedOf } = story;
    world.owe(0, 'A', 'B', 2n * GIB);
    const { bst, paymentEnd } = world.schedule(0);
    await advance(bst + 60);
    const [first] = await unsignedOf(story);
    await advance(paymentEnd + 60);
    expect(await statesOf(world, 'A')).deep.equal([`B: paying ${2n * price}`]);
    expect((await world.local('A', '/settlement/payouts-void', { batch: first!.batch })).ok).equal(true);
    expect(await statesOf(world, 'A')).deep.equal([`B: lapsed ${2n * price}`]);
    // Somebody has the PSBT, and sends it; the operator pays by hand.
    await node().ask('sendrawtransaction', signedIn(signedBy(seedOf('A'), first!.unsigned), chains.regtest)!.raw!);
    expect((await world.local('A', '/settlement/payouts-approve', { all: true })).ok).equal(true);
    await advance(paymentEnd + 120, rules.confirmations);
    await advance(paymentEnd + 600);
    await advance(paymentEnd + 900);
    expect((await statesOf(world, 'A'))[0]).match(/^B: (paid|receipted) /);
    expect((await unsignedOf(story)).length).equal(0);
    const other = (await booksOf('B'))['settlementsReceived'];
    expect(other).equal(String(2n * price));
  });

  const unsignedOf = async ({ ask }: Story) => {
    const shown = (await ask('A', '/settlement/payouts-unsigned')) as {
      unsigned: { rail: string; batch: string; payment: string; unsigned: string; total: string }[];
    };
    return shown.unsigned;
  };
  const waitingOf = async ({ ask }: Story) => ((await ask('A', '/settlement/status')) as { waiting: unknown }).waiting;

  it('who was paid and does not see it contests; the chain’s proof dismisses it', async () => {
    const { world, advance, away } = await openStory(node(), { names: ['A', 'B'], coins: { A: 10n * price } });
    world.owe(0, 'A', 'B', GIB);
    const { bst, paymentEnd } = world.schedule(0);
    await advance(bst - 1);
    away.add('B');
    await advance(bst + 60, rules.confirmations);
    await advance(paymentEnd - 10);
    expect(await statesOf(world, 'A')).deep.equal([`B: paid ${price}`]);
    world.down.add('appeal:B');
    const { contestEnd } = world.schedule(0);
    await advance(contestEnd - 10);
    expect(world.docket.posted).deep.equal(['contest B>A: open', 'appeal A payment: dismissed']);
  });
});
