/*
 * A node that is down while statements are exchanged (rule 9): as a creditor it is paid at its fallback, as a debtor it pays when it
 * is back, within the payment window or, by its operator's word, after it.
 */
import { expect } from 'chai';
import { openNetwork, type TestNetwork } from './network.ts';

interface Pairs {
  readonly statements: readonly {
    readonly id: string;
    readonly nickname: string;
    readonly state: string;
    readonly side: string;
  }[];
}

describe('journey: a silent node', () => {
  let network: TestNetwork;
  beforeEach(async () => {
    network = await openNetwork({
      relays: [{ name: 'G', guard: true }, { name: 'M' }, { name: 'X', exit: true }],
      subscribers: { U: 10_000_000n },
      onDisk: true,
    });
    await network.subscribe('U', 'G', 1_000_000n);
    // G owes M 2 500, M owes X 1 500.
    await network.carry('U', ['G', 'M', 'X'], 1000n);
  });
  afterEach(async () => network.stop());

  const both = ['G→M 2500', 'M→X 1500'];
  const pairs = async (name: string) =>
    (await network.call<Pairs>(name, 'settlement', '/settlement/statements-list', { interval: 0 })).statements;
  const states = async (name: string) => (await pairs(name)).map((one) => `${one.nickname} ${one.state}`).sort();

  async function down(name: string, until: number): Promise<void> {
    await network.advance(network.schedule(0).cutOff + 60);
    await network.world.stopNode(name);
    await network.advance(until);
  }
  async function up(name: string): Promise<void> {
    await network.world.startNode(name);
    await network.idle();
  }
  async function expectAllExplained(): Promise<void> {
    expect(await network.differences()).deep.equal({ G: 0n, M: 0n, X: 0n });
    expect(await network.surplus()).equal(0n);
  }

  it('a creditor is paid at its fallback, learns of it when it is back, and is not paid again', async () => {
    const { bst, paymentEnd, contestEnd } = network.schedule(0);
    const before = await network.wallet('X');
    await down('X', bst);
    // No statement, and no letter at the authority: there is nothing to wait for.
    expect(await network.paid(0)).deep.equal(both);
    expect(await network.wallet('X')).equal(before + 1500n);
    await network.advance(bst + 600);
    await up('X');
    await network.advance(paymentEnd);
    expect(await network.received(0)).deep.equal(both);
    expect([await states('M'), await states('X')]).deep.equal([['G receipted', 'X receipted'], ['M receipted']]);
    await network.advance(contestEnd);
    expect(await network.wallet('X')).equal(before + 1500n);
    await expectAllExplained();
  });

  it('a debtor pays when it is back within the window', async () => {
    const { bst, paymentEnd } = network.schedule(0);
    await down('M', bst + 60);
    expect(await network.paid(0)).deep.equal(['G→M 2500']);
    await up('M');
    await network.advance(paymentEnd);
    expect(await network.paid(0)).deep.equal(both);
    expect(await network.received(0)).deep.equal(both);
    expect(await states('M')).deep.equal(['G receipted', 'X receipted']);
    await expectAllExplained();
  });

  it('a debtor that is back after the window pays late, when its operator says so', async () => {
    const { paymentEnd, contestEnd } = network.schedule(0);
    await down('M', paymentEnd + 60);
    expect(await states('X')).deep.equal(['M contested']);
    await up('M');
    await network.advance(paymentEnd + 600);
    expect(await network.paid(0)).deep.equal(['G→M 2500']);
    const owed = (await pairs('M')).filter((one) => one.side === 'debtor');
    expect(owed.map((one) => `${one.nickname} ${one.state}`)).deep.equal(['X lapsed']);
    await network.call('M', 'settlement', '/settlement/payouts-approve', { ids: owed.map((one) => one.id) });
    await network.advance(contestEnd);
    expect(await network.paid(0)).deep.equal(both);
    expect(await network.received(0)).deep.equal(both);
    expect([await states('M'), await states('X')]).deep.equal([['G receipted', 'X receipted'], ['M receipted']]);
    await expectAllExplained();
  });
});
