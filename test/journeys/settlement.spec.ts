/*
 * Settling through the running roles: what the dry run foretells is what is paid; payouts by hand; a middle without money is paid
 * before it pays; and over two intervals with withdrawals every unit is explained.
 */
import { expect } from 'chai';
import { openNetwork, type TestNetwork } from './network.ts';

interface DryRun {
  readonly books: string;
  readonly lines: readonly Record<'nickname' | 'held' | 'issued' | 'gross' | 'fee' | 'net' | 'carryOut', string>[];
  readonly sums: Readonly<Record<string, Record<'receive' | 'pay' | 'fee' | 'short', string>>>;
}
interface Status {
  readonly owing: Readonly<Record<string, string>>;
  readonly awaitingFunds: Readonly<Record<string, string>>;
  readonly needsApproval: readonly string[];
}

describe('journey: settlement', () => {
  let network: TestNetwork;
  afterEach(async () => network.stop());

  const dryRun = (name: string, interval: number | null = null) =>
    network.call<DryRun>(name, 'settlement', '/settlement/dry-run', { interval });
  const status = (name: string) => network.call<Status>(name, 'settlement', '/settlement/status', {});

  it('a middle without money waits, is paid, and pays, all at one settlement time', async () => {
    network = await openNetwork({
      relays: [
        { name: 'G', guard: true, payouts: 'manual' },
        { name: 'M', opening: 0n },
        { name: 'X', exit: true, opening: 0n },
      ],
      subscribers: { U: 10_000_000n },
    });
    await network.subscribe('U', 'G', 1_000_000n);
    await network.carry('U', ['G', 'M', 'X'], 1000n);
    const { bst, paymentEnd } = network.schedule(0);
    await network.advance(bst);
    // G owes M 2.5 a byte and waits for its operator; M owes X 1.5 and has nothing.
    expect(await network.paid(0)).deep.equal([]);
    expect(await status('M')).deep.include({ owing: { ledger: '1500' }, awaitingFunds: { ledger: '1500' }, needsApproval: [] });
    const { needsApproval, owing } = await status('G');
    expect(needsApproval.length).equal(1);
    expect(owing).deep.equal({ ledger: '2500' });

    const release = () =>
      network.call<{ approved: string[] }>('G', 'settlement', '/settlement/payouts-approve', { ids: needsApproval });
    expect((await release()).approved).deep.equal(needsApproval);
    await network.idle();
    expect(network.clock.now()).equal(bst);
    expect(await network.paid(0)).deep.equal(['G→M 2500', 'M→X 1500']);
    expect([await network.wallet('M'), await network.wallet('X')]).deep.equal([1000n, 1500n]);
    // Twice released is paid once.
    await release();
    await network.advance(paymentEnd);
    expect(await network.received(0)).deep.equal(['G→M 2500', 'M→X 1500']);
    expect([await network.wallet('M'), await network.wallet('X')]).deep.equal([1000n, 1500n]);
  });

  it('the dry run before the cut-off is what is paid; two intervals with withdrawals leave nothing unexplained', async () => {
    network = await openNetwork({
      relays: [{ name: 'A', guard: true, exit: true }, { name: 'B', guard: true, exit: true }, { name: 'M' }],
      subscribers: { U: 10_000_000n, V: 10_000_000n },
    });
    await network.subscribe('U', 'A', 1_000_000n);
    await network.subscribe('V', 'B', 500_000n);
    // A→M 2.5 · 1001, M→B 1.5 · 1001; B→M 2.5 · 600, M→A 1.5 · 600; A→B 1.5 · 301.
    await network.carry('U', ['A', 'M', 'B'], 1001n);
    await network.carry('V', ['B', 'M', 'A'], 600n);
    await network.carry('U', ['A', 'B'], 301n);
    await network.advance(network.schedule(0).cutOff - 1);

    // A and M: 2502.5 − 900 = 1602.5. B and M: 1501.5 − 1500 = 1.5. A and B: 451.5. Fractions are dropped once, after the net.
    const expected = ['A→B 451', 'A→M 1602', 'M→B 1'];
    const foretold: string[] = [];
    for (const name of ['A', 'B', 'M']) {
      const { lines, books } = await dryRun(name);
      expect(books).equal('open');
      for (const { nickname, net } of lines) if (net.startsWith('-')) foretold.push(`${name}→${nickname} ${net.slice(1)}`);
    }
    expect(foretold.sort()).deep.equal(expected);
    const { sums, lines } = await dryRun('A');
    expect(sums).deep.equal({ ledger: { receive: '0', pay: '2053', fee: '0', short: '0', away: false } });
    expect(lines.find((one) => one.nickname === 'M')).deep.include({
      held: '900',
      issued: '2502',
      gross: '-1602',
      carryOut: '0',
    });
    expect(await network.paid(0)).deep.equal([]);

    await network.call('U', 'client', '/client/withdraw', { amount: 100_000n });
    await network.advance(network.schedule(0).bst);
    expect(await network.paid(0)).deep.equal(expected);
    expect(await network.received(0)).deep.equal(expected);
    expect((await dryRun('A', 0)).books).equal('closed');
    expect((await dryRun('A', 0)).lines.map((one) => one.net)).deep.equal(lines.map((one) => one.net));

    // The next interval runs already: 200 · 3.5 of V, and the rest of its money back.
    await network.carry('V', ['B', 'M', 'A'], 200n);
    await network.tick();
    const { balance } = (await network.account('V')).account;
    // 500 000 − 600 · 3.5 − 200 · 3.5
    expect(balance).equal('497200');
    await network.call('V', 'client', '/client/withdraw', { amount: balance });
    await network.advance(network.schedule(1).paymentEnd);
    expect(await network.paid(1)).deep.equal(['B→M 500', 'M→A 300']);

    expect(await network.differences()).deep.equal({ A: 0n, B: 0n, M: 0n });
    expect([await network.wallet('U'), await network.wallet('V')]).deep.equal([9_100_000n, 9_997_200n]);
    expect(await network.surplus()).equal(0n);
  });
});
