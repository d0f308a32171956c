/*
 * A subscriber's journey through the running roles: subscribe, deposit, traffic, a tally that both sign, low, cut off with nothing
 * owed, top-up, traffic again, the bill, and the rest back in its own wallet.
 */
import { expect } from 'chai';
import { openNetwork, type TestNetwork } from './network.ts';

const path = ['G', 'M', 'X'];
interface Bills {
  readonly bills: readonly {
    readonly bill: { readonly body: { charge: string; circuitBytes: string } };
    readonly signed: string;
  }[];
}
interface Withdrawals {
  readonly withdrawals: readonly { readonly state: string; readonly amount: string }[];
}

describe('journey: subscriber', () => {
  let network: TestNetwork;
  afterEach(async () => network.stop());

  it('from subscription to withdrawal', async () => {
    network = await openNetwork({
      relays: [{ name: 'G', guard: true }, { name: 'M' }, { name: 'X', exit: true }],
      subscribers: { U: 10_000_000n },
      parameters: { startingBytes: 25_700n },
    });
    const { account, carry, call, tick, wallet } = network;
    await network.subscribe('U', 'G', 2_000_000n);
    expect((await account('U')).account).deep.include({ deposited: '2000000', balance: '2000000', state: 'open' });
    expect(await wallet('U')).equal(8_000_000n);

    // 500 000 · 3.5 = 1 750 000
    expect(await carry('U', path, 500_000n)).equal(500_000n);
    await tick();
    expect(await account('U')).deep.include({ signed: '1750000', refused: null, fresh: true });
    expect((await account('U')).account).deep.include({ spent: '1750000', balance: '250000', state: 'open' });

    // 30 000 · 3.5 = 105 000 leave 145 000: below a tenth of the deposit, above one starting amount (89 950).
    expect(await carry('U', path, 30_000n)).equal(30_000n);
    await tick();
    expect((await account('U')).account).deep.include({ balance: '145000', state: 'low' });

    // 41 428 bytes cost 144 998; the next would cost 3.5 and there are 2.
    const last = await network.open('U', path);
    expect(await last?.carry(100_000n)).equal(41_428n);
    expect(await last?.carry(1n)).equal(0n);
    await network.idle();
    expect(await network.open('U', path)).equal(null);
    await tick();
    const cutOff = await account('U');
    expect(cutOff.account).deep.include({ spent: '1999998', balance: '2', state: 'cut-off' });
    expect(cutOff).deep.include({ signed: '1999998', refused: null });

    await call('U', 'client', '/client/deposit', { amount: 1_000_000n });
    expect((await account('U')).account).deep.include({ deposited: '3000000', balance: '1000002', state: 'open' });
    expect(await carry('U', path, 100_000n)).equal(100_000n);
    await tick();

    // 671 428 bytes at 3.5
    const { bills } = await call<Bills>('U', 'client', '/client/bills', { interval: 0 });
    expect(bills.map(({ bill, signed }) => [bill.body.circuitBytes, bill.body.charge, signed])).deep.equal([
      ['671428', '2349998', '2349998'],
    ]);

    const rest = 3_000_000n - 2_349_998n;
    expect(await network.refusal('U', 'client', '/client/withdraw', { amount: rest + 1n })).equal('withdraw-funds');
    await call('U', 'client', '/client/withdraw', { amount: rest });
    await tick();
    const { withdrawals } = await call<Withdrawals>('U', 'client', '/client/withdrawals', {});
    // The first was refused.
    expect(withdrawals.map((one) => one.state).sort()).deep.equal(['paid', 'refused']);
    expect((await account('U')).account).deep.include({ withdrawn: '650002', balance: '0', state: 'cut-off' });
    expect(await wallet('U')).equal(7_650_002n);

    // What the guard took is passed on: 2.5 and 1.5 of each byte's 3.5.
    await network.advance(network.schedule(0).bst);
    expect(await network.paid(0)).deep.equal(['G→M 1678570', 'M→X 1007142']);
    expect(await network.differences()).deep.equal({ G: 0n, M: 0n, X: 0n });
    expect(await network.surplus()).equal(0n);
  });
});
