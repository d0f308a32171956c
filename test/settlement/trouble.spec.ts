/*
 * Crashes, silence, operators who wait, restored databases, two processes at once: nothing is paid twice, and what can be
 * paid is.
 */
import { expect } from 'chai';
import { localRefusals } from '../../core/local/messages.ts';
import { ok, refuser, type Result } from '../../core/refusal.ts';
import { GIB } from '../../core/rule/price.ts';
import { encode } from '../../core/wire/codec.ts';
import { ledgerRefusals, transferIdOf } from '../../core/wire/ledger.ts';
import { refuseHttp } from '../../host/http/refusals.ts';
import type { Office } from '../../settlement/office.ts';
import { outcomeKind } from '../../settlement/outcome/flow.ts';
import { endLease, holdLease, takeLease, type Lease } from '../../settlement/lease/store.ts';
import { balanceOf, fallbackOf, openWorld, pairsOf, statesOf, type World, type WorldOptions } from './world.ts';

const price = 1_000_000_000n;

describe('settlement in trouble', () => {
  let world: World;
  const open = async (options: WorldOptions) => (world = await openWorld(options));
  afterEach(() => world.close());

  const kinds = (name: string) => world.calls.filter((call) => call.endsWith(`>${name}`)).map((call) => call.split(' ')[0]);
  const idOf = async (name: string, place = 0) => (await pairsOf(world, name))[place]?.id as string;

  describe('manual payouts', () => {
    it('wait for the operator, and leave when approved', async () => {
      await open({ names: ['A', 'B'], funds: { A: 10n * price }, payouts: { A: 'manual' } });
      world.owe(0, 'A', 'B', GIB);
      await world.advance(world.schedule(0).bst + 100);
      expect(await statesOf(world, 'A')).deep.equal([`B: manual ${price}`]);
      expect(await balanceOf(world, 'B')).equal(0n);
      const status = await world.local('A', '/settlement/status', {});
      expect((status as { value: { needsApproval: string[] } }).value.needsApproval).deep.equal([await idOf('A')]);
      const approved = await world.local('A', '/settlement/payouts-approve', { all: true });
      expect(approved).deep.equal({ ok: true, value: { approved: [await idOf('A')] } });
      await world.idle();
      expect(await statesOf(world, 'A')).deep.equal([`B: receipted ${price}`]);
      expect(await balanceOf(world, 'B')).equal(price);
    });

    it('lapse with the window; approved after it they are paid late, with a receipt all the same', async () => {
      await open({ names: ['A', 'B'], funds: { A: 10n * price }, payouts: { A: 'manual' }, contests: { B: 'ask' } });
      world.owe(0, 'A', 'B', GIB);
      await world.advance(world.schedule(0).paymentEnd + 10);
      expect(await statesOf(world, 'A')).deep.equal([`B: lapsed ${price}`]);
      expect(await statesOf(world, 'B')).deep.equal([`A: unpaid ${price}`]);
      // Not by a sweeping word, only by its name.
      expect(await world.local('A', '/settlement/payouts-approve', { all: true })).deep.equal({
        ok: true,
        value: { approved: [] },
      });
      await world.local('A', '/settlement/payouts-approve', { ids: [await idOf('A')] });
      await world.idle();
      expect(await statesOf(world, 'A')).deep.equal([`B: receipted ${price}`]);
      expect(await statesOf(world, 'B')).deep.equal([`A: receipted ${price}`]);
      expect(world.of('B').outcomes.map(({ outcome, received }) => [outcome, received])).deep.equal([
        ['unpaid', 0n],
        ['late', price],
      ]);
    });

    it('never pay what the counterpart was not signed for', async () => {
      await open({ names: ['A', 'B'], payouts: { A: 'manual' } });
      world.owe(0, 'A', 'B', GIB);
      await world.advance(world.schedule(0).bst);
      const answer = await world.local('B', '/settlement/payouts-approve', { ids: [await idOf('B')] });
      expect(answer).deep.equal({ ok: true, value: { approved: [] } });
      const wrong = await world.local('A', '/settlement/payouts-approve', { ids: ['ab'] });
      expect(wrong.ok).equal(false);
    });
  });

  describe('a silent counterpart', () => {
    it('is paid at its fallback by the last IOUs, and gives its receipt when it is back', async () => {
      await open({ names: ['A', 'B'], funds: { A: 10n * price } });
      world.owe(0, 'A', 'B', 2n * GIB);
      world.owe(0, 'B', 'A', GIB);
      await world.stop('B');
      await world.advance(world.schedule(0).bst);
      expect(await statesOf(world, 'A')).deep.equal([`B: paid ${price}`]);
      const [pair] = await pairsOf(world, 'A');
      expect(pair?.destination).equal(fallbackOf(world, 'B', pair?.id as string));
      expect(await balanceOf(world, 'B')).equal(price);
      await world.start('B');
      await world.advance(world.schedule(0).bst + 900);
      expect(await statesOf(world, 'A')).deep.equal([`B: receipted ${price}`]);
      expect(await statesOf(world, 'B')).deep.equal([`A: receipted ${price}`]);
      expect(world.of('B').outcomes.map((one) => one.outcome)).deep.equal(['paid']);
    });

    it('does not get the rest under a quantum, and the carry of before stays as it was signed', async () => {
      const rails = { ledger: { price: 1000n, quantum: 100n, dust: 0n } };
      await open({ names: ['A', 'B'], funds: { A: 10_000n }, parameters: { rails, carryIntervals: 9 } });
      const worth = (units: bigint) => (units * GIB) / 1000n + 1n;
      world.owe(0, 'A', 'B', worth(150n));
      await world.advance(world.schedule(0).bst);
      world.owe(1, 'A', 'B', worth(270n));
      world.owe(2, 'A', 'B', worth(100n));
      await world.stop('B');
      await world.advance(world.schedule(1).bst);
      expect(await statesOf(world, 'A', 1)).deep.equal(['B: paid 200']);
      await world.start('B');
      await world.advance(world.schedule(2).bst);
      // 50 of the first interval and the hundred of the third.
      expect(await statesOf(world, 'A', 2)).deep.equal(['B: receipted 100']);
      const [pair] = await pairsOf(world, 'B', 2);
      expect(pair?.settlement?.body).deep.include({ carryIn: { amount: '50', since: 0 }, carryLeft: { amount: '50', since: 2 } });
    });

    it('that is owed cannot be delivered to: its settlement waits at the authorities, and is paid by that', async () => {
      await open({ names: ['A', 'B'], funds: { A: 10n * price } });
      world.owe(0, 'A', 'B', GIB);
      // Neither reaches the other; both reach the authority.
      for (const kind of ['statement', 'settlement', 'notice', 'receipt']) {
        world.down.add(`${kind}:A`);
        world.down.add(`${kind}:B`);
      }
      const { booksClose, bst } = world.schedule(0);
      await world.advance(booksClose + 10);
      expect(world.letters).deep.equal([]);
      await world.advance(bst);
      expect(world.letters.map((one) => one.to)).deep.equal([world.of('A').id]);
      expect(await statesOf(world, 'A')).deep.equal([`B: paid ${price}`]);
      const [pair] = await pairsOf(world, 'A');
      expect(pair?.destination).not.equal(fallbackOf(world, 'B', pair?.id as string));
      // The creditor sees it on the rail, without a notice.
      await world.advance(bst + 120);
      expect(await statesOf(world, 'B')).deep.equal([`A: receipted ${price}`]);
      world.down.clear();
      await world.advance(bst + 900);
      expect(await statesOf(world, 'A')).deep.equal([`B: receipted ${price}`]);
      expect((await pairsOf(world, 'B'))[0]?.settlement?.countersignature).a('string');
    });

    it('may claim less in a letter than was issued to it, never more', async () => {
      await open({ names: ['A', 'B'], funds: { A: 10n * price } });
      world.owe(0, 'A', 'B', GIB, { serial: 1n, shownBy: ['B'] });
      world.owe(0, 'A', 'B', 2n * GIB, { serial: 2n, shownBy: ['A'] });
      for (const kind of ['statement', 'settlement']) {
        world.down.add(`${kind}:A`);
        world.down.add(`${kind}:B`);
      }
      await world.advance(world.schedule(0).bst);
      expect(await statesOf(world, 'A')).deep.equal([`B: receipted ${price}`]);
    });

    it('is given half of the window when no authority answers either', async () => {
      await open({ names: ['A', 'B'], funds: { A: 10n * price } });
      world.owe(0, 'A', 'B', GIB);
      await world.stop('B');
      world.down.add('/directory/mailbox');
      const { bst, paymentEnd } = world.schedule(0);
      await world.advance(bst + 60);
      expect(await statesOf(world, 'A')).deep.equal([`B: open 0`]);
      await world.advance((bst + paymentEnd) / 2);
      expect(await statesOf(world, 'A')).deep.equal([`B: paid ${price}`]);
    });

    it('that is back after the window sees what came to its fallback, also where no notice does (seed 756)', async () => {
      await open({ names: ['A', 'B'], funds: { A: 10n * price } });
      world.owe(0, 'A', 'B', GIB);
      const { paymentEnd } = world.schedule(0);
      await world.stop('B');
      await world.advance(paymentEnd + 10);
      expect(await statesOf(world, 'A')).deep.equal([`B: paid ${price}`]);
      await world.stop('A');
      await world.start('B');
      await world.advance(paymentEnd + 100);
      expect(await statesOf(world, 'B')).deep.equal([`A: receipted ${price}`]);
    });

    it('that never got the last IOU gives its receipt for all that it was paid (seeds 78, 103 and 120)', async () => {
      await open({ names: ['A', 'B'], funds: { A: 10n * price } });
      world.owe(0, 'A', 'B', GIB, { serial: 1n, shownBy: ['B'] });
      world.owe(0, 'A', 'B', 3n * GIB, { serial: 2n, shownBy: ['A'] });
      await world.stop('B');
      const { bst, paymentEnd } = world.schedule(0);
      await world.advance(bst);
      expect(await statesOf(world, 'A')).deep.equal([`B: paid ${3n * price}`]);
      // Nobody states an interval any more whose window is over: B reckons by its own book.
      await world.advance(paymentEnd + 10);
      await world.start('B');
      await world.advance(paymentEnd + 900);
      expect(await statesOf(world, 'A')).deep.equal([`B: receipted ${3n * price}`]);
      expect(await statesOf(world, 'B')).deep.equal([`A: receipted ${3n * price}`]);
      expect((await pairsOf(world, 'B'))[0]?.receipt).deep.equal((await pairsOf(world, 'A'))[0]?.receipt);
      const earned = await world.local('B', '/settlement/earnings', { interval: 0 });
      const [line] = (earned as { value: { lines: Record<string, string>[] } }).value.lines;
      expect(line).deep.include({ held: String(3n * price), gross: String(3n * price), net: String(3n * price) });
    });

    it('that owes is unpaid at the end, and so it is told', async () => {
      await open({ names: ['A', 'B'], funds: { A: 10n * price } });
      world.owe(0, 'A', 'B', GIB);
      await world.stop('A');
      await world.advance(world.schedule(0).paymentEnd);
      expect(await statesOf(world, 'B')).deep.equal([`A: contested ${price}`]);
      expect(world.of('B').outcomes.map((one) => one.outcome)).deep.equal(['unpaid']);
    });
  });

  describe('messages that get lost', () => {
    for (const kind of ['statement', 'settlement', 'notice', 'receipt']) {
      it(`${kind}s are repeated until they arrive`, async () => {
        await open({ names: ['A', 'B'], funds: { A: 10n * price } });
        world.owe(0, 'A', 'B', GIB);
        for (const name of ['A', 'B']) world.down.add(`${kind}:${name}`);
        const { booksClose, bst } = world.schedule(0);
        const back = kind === 'statement' || kind === 'settlement' ? booksClose + 30 : bst + 30;
        await world.advance(back);
        world.down.clear();
        await world.advance(bst + 900);
        expect(await statesOf(world, 'A')).deep.equal([`B: receipted ${price}`]);
        expect(await statesOf(world, 'B')).deep.equal([`A: receipted ${price}`]);
        expect(await balanceOf(world, 'B')).equal(price);
      });
    }

    it('a carry that only the debtor knows is asked for, and claimed anew', async () => {
      const rails = { ledger: { price: 1000n, quantum: 1000n, dust: 0n } };
      const parameters = { rails, contestWindowSec: 60, carryIntervals: 9 };
      await open({ names: ['A', 'B'], funds: { A: 10_000n }, parameters, contests: { B: 'ask' } });
      const worth = (units: bigint) => (units * GIB) / 1000n + 1n;
      world.owe(0, 'A', 'B', worth(700n));
      world.owe(1, 'A', 'B', worth(700n));
      // The debtor signs; its signature does not come back, and in time nobody asks for it any more.
      world.lost.add('settlement:A');
      await world.advance(world.schedule(0).contestEnd + 1);
      expect(await statesOf(world, 'A', 0)).deep.equal(['B: carried 0']);
      // What it does not sign it owes at once; the operator does not contest it.
      expect(await statesOf(world, 'B', 0)).deep.equal(['A: unpaid 700']);
      world.lost.clear();
      await world.advance(world.schedule(1).bst);
      expect(kinds('A')).include('recall');
      expect(await statesOf(world, 'A', 1)).deep.equal(['B: receipted 1000']);
      const [pair] = await pairsOf(world, 'B', 1);
      expect(pair?.settlement?.body).deep.include({
        carryIn: { amount: '700', since: 0 },
        carryLeft: { amount: '400', since: 1 },
      });
    });

    it('the ledger is away at the BST: paid when it is back, once', async () => {
      await open({ names: ['A', 'B'], funds: { A: 10n * price } });
      world.owe(0, 'A', 'B', GIB);
      const { bst } = world.schedule(0);
      await world.advance(bst - 1);
      world.down.add('/ledger/transfers');
      await world.advance(bst + 100);
      expect(await statesOf(world, 'A')).deep.equal([`B: paying ${price}`]);
      world.down.clear();
      await world.advance(bst + 200);
      expect(await statesOf(world, 'A')).deep.equal([`B: receipted ${price}`]);
      expect(await balanceOf(world, 'A')).equal(9n * price);
    });

    it('the ledger is away for the creditor when the window ends: it does not say that it was not paid', async () => {
      await open({ names: ['A', 'B'], funds: { A: 10n * price } });
      world.owe(0, 'A', 'B', GIB);
      const { bst, paymentEnd } = world.schedule(0);
      await world.advance(bst - 1);
      world.down.add('B:/ledger/accounts');
      world.down.add('notice:B');
      await world.advance(paymentEnd + 10);
      expect(await balanceOf(world, 'A')).equal(9n * price);
      expect(await statesOf(world, 'B')).deep.equal([`A: expecting ${price}`]);
      world.down.clear();
      await world.advance(paymentEnd + 400);
      expect(await statesOf(world, 'B')).deep.equal([`A: receipted ${price}`]);
      expect(world.of('B').outcomes.map((one) => one.outcome)).deep.equal(['paid']);
    });

    it('an outcome that does not reach the own relay is told again, unless the relay itself refuses it', async () => {
      await open({ names: ['A'] });
      const body = { peer: 'aa'.repeat(32), interval: 0, outcome: 'paid' as const, rail: 'ledger', received: 5n };
      const row = { id: 'x', kind: 'outcome', target: 'relay', body: encode(body), due: 0, attempts: 0, expires: 9 };
      const told = async (answer: Result<never>) => {
        const { ports } = { ports: { http: { local: async () => answer } } };
        const result = await outcomeKind({ ports } as unknown as Office).send(row);
        return !result.ok && result.refusal.retry;
      };
      expect(await told(refuseHttp('no-token', 'relay'))).equal(true);
      expect(await told(refuseHttp('bad-request', 'relay'))).equal(true);
      expect(await told(refuser(localRefusals)('book-unknown', '0'))).equal(false);
    });

    it('the own relay is away at the close: the books are read when it is back', async () => {
      await open({ names: ['A', 'B'], funds: { A: 10n * price } });
      world.owe(0, 'A', 'B', GIB);
      world.down.add('A:/relay/book');
      const { booksClose, bst } = world.schedule(0);
      await world.advance(booksClose + 20);
      expect(kinds('A')).include('statement');
      expect(await pairsOf(world, 'A')).deep.equal([]);
      world.down.clear();
      await world.advance(bst);
      expect(await statesOf(world, 'A')).deep.equal([`B: receipted ${price}`]);
    });
  });

  describe('a rail that answers amiss', () => {
    const order = () => ({
      ...{ id: 'aa'.repeat(16), rail: 'ledger', amount: '300' },
      destination: world.of('B').wallet.at('x'),
    });

    it('after it has paid: the same batch is asked again, and the money leaves once', async () => {
      await open({ names: ['A', 'B'], funds: { A: 1000n } });
      const { wallet } = world.of('A');
      const pay = wallet.pay.bind(wallet);
      let isAmiss = true;
      wallet.pay = async (batch) => {
        const paid = await pay(batch);
        return isAmiss ? refuseHttp('unknown-endpoint', 'ledger') : paid;
      };
      await world.local('A', '/settlement/withdraw', order());
      await world.advance(world.clock.now() + 1000);
      isAmiss = false;
      await world.advance(world.clock.now() + 1000);
      const answer = await world.local('A', '/settlement/withdraw', order());
      expect((answer as { value: { state: string } }).value.state).equal('paid');
      expect(await balanceOf(world, 'A')).equal(700n);
    });

    it('without having paid: what is tried anew is the same batch, so that a call that was late pays nothing more', async () => {
      await open({ names: ['A', 'B'], funds: { A: 1000n } });
      const { wallet } = world.of('A');
      const pay = wallet.pay.bind(wallet);
      const ids: string[] = [];
      wallet.pay = async (batch) => {
        ids.push(batch.id);
        return ids.length < 3 ? refuser(ledgerRefusals)('transfer-funds', 'A') : pay(batch);
      };
      await world.local('A', '/settlement/withdraw', order());
      await world.advance(world.clock.now() + 5000);
      expect(ids).deep.equal([ids[0], ids[0], ids[0]]);
      expect(await balanceOf(world, 'A')).equal(700n);
    });

    it('that takes its time: what is under way is asked about until it is final, and holds up no other', async () => {
      await open({ names: ['A', 'B', 'C'], funds: { A: 10n * price } });
      const { wallet } = world.of('A');
      const pay = wallet.pay.bind(wallet);
      const asked = new Map<string, number>();
      let isFinal = false;
      // A rail with blocks answers the first time only that it was sent.
      wallet.pay = async (batch) => {
        asked.set(batch.id, (asked.get(batch.id) ?? 0) + 1);
        return isFinal ? pay(batch) : (ok({ waits: 'confirmations' }) as never);
      };
      world.owe(0, 'A', 'B', GIB);
      const { bst, paymentEnd } = world.schedule(0);
      await world.local('A', '/settlement/withdraw', order());
      await world.local('A', '/settlement/withdraw', { ...order(), id: 'bb'.repeat(16) });
      await world.advance(bst + 100);
      expect(asked.size, 'two orders and a settlement').equal(3);
      expect(await statesOf(world, 'A')).deep.equal([`B: paying ${price}`]);
      expect(await statesOf(world, 'B')).deep.equal([`A: expecting ${price}`]);
      isFinal = true;
      await world.advance(paymentEnd - 10);
      expect(await statesOf(world, 'A')).deep.equal([`B: receipted ${price}`]);
      expect([...asked.values()].every((times) => times > 1)).equal(true);
      const answer = await world.local('A', '/settlement/withdraw', order());
      expect((answer as { value: { state: string } }).value.state).equal('paid');
      expect(await balanceOf(world, 'A')).equal(9n * price - 600n);
    });

    it('an order that was taken is not refused when its rail is gone', async () => {
      await open({ names: ['A', 'B'], funds: { A: 1000n } });
      await world.local('A', '/settlement/withdraw', order());
      await world.idle();
      world.of('A').reader.isDestination = () => false;
      const answer = await world.local('A', '/settlement/withdraw', order());
      expect((answer as { value: { state: string } }).value.state).equal('paid');
    });
  });

  describe('a process that was away when the window ended', () => {
    it('pays nothing by itself any more, though the funds have come', async () => {
      await open({ names: ['A', 'B', 'C'], funds: { C: 10n * price } });
      world.owe(0, 'A', 'B', GIB);
      const { bst, paymentEnd } = world.schedule(0);
      await world.advance(bst + 10);
      expect(await statesOf(world, 'A')).deep.equal([`B: awaiting ${price}`]);
      await world.stop('A');
      const outputs = [{ destination: world.of('A').wallet.at('late'), amount: 5n * price }];
      await world.of('C').wallet.pay({ id: 'ab'.repeat(32), outputs });
      await world.advance(paymentEnd + 10);
      // The stage that ends the window comes after the payments.
      const late = [paymentEnd + 500];
      await world.of('A').database.transaction((tx) => tx.run(`UPDATE job SET due = ? WHERE name = 'lapse'`, late));
      await world.start('A');
      await world.advance(paymentEnd + 400);
      expect(await balanceOf(world, 'B')).equal(0n);
      await world.advance(paymentEnd + 600);
      expect(await statesOf(world, 'A')).deep.equal([`B: lapsed ${price}`]);
      expect(await balanceOf(world, 'B')).equal(0n);
    });
  });

  describe('two processes on one database', () => {
    it('only one writes intents; the money leaves once', async () => {
      await open({ names: ['A', 'B', 'C'], funds: { A: 10n * price } });
      world.owe(0, 'A', 'B', GIB);
      world.owe(0, 'A', 'C', 2n * GIB);
      const first = world.of('A').role;
      await world.start('A');
      const second = world.of('A').role;
      await world.advance(world.schedule(0).bst);
      await world.advance(world.schedule(0).bst + 200);
      expect(await balanceOf(world, 'A')).equal(7n * price);
      expect([await balanceOf(world, 'B'), await balanceOf(world, 'C')]).deep.equal([price, 2n * price]);
      expect(first).not.equal(second);
      await first?.stop();
    });
  });

  describe('the lease', () => {
    it('of another process is waited for, and paid when it has ended', async () => {
      await open({ names: ['A', 'B'], funds: { A: 10n * price } });
      world.owe(0, 'A', 'B', GIB);
      const { bst } = world.schedule(0);
      await world.advance(bst - 1);
      const { database } = world.of('A');
      await database.transaction((tx) => takeLease(tx, 'wallet ledger', 'other', { now: bst - 1, sec: 31 }));
      await world.advance(bst + 29);
      expect(await statesOf(world, 'A')).deep.equal([`B: due ${price}`]);
      await world.advance(bst + 31);
      expect(await statesOf(world, 'A')).deep.equal([`B: receipted ${price}`]);
    });

    it('that was overtaken is not held any more: no intent is written under it', async () => {
      await open({ names: ['A', 'B'], funds: { A: 10n * price } });
      world.owe(0, 'A', 'B', GIB);
      const { bst } = world.schedule(0);
      await world.advance(bst - 1);
      const { wallet, database } = world.of('A');
      const balance = wallet.balance.bind(wallet);
      // While this process asks for its balance, another one takes the lease over.
      let overtaken = false;
      Object.assign(wallet, {
        balance: async () => {
          overtaken = true;
          const at = { now: world.clock.now() + 1000, sec: 31 - 1000 };
          await database.transaction((tx) => takeLease(tx, 'wallet ledger', 'other', at));
          return balance();
        },
      });
      await world.advance(bst);
      Object.assign(wallet, { balance });
      expect(overtaken).equal(true);
      expect(await statesOf(world, 'A')).deep.equal([`B: due ${price}`]);
      await world.advance(bst + 60);
      expect(await statesOf(world, 'A')).deep.equal([`B: receipted ${price}`]);
    });

    it('gets a higher number with each holder', async () => {
      await open({ names: ['A'] });
      const { database } = world.of('A');
      const take = (holder: string, now: number) => database.transaction((tx) => takeLease(tx, 'x', holder, { now, sec: 10 }));
      const hold = (lease: Lease) => database.transaction((tx) => holdLease(tx, lease, 30));
      const first = (await take('one', 0)) as Lease;
      expect(await take('two', 9)).equal(10);
      expect(await hold(first)).equal(true);
      expect(await take('two', 29)).equal(30);
      const second = (await take('two', 30)) as Lease;
      expect(second.fence).above(first.fence);
      expect([await hold(first), await hold(second)]).deep.equal([false, true]);
      await database.transaction((tx) => endLease(tx, first));
      expect(await take('one', 29)).equal(30);
      await database.transaction((tx) => endLease(tx, second));
      expect(await take('one', 29)).deep.include({ holder: 'one' });
    });
  });

  describe('a restored node', () => {
    /** A, with an empty database just before the BST; until just after half of the window, these are away. */
    async function restoredWithout(away: readonly string[]): Promise<void> {
      const { bst, paymentEnd } = world.schedule(0);
      for (const name of away) await world.stop(name);
      await world.advance(bst - 1);
      await world.stop('A');
      await world.start('A', {}, true);
      await world.advance((bst + paymentEnd) / 2 + 1);
    }

    it('with an empty database asks its counterparts, and does not pay again', async () => {
      const rails = { ledger: { price: 1000n, quantum: 100n, dust: 0n } };
      await open({ names: ['A', 'B'], funds: { A: 10_000n }, parameters: { rails, carryIntervals: 9 } });
      const worth = (units: bigint) => (units * GIB) / 1000n + 1n;
      world.owe(0, 'A', 'B', worth(150n));
      world.owe(1, 'A', 'B', worth(170n));
      await world.advance(world.schedule(0).bst);
      expect(await balanceOf(world, 'A')).equal(9900n);
      await world.stop('A');
      await world.start('A', {}, true);
      await world.advance(world.schedule(0).bst + 60);
      expect(kinds('B')).include('recall');
      expect(await statesOf(world, 'A', 0)).deep.equal(['B: receipted 100']);
      await world.advance(world.schedule(1).bst);
      // The carry of 50 was fetched too: 220, of which 200 is paid.
      expect(await statesOf(world, 'A', 1)).deep.equal(['B: receipted 200']);
      expect(await balanceOf(world, 'A')).equal(9700n);
    });

    it('as creditor it gets its own receipts back, and claims nothing twice', async () => {
      await open({ names: ['A', 'B'], funds: { A: 10n * price } });
      world.owe(0, 'A', 'B', GIB);
      await world.advance(world.schedule(0).bst);
      await world.stop('B');
      await world.start('B', {}, true);
      await world.advance(world.schedule(0).bst + 60);
      expect(await statesOf(world, 'B', 0)).deep.equal([`A: receipted ${price}`]);
      expect(await balanceOf(world, 'A')).equal(9n * price);
    });

    it('whose relay has lost its book too asks everybody, and pays what it had agreed to (seed 43)', async () => {
      await open({ names: ['A', 'B', 'C'], funds: { A: 10n * price } });
      world.owe(0, 'A', 'B', GIB);
      const { bst } = world.schedule(0);
      await world.advance(bst - 1);
      expect(await statesOf(world, 'B')).deep.equal([`A: expecting ${price}`]);
      await world.stop('A');
      world.loseBook(0, 'A');
      await world.start('A', {}, true);
      await world.advance(bst + 60);
      expect(await statesOf(world, 'A')).deep.equal([`B: receipted ${price}`]);
      expect(await statesOf(world, 'B')).deep.equal([`A: receipted ${price}`]);
    });

    it('that had not signed yet when it lost its books is stated to anew, and pays', async () => {
      await open({ names: ['A', 'B'], funds: { A: 10n * price } });
      world.owe(0, 'A', 'B', GIB);
      const { booksClose, bst } = world.schedule(0);
      world.down.add('settlement:A');
      await world.advance(booksClose + 30);
      expect(await statesOf(world, 'B')).deep.equal([`A: claimed ${price}`]);
      await world.stop('A');
      world.loseBook(0, 'A');
      world.down.clear();
      await world.start('A', {}, true);
      await world.advance(bst + 60);
      expect(await statesOf(world, 'A')).deep.equal([`B: receipted ${price}`]);
    });

    it('learns after the window what it was owed, and does not expect it for ever (seed 21)', async () => {
      await open({ names: ['A', 'B'], funds: { A: 10n * price }, payouts: { A: 'manual' } });
      world.owe(0, 'A', 'B', GIB);
      const { bst, paymentEnd } = world.schedule(0);
      await world.advance(bst - 1);
      await world.stop('B');
      world.loseBook(0, 'B');
      await world.advance(paymentEnd + 10);
      await world.start('B', {}, true);
      await world.advance(paymentEnd + 60);
      expect(await statesOf(world, 'B')).deep.equal([`A: unpaid ${price}`]);
      // It is paid late all the same.
      await world.local('A', '/settlement/payouts-approve', { ids: [(await pairsOf(world, 'A'))[0]?.id as string] });
      await world.advance(paymentEnd + 200);
      expect(await statesOf(world, 'B')).deep.equal([`A: receipted ${price}`]);
    });

    it('begun late in the window does not pay what it may have paid before it has asked (seed 98)', async () => {
      await open({ names: ['A', 'B'], funds: { A: 10n * price } });
      world.owe(0, 'A', 'B', GIB);
      const { bst, paymentEnd } = world.schedule(0);
      await world.advance(bst + 60);
      expect(await statesOf(world, 'A')).deep.equal([`B: receipted ${price}`]);
      await world.stop('A');
      await world.advance((bst + paymentEnd) / 2 + 60);
      world.down.add('recall:B');
      await world.start('A', {}, true);
      await world.advance(world.clock.now() + 60);
      expect(await statesOf(world, 'A')).deep.equal([`B: manual ${price}`]);
      const status = (await world.local('A', '/settlement/status', {})) as { value: Record<string, unknown> };
      expect(status.value).deep.include({ needsApproval: [], needsAnswer: [await idOf('A')] });
      expect(await world.local('A', '/settlement/payouts-approve', { all: true })).deep.equal({
        ok: true,
        value: { approved: [] },
      });
      world.down.clear();
      await world.advance(paymentEnd - 1);
      expect(await statesOf(world, 'A')).deep.equal([`B: receipted ${price}`]);
      expect(await balanceOf(world, 'A')).equal(9n * price);
    });

    it('learns what was signed while it is about to pay the fallback, and pays by that', async () => {
      await open({ names: ['A', 'B'], funds: { A: 10n * price }, payouts: { A: 'manual' } });
      world.owe(0, 'A', 'B', GIB);
      const { bst, paymentEnd } = world.schedule(0);
      await world.advance(bst + 60);
      const [signed] = await pairsOf(world, 'B');
      await world.stop('A');
      await world.advance((bst + paymentEnd) / 2 + 60);
      world.down.add('recall:B');
      await world.start('A', { payouts: 'auto' }, true);
      await world.advance(world.clock.now() + 60);
      expect(await statesOf(world, 'A')).deep.equal([`B: manual ${price}`]);
      const { wallet, reader } = world.of('A');
      const balance = wallet.balance.bind(wallet);
      const destinations: (string | null | undefined)[] = [];
      // The operator has released it; while the wallet is asked, the counterpart answers.
      Object.assign(wallet, {
        balance: async () => {
          const held = await balance();
          if (world.down.delete('recall:B')) world.clock.advance(world.clock.now() + 300);
          for (let one = null; one !== signed?.destination;) {
            one = (await pairsOf(world, 'A'))[0]?.destination;
            destinations.push(one);
          }
          return held;
        },
      });
      await world.local('A', '/settlement/payouts-approve', { ids: [signed?.id] });
      await world.idle();
      await world.advance(paymentEnd - 1);
      const fallback = fallbackOf(world, 'B', signed?.id as string);
      expect(destinations[0]).equal(fallback);
      expect(await statesOf(world, 'A')).deep.equal([`B: receipted ${price}`]);
      expect(await reader.history(fallback)).deep.equal({ ok: true, value: [] });
      expect(await balanceOf(world, 'A')).equal(9n * price);
    });

    it('asks in vain until the window is over: what was signed is not paid again when it is learned of then', async () => {
      await open({ names: ['A', 'B'], funds: { A: 10n * price } });
      world.owe(0, 'A', 'B', GIB);
      const { bst, paymentEnd } = world.schedule(0);
      await world.advance(bst + 60);
      await world.stop('A');
      world.owe(1, 'A', 'B', GIB);
      world.down.add('recall:B');
      await world.start('A', {}, true);
      await world.advance(paymentEnd + 60);
      expect(await statesOf(world, 'A', 0)).deep.equal([`B: lapsed ${price}`]);
      world.down.clear();
      await world.advance(world.schedule(1).paymentEnd - 1);
      expect(await statesOf(world, 'A', 0)).deep.equal([`B: receipted ${price}`]);
      expect(await balanceOf(world, 'A')).equal(8n * price);
    });

    it('pays a counterpart that has signed nothing at its fallback when that says so, or the operator does', async () => {
      await open({ names: ['A', 'B', 'C'], funds: { A: 10n * price } });
      world.owe(0, 'A', 'B', GIB);
      world.owe(0, 'A', 'C', GIB);
      const { bst, paymentEnd } = world.schedule(0);
      await restoredWithout(['B', 'C']);
      expect(await statesOf(world, 'A')).deep.equal([`B: manual ${price}`, `C: manual ${price}`]);
      await world.start('B');
      await world.advance((bst + paymentEnd) / 2 + 900);
      expect(await statesOf(world, 'A')).deep.equal([`B: receipted ${price}`, `C: manual ${price}`]);
      const ids = (await pairsOf(world, 'A')).filter(({ nickname }) => nickname === 'C').map(({ id }) => id);
      await world.local('A', '/settlement/payouts-approve', { ids });
      await world.idle();
      expect(await statesOf(world, 'A')).deep.equal([`B: receipted ${price}`, `C: paid ${price}`]);
      expect(await balanceOf(world, 'A')).equal(8n * price);
    });

    it('whose book lacks its last IOUs pays by those that its counterpart shows when it is back (seed 706)', async () => {
      await open({ names: ['A', 'B'], funds: { A: 10n * price } });
      world.owe(0, 'A', 'B', GIB);
      world.owe(0, 'A', 'B', 3n * GIB, { serial: 2n, shownBy: ['B'] });
      const { paymentEnd } = world.schedule(0);
      await restoredWithout(['B']);
      expect(await statesOf(world, 'A')).deep.equal([`B: manual ${price}`]);
      await world.start('B');
      await world.advance(paymentEnd - 1);
      expect(await statesOf(world, 'A')).deep.equal([`B: receipted ${3n * price}`]);
      expect(await statesOf(world, 'B')).deep.equal([`A: receipted ${3n * price}`]);
      expect(await balanceOf(world, 'A')).equal(7n * price);
    });

    it('that had paid a fallback finds that when its counterpart is back, and does not pay again', async () => {
      await open({ names: ['A', 'B'], funds: { A: 10n * price } });
      world.owe(0, 'A', 'B', GIB);
      const { bst, paymentEnd } = world.schedule(0);
      await world.stop('B');
      await world.advance(bst + 60);
      expect(await statesOf(world, 'A')).deep.equal([`B: paid ${price}`]);
      await world.stop('A');
      await world.start('A', {}, true);
      await world.start('B');
      await world.advance(paymentEnd - 1);
      expect(await statesOf(world, 'A')).deep.equal([`B: receipted ${price}`]);
      expect(await statesOf(world, 'B')).deep.equal([`A: receipted ${price}`]);
      expect(await balanceOf(world, 'A')).equal(9n * price);
    });

    it('that paid the same debts otherwise goes on to pay others', async () => {
      await open({ names: ['A', 'B', 'C'], funds: { A: 10n * price }, payouts: { A: 'manual' } });
      world.owe(0, 'A', 'B', GIB);
      world.owe(0, 'A', 'C', GIB);
      await world.advance(world.schedule(0).bst + 100);
      const pairs = await pairsOf(world, 'A');
      const [toB, toC] = ['B', 'C'].map((name) => pairs.find((one) => one.nickname === name)?.id) as [string, string];
      // What a lost database did after the backup was made, by a settlement that its counterpart does not show.
      const outputs = [{ destination: fallbackOf(world, 'B', toB), amount: price / 2n }];
      expect((await world.of('A').wallet.pay({ id: transferIdOf('payout', toB), outputs })).ok).equal(true);
      for (const id of [toB, toC]) {
        await world.local('A', '/settlement/payouts-approve', { ids: [id] });
        await world.idle();
      }
      await world.advance(world.schedule(0).bst + 300);
      expect(await statesOf(world, 'A')).deep.equal([`B: paying ${price}`, `C: receipted ${price}`]);
      expect(await balanceOf(world, 'A')).equal(9n * price - price / 2n);
    });

    it('whose counterpart answers and is silent again pays it at its fallback in what is left of the window', async () => {
      await open({ names: ['A', 'B'], funds: { A: 10n * price } });
      world.owe(0, 'A', 'B', GIB);
      const { paymentEnd } = world.schedule(0);
      await restoredWithout(['B']);
      world.down.add('statement:B').add('statement:A').add('settlement:A');
      await world.start('B');
      for (let at = world.clock.now(); (await statesOf(world, 'A'))[0] === `B: manual ${price}`;) await world.advance((at += 10));
      expect(await statesOf(world, 'A')).deep.equal(['B: open 0']);
      await world.stop('B');
      await world.advance(paymentEnd - 1);
      expect(await statesOf(world, 'A')).deep.equal([`B: paid ${price}`]);
    });

    it('that could ask nobody before the window was over signs for what came to its fallback (seeds 625 and 642)', async () => {
      await open({ names: ['A', 'B'], funds: { A: 10n * price } });
      world.owe(0, 'A', 'B', GIB, { shownBy: ['A'] });
      world.owe(0, 'B', 'A', 1n, { shownBy: ['B'] });
      const { bst, paymentEnd } = world.schedule(0);
      await world.stop('B');
      await world.advance(bst - 1);
      world.down.add('recall:A').add('notice:B').add('statement:A').add('statement:B');
      await world.start('B', {}, true);
      await world.advance(paymentEnd + 60);
      expect(await statesOf(world, 'A')).deep.equal([`B: paid ${price}`]);
      expect(await statesOf(world, 'B')).deep.equal(['A: lapsed 0']);
      world.down.clear();
      await world.advance(paymentEnd + 700);
      expect(await statesOf(world, 'B')).deep.equal([`A: receipted ${price}`]);
      expect(await statesOf(world, 'A')).deep.equal([`B: receipted ${price}`]);
    });

    it('from a backup of before the payment finds it on the rail, and pays nothing when its counterpart is away', async () => {
      await open({ names: ['A', 'B'], funds: { A: 10n * price }, payouts: { A: 'manual' } });
      world.owe(0, 'A', 'B', GIB);
      const { bst, paymentEnd } = world.schedule(0);
      await world.advance(bst);
      const [pair] = await pairsOf(world, 'A');
      // What a lost database did after the backup was made.
      const outputs = [{ destination: pair?.destination as string, amount: price }];
      expect((await world.of('A').wallet.pay({ id: 'ab'.repeat(32), outputs })).ok).equal(true);
      await world.stop('B');
      await world.stop('A');
      await world.start('A', { restored: true, payouts: 'auto' });
      await world.local('A', '/settlement/payouts-approve', { all: true });
      await world.advance(bst + 600);
      expect(await statesOf(world, 'A')).deep.equal([`B: due ${price}`]);
      await world.advance((bst + paymentEnd) / 2 + 60);
      expect(await statesOf(world, 'A')).deep.equal([`B: paid ${price}`]);
      expect(await balanceOf(world, 'A')).equal(9n * price);
      await world.start('B');
      await world.advance(paymentEnd - 1);
      expect(await statesOf(world, 'A')).deep.equal([`B: receipted ${price}`]);
    });
  });
});
