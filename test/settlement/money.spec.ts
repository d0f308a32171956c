/*
 * The operator's sums: the dry run is what is then paid, earnings are the wallet's change, every movement is explained; and the
 * guard's withdrawals.
 */
import { expect } from 'chai';
import fc from 'fast-check';
import { GIB } from '../../core/rule/price.ts';
import { coveredBy, inOrder, nextBatch, shuffled, splitFee, type Payable } from '../../settlement/payout/decide.ts';
import { reckonPair } from '../../settlement/pair/reckon.ts';
import { testTerms } from '../harness/view.ts';
import { balanceOf, openWorld, statesOf, type World, type WorldOptions } from './world.ts';

interface Line {
  readonly nickname: string;
  readonly gross: string;
  readonly fee: string;
  readonly net: string;
  readonly carryIn: string;
  readonly carryOut: string;
  readonly forgiven: string;
}
interface Sums {
  readonly lines: Line[];
  readonly sums: Record<string, Record<string, string>>;
}

describe('the operator’s sums', () => {
  let world: World;
  const open = async (options: WorldOptions) => (world = await openWorld(options));
  afterEach(() => world.close());

  async function ask<T>(name: string, path: string, body: unknown): Promise<T> {
    const answer = await world.local(name, path, body);
    if (!answer.ok) throw new Error(`${answer.refusal.code} ${answer.refusal.about}`);
    return answer.value as T;
  }

  const rails = { ledger: { price: 1000n, quantum: 10n, dust: 0n } };
  const worth = (units: bigint) => (units * GIB) / 1000n + 1n;

  it('the dry run, before and after cut-off, is what is then paid', async () => {
    await open({ names: ['A', 'B', 'C', 'D'], funds: { A: 1000n, C: 1000n, D: 1000n }, parameters: { rails } });
    world.owe(0, 'A', 'B', worth(123n));
    await world.advance(world.schedule(1).start + 10_000);
    world.owe(1, 'A', 'B', worth(258n));
    world.owe(1, 'B', 'A', worth(40n));
    world.owe(1, 'C', 'A', worth(77n));
    world.owe(1, 'A', 'D', worth(5n));
    const running = await ask<Sums & { books: string }>('A', '/settlement/dry-run', { interval: null });
    expect(running.books).equal('open');
    expect(
      running.lines.map(({ nickname, gross, carryIn, net, carryOut }) => [nickname, gross, carryIn, net, carryOut]).sort(),
    ).deep.equal([
      ['B', '-218', '-3', '-220', '-1'],
      ['C', '77', '0', '70', '7'],
      ['D', '-5', '0', '0', '-5'],
    ]);
    expect(running.sums['ledger']).deep.equal({ receive: '70', pay: '220', fee: '0', short: '0', away: false });
    await world.advance(world.schedule(1).bst - 1);
    const closed = await ask<Sums & { books: string }>('A', '/settlement/dry-run', { interval: 1 });
    expect(closed.books).equal('closed');
    expect(closed.lines).deep.equal(running.lines);
    const before = await balanceOf(world, 'A');
    await world.advance(world.schedule(1).bst + 100);
    expect(await balanceOf(world, 'A')).equal(before - 220n + 70n);
    expect((await statesOf(world, 'A', 1)).sort()).deep.equal(['B: receipted 220', 'C: receipted 70', 'D: carried 0']);
  });

  it('says how much the wallet lacks', async () => {
    await open({ names: ['A', 'B'], funds: { A: 100n }, parameters: { rails } });
    world.owe(0, 'A', 'B', worth(250n));
    const { sums } = await ask<Sums>('A', '/settlement/dry-run', { interval: 0 });
    expect(sums['ledger']).deep.equal({ receive: '0', pay: '250', fee: '0', short: '150', away: false });
  });

  it('earnings add up: gross and carry in are net and carry out, and the sum is the wallet’s change', async () => {
    await open({ names: ['A', 'B', 'C'], funds: { A: 5000n, B: 5000n, C: 5000n }, parameters: { rails } });
    const names = ['A', 'B', 'C'];
    for (const interval of [0, 1, 2]) {
      for (const [place, issuer] of names.entries()) {
        for (const holder of names.filter((one) => one !== issuer)) {
          world.owe(interval, issuer, holder, worth(BigInt(37 * (place + 1) + 11 * interval + (holder === 'C' ? 5 : 0))));
        }
      }
    }
    await world.advance(world.schedule(2).bst + 100);
    for (const name of names) {
      const { lines, sums } = await ask<Sums>(name, '/settlement/earnings', { interval: null });
      expect(lines).length(6);
      for (const { gross, carryIn, net, carryOut } of lines) {
        expect(BigInt(gross) + BigInt(carryIn)).equal(BigInt(net) + BigInt(carryOut));
      }
      expect(BigInt(sums['ledger']?.['change'] as string)).equal((await balanceOf(world, name)) - 5000n);
      const { wallets } = await ask<{ wallets: Record<string, string>[] }>(name, '/settlement/reconcile', {});
      expect(wallets[0]).deep.include({ opening: '5000', difference: '0', withdrawn: '0', otherIncome: '0' });
      expect(wallets[0]?.['settlementsPaid']).equal(sums['ledger']?.['paid']);
      expect(wallets[0]?.['settlementsReceived']).equal(sums['ledger']?.['received']);
    }
  });

  it('withdrawals are paid when asked, once an id; reconciled with sends and deposits', async () => {
    await open({ names: ['A', 'B'], funds: { A: 1000n } });
    const destination = world.of('B').wallet.at('subscriber');
    const order = { id: 'aa'.repeat(16), rail: 'ledger', destination, amount: '300' };
    expect(await ask('A', '/settlement/withdraw', order)).deep.equal({ id: order.id, state: 'accepted', payment: null });
    await world.idle();
    const again = await ask<{ state: string; payment: string }>('A', '/settlement/withdraw', order);
    expect(again.state).equal('paid');
    expect(again.payment).match(/^[0-9]+$/);
    expect(await balanceOf(world, 'A')).equal(700n);
    const other = await world.local('A', '/settlement/withdraw', { ...order, amount: '301' });
    expect(!other.ok && other.refusal.code).equal('order-conflict');
    const refused = [
      [{ id: 'ab'.repeat(16), amount: '0' }, 'bad-shape'],
      [{ id: 'ab'.repeat(16), rail: 'gold' }, 'settlement-rail'],
      [{ id: 'ab'.repeat(16), destination: 'nowhere' }, 'settlement-destination'],
    ] as const;
    for (const [changes, code] of refused) {
      const answer = await world.local('A', '/settlement/withdraw', { ...order, ...changes });
      expect(!answer.ok && answer.refusal.code).equal(code);
    }
    await ask('A', '/settlement/wallet-send', { ...order, id: 'ac'.repeat(16), amount: '50' });
    await world.idle();
    const { wallets } = await ask<{ wallets: unknown[] }>('A', '/settlement/reconcile', {});
    expect(wallets[0]).deep.include({ withdrawn: '300', sent: '50', balance: '650', difference: '0' });
    // For B it is income of no settlement.
    const theirs = await ask<{ wallets: unknown[] }>('B', '/settlement/reconcile', {});
    expect(theirs.wallets[0]).deep.include({ otherIncome: '350', balance: '350', difference: '0' });
  });

  it('a withdrawal that the funds do not cover waits for income', async () => {
    await open({ names: ['A', 'B'], funds: { A: 100n, B: 1000n } });
    const order = { id: 'aa'.repeat(16), rail: 'ledger', destination: world.of('B').wallet.at('x'), amount: '300' };
    await ask('A', '/settlement/withdraw', order);
    await world.advance(world.clock.now() + 200);
    expect(await ask('A', '/settlement/withdraw', order)).deep.include({ state: 'accepted' });
    await world
      .of('B')
      .wallet.pay({ id: 'cd'.repeat(32), outputs: [{ destination: world.of('A').wallet.at('y'), amount: 250n }] });
    await world.advance(world.clock.now() + 200);
    expect(await ask('A', '/settlement/withdraw', order)).deep.include({ state: 'paid' });
  });

  it('says when something moved that the books do not know', async () => {
    await open({ names: ['A', 'B'], funds: { A: 1000n } });
    const destination = world.of('B').wallet.at('x');
    await world.of('A').wallet.pay({ id: 'ef'.repeat(32), outputs: [{ destination, amount: 7n }] });
    const { wallets } = await ask<{ wallets: unknown[] }>('A', '/settlement/reconcile', {});
    expect(wallets[0]).deep.include({ expected: '1000', balance: '993', difference: '-7' });
  });

  it('lists the wallet, payouts and status', async () => {
    await open({ names: ['A', 'B'], funds: { A: 1000n }, parameters: { rails }, payouts: { A: 'manual' } });
    world.owe(0, 'A', 'B', worth(250n));
    await world.advance(world.schedule(0).bst);
    const { wallets } = await ask<{ wallets: unknown[] }>('A', '/settlement/wallet', {});
    const address = world.of('A').wallet.fallback();
    expect(wallets).deep.equal([{ rail: 'ledger', balance: '1000', away: null, due: '250', address }]);
    const { payouts } = await ask<{ payouts: Record<string, string>[] }>('A', '/settlement/payouts', {});
    expect(payouts.map(({ nickname, state, amount }) => [nickname, state, amount])).deep.equal([['B', 'manual', '250']]);
    expect(await ask('A', '/settlement/status', {})).deep.include({
      owing: { ledger: '250' },
      owed: {},
      running: 1,
      payouts: 'manual',
    });
    expect(await ask('B', '/settlement/status', {})).deep.include({ owed: { ledger: '250' }, owing: {} });
  });
});

