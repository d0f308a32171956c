/*
 * The books of who earns in Bitcoin, on a real node: what the operator's commands print of them, each unit explained; a chain that is
 * reorganised deeper than a receipt is; and a bitcoind that is down beside a ledger that is not.
 */
import { expect } from 'chai';
import * as text from '../../cli/settlement-text.ts';
import { settlementShape } from '../../cli/status.ts';
import { GIB } from '../../core/rule/price.ts';
import { bitcoinReader } from '../../rail/bitcoin/reader.ts';
import { undoAll } from '../harness/later.ts';
import { pairsOf, statesOf } from '../settlement/world.ts';
import { valueOf, withBitcoind } from './fixture.ts';
import { bankPays, placesOf, rules } from './paying.ts';
import { openStory, price } from './settling.ts';

afterEach(undoAll);

describe('books in Bitcoin', () => {
  const node = withBitcoind(['-txindex=1', '-blockfilterindex=1']);

  /** A line of a command's text, its figures without their thin spaces. */
  const lineOf = (printed: string, head: string): string =>
    (printed.split('\n').find((one) => one.trim().startsWith(head)) ?? `no ${head}`).trim().replaceAll(/[\u2009 ]+/g, ' ');

  /** Blocks without what waits in the mempool. */
  async function mineEmpty(count: number): Promise<void> {
    for (let mined = 0; mined < count; mined++) await node().ask('generateblock', placesOf(`empty ${mined}`, 1)[0]!, []);
  }

  it('what is to be settled, is settled and was settled, as the operator reads it', async () => {
    const story = await openStory(node(), { names: ['A', 'B', 'C'], coins: { A: 10n * price, C: 5n * price } });
    const { world, ask, advance } = story;
    world.owe(0, 'A', 'B', 2n * GIB);
    world.owe(0, 'C', 'A', 3n * GIB);
    const { bst, paymentEnd } = world.schedule(0);
    await advance(bst - 100);
    const dry = text.dryRunShape.parse(await ask('A', '/settlement/dry-run', { interval: 0 }));
    const { fee } = dry.sums['bitcoin']!;
    expect(fee > 0n).equal(true);
    const printed = text.dryRunText(dry);
    expect(lineOf(printed, 'B ')).equal(`B bitcoin sat -2 000 000 ${fee} 0 -2 000 000 0`);
    expect(lineOf(printed, 'C ')).equal('C bitcoin sat 3 000 000 0 0 3 000 000 0');
    expect(lineOf(printed, 'bitcoin:')).equal(`bitcoin: to receive 3 000 000, to pay 2 000 000, fees ${fee} sat`);
    const wallets = async () => text.walletText(text.walletShape.parse(await ask('A', '/settlement/wallet')));
    expect(lineOf(await wallets(), 'bitcoin')).equal('bitcoin 10 000 000 2 000 000 sat');
    // Paid in by a subscriber, by the operator, and not yet in a block.
    await bankPays(node(), [
      { destination: story.depositOf('A'), amount: 70_000n },
      { destination: story.placeOf('A'), amount: 5_000n },
    ]);
    await advance(bst - 50, rules.confirmations);
    await bankPays(node(), [{ destination: story.placeOf('A'), amount: 777n }]);
    await advance(bst + 60);
    const reconciled = async () => text.reconcileText(text.reconcileShape.parse(await ask('A', '/settlement/reconcile')));
    const underWay = await reconciled();
    expect(lineOf(underWay, 'rail')).equal('rail bitcoin, in sat');
    expect(lineOf(underWay, '+ deposits')).equal('+ deposits of subscribers 70 000');
    expect(lineOf(underWay, '+ sent in')).equal('+ sent in from outside 5 000');
    expect(lineOf(underWay, 'difference')).equal('difference 0: every unit is explained');
    expect(lineOf(underWay, 'not in it: payments')).equal('not in it: payments under way 2 000 000');
    // What C pays is seen in the mempool too.
    expect(lineOf(underWay, 'not in it: unconfirmed')).equal('not in it: unconfirmed income 3 000 777');
    const payouts = text.payoutsText(text.payoutsShape.parse(await ask('A', '/settlement/payouts')));
    expect(lineOf(payouts, '0 ')).match(/B 2 000 000 sat bitcoin paying [0-9a-f]{64}$/);
    const order = { id: 'ab'.repeat(16), rail: 'bitcoin', destination: placesOf('elsewhere', 1)[0]!, amount: '40000' };
    await ask('A', '/settlement/wallet-send', order);
    await advance(bst + 120, rules.confirmations);
    await advance(bst + 300, rules.confirmations);
    await advance(paymentEnd - 60);
    expect(await statesOf(world, 'A')).deep.equal([`B: receipted ${2n * price}`, `C: receipted ${3n * price}`]);
    const done = await reconciled();
    const books = await story.booksOf('A');
    expect(lineOf(done, '+ settlements')).equal('+ settlements received 3 000 000');
    expect(lineOf(done, '- settlements')).equal('- settlements paid 2 000 000');
    expect(lineOf(done, '- sent by hand')).equal('- sent by hand 40 000');
    expect(lineOf(done, 'difference')).equal('difference 0: every unit is explained');
    expect(done).not.include('not in it');
    const balance = 10_000_000n + 3_000_000n + 75_777n - 2_000_000n - 40_000n - BigInt(books['fees']!);
    expect(BigInt(books['balance']!)).equal(balance);
    const earnings = text.earningsShape.parse(await ask('A', '/settlement/earnings', { interval: null }));
    expect(earnings.sums['bitcoin']).include({ received: 3_000_000n, paid: 2_000_000n });
    expect(text.earningsText(earnings)).match(/settlements is [\d\u2009]+ sat\n/);
  });

  it('a reorganisation deeper than a receipt: sent again, not arrived, explained, and paid once', async () => {
    const { world, ask, advance, booksOf } = await openStory(node(), { names: ['A', 'B'], coins: { A: 10n * price } });
    world.owe(0, 'A', 'B', 2n * GIB);
    const { bst } = world.schedule(0);
    await advance(bst + 60);
    const sent = await node().mine(1);
    await advance(bst + 120, rules.confirmations + 1);
    await advance(bst + 600);
    expect([await statesOf(world, 'A'), await statesOf(world, 'B')]).deep.equal([
      [`B: receipted ${2n * price}`],
      [`A: receipted ${2n * price}`],
    ]);
    const [before] = [await booksOf('A'), await booksOf('B')];
    const [{ receipt, destination }] = (await pairsOf(world, 'B')) as [Awaited<ReturnType<typeof pairsOf>>[number]];
    await node().ask('invalidateblock', sent[0]!);
    await mineEmpty(rules.confirmations + 3);
    await advance(bst + 1800);
    const undone = async (name: string) => settlementShape.parse(await ask(name, '/settlement/status')).undone;
    expect(await undone('A')).length(1);
    expect((await undone('A'))[0]).include({ kind: 'payment', amount: 2n * price, nickname: 'B', interval: 0 });
    expect((await undone('B'))[0]).include({ kind: 'income', amount: 2n * price, nickname: 'A', interval: 0 });
    expect(await booksOf('A')).include({
      ...{ difference: '0', balance: String(10n * price), settlementsPaid: '0', underWay: String(2n * price), fees: '0' },
    });
    expect(await booksOf('B')).include({
      ...{ difference: '0', balance: '0', settlementsReceived: String(2n * price), undone: String(2n * price) },
      unconfirmed: String(2n * price),
    });
    const earned = text.earningsShape.parse(await ask('B', '/settlement/earnings', { interval: null }));
    expect(earned.lines[0]).include({ received: 0n, state: 'receipted' });
    // The same transaction, and no other, is in the mempool; then in a block again.
    expect((await node().ask('getrawmempool')) as string[]).deep.equal([String(receipt?.body['payment']).split(':')[0]]);
    await node().mine(rules.confirmations);
    await advance(bst + 3000);
    expect([await undone('A'), await undone('B')]).deep.equal([[], []]);
    expect(await booksOf('A')).deep.equal(before);
    expect(await booksOf('B')).include({ difference: '0', balance: String(2n * price), undone: '0', unconfirmed: '0' });
    const history = valueOf(await bitcoinReader({ rules, rpc: node().rpc }).history(destination!));
    expect(history.map(({ payment, amount }) => [payment, amount])).deep.equal([[receipt?.body['payment'], 2n * price]]);
    expect((await pairsOf(world, 'B'))[0]?.receipt).deep.equal(receipt);
  });

  it('bitcoind is down: its payments wait and say so, and those on the ledger go out', async () => {
    const story = await openStory(node(), {
      ...{ names: ['A', 'B', 'C', 'D'], coins: { A: 10n * price }, onLedger: ['C', 'D'] },
      funds: { A: 10n * price },
    });
    const { world, ask, advance, away, booksOf } = story;
    world.owe(0, 'A', 'B', 2n * GIB);
    world.owe(0, 'A', 'C', 3n * GIB);
    // D owes on the ledger, and has nothing: that is not put off either.
    world.owe(0, 'D', 'A', GIB);
    const { bst, paymentEnd, contestEnd } = world.schedule(0);
    await advance(bst - 100);
    away.add('A');
    await advance(bst + 600);
    expect(await statesOf(world, 'A')).deep.equal([
      `B: due ${2n * price}`,
      `C: receipted ${3n * price}`,
      `D: expecting ${price}`,
    ]);
    const wallet = text.walletText(text.walletShape.parse(await ask('A', '/settlement/wallet')));
    expect(lineOf(wallet, 'bitcoin ')).equal('bitcoin – 2 000 000 sat');
    expect(lineOf(wallet, 'ledger ')).equal('ledger 7 000 000 0 ledger');
    expect(wallet).include('[bitcoin-down]');
    const dry = text.dryRunText(text.dryRunShape.parse(await ask('A', '/settlement/dry-run', { interval: 0 })));
    expect(lineOf(dry, 'bitcoin:')).match(/to pay 2 000 000, fees not known/);
    const payouts = text.payoutsText(text.payoutsShape.parse(await ask('A', '/settlement/payouts')));
    expect(lineOf(payouts, '0 ')).match(/B 2 000 000 sat bitcoin due/);
    const reconciled = text.reconcileShape.parse(await ask('A', '/settlement/reconcile'));
    expect(reconciled.wallets.map((one) => [one.rail, one.difference])).deep.equal([['ledger', 0n]]);
    expect(reconciled.away.map((one) => [one.rail, one.away.code])).deep.equal([['bitcoin', 'bitcoin-down']]);
    // Back before the window ends: paid, once.
    away.clear();
    await advance(bst + 1200, rules.confirmations);
    await advance(bst + 1800);
    expect(await statesOf(world, 'A')).include(`B: receipted ${2n * price}`);
    expect([(await booksOf('A'))['difference'], (await booksOf('A', 'ledger'))['difference']]).deep.equal(['0', '0']);
    away.add('A');
    await advance(paymentEnd + 60);
    // What was to be paid on the ledger and was not is contested, though bitcoind is down again.
    expect(world.docket.posted).deep.equal(['contest A>D: open']);
    await advance(contestEnd);
  });
});
