/*
 * Failures of the peers that a subscriber would meet: at its guard, its own client, and its backup. Numbers are those of the
 * collection of failures that docs/claims.md names; guard and client run over their own databases and a rail in memory.
 */
import { expect } from 'chai';
import { asStored, countersign, sign } from '../../core/crypto/sign.ts';
import type { Result } from '../../core/refusal.ts';
import { GIB } from '../../core/rule/price.ts';
import type { Account, RequestAnswer, Tally } from '../../core/wire/guard.ts';
import { makeWorld, type ClientRun, type World } from '../guard/world.ts';
import { networkId, testKey } from '../harness/view.ts';

/** Units for a GiB through three hops, the exit at 3/2. */
const perGib = 3_500_000_000n;
const unitsFor = (bytes: bigint): bigint => (bytes * perGib + GIB - 1n) / GIB;
const money = 10n ** 9n;

describe('peers: subscriber', () => {
  let world: World;
  let alice: ClientRun;
  afterEach(() => world.stop());

  const make = async () => {
    world = await makeWorld();
    const guard = await world.startGuard();
    alice = await world.startClient();
    return guard;
  };
  const valueOf = <T>(result: Result<T>): T => {
    if (!result.ok) throw new Error(`${result.refusal.code}: ${result.refusal.about}`);
    return result.value;
  };
  const codeOf = (result: Result<unknown>) => (result.ok ? null : result.refusal.code);
  interface Shown {
    readonly account: Account;
    readonly signed: bigint;
    readonly refused: unknown;
  }
  const balance = async (client = alice) => valueOf<{ accounts: Shown[] }>(await client.call('balance')).accounts[0] as Shown;
  const withMoney = async () => {
    valueOf(await alice.call('subscribe', { guard: 'G' }));
    valueOf(await alice.call('deposit', { amount: money }));
    expect((await balance()).account.balance).equal(money);
  };
  const tick = () => world.advance(world.clock.now() + world.parameters.iouTickSec);
  const ask = async (what: Parameters<World['ask']>[1]): Promise<RequestAnswer> => valueOf(await world.ask('alice', what));

  it('peers 09: a session over several settlement times is charged where its traffic was', async () => {
    await make();
    await withMoney();
    const path = [...world.view.consensus()!.body.relays.map((one) => one.id), 'ab'.repeat(32)];
    const circuit = await world.source.open({ subscriber: alice.key, path, leavesTor: true });
    const carried = [1000n, 2500n, 40n];
    for (const [interval, bytes] of carried.entries()) {
      expect(await circuit?.carry(bytes)).equal(bytes);
      await world.advance(world.parameters.genesis + (interval + 1) * world.parameters.intervalSec + 5);
    }
    circuit?.close();
    await world.idle();
    for (const [interval, bytes] of carried.entries()) {
      const { bill } = await ask({ kind: 'bill', interval });
      expect(bill?.body, `interval ${interval}`).deep.include({ circuitBytes: bytes, charge: unitsFor(bytes) });
    }
    const spent = carried.reduce((sum, bytes) => sum + unitsFor(bytes), 0n);
    expect((await balance()).account).deep.include({ spent, balance: money - spent });
  });

  it('peers 13: what a party reports of its own balance counts for nothing unless the other has signed it', async () => {
    await make();
    await withMoney();
    await world.carry('alice', 5000n);
    const { body } = (await ask({ kind: 'tally', interval: 0 })).tally!;
    const before = (await ask({ kind: 'account' })).account.body;
    // The subscriber says that it used nothing: signed by itself alone, or twice by itself.
    const own = (changes: Partial<Tally>) => sign('tally', networkId, { ...body, ...changes }, testKey('alice'));
    const claims = [{ circuitBytes: 0n, amount: 0n }, { amount: 1n }, { serial: 9n, circuitBytes: 0n, amount: 0n }];
    for (const changes of claims) {
      const tally = countersign('tally', networkId, asStored(own(changes)), testKey('alice'));
      expect(codeOf(await world.ask('alice', { kind: 'sign-tally', tally }))).equal('tally-signature');
    }
    expect((await ask({ kind: 'account' })).account.body).deep.equal(before);
    // The guard says that it used more: the client signs nothing of it.
    const [session] = world.relay.sessions.values();
    const told = world.roles.get('G')?.endpoints.find((one) => one.path === '/guard/shortfall');
    await told?.answer({ session, interval: 0, bytes: 10n ** 6n } as never, { kind: 'local' });
    await tick();
    const shown = await balance();
    expect(shown.signed).equal(0n);
    expect(shown.refused).deep.include({ code: 'tally-overcharge' });
  });

  it('peers 15: an honest subscriber that was restored is served on, and accused of nothing', async () => {
    await make();
    await withMoney();
    await world.carry('alice', 1000n);
    await tick();
    const { file } = valueOf<{ file: string }>(await alice.call('backup', { passphrase: 'correct horse' }));
    // It goes on after the backup, signs a newer tally, and then its disk is gone.
    await world.carry('alice', 700n);
    await tick();
    expect((await balance()).signed).equal(unitsFor(1700n));
    world.kill('alice');
    alice = await world.startClient('alice');
    valueOf(await alice.call('restore', { file, passphrase: 'correct horse' }));
    await world.carry('alice', 300n);
    await tick();
    const shown = await balance();
    expect(shown.account).deep.include({ spent: unitsFor(2000n), state: 'open' });
    // The guard keeps what both signed. The client has lost its count of it, signs nothing above what is left of that, and says so,
    // until the interval is over.
    const { unsigned } = ((await world.status()) as { rails: { unsigned: bigint }[] }).rails[0]!;
    expect(unsigned).equal(unitsFor(2000n) - unitsFor(1700n));
    expect(shown.refused).deep.include({ interval: 0, code: 'tally-overcharge' });
    await world.advance(world.parameters.genesis + world.parameters.intervalSec + 5);
    expect(await world.carry('alice', 50n)).equal(50n);
    await tick();
    expect(await balance()).deep.include({ signed: unitsFor(1000n) + unitsFor(50n) });
    expect((await balance()).refused).not.deep.include({ interval: 1 });
  });

  it('peers 25: two requests at once get two destinations', async () => {
    await make();
    const names = Array.from({ length: 40 }, (_, place) => `reader ${place % 20}`);
    const answers = await Promise.all(names.map((name) => world.ask(name, { kind: 'subscribe', rail: 'ledger' })));
    const destinations = answers.map((answer) => valueOf(answer).account.body.destination);
    expect(new Set(destinations).size).equal(20);
    // Asked twice, each gets its own again; and what is paid there is its own alone.
    for (const [place, destination] of destinations.slice(0, 20).entries()) {
      expect(destinations[place + 20]).equal(destination);
      world.rail.put(destination, BigInt(place + 1));
    }
    await world.advance(world.clock.now() + 2 * world.parameters.consensusSec);
    for (let place = 0; place < 20; place++) {
      const { body } = valueOf(await world.ask(`reader ${place}`, { kind: 'account' })).account;
      expect(body.balance).equal(BigInt(place + 1));
    }
  });

  it('peers 27: a fresh install shows nothing, and a fresh account holds nothing and carries nothing', async () => {
    await make();
    expect(codeOf(await alice.call('balance'))).equal('client-no-account');
    valueOf(await alice.call('subscribe', { guard: 'G' }));
    const { account } = await balance();
    expect(account).deep.include({ deposited: 0n, unconfirmed: 0n, withdrawn: 0n, spent: 0n, balance: 0n, deposits: [] });
    expect(await world.carry('alice', 1n)).equal(0n);
    const { rails } = (await world.status()) as { rails: { owed: bigint; unsigned: bigint }[] };
    expect(
      rails
        .map(({ owed, unsigned }) => [owed, unsigned])
        .flat()
        .every((sum) => sum === 0n),
    ).equal(true);
  });

  it('peers 29: an account backed up, wiped and restored spends what it had, and no unit twice', async () => {
    await make();
    await withMoney();
    const { file } = valueOf<{ file: string }>(await alice.call('backup', { passphrase: 'correct horse' }));
    const first = valueOf<{ id: string }>(await alice.call('withdraw', { amount: money / 2n }));
    await world.idle();
    world.settlement.pay(first.id);
    await world.advance(world.clock.now() + 2 * world.parameters.consensusSec);
    world.kill('alice');
    alice = await world.startClient('alice');
    valueOf(await alice.call('restore', { file, passphrase: 'correct horse' }));
    expect((await balance()).account).deep.include({ withdrawn: money / 2n, balance: money / 2n });
    expect(codeOf(await alice.call('withdraw', { amount: money / 2n + 1n }))).equal('withdraw-funds');
    valueOf(await alice.call('withdraw', { amount: money / 2n }));
    await world.idle();
    expect([...world.settlement.orders.values()].reduce((sum, one) => sum + BigInt(one.amount), 0n)).equal(money);
    expect((await balance()).account.balance).equal(0n);
  });
});
