/*
 * Settlement roles that pay one another on a real node: due, sent, confirmed, proven, receipted; every unit in the books; and a contest of
 * what was paid, which the chain's own proof dismisses.
 */
import { expect } from 'chai';
import { GIB } from '../../core/rule/price.ts';
import { drivenClock } from '../../host/clock.ts';
import { seededEntropy } from '../../host/entropy.ts';
import { silentLog } from '../../host/log.ts';
import { derivation } from '../../rail/bitcoin/derive.ts';
import { RECEIVING } from '../../rail/bitcoin/descriptor.ts';
import { chains } from '../../rail/bitcoin/network.ts';
import { bitcoinReader } from '../../rail/bitcoin/reader.ts';
import { bitcoinReceiving } from '../../rail/bitcoin/receiving.ts';
import { refuseBitcoin } from '../../rail/bitcoin/refusals.ts';
import type { Rpc } from '../../rail/bitcoin/rpc.ts';
import { accountFrom, signerFrom } from '../../rail/bitcoin/wallet/keys.ts';
import { bitcoinWallet } from '../../rail/bitcoin/wallet/wallet.ts';
import { later, undoAll } from '../harness/later.ts';
import { testSeed } from '../harness/view.ts';
import { openWorld, statesOf, type RailOfAll, type World } from '../settlement/world.ts';
import { withBitcoind } from './fixture.ts';
import { bankPays, fees, rules } from './paying.ts';

afterEach(undoAll);

/** After every block that was mined by the machine's own clock. */
const GENESIS = 1_900_000_000;
const price = 1_000_000n;
const chain = chains.regtest;