describe('what the funds cover', () => {
  const payable = (name: string, amount: bigint, kind: Payable['kind'] = 'settlement', alone = false): Payable => ({
    ...{ kind, name, amount, alone },
    destination: name,
  });
  const some = fc.array(fc.bigInt({ min: 1n, max: 100n }), { maxLength: 20 });
  const named = (amounts: readonly bigint[]) =>
    amounts.map((amount, place) => payable(place.toString(16).padStart(64, '0'), amount));

  it('is never more than there is, and nothing that still fits is left', () => {
    fc.assert(
      fc.property(some, fc.bigInt({ min: -50n, max: 500n }), (amounts, funds) => {
        const payables = inOrder(named(amounts));
        const covered = coveredBy(funds, payables);
        const sum = covered.reduce((total, one) => total + one.amount, 0n);
        expect(sum === 0n || sum <= funds).equal(true);
        for (const left of payables.filter((one) => !covered.includes(one))) expect(left.amount > funds - sum).equal(true);
      }),
    );
  });

  it('goes by the hash of the settlement id, subscribers’ money first, whatever order it came in', () => {
    const payables = [...named([1n, 2n, 3n, 4n]), payable('aa', 9n, 'order')];
    const order = inOrder(payables).map((one) => one.name);
    expect(order[0]).equal('aa');
    expect(inOrder([...payables].reverse()).map((one) => one.name)).deep.equal(order);
    expect(order.slice(1)).not.deep.equal(named([1n, 2n, 3n, 4n]).map((one) => one.name));
  });

  it('takes subscribers’ money in the order in which it was asked for, whatever ids they chose', () => {
    const payables = ['ff', '00', 'aa'].map((name) => payable(name, 1n, 'order'));
    expect(inOrder([...named([1n]), ...payables]).map((one) => one.name.slice(0, 2))).deep.equal(['ff', '00', 'aa', '00']);
  });

  it('leaves in batches of what shares one; fallbacks alone', () => {
    const payables = [payable('a', 1n, 'settlement', true), payable('b', 1n), payable('c', 1n), payable('d', 1n)];
    expect(nextBatch(payables, 2).map((one) => one.name)).deep.equal(['a']);
    expect(nextBatch(payables.slice(1), 2).map((one) => one.name)).deep.equal(['b', 'c']);
    expect(nextBatch([], 2)).deep.equal([]);
    const salted = (salt: number) => shuffled(payables, Uint8Array.of(salt)).map((one) => one.name);
    expect(new Set([1, 2, 3, 4, 5, 6].map((salt) => salted(salt).join(''))).size).above(1);
    expect([...salted(1)].sort()).deep.equal(['a', 'b', 'c', 'd']);
  });

  it('splits a fee without loss', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 1000n }), fc.integer({ min: 1, max: 30 }), (fee, outputs) => {
        const shares = splitFee(fee, outputs);
        expect(shares).length(outputs);
        expect(shares.reduce((sum, one) => sum + one, 0n)).equal(fee);
      }),
    );
  });
});

