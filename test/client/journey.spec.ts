/*
 * The client role against a real guard: subscribe to withdrawal; what it signs and what it refuses; a guard that is down, overcharges
 * or has lost its book; backup, wipe, restore.
 */
import { expect } from 'chai';
import type { Result } from '../../core/refusal.ts';
import { GIB } from '../../core/rule/price.ts';
import type { DepositShown } from '../../client/deposit/flow.ts';
import type { AccountsKept, Shown } from '../../client/account/flow.ts';
import type { DepositRow } from '../../client/deposit/store.ts';
import type { WithdrawalRow } from '../../client/withdraw/store.ts';
import type { GuardLine } from '../../client/guards/flow.ts';
import { restoreAccount } from '../../client/backup/seal.ts';
import type { ClientTransport } from '../../tor/meter.ts';
import { testKey } from '../harness/view.ts';
import { idOf, makeWorld, type ClientRun, type GuardRun, type World, type WorldOptions } from '../guard/world.ts';

const start = 25_700n;
const unitsFor = (bytes: bigint): bigint => (bytes * 3_500_000_000n + GIB - 1n) / GIB;

describe('client', () => {
  let world: World;
  let alice: ClientRun;
  let guard: GuardRun;

  const make = async (options: WorldOptions = {}, family = false) => {
    world = await makeWorld(options, family);
    guard = await world.startGuard();
    alice = await world.startClient();
  };
  afterEach(async () => world.stop());

  async function value<T>(answer: Promise<Result<never>>): Promise<T> {
    const result: Result<T> = await answer;
    if (!result.ok) throw new Error(`${result.refusal.code}: ${result.refusal.about}`);
    return result.value;
  }
  const code = async (answer: Promise<Result<never>>): Promise<string | null> => {
    const result: Result<unknown> = await answer;
    return result.ok ? null : result.refusal.code;
  };
  const balance = async (): Promise<Shown> => (await value<{ accounts: Shown[] }>(alice.call('balance'))).accounts[0]!;
  const withMoney = async (amount: bigint) => {
    await value(alice.call('subscribe', { guard: 'G' }));
    await value(alice.call('deposit', { amount }));
    return balance();
  };
  const tick = () => world.advance(world.clock.now() + world.parameters.iouTickSec);
  const unsigned = async () => ((await world.status()) as { rails: { unsigned: bigint }[] }).rails[0]?.unsigned;

  it('lists guards to compare', async () => {
    await make({}, true);
    const { guards } = await value<{ guards: GuardLine[] }>(alice.call('guards'));
    expect(guards.map((one) => [one.nickname, one.standing, one.family])).to.deep.equal([
      ['G', 1, ['H']],
      ['H', 2, ['G']],
    ]);
    expect(guards[0]?.prices).to.deep.equal([{ rail: 'ledger', pricePerGib: 3_500_000_000n }]);
    expect(guards[0]?.offer?.rails[0]?.pricePerGib).to.equal(3_500_000_000n);
    expect(guards[1]?.offer).to.equal(null);
  });

  it('subscribes, deposits, uses, signs, is billed, and withdraws the rest', async () => {
    await make({ startingBytes: start });
    expect(await code(alice.call('balance'))).to.equal('client-no-account');
    expect(await code(alice.call('subscribe', { guard: 'nobody' }))).to.equal('client-guard-unknown');
    expect((await withMoney(10n ** 9n)).account).to.deep.include({ balance: 10n ** 9n, state: 'open' });
    const { deposits } = await value<{ deposits: DepositRow[] }>(alice.call('deposits'));
    expect(deposits.map((one) => [one.amount, one.state, one.payment !== null])).to.deep.equal([[10n ** 9n, 'paid', true]]);
    await world.carry('alice', 100_000n);
    await world.carry('alice', 5n);
    await world.tellShortfalls();
    await tick();
    const used = unitsFor(100_000n + start);
    const shown = await balance();
    expect(shown.account.spent).to.equal(used);
    expect(shown).to.deep.include({ signed: used, refused: null, fresh: true, by: idOf('G') });
    expect(await unsigned()).to.equal(0n);
    const { bills } = await value<{ bills: { bill: { body: { charge: bigint } }; signed: bigint }[] }>(alice.call('bills'));
    expect(bills.map((one) => [one.bill.body.charge, one.signed])).to.deep.equal([[used, used]]);
    const rest = shown.account.balance;
    const asked = await value<WithdrawalRow>(alice.call('withdraw', { amount: rest }));
    expect(asked.state).to.equal('accepted');
    await world.idle();
    world.settlement.pay(asked.id);
    await world.advance(world.clock.now() + 2 * world.parameters.consensusSec);
    const { withdrawals } = await value<{ withdrawals: WithdrawalRow[] }>(alice.call('withdrawals'));
    expect(withdrawals.map((one) => one.state)).to.deep.equal(['paid']);
    expect((await balance()).account.balance).to.equal(0n);
  });

  it('signs the ended interval too, and asks nothing where nothing moved', async () => {
    await make();
    await withMoney(10n ** 9n);
    await world.carry('alice', 1000n);
    const end = world.parameters.genesis + world.parameters.intervalSec;
    await world.advance(end - 10);
    await world.carry('alice', 500n);
    await world.advance(end + world.parameters.graceSec + 1);
    expect(await balance()).to.deep.include({ signed: unitsFor(1500n) });
    expect(await unsigned()).to.equal(0n);
    const { role } = alice;
    expect(role.nextDue()).to.equal(null);
  });

  it('refuses a tally above its own count, shows it, and signs when it is right again', async () => {
    await make({ startingBytes: start });
    await withMoney(10n ** 9n);
    await world.carry('alice', 50_000n);
    const [session] = world.relay.sessions.values();
    const tell = (bytes: bigint) => {
      const endpoint = guard.role.endpoints.find((one) => one.path === '/guard/shortfall');
      return endpoint?.answer({ session, interval: 0, bytes } as never, { kind: 'local' });
    };
    await tell(1n);
    await tick();
    const shown = await balance();
    expect(shown.refused).to.deep.include({ interval: 0, code: 'tally-overcharge', amount: unitsFor(50_001n) });
    expect(shown.signed).to.equal(0n);
    expect(await unsigned()).to.equal(unitsFor(50_001n));
    await tell(0n);
    await tick();
    expect(await balance()).to.deep.include({ refused: null, signed: unitsFor(50_000n) });
  });

  it('counts on after a restart, and delivers a signature that did not get through', async () => {
    await make();
    await withMoney(10n ** 9n);
    await world.carry('alice', 1000n);
    await tick();
    await world.carry('alice', 1000n);
    world.roles.delete('G');
    await tick();
    world.roles.set('G', guard.role);
    world.kill('alice');
    alice = await world.startClient('alice', alice.database);
    await tick();
    expect(await balance()).to.deep.include({ signed: unitsFor(2000n), refused: null });
    expect(await unsigned()).to.equal(0n);
  });

  it('signs an honest tally after it was killed between two ticks', async () => {
    await make();
    await withMoney(10n ** 10n);
    for (const bytes of [1000n, 600_000n, 700_000n]) await world.carry('alice', bytes);
    await tick();
    // Counted by a process whose disk is gone, and lost with it.
    world.kill('alice');
    for (const bytes of [50_000n, 200_000n]) await world.carry('alice', bytes);
    alice = await world.startClient('alice', alice.database);
    await world.carry('alice', 10n);
    await tick();
    expect(await balance()).to.deep.include({ signed: unitsFor(1_551_010n), refused: null });
  });

  it('counts on exactly after an orderly end', async () => {
    await make();
    await withMoney(10n ** 9n);
    await world.carry('alice', 1000n);
    await tick();
    await alice.role.stop();
    alice = await world.startClient('alice', alice.database);
    await world.carry('alice', 5n);
    const [session] = world.relay.sessions.values();
    const endpoint = guard.role.endpoints.find((one) => one.path === '/guard/shortfall');
    await endpoint?.answer({ session, interval: 0, bytes: 1n } as never, { kind: 'local' });
    await tick();
    expect(await balance()).to.deep.include({ signed: unitsFor(1000n) });
    expect((await balance()).refused).to.deep.include({ code: 'tally-overcharge', amount: unitsFor(1006n) });
  });

  it('signs after an orderly end what had passed and no reading had told of, and nothing above it', async () => {
    await make();
    await withMoney(10n ** 9n);
    await alice.role.stop();
    const seen = world.source.clientTransport(alice.key);
    let isHeard = true;
    const transport: ClientTransport = {
      ...seen,
      onReading: (take) => seen.onReading((reading) => void (isHeard && take(reading))),
      takeUntold: () => (isHeard ? [] : [{ guard: idOf('G'), hops: 3, leavesTor: true, bytes: 300n }]),
    };
    alice = await world.startClient('alice', alice.database, transport);
    await world.carry('alice', 1000n);
    await tick();
    isHeard = false;
    await world.carry('alice', 300n);
    await alice.role.stop();
    alice = await world.startClient('alice', alice.database);
    await tick();
    expect(await balance()).to.deep.include({ signed: unitsFor(1300n), refused: null });
    expect(await unsigned()).to.equal(0n);
    const [session] = world.relay.sessions.values();
    const endpoint = guard.role.endpoints.find((one) => one.path === '/guard/shortfall');
    await endpoint?.answer({ session, interval: 0, bytes: 1n } as never, { kind: 'local' });
    await tick();
    expect((await balance()).refused).to.deep.include({ code: 'tally-overcharge', amount: unitsFor(1301n) });
  });

  it('gives a guard with an older book the tally that both signed', async () => {
    await make();
    await withMoney(10n ** 9n);
    await world.carry('alice', 1000n);
    await tick();
    await guard.database.transaction((tx) => tx.run('DELETE FROM guard_usage'));
    world.kill('G');
    guard = await world.startGuard('G', {}, guard.database);
    expect(await world.carry('alice', 10n)).to.equal(0n);
    expect(await world.carry('alice', 10n)).to.equal(10n);
    await tick();
    expect((await balance()).account.spent).to.equal(unitsFor(1000n));
  });

  it('keeps of its evidence what proves something, and not a row a tick', async () => {
    await make();
    await withMoney(10n ** 9n);
    const count = async (what: string) =>
      Number((await alice.database.transaction((tx) => tx.all(`SELECT COUNT(*) AS count FROM ${what}`)))[0]?.['count']);
    const tell = (bytes: bigint) => {
      const [session] = world.relay.sessions.values();
      const endpoint = guard.role.endpoints.find((one) => one.path === '/guard/shortfall');
      return endpoint?.answer({ session, interval: 0, bytes } as never, { kind: 'local' });
    };
    for (let turn = 1n; turn <= 5n; turn += 1n) {
      await world.carry('alice', 1000n);
      await tell(turn);
      await tick();
    }
    expect((await balance()).refused).to.deep.include({ code: 'tally-overcharge', amount: unitsFor(5005n) });
    expect(await count("client_tally WHERE state = 'refused'")).to.equal(1);
    for (let turn = 0; turn < 120; turn += 1) {
      world.rail.put((await balance()).account.destination, 1n);
      await balance();
    }
    expect(await count('client_account')).to.equal(100);
  });

  it('keeps an account that its guard signed and that does not check, and shows it', async () => {
    await make();
    const { account } = await withMoney(500n);
    // Another account under the serial of the last one: signed twice.
    await guard.database.transaction((tx) => tx.run('UPDATE guard_deposit SET amount = 400'));
    await guard.database.transaction((tx) => tx.run('UPDATE guard_account SET serial = serial - 1'));
    expect(await balance()).to.deep.include({ fresh: false, reason: 'account-old' });
    const { refused } = await value<AccountsKept>(alice.call('account'));
    expect(refused.map((one) => [one.guard, one.code, one.account.body.serial, one.account.body.deposited])).to.deep.equal([
      [idOf('G'), 'account-old', account.serial, 400n],
    ]);
  });

  it('is served by the family while its guard is down', async () => {
    await make({}, true);
    await world.startGuard('H', {}, guard.database);
    const before = await withMoney(10n ** 9n);
    world.kill('G');
    const during = await balance();
    expect(during).to.deep.include({ guard: idOf('G'), by: idOf('H'), fresh: true });
    expect(during.account).to.deep.include({ balance: before.account.balance, destination: before.account.destination });
    expect(await world.carry('alice', 1000n, 3, 'H')).to.equal(1000n);
    await tick();
    expect(await balance()).to.deep.include({ signed: unitsFor(1000n), refused: null });
    expect((await balance()).account.spent).to.equal(unitsFor(1000n));
  });

  it('shows the last known balance when nobody answers, and what is missing to name a guard', async () => {
    await make();
    await withMoney(500n);
    world.kill('G');
    expect(await balance()).to.deep.include({ fresh: false, reason: 'unreachable' });
    expect((await balance()).account.balance).to.equal(500n);
    expect(await code(alice.call('balance', { guard: 'H' }))).to.equal('client-no-account');
    Object.assign(world.view, { consensus: () => null });
    expect((await balance()).account.balance).to.equal(500n);
    expect(await code(alice.call('balance', { guard: 'G' }))).to.equal('client-no-consensus');
  });

  it('pays a deposit once, however often the rail fails to answer', async () => {
    await make();
    await value(alice.call('subscribe', { guard: 'G' }));
    world.rail.goDown();
    expect((await value<DepositShown>(alice.call('deposit', { amount: 700n }))).state).to.equal('sending');
    await world.advance(world.clock.now() + world.parameters.consensusSec);
    world.kill('alice');
    world.rail.goUp();
    alice = await world.startClient('alice', alice.database);
    await world.advance(world.clock.now() + world.parameters.consensusSec);
    expect(world.rail.payments.map((one) => one.amount)).to.deep.equal([700n]);
    expect((await balance()).account.balance).to.equal(700n);
  });

  it('refuses what is no destination, and more than there is', async () => {
    await make();
    await withMoney(500n);
    expect(await code(alice.call('withdraw', { amount: 1n, destination: 'nowhere' }))).to.equal('client-destination');
    expect(await code(alice.call('withdraw', { amount: 501n }))).to.equal('withdraw-funds');
    await world.advance(world.clock.now() + 2 * world.parameters.consensusSec);
    const { withdrawals } = await value<{ withdrawals: WithdrawalRow[] }>(alice.call('withdrawals'));
    expect(withdrawals.map((one) => [one.state, one.code])).to.deep.equal([['refused', 'withdraw-funds']]);
  });

  it('comes back from a backup as the same subscriber, with its evidence', async () => {
    await make();
    await withMoney(10n ** 9n);
    await world.carry('alice', 1000n);
    await tick();
    const { file } = await value<{ file: string }>(alice.call('backup', { passphrase: 'correct horse' }));
    expect(file).not.to.contain(Buffer.from(testKey('alice').secretKey).toString('hex').slice(0, 64));
    world.kill('alice');
    alice = await world.startClient('alice');
    expect(await code(alice.call('restore', { file, passphrase: 'wrong horse' }))).to.equal('backup-passphrase');
    expect(await code(alice.call('restore', { file: `${file}x`, passphrase: 'correct horse' }))).to.equal('backup-shape');
    const bob = await world.startClient('bob');
    expect(await code(bob.call('restore', { file, passphrase: 'correct horse' }))).to.equal('backup-other-key');
    const restored = restoreAccount(file, 'correct horse');
    expect(restored.ok && restored.value.seed).to.equal(testKey('alice').secretKey.subarray(0, 32).toString('hex'));
    expect(await value(alice.call('restore', { file, passphrase: 'correct horse' }))).to.deep.equal({ guards: 1, tallies: 1 });
    expect(await balance()).to.deep.include({ signed: unitsFor(1000n) });
    expect((await balance()).account.balance).to.equal(10n ** 9n - unitsFor(1000n));
    // What it used before counts in what it may be charged.
    await world.carry('alice', 50n);
    await tick();
    expect(await balance()).to.deep.include({ signed: unitsFor(1050n), refused: null });
  });
});
