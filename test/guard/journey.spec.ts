/*
 * The guard role as its subscribers see it: accounts, deposits, sessions to the last byte, tallies, withdrawals; crashes between.
 */
import { expect } from 'chai';
import { asStored, countersign, type Signed } from '../../core/crypto/sign.ts';
import { refuser, type Result } from '../../core/refusal.ts';
import { GIB } from '../../core/rule/price.ts';
import type { Account, RequestAnswer } from '../../core/wire/guard.ts';
import { settlementRefusals } from '../../core/wire/settlement.ts';
import { refuseHttp } from '../../host/http/refusals.ts';
import { networkId, testKey } from '../harness/view.ts';
import { idOf, makeWorld, type World, type WorldOptions } from './world.ts';

const start = 25_700n;
/** Units for a GiB through three hops, the exit at 3/2: one part in 2^30 of it a byte. */
const perGib = 3_500_000_000n;
const bytesFor = (units: bigint): bigint => (units * GIB) / perGib;
const unitsFor = (bytes: bigint): bigint => (bytes * perGib + GIB - 1n) / GIB;

describe('guard', () => {
  let world: World;

  const make = async (options: WorldOptions = {}) => {
    world = await makeWorld(options);
    return world.startGuard();
  };
  afterEach(async () => world.stop());

  const valueOf = (result: Result<RequestAnswer>): RequestAnswer => {
    if (!result.ok) throw new Error(`${result.refusal.code}: ${result.refusal.about}`);
    return result.value;
  };
  const codeOf = (result: Result<unknown>): string | null => (result.ok ? null : result.refusal.code);
  const account = async (name = 'alice'): Promise<Account> => valueOf(await world.ask(name, { kind: 'account' })).account.body;
  const subscribe = async (name = 'alice'): Promise<Signed<Account>> =>
    valueOf(await world.ask(name, { kind: 'subscribe', rail: 'ledger' })).account;
  const withMoney = async (amount: bigint, name = 'alice') => {
    const { body } = await subscribe(name);
    world.rail.put(body.destination, amount);
    return account(name);
  };
  const tally = async (interval = 0) => valueOf(await world.ask('alice', { kind: 'tally', interval })).tally!;

  describe('account', () => {
    it('gives every subscriber a destination of its own, and the same one again', async () => {
      await make();
      const [alice, bob] = [await subscribe('alice'), await subscribe('bob')];
      expect(alice.body.destination).not.to.equal(bob.body.destination);
      expect(await subscribe('alice')).to.deep.equal(alice);
      expect(alice.body).to.deep.include({ state: 'open', balance: 0n, deposited: 0n });
    });

    it('raises the serial with every change and only then', async () => {
      await make();
      const first = (await subscribe()).body;
      expect((await account()).serial).to.equal(first.serial);
      world.rail.put(first.destination, 5n);
      const second = await account();
      expect(second.serial).to.equal(first.serial + 1n);
      expect(await account()).to.deep.equal(second);
    });

    it('refuses a request that is wrong in every way, one fault at a time', async () => {
      await make({ skewSec: 60 });
      const far = { at: world.clock.now() - 61 };
      const signed = world.requestOf('alice', { kind: 'account' }, { guard: idOf('H'), ...far });
      const send = (one: { body: object; signature: string }) => {
        const endpoint = world.roles.get('G')?.endpoints.find((each) => each.path === '/guard/request');
        return endpoint?.answer(one as never, { kind: 'subscriber' }) as Promise<Result<unknown>>;
      };
      const forged = { ...signed, signature: '00'.repeat(64) };
      expect(codeOf(await send(forged))).to.equal('request-other-guard');
      expect(codeOf(await send({ ...forged, body: { ...signed.body, guard: idOf('G') } }))).to.equal('request-signature');
      expect(codeOf(await world.ask('alice', { kind: 'account' }, far))).to.equal('request-time');
      expect(codeOf(await world.ask('alice', { kind: 'account' }))).to.equal('request-no-account');
      expect(codeOf(await world.ask('alice', { kind: 'subscribe', rail: 'tulips' }))).to.equal('request-rail');
    });

    it('takes no more subscribers than it wants, and keeps those it has', async () => {
      world = await makeWorld();
      await world.startGuard('G', { subscribersMax: 1 });
      await subscribe('alice');
      expect(codeOf(await world.ask('bob', { kind: 'subscribe', rail: 'ledger' }))).to.equal('request-busy');
      await subscribe('alice');
    });
  });

  describe('deposit', () => {
    it('is shown unconfirmed, then credited once; small and repeated ones all count', async () => {
      world = await makeWorld();
      await world.startGuard('G', { confirmations: { ledger: 3 } });
      const { body } = await subscribe();
      const payment = world.rail.put(body.destination, 1000n, 0);
      expect(await account()).to.deep.include({ unconfirmed: 1000n, deposited: 0n, balance: 0n });
      world.rail.confirm(payment, 3);
      world.rail.put(body.destination, 1n, 3);
      world.rail.put(body.destination, 1n, 3);
      expect(await account()).to.deep.include({ unconfirmed: 0n, deposited: 1002n, balance: 1002n });
      expect((await account()).deposits.map((one) => one.amount)).to.have.members([1000n, 1n, 1n]);
    });

    it('is dropped again when it leaves the rail unconfirmed', async () => {
      world = await makeWorld();
      await world.startGuard('G', { confirmations: { ledger: 3 } });
      const { body } = await subscribe();
      world.rail.put(body.destination, 1000n, 0);
      expect((await account()).unconfirmed).to.equal(1000n);
      world.rail.payments.length = 0;
      expect((await account()).unconfirmed).to.equal(0n);
    });

    it('is noticed by the job without being asked for, over many pages', async () => {
      await make();
      const { body } = await subscribe();
      for (let index = 0; index < 10; index++) world.rail.put(index % 2 ? body.destination : 'guard.ffffffff', 7n);
      await world.advance(world.clock.now() + world.parameters.consensusSec);
      expect(((await world.status()) as { rails: { owed: bigint }[] }).rails[0]?.owed).to.equal(35n);
    });

    it('is credited once by two guards that watch one wallet over one database', async () => {
      world = await makeWorld({}, true);
      const { database } = await world.startGuard('G');
      await world.startGuard('H', {}, database);
      const { body } = await subscribe();
      for (let index = 0; index < 7; index++) world.rail.put(body.destination, 10n);
      await world.advance(world.clock.now() + 2 * world.parameters.consensusSec);
      expect((await account()).deposited).to.equal(70n);
    });

    it('takes few steps of a driven clock', async () => {
      await make();
      await subscribe();
      const steps = await world.advance(world.clock.now() + 21_600);
      expect(steps).to.be.below(25);
    });

    it('does not keep a request waiting for a rail that is down', async () => {
      await make();
      await subscribe();
      world.rail.goDown();
      expect((await account()).balance).to.equal(0n);
    });
  });

  describe('session', () => {
    it('carries to the last affordable byte, then ends with nothing owed', async () => {
      await make();
      await withMoney(1_000_003n);
      const most = bytesFor(1_000_003n);
      expect(await world.carry('alice', most - 5n)).to.equal(most - 5n);
      expect(await world.carry('alice', 1000n)).to.equal(5n);
      expect(await world.carry('alice', 1n)).to.equal(0n);
      expect(await account()).to.deep.include({ balance: 0n, spent: 1_000_003n, state: 'cut-off' });
      await world.advance(world.clock.now() + 3 * world.parameters.iouTickSec);
      expect(world.relay.closed).to.have.length(world.relay.sessions.size);
      expect(((await world.status()) as { sessions: number }).sessions).to.equal(0);
    });

    it('opens none without an account, without balance, or while the relay does not answer', async () => {
      await make();
      expect(await world.carry('alice', 1n)).to.equal(0n);
      await subscribe();
      expect(await world.carry('alice', 1n)).to.equal(0n);
      await withMoney(1000n);
      world.relay.goDown();
      expect(await world.carry('alice', 1n)).to.equal(0n);
      world.relay.goUp();
      expect(await world.carry('alice', 1n)).to.equal(1n);
    });

    it('charges every circuit its starting amount, and begins none that cannot be paid', async () => {
      await make({ startingBytes: start });
      await withMoney(unitsFor(2n * start) + 100n);
      expect(await world.carry('alice', 1000n)).to.equal(1000n);
      expect(await world.carry('alice', 1000n)).to.equal(1000n);
      // The relay has told nothing yet, and still the third is not begun.
      expect(await world.carry('alice', 1000n)).to.equal(0n);
      await world.tellShortfalls();
      expect((await tally()).body).to.deep.include({ circuitBytes: 2n * start, amount: unitsFor(2n * start) });
      await world.tellShortfalls();
      expect((await account()).balance).to.equal(100n);
    });

    it('adds the shortfall that still holds to circuits that came after it was told', async () => {
      await make({ startingBytes: start });
      await withMoney(10n ** 9n);
      await world.carry('alice', 100n);
      await world.tellShortfalls();
      await world.carry('alice', 10n ** 6n);
      expect(world.relay.shortfalls()).to.deep.equal([]);
      await world.advance(world.clock.now() + world.parameters.iouTickSec + 1);
      expect((await tally()).body.circuitBytes).to.equal(start + 10n ** 6n);
    });

    it('goes on when money arrives', async () => {
      await make();
      const { destination } = await withMoney(1000n);
      expect(await world.carry('alice', 10_000n)).to.equal(bytesFor(1000n));
      expect(await world.carry('alice', 10_000n)).to.equal(0n);
      world.rail.put(destination, 10n ** 6n);
      await account();
      expect(await world.carry('alice', 10_000n)).to.equal(10_000n);
    });

    it('counts each interval by itself and rounds each up once', async () => {
      await make();
      await withMoney(10n ** 9n);
      await world.carry('alice', 12_345n);
      await world.advance(world.parameters.genesis + world.parameters.intervalSec + 10);
      await world.carry('alice', 777n);
      expect((await tally(0)).body).to.deep.include({ circuitBytes: 12_345n, amount: unitsFor(12_345n) });
      expect((await tally(1)).body).to.deep.include({ circuitBytes: 777n, amount: unitsFor(777n) });
      expect((await account()).spent).to.equal(unitsFor(12_345n) + unitsFor(777n));
      await world.advance(world.parameters.genesis + 3 * world.parameters.intervalSec);
      await world.carry('alice', 1n);
      expect((await account()).spent).to.equal(unitsFor(12_345n) + unitsFor(777n) + unitsFor(1n));
    });

    it('charges directory and padding at the standard price, and ends at zero without debt', async () => {
      await make();
      await withMoney(10_000n);
      await world.carry('alice', 100n);
      world.source.carryOther(testKey('alice').publicKey, idOf('G'), 1000n);
      const first = await tally();
      expect(first.body).to.deep.include({ otherBytes: 1000n, relayBytes: 1200n, exitBytes: 100n });
      world.source.carryOther(testKey('alice').publicKey, idOf('G'), 10n ** 9n);
      expect(await account()).to.deep.include({ balance: 0n, spent: 10_000n });
      await world.advance(world.clock.now() + 3 * world.parameters.iouTickSec);
      expect(world.relay.closed).to.have.length(1);
      // What nobody could pay is not charged later either.
      world.rail.put((await account()).destination, 500n);
      expect((await account()).balance).to.equal(500n);
    });

    it('goes on after a restart from what was written down', async () => {
      const { database } = await make();
      await withMoney(10n ** 9n);
      await world.carry('alice', 1000n);
      await tally();
      await world.carry('alice', 500n);
      // Killed: nothing more is written. The new process has no session; the transport opens another.
      world.kill('G');
      await world.startGuard('G', {}, database);
      expect((await account()).spent).to.equal(unitsFor(1000n));
      expect(await world.carry('alice', 200n)).to.equal(0n);
      expect(await world.carry('alice', 200n)).to.equal(200n);
      expect((await account()).spent).to.equal(unitsFor(1200n));
    });

    it('keeps no circuit, session or connection on disk', async () => {
      const { database } = await make();
      await withMoney(10n ** 9n);
      await world.carry('alice', 1000n);
      await tally();
      const text = await database.transaction(async (tx) => {
        const tables = await tx.all("SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE 'guard%'");
        const rows = [];
        for (const { name } of tables) rows.push(await tx.all(`SELECT * FROM ${String(name)}`));
        return JSON.stringify(rows);
      });
      expect(text).to.contain(testKey('alice').publicKey);
      expect(text).not.to.contain('connection');
      for (const session of world.relay.sessions.values()) expect(text).not.to.contain(session);
    });
  });

  describe('tally', () => {
    it('is signed by both; a replay changes nothing; an older one is refused', async () => {
      await make();
      await withMoney(10n ** 9n);
      await world.carry('alice', 1000n);
      const first = await tally();
      await world.carry('alice', 1000n);
      const second = await tally();
      expect(second.body.serial).to.equal(first.body.serial + 1n);
      const signedBy = (one: typeof first, name = 'alice') => countersign('tally', networkId, asStored(one), testKey(name));
      const send = (one: ReturnType<typeof signedBy>) => world.ask('alice', { kind: 'sign-tally', tally: one });
      expect(codeOf(await send(signedBy(second, 'bob')))).to.equal('tally-signature');
      const raised = { ...signedBy(second), body: { ...second.body, circuitBytes: 1n } };
      expect(codeOf(await send(raised))).to.equal('tally-signature');
      expect(((await world.status()) as { rails: { unsigned: bigint }[] }).rails[0]?.unsigned).to.equal(unitsFor(2000n));
      valueOf(await send(signedBy(second)));
      valueOf(await send(signedBy(second)));
      expect(((await world.status()) as { rails: { unsigned: bigint }[] }).rails[0]?.unsigned).to.equal(0n);
      expect(codeOf(await send(signedBy(first)))).to.equal('tally-old');
    });

    it('is a floor when the guard comes back with an older book', async () => {
      const { database } = await make();
      await withMoney(10n ** 9n);
      await world.carry('alice', 5000n);
      const signed = countersign('tally', networkId, asStored(await tally()), testKey('alice'));
      await database.transaction((tx) => tx.run('DELETE FROM guard_usage'));
      world.kill('G');
      await world.startGuard('G', {}, database);
      expect((await account()).spent).to.equal(0n);
      valueOf(await world.ask('alice', { kind: 'sign-tally', tally: signed }));
      expect((await account()).spent).to.equal(unitsFor(5000n));
    });

    it('is not given for an interval whose terms are unknown', async () => {
      await make();
      await subscribe();
      const { terms } = world.view;
      Object.assign(world.view, { terms: (interval: number) => (interval > 5 ? null : terms(interval)) });
      expect(codeOf(await world.ask('alice', { kind: 'tally', interval: 9 }))).to.equal('request-unknown-terms');
      expect(codeOf(await world.ask('alice', { kind: 'bill', interval: 9 }))).to.equal('request-unknown-terms');
    });

    it('is named by the account: the newest of what was spent', async () => {
      await make();
      await withMoney(10n ** 9n);
      expect((await account()).lastTally).to.equal(null);
      await world.carry('alice', 1000n);
      const { serial, amount } = (await tally()).body;
      expect((await account()).lastTally).to.deep.equal({ interval: 0, serial, amount });
      await world.advance(world.parameters.genesis + world.parameters.intervalSec + 5);
      await world.carry('alice', 3000n);
      const said = await account();
      expect(said.lastTally).to.deep.equal({ interval: 1, serial: 1n, amount: unitsFor(3000n) });
      expect(said.spent).to.equal(amount + unitsFor(3000n));
    });

    it('has a bill that says the same', async () => {
      await make();
      await withMoney(10n ** 9n);
      await world.carry('alice', 1000n);
      const { bill } = valueOf(await world.ask('alice', { kind: 'bill', interval: 0 }));
      expect(bill?.body).to.deep.include({ circuitBytes: 1000n, charge: unitsFor(1000n), pricePerGib: perGib });
      expect(bill?.body.balance).to.equal(10n ** 9n - unitsFor(1000n));
    });
  });

  describe('withdraw', () => {
    const destination = 'alice.12345678';
    const withdraw = (amount: bigint, id = 'ab'.repeat(16), to = destination) =>
      world.ask('alice', { kind: 'withdraw', amount, destination: to }, { id });

    it('refuses in the order of the table', async () => {
      await make();
      const { destination: own } = await withMoney(1000n);
      valueOf(await withdraw(100n));
      expect(codeOf(await withdraw(1001n, undefined, 'nowhere'))).to.equal('withdraw-funds');
      expect(codeOf(await withdraw(0n))).to.equal('withdraw-funds');
      expect(codeOf(await withdraw(200n, undefined, 'nowhere'))).to.equal('withdraw-destination');
      expect(codeOf(await withdraw(200n, 'cd'.repeat(16), own))).to.equal('withdraw-destination');
      expect(codeOf(await withdraw(200n))).to.equal('withdraw-conflict');
    });

    it('is made once however often it is asked for, and followed until it is paid', async () => {
      await make();
      await withMoney(1000n);
      const id = 'ab'.repeat(16);
      expect(valueOf(await withdraw(400n)).withdrawal).to.deep.equal({
        id,
        state: 'accepted',
        amount: 400n,
        destination,
        payment: null,
      });
      expect(valueOf(await withdraw(400n)).account.body.balance).to.equal(600n);
      await world.idle();
      expect([...world.settlement.orders.keys()]).to.deep.equal([id]);
      world.settlement.pay(id);
      await world.advance(world.clock.now() + world.parameters.consensusSec);
      expect(valueOf(await withdraw(400n)).withdrawal).to.deep.include({ state: 'paid', payment: `payment of ${id}` });
      const heard = world.settlement.heard();
      await world.advance(world.clock.now() + 10 * world.parameters.consensusSec);
      expect(world.settlement.heard()).to.equal(heard);
    });

    it('is ordered after a crash between its row and the order', async () => {
      const { database } = await make();
      await withMoney(1000n);
      world.settlement.setFault(refuseHttp('unreachable', 'settlement'));
      valueOf(await withdraw(400n));
      await world.idle();
      world.kill('G');
      world.settlement.setFault(null);
      await world.startGuard('G', {}, database);
      await world.advance(world.clock.now() + world.parameters.consensusSec);
      expect([...world.settlement.orders.values()].map((one) => one.amount)).to.deep.equal(['400']);
      expect((await account()).withdrawn).to.equal(400n);
    });

    it('gives the amount back when settlement can never pay it', async () => {
      await make();
      await withMoney(1000n);
      world.settlement.setFault(refuser(settlementRefusals)('settlement-rail', 'ledger'));
      valueOf(await withdraw(400n));
      await world.idle();
      expect((await account()).balance).to.equal(1000n);
      expect(codeOf(await withdraw(400n))).to.equal('withdraw-destination');
    });

    it('is not given back by what goes wrong on the way to settlement: it may be paid', async () => {
      await make();
      await withMoney(1000n);
      valueOf(await withdraw(400n));
      await world.idle();
      for (const code of ['no-token', 'unknown-endpoint', 'bad-request'] as const) {
        world.settlement.setFault(refuseHttp(code, 'settlement'));
        await world.advance(world.clock.now() + world.parameters.consensusSec);
        expect((await account()).balance).to.equal(600n);
      }
      world.settlement.setFault(null);
      world.settlement.pay('ab'.repeat(16));
      await world.advance(world.clock.now() + world.parameters.consensusSec);
      expect(valueOf(await withdraw(400n)).withdrawal).to.deep.include({ state: 'paid' });
    });

    it('is not lent to a circuit that runs, were it in the same second', async () => {
      await make();
      await withMoney(unitsFor(5000n));
      const path = [idOf('G'), idOf('H'), idOf('X')];
      const circuit = (await world.source.open({ subscriber: testKey('alice').publicKey, path, leavesTor: true }))!;
      expect(await circuit.carry(1000n)).to.equal(1000n);
      valueOf(await withdraw(unitsFor(5000n) - unitsFor(1000n)));
      expect(await circuit.carry(1000n)).to.equal(0n);
    });

    it('leaves what running circuits may still cost', async () => {
      await make({ startingBytes: start });
      await withMoney(unitsFor(start) + 50n);
      await world.carry('alice', 10n);
      expect(codeOf(await withdraw(51n))).to.equal('withdraw-funds');
      valueOf(await withdraw(50n));
      expect(await world.carry('alice', 10n)).to.equal(0n);
    });
  });

  it('offers its rails by the terms', async () => {
    await make({ startingBytes: start });
    const endpoint = world.roles.get('G')?.endpoints.find((one) => one.path === '/guard/offer');
    const answer = await endpoint?.answer({} as never, { kind: 'public' });
    const rails = [{ rail: 'ledger', pricePerGib: perGib, startingAmount: unitsFor(start), confirmations: 1 }];
    expect(answer).to.deep.equal({ ok: true, value: { id: idOf('G'), nickname: 'G', rails } });
  });
});