describe('settlement in Bitcoin', function () {
  // Each step is a call of a node on a busy machine.
  this.timeout(300_000);
  const node = withBitcoind(['-txindex=1', '-blockfilterindex=1']);
  let story = 0;
  let world: World;
  let placeOf: RailOfAll['fallback'];
  const away = new Set<string>();

  async function open(names: readonly string[], funds: Readonly<Record<string, bigint>>): Promise<void> {
    const label = `story ${(story += 1)}`;
    // The node’s time does not go back.
    const genesis = GENESIS + story * 1_000_000;
    const accountOf = (name: string) => accountFrom(testSeed(`${label} ${name}`), chain, 0);
    await node().ask('setmocktime', genesis);
    for (const [name, amount] of Object.entries(funds)) {
      const address = derivation(accountOf(name), RECEIVING)(0).address;
      await bankPays(node(), [{ destination: address, amount }]);
    }
    await node().mine(rules.confirmations);
    const rail: RailOfAll = {
      name: 'bitcoin',
      reader: bitcoinReader({ rules, rpc: null }),
      fallback: (name) => derivation(accountOf(name), RECEIVING)(0).address,
      of(name, database) {
        const rpc = whileAway(node().rpc, name);
        const account = accountOf(name);
        const ports = { database, entropy: seededEntropy(`${label} ${name}`), log: silentLog() };
        const clock = drivenClock(genesis);
        const receiving = bitcoinReceiving({ rpc, account, database, clock, gapLimit: 20, shownFrom: rules.confirmations });
        const wallet = bitcoinWallet({
          ...{ receiving, ports, rpc, rules, accounts: [account], fees, birthday: 0, gapLimit: 20, replaceAfterBlocks: 6 },
          signer: signerFrom(testSeed(`${label} ${name}`), chain),
        });
        return { wallet, reader: bitcoinReader({ rules, rpc }) };
      },
    };
    const rails = { bitcoin: { price, quantum: 1000n, dust: 1000n } };
    world = await openWorld({ names, rail, parameters: { genesis, rails } });
    placeOf = rail.fallback;
    later(() => world.close());
  }

  function whileAway(rpc: Rpc, name: string): Rpc {
    const down = () => ({ ...refuseBitcoin('bitcoin-down', name), rpcCode: null });
    return {
      call: async (...call) => (away.has(name) ? down() : rpc.call(...call)),
      batch: async (...calls) => (away.has(name) ? down() : rpc.batch(...calls)),
      wallet: (of) => whileAway(rpc.wallet(of), name),
      close: () => {},
    };
  }

  /** The world's clock, and the node's with it. */
  async function advance(to: number, blocks = 0): Promise<void> {
    await world.advance(to);
    await node().ask('setmocktime', to);
    if (blocks > 0) await node().mine(blocks);
  }

  const booksOf = async (name: string) => {
    const shown = (await world.local(name, '/settlement/reconcile', {})) as { value: { wallets: Record<string, string>[] } };
    return shown.value.wallets[0]!;
  };

  it('a batch is sent at the BST, and receipted when it is deep enough; every unit is in the books', async () => {
    await open(['A', 'B', 'C'], { A: 10n * price, B: price });
    world.owe(0, 'A', 'B', 2n * GIB);
    world.owe(0, 'A', 'C', 3n * GIB);
    const { bst, paymentEnd } = world.schedule(0);
    await advance(bst + 60);
    expect(await statesOf(world, 'A')).deep.equal([`B: paying ${2n * price}`, `C: paying ${3n * price}`]);
    expect((await node().ask('getrawmempool')) as string[]).length(1);
    expect(await booksOf('A')).include({ difference: '0', balance: String(10n * price) });
    await advance(bst + 120, 1);
    await advance(bst + 180);
    expect(await statesOf(world, 'B')).deep.equal([`A: expecting ${2n * price}`]);
    await advance(bst + 190, 1);
    await advance(paymentEnd - 60);
    for (const [name, amount] of [
      ['B', 2n * price],
      ['C', 3n * price],
    ] as const) {
      expect(await statesOf(world, name)).deep.equal([`A: receipted ${amount}`]);
      expect(await booksOf(name)).include({ difference: '0', settlementsReceived: String(amount) });
    }
    expect(await statesOf(world, 'A')).deep.equal([`B: receipted ${2n * price}`, `C: receipted ${3n * price}`]);
    const books = await booksOf('A');
    expect(books).include({ difference: '0', settlementsPaid: String(5n * price) });
    expect(BigInt(books['fees']!) > 0n).equal(true);
  });

  it('too few funds: what they cover is paid, and the rest as its own income comes', async () => {
    await open(['A', 'B', 'C'], { A: 3n * price });
    world.owe(0, 'A', 'B', 2n * GIB);
    world.owe(0, 'A', 'C', 2n * GIB);
    const { bst, paymentEnd } = world.schedule(0);
    await advance(bst + 60);
    const states = await statesOf(world, 'A');
    expect(states.map((one) => one.slice(3).split(' ')[0]).sort()).deep.equal(['awaiting', 'paying']);
    await node().mine(rules.confirmations);
    // To the address that the descriptor names.
    await bankPays(node(), [{ destination: placeOf('A'), amount: price + 50_000n }]);
    await advance(bst + 600, rules.confirmations);
    await advance(bst + 1200);
    await advance(bst + 1300, rules.confirmations);
    await advance(paymentEnd - 60);
    expect(await statesOf(world, 'A')).deep.equal([`B: receipted ${2n * price}`, `C: receipted ${2n * price}`]);
    expect(await booksOf('A')).include({ difference: '0', otherIncome: String(price + 50_000n) });
  });

  it('who was paid and does not see it contests; the chain’s proof dismisses it', async () => {
    await open(['A', 'B'], { A: 10n * price });
    world.owe(0, 'A', 'B', GIB);
    const { bst, paymentEnd } = world.schedule(0);
    await advance(bst - 1);
    away.add('B');
    later(async () => away.clear());
    await advance(bst + 60, rules.confirmations);
    await advance(paymentEnd - 10);
    expect(await statesOf(world, 'A')).deep.equal([`B: paid ${price}`]);
    world.down.add('appeal:B');
    const { contestEnd } = world.schedule(0);
    await advance(contestEnd - 10);
    expect(world.docket.posted).deep.equal(['contest B>A: open', 'appeal A payment: dismissed']);
  });
});
