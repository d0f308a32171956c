/*
 * Failures of the peers that are about sums: money stuck below a threshold, out of nothing, rounded away, or not to be explained.
 * Numbers are those of the collection of failures that docs/claims.md names; each runs at running settlement and ledger roles.
 */
import { expect } from 'chai';
import { TRANSFER_ANSWER_BYTES_MAX } from '../../core/limits.ts';
import { ok, type Result } from '../../core/refusal.ts';
import { GIB } from '../../core/rule/price.ts';
import type { SigningKey } from '../../core/crypto/keys.ts';
import { ledgerAccount, transferAnswer, transferIdOf } from '../../core/wire/ledger.ts';
import { runLedger, signTransfer } from '../harness/ledger.ts';
import { testKey } from '../harness/view.ts';
import { balanceOf, openWorld, pairsOf, statesOf, type World, type WorldOptions } from '../settlement/world.ts';

const price = 1_000_000_000n;
/** A thousand units a GiB, so that what is worth a given number of them is easily made. */
const small = (quantum: bigint, dust: bigint) => ({ ledger: { price: 1000n, quantum, dust } });
const worth = (units: bigint) => (units * GIB) / 1000n + 1n;

describe('peers: money', () => {
  let world: World;
  const open = async (options: WorldOptions) => (world = await openWorld(options));
  afterEach(() => world.close());

  const booksOf = async (name: string) => {
    const books = await world.local(name, '/settlement/reconcile', {});
    return (books as { value: { wallets: Record<string, string>[] } }).value.wallets[0] as Record<string, string>;
  };

  it('peers 06: an amount below what is worth paying is never stuck: it grows, or is paid to the unit when it is old', async () => {
    const parameters = { rails: small(100n, 100n), carryIntervals: 3 };
    await open({ names: ['A', 'B', 'C'], funds: { A: 1000n }, parameters });
    // B is owed a little each time, C a little once, just above dust with what the quantum left.
    for (const interval of [0, 1, 2]) world.owe(interval, 'A', 'B', worth(40n));
    world.owe(0, 'A', 'C', worth(150n));
    world.owe(1, 'A', 'C', worth(60n));
    const moved: string[][] = [];
    for (const interval of [0, 1, 2, 3, 4]) {
      await world.advance(world.schedule(interval).bst + 60);
      moved.push([String(await balanceOf(world, 'B')), String(await balanceOf(world, 'C'))]);
    }
    // 40, 80, then 120 of which 100; of 150 the hundred, of 110 the hundred, and ten that are dust when they are old.
    expect(moved).deep.equal([
      ['0', '100'],
      ['0', '200'],
      ['100', '200'],
      ['100', '200'],
      ['100', '200'],
    ]);
    await world.advance(world.schedule(5).bst + 60);
    // What is forgiven is said, and explains the rest to the unit.
    const answer = await world.local('A', '/settlement/earnings', { interval: null });
    const { lines } = (answer as { value: { lines: { gross: string; net: string; forgiven: string; carryOut: string }[] } })
      .value;
    const sum = (of: 'gross' | 'net') => lines.reduce((total, one) => total + BigInt(one[of]), 0n);
    expect([sum('gross'), sum('net')]).deep.equal([-330n, -300n]);
    expect(lines.some((one) => one.forgiven !== '0')).equal(true);
  });

  it('peers 19: a leaked signing key takes no more than there is, and what it signs beyond the books is told', async () => {
    await open({ names: ['A', 'B'], funds: { A: 10n * price } });
    world.owe(0, 'A', 'B', GIB);
    // With A's IOU key B makes one of a hundred times what A's own book and wallet know.
    world.owe(0, 'A', 'B', 100n * GIB, { serial: 2n, shownBy: ['B'] });
    await world.advance(world.schedule(0).bst + 120);
    expect([await balanceOf(world, 'A'), await balanceOf(world, 'B')]).deep.equal([10n * price, 0n]);
    expect(await statesOf(world, 'A')).deep.equal([`B: awaiting ${100n * price}`]);
    expect(world.of('A').log.join('\n')).match(/iou-not-in-own-book .*"interval":0/);
    expect(world.of('B').log.join('\n')).not.match(/iou-not-in-own-book/);
  });

  it('peers 20: money that the books do not know alarms, and stops nothing', async () => {
    await open({ names: ['A', 'B'], funds: { A: 10n * price } });
    world.owe(0, 'A', 'B', GIB);
    world.owe(1, 'A', 'B', GIB);
    await world.advance(world.schedule(0).bst + 60);
    const destination = world.of('B').wallet.at('x');
    await world.of('A').wallet.pay({ id: 'ef'.repeat(32), outputs: [{ destination, amount: 7n }] });
    expect(await booksOf('A')).deep.include({ difference: '-7' });
    await world.advance(world.schedule(1).bst + 60);
    expect(await statesOf(world, 'A', 1)).deep.equal([`B: receipted ${price}`]);
    expect(await booksOf('A')).deep.include({ difference: '-7', settlementsPaid: String(2n * price) });
    expect(await booksOf('B')).deep.include({ difference: '0', otherIncome: '7' });
  });

  it('peers 23: a fee that rises between quote and payment is borne by who pays, and booked as it was', async () => {
    await open({ names: ['A', 'B', 'C'], funds: { A: 10n * price } });
    const { wallet } = world.of('A');
    const pay = wallet.pay.bind(wallet);
    let taken = 0n;
    // The fee leaves the wallet as on a rail that has one: to the miner, which is C here.
    wallet.quote = async () => ok(30n);
    wallet.pay = async (batch) => {
      const outputs = [...batch.outputs, { destination: world.of('C').wallet.at('fee'), amount: 75n }];
      const paid = await pay({ ...batch, outputs });
      taken += 75n;
      return paid.ok ? ok({ payments: paid.value.payments.slice(0, -1), fee: 75n }) : paid;
    };
    world.owe(0, 'A', 'B', GIB);
    await world.advance(world.schedule(0).bst + 60);
    expect(taken).equal(75n);
    expect(await balanceOf(world, 'B')).equal(price);
    expect(await statesOf(world, 'B')).deep.equal([`A: receipted ${price}`]);
    expect(await booksOf('A')).deep.include({ fees: '75', difference: '0', balance: String(9n * price - 75n) });
  });

  it('peers 24: shares add up to the whole: what a quantum leaves over is carried by both, to the unit, and paid', async () => {
    await open({
      names: ['A', 'B', 'C'],
      funds: { A: 90_000n, B: 90_000n, C: 90_000n },
      parameters: { rails: small(7n, 0n), carryIntervals: 3 },
    });
    const [pairs, intervals] = [
      [
        ['A', 'B'],
        ['B', 'C'],
        ['C', 'A'],
      ] as const,
      [0, 1, 2, 3],
    ];
    const owed = new Map<string, bigint>();
    for (const [place, [issuer, holder]] of pairs.entries()) {
      for (const interval of intervals) {
        const units = BigInt(1001 + 97 * place + 13 * interval);
        world.owe(interval, issuer, holder, worth(units));
        owed.set(issuer, (owed.get(issuer) ?? 0n) - units);
        owed.set(holder, (owed.get(holder) ?? 0n) + units);
      }
    }
    // Three intervals more without traffic: then the rest is old.
    for (let interval = 0; interval <= 7; interval++) {
      await world.advance(world.schedule(interval).bst + 60);
      const [out, back] = [await pairsOf(world, 'A', interval), await pairsOf(world, 'B', interval)];
      const left = (of: typeof out, peer: string) =>
        (of.find((one) => one.nickname === peer)?.settlement?.body['carryLeft'] as { amount: string } | undefined)?.amount;
      expect(left(out, 'B'), `interval ${interval}`).equal(left(back, 'A'));
    }
    for (const [name, units] of owed) expect(await balanceOf(world, name), name).equal(90_000n + units);
    for (const name of ['A', 'B', 'C']) expect((await booksOf(name))['difference']).equal('0');
  });
});