describe('the rail of a pair', () => {
  const both = { price: 1000n, quantum: 1n, dust: 0n };
  const terms = testTerms(3, { rails: { gold: both, ledger: both } });
  const traffic = (relayBytes: bigint) => ({ relayBytes, exitBytes: 0n });
  const none = { amount: 0n, since: 0 };
  const reckon = (held: bigint, issued: bigint, carryOn: (rail: string) => { amount: bigint; since: number } = () => none) =>
    reckonPair(
      terms,
      { held: traffic(held), issued: traffic(issued) },
      { mine: ['gold', 'ledger'], theirs: ['ledger', 'gold'], meFirst: true },
      carryOn,
    );

  it('is the first in the creditor’s order that the debtor takes', () => {
    expect(reckon(GIB, 0n)).deep.include({ side: 'creditor', rail: 'gold', amount: 1000n });
    expect(reckon(0n, GIB)).deep.include({ side: 'debtor', rail: 'ledger', amount: 1000n });
  });

  it('follows the carry where that turns who is owed', () => {
    const carryOn = () => ({ amount: -5000n, since: 2 });
    expect(reckon(GIB, 0n, carryOn)).deep.include({ side: 'debtor', rail: 'ledger', amount: 4000n });
  });

  it('is none where there is no common one, or the sums are beyond money', () => {
    const rails = { mine: ['gold'], theirs: ['ledger'], meFirst: true };
    expect(reckonPair(terms, { held: traffic(GIB), issued: traffic(0n) }, rails, () => none)).equal(null);
    expect(reckon(2n ** 63n - 1n, 0n)?.side).equal('creditor');
    const dear = testTerms(3, { rails: { ledger: { ...both, price: 2n ** 60n } } });
    const own = { mine: ['ledger'], theirs: ['ledger'], meFirst: true };
    expect(reckonPair(dear, { held: traffic(2n ** 63n - 1n), issued: traffic(0n) }, own, () => none)).equal(null);
  });
});