describe('peers: the ledger’s own sums', () => {
  it('peers 19: no key but the mint’s makes money, and none spends more than it holds', async () => {
    const ledger = await runLedger();
    try {
      const url = (path: string) => `${ledger.network.ledger!.url}/ledger${path}`;
      const account = async (key: SigningKey) => {
        const answer = await ledger.http.get(url(`/accounts/${key.publicKey}`), ledgerAccount);
        return answer.ok ? BigInt(answer.value.balance) : -1n;
      };
      const pay = async (key: SigningKey, number: bigint, to: SigningKey, amount: bigint, signer = key) => {
        const outputs = [{ to: to.publicKey, ref: '00'.repeat(16), amount }];
        const id = transferIdOf('peers', `${key.publicKey} ${number} ${amount}`);
        const { body } = signTransfer(key, number, id, outputs);
        const { signature } = signTransfer(signer, number, id, outputs);
        const posted: Result<unknown> = await ledger.http.post(url('/transfers'), { body, signature }, transferAnswer, {
          answerMax: TRANSFER_ANSWER_BYTES_MAX,
        });
        return posted.ok ? 'ok' : posted.refusal.code;
      };
      const [mint, log, alice, thief] = [testKey('mint'), testKey('log'), testKey('alice'), testKey('thief')];
      expect([await account(alice), await account(thief)]).deep.equal([0n, 0n]);
      expect(await pay(mint, 1n, alice, 1000n)).equal('ok');
      // The ledger's own log key, a key of its own, and alice's own, leaked.
      expect(await pay(log, 1n, thief, 1n)).equal('transfer-funds');
      expect(await pay(mint, 2n, thief, 1n, log)).equal('transfer-signature');
      expect(await pay(alice, 1n, thief, 1001n)).equal('transfer-funds');
      expect(await pay(alice, 1n, thief, 600n)).equal('ok');
      expect(await pay(alice, 2n, thief, 401n)).equal('transfer-funds');
      expect([await account(mint), await account(alice), await account(thief)]).deep.equal([-1000n, 400n, 600n]);
    } finally {
      await ledger.stop();
    }
  });
});
