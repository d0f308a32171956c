/*
 * Payouts on a real node: what is paid is in the chain once, and proven; and what is refused has paid nothing.
 */
import { expect } from 'chai';
import { btcOf } from '../../rail/bitcoin/amount.ts';
import { derivation } from '../../rail/bitcoin/derive.ts';
import { CHANGE } from '../../rail/bitcoin/descriptor.ts';
import { chains } from '../../rail/bitcoin/network.ts';
import { parsePayment } from '../../rail/bitcoin/payment.ts';
import { scriptOf } from '../../rail/bitcoin/address.ts';
import type { Coin } from '../../rail/bitcoin/wallet/coin.ts';
import { verifyBitcoinProof } from '../../rail/bitcoin/proof/verify.ts';
import { bitcoinReader } from '../../rail/bitcoin/reader.ts';
import { accountFrom, signerFrom } from '../../rail/bitcoin/wallet/keys.ts';
import { coinsIn, psbtOf, signAll } from '../../rail/bitcoin/wallet/psbt.ts';
import { readBatch } from '../../rail/bitcoin/wallet/store.ts';
import { paidNothing, type Batch, type BatchPaid, type Wallet } from '../../rail/rail.ts';
import { undoAll } from '../harness/later.ts';
import { testSeed } from '../harness/view.ts';
import { codeOf } from '../rail/bitcoin/answers.ts';
import { valueOf, withBitcoind } from './fixture.ts';
import { bankPays, batchOf, batchTo, fees, payingOn, placesOf, receivedBy, rules } from './paying.ts';

afterEach(undoAll);

const amounts = (count: number, each: bigint): bigint[] => Array.from({ length: count }, (_, index) => each + BigInt(index));
const waits = { waits: 'confirmations' };

describe('payouts on bitcoind', () => {
  const node = withBitcoind(['-txindex=1', '-blockfilterindex=1']);

  async function final(wallet: Wallet, batch: Batch): Promise<BatchPaid> {
    await node().mine(rules.confirmations);
    const paid = valueOf(await wallet.pay(batch));
    if ('waits' in paid) throw new Error(`it waits for ${paid.waits}`);
    return paid;
  }

  async function refused(wallet: Wallet, batch: Batch, code: string): Promise<void> {
    const answer = await wallet.pay(batch);
    expect(codeOf(answer)).equal(code);
    if (!answer.ok) expect(paidNothing(answer.refusal), code).equal(true);
  }

  for (const kind of ['wpkh', 'tr'] as const) {
    it(`${kind}: 500 creditors from 50 coins: accepted, confirmed, proven`, async () => {
      const { wallet, reader, fund } = await payingOn(node(), `large ${kind}`, { kind });
      await fund(amounts(50, 200_000n));
      const held = valueOf(await wallet.held());
      expect(valueOf(await wallet.balance())).equal(held);
      const batch = batchTo(`creditors ${kind}`, 500);
      const quote = valueOf(await wallet.quote(500));
      expect(valueOf(await wallet.pay(batch))).deep.equal(waits);
      expect(valueOf(await wallet.held()), 'the books still have it').equal(held);
      await node().mine(1);
      expect(valueOf(await wallet.pay(batch))).deep.equal(waits);
      await node().mine(1);
      const paid = valueOf(await wallet.pay(batch));
      if ('waits' in paid) throw new Error('it is final');
      expect(paid.fee > 40_000n && paid.fee <= quote, `${paid.fee} of ${quote}`).equal(true);
      const total = batch.outputs.reduce((sum, one) => sum + one.amount, 0n);
      expect(valueOf(await wallet.held())).equal(held - total - paid.fee);
      expect(valueOf(await wallet.balance())).equal(held - total - paid.fee);
      expect(new Set(paid.payments).size).equal(500);
      for (const place of [0, 1, 250, 499]) {
        const payment = paid.payments[place]!;
        const proof = valueOf(await reader.prove(payment));
        expect(reader.verify(proof)).deep.include({ payment, ...batch.outputs[place] });
      }
      const some = { ...batch, outputs: batch.outputs.slice(0, 20) };
      expect((await receivedBy(reader, some)).flat()).deep.equal(some.outputs.map((one) => one.amount));
      expect(valueOf(await wallet.pay(batch)), 'asked again').deep.equal(paid);
    });
  }

  it('proves what is confirmed deep enough, and nothing else', async () => {
    const { wallet, reader, fund } = await payingOn(node(), 'proving');
    await fund([100_000n]);
    const batch = batchTo('proving', 1);
    expect(valueOf(await wallet.pay(batch))).deep.equal(waits);
    const [txid] = await mempoolOf();
    expect(codeOf(await reader.prove(`${txid}:0`))).equal('bitcoin-unconfirmed');
    await node().mine(1);
    expect(codeOf(await reader.prove(`${txid}:0`))).equal('bitcoin-unconfirmed');
    const paid = await final(wallet, batch);
    const proof = valueOf(await reader.prove(paid.payments[0]!));
    const stricter = [{ confirmations: 4 }, { difficulty: 1n }, { chain: 'test' }] as const;
    expect(reader.verify(proof)?.amount).equal(10_000n);
    for (const one of stricter) expect(verifyBitcoinProof({ ...rules, ...one }, proof), Object.keys(one)[0]).equal(null);
    for (const name of [`${txid}:2`, `${'00'.repeat(32)}:0`, `${txid}`, `${txid}:01`, '7', ''])
      expect(codeOf(await reader.prove(name)), name).oneOf(['bitcoin-unknown', 'bitcoin-unconfirmed']);
    expect(codeOf(await bitcoinReader({ rules, rpc: null }).prove(paid.payments[0]!))).equal('bitcoin-down');
    expect(codeOf(await reader.history('nowhere'))).equal('bitcoin-destination');
    expect([
      reader.isDestination(batch.outputs[0]!.destination),
      reader.isDestination('1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2'),
    ]).deep.equal([true, false]);
    expect(reader.isDestination(batch.outputs[0]!.destination, 293n)).equal(false);
  });

  it('outputs stand in no order that tells anything, and the change looks like one of them', async () => {
    const { wallet, fund } = await payingOn(node(), 'order');
    await fund([...amounts(6, 1_000_000n)]);
    const change = derivation(accountFrom(testSeed('order'), chains.regtest, 0), CHANGE);
    const places = new Set<number>();
    for (let round = 0; round < 5; round++) {
      const batch = batchTo(`order ${round}`, 6);
      const before = valueOf(await wallet.pay(batch));
      expect(before).deep.equal(waits);
      const paid = await final(wallet, batch);
      const given = paid.payments.map((one) => parsePayment(one)!.output);
      places.add([0, 1, 2, 3, 4, 5, 6].find((place) => !given.includes(place))!);
      expect(given).not.deep.equal([0, 1, 2, 3, 4, 5]);
      const info = (await node().ask('getrawtransaction', parsePayment(paid.payments[0]!)!.txid, 1)) as Shown;
      const rest = info.vout.filter((one) => !given.includes(Number(one.n)));
      expect(rest.map((one) => one.scriptPubKey.address)).deep.equal([change(round).address]);
      expect(info.vin.every((one) => one.sequence === '4294967293')).equal(true);
    }
    expect(places.size).greaterThan(1);
  });

  it('each refusal before there is a transaction has paid nothing, and leaves nothing set aside', async () => {
    const { wallet, again, fund } = await payingOn(node(), 'refused');
    await refused(wallet, batchTo('no funds', 1), 'bitcoin-funds');
    await fund([100_000n, 50_000n]);
    const [place] = placesOf('refused', 1) as [string];
    await refused(
      wallet,
      batchOf('main', [{ destination: 'bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq', amount: 1000n }]),
      'bitcoin-destination',
    );
    await refused(wallet, batchOf('broken', [{ destination: `${place.slice(0, -1)}x`, amount: 1000n }]), 'bitcoin-destination');
    await refused(wallet, batchOf('dust', [{ destination: place, amount: 293n }]), 'bitcoin-dust');
    await refused(wallet, batchOf('all', [{ destination: place, amount: 150_000n }]), 'bitcoin-funds');
    const dear = again({ fees: { ...fees, fallback: 100_001n } });
    await refused(dear, batchOf('dear', [{ destination: place, amount: 1000n }]), 'bitcoin-fee');
    expect(codeOf(await dear.quote(1))).equal('bitcoin-fee');
    expect(valueOf(await dear.balance())).equal(150_000n);
    expect(valueOf(await wallet.balance())).equal(150_000n);
    const exact = batchOf('exact', [{ destination: place, amount: 294n }]);
    expect(valueOf(await wallet.pay(exact))).deep.equal(waits);
    expect((await final(wallet, exact)).payments).length(1);
  });

  it('unconfirmed money is not spent, and what covers the quote is paid', async () => {
    const { wallet, fund } = await payingOn(node(), 'unconfirmed');
    await fund([40_000n]);
    const receiving = derivation(accountFrom(testSeed('unconfirmed'), chains.regtest, 0), 0);
    await bankPays(node(), [{ destination: receiving(7).address, amount: 500_000n }]);
    const batch = batchTo('unconfirmed', 2, 100_000n);
    await refused(wallet, batch, 'bitcoin-funds');
    await node().mine(1);
    await refused(wallet, batch, 'bitcoin-funds');
    expect(valueOf(await wallet.balance())).equal(40_000n);
    await node().mine(1);
    const all = valueOf(await wallet.balance()) - valueOf(await wallet.quote(1));
    const whole = batchOf('whole', [{ destination: placesOf('whole', 1)[0]!, amount: all }]);
    expect(valueOf(await wallet.pay(whole))).deep.equal(waits);
    await final(wallet, whole);
  });

  it('two batches spend different coins; two outputs of one place and amount are two payments', async () => {
    const { wallet, reader, fund } = await payingOn(node(), 'two');
    await fund([100_000n, 100_000n, 100_000n]);
    const [place] = placesOf('two', 1) as [string];
    const twice = batchOf(
      'twice',
      [1, 2].map(() => ({ destination: place, amount: 20_000n })),
    );
    const other = batchTo('other', 3, 20_000n);
    const answers = await Promise.all([wallet.pay(twice), wallet.pay(other), wallet.pay(twice)]);
    expect(answers.map(valueOf)).deep.equal([waits, waits, waits]);
    expect(valueOf(await wallet.balance())).equal(100_000n);
    await refused(wallet, batchTo('third', 1, 100_000n), 'bitcoin-funds');
    const [first, second] = [await final(wallet, twice), await final(wallet, other)];
    expect(new Set([...first.payments, ...second.payments]).size).equal(5);
    expect(await receivedBy(reader, { ...twice, outputs: twice.outputs.slice(0, 1) })).deep.equal([[20_000n, 20_000n]]);
  });

  it('the node is down: nothing is said to be paid or not; back again, the same batch goes on', async () => {
    const { wallet, fund } = await payingOn(node(), 'down');
    await fund([100_000n]);
    const batch = batchTo('down', 1);
    expect(valueOf(await wallet.pay(batch))).deep.equal(waits);
    await node().stop();
    for (const one of [batch, batchTo('down anew', 1)]) {
      const answer = await wallet.pay(one);
      expect(codeOf(answer)).oneOf(['bitcoin-down', 'bitcoin-credentials']);
      if (!answer.ok) expect([paidNothing(answer.refusal), answer.refusal.retry]).deep.equal([false, true]);
    }
    expect(codeOf(await wallet.balance())).oneOf(['bitcoin-down', 'bitcoin-credentials']);
    await node().start();
    expect(valueOf(await wallet.pay(batch))).deep.equal(waits);
    await final(wallet, batch);
  });

  it('stuck: it is replaced by one that pays more, of the same outputs, and paid once', async () => {
    const { wallet, reader, fund } = await payingOn(node(), 'stuck');
    await fund([100_000n, 90_000n]);
    const batch = batchTo('stuck', 3, 20_000n);
    expect(valueOf(await wallet.pay(batch))).deep.equal(waits);
    const [old] = await mempoolOf();
    // Miners leave it out.
    await node().ask('prioritisetransaction', old!, 0, -100_000_000);
    await node().mine(1);
    expect(valueOf(await wallet.pay(batch))).deep.equal(waits);
    expect(await mempoolOf(), 'not yet').deep.equal([old]);
    await node().mine(1);
    expect(valueOf(await wallet.pay(batch))).deep.equal(waits);
    const [fresh] = await mempoolOf();
    expect(fresh).not.equal(old);
    const paid = await final(wallet, batch);
    expect(paid.payments.every((one) => one.startsWith(`${fresh}:`))).equal(true);
    expect(await receivedBy(reader, batch)).deep.equal(batch.outputs.map((one) => [one.amount]));
    const shown = (await node().ask('getrawtransaction', fresh!, 2)) as { fee: string };
    expect(shown.fee).equal(btcOf(paid.fee));
  });

  it('stuck, though the first is mined after all: its names are those of what was confirmed', async () => {
    const { wallet, reader, fund } = await payingOn(node(), 'old one');
    await fund([100_000n]);
    const batch = batchTo('old one', 2, 20_000n);
    expect(valueOf(await wallet.pay(batch))).deep.equal(waits);
    const [old] = await mempoolOf();
    const raw = (await node().ask('getrawtransaction', old!)) as string;
    await node().ask('prioritisetransaction', old!, 0, -100_000_000);
    await node().mine(2);
    expect(valueOf(await wallet.pay(batch))).deep.equal(waits);
    expect(await mempoolOf()).not.include(old);
    await node().ask('generateblock', placesOf('miner', 1)[0]!, [raw]);
    await node().mine(1);
    const paid = valueOf(await wallet.pay(batch));
    if ('waits' in paid) throw new Error('it is final');
    expect(paid.payments.every((one) => one.startsWith(`${old}:`))).equal(true);
    for (const payment of paid.payments) expect(reader.verify(valueOf(await reader.prove(payment)))?.payment).equal(payment);
    expect(await receivedBy(reader, batch)).deep.equal(batch.outputs.map((one) => [one.amount]));
  });

  it('stuck at the cap: it stays as it is', async () => {
    const { again, fund } = await payingOn(node(), 'cap');
    await fund([100_000n]);
    const wallet = again({ fees: { ...fees, max: 2_500n } });
    const batch = batchTo('cap', 1);
    expect(valueOf(await wallet.pay(batch))).deep.equal(waits);
    const before = await mempoolOf();
    await node().ask('prioritisetransaction', before[0]!, 0, -100_000_000);
    await node().mine(3);
    expect(valueOf(await wallet.pay(batch))).deep.equal(waits);
    expect(await mempoolOf()).deep.equal(before);
    await node().ask('prioritisetransaction', before[0]!, 0, 100_000_000);
    await final(wallet, batch);
  });

  it('its block is undone: it goes into another one, and is paid once', async () => {
    const { wallet, reader, fund } = await payingOn(node(), 'undone');
    await fund([100_000n]);
    const batch = batchTo('undone', 2, 20_000n);
    expect(valueOf(await wallet.pay(batch))).deep.equal(waits);
    const [block] = await node().mine(1);
    await node().ask('invalidateblock', block!);
    expect(valueOf(await wallet.pay(batch))).deep.equal(waits);
    const paid = await final(wallet, batch);
    expect(await receivedBy(reader, batch)).deep.equal(batch.outputs.map((one) => [one.amount]));
    expect(reader.verify(valueOf(await reader.prove(paid.payments[0]!)))).not.equal(null);
  });

  it('its coins are spent by another program of the same seed: known to be unpaid once that is deep, and made anew', async () => {
    const { wallet, reader, fund, database } = await payingOn(node(), 'conflict');
    await fund([100_000n]);
    const batch = batchTo('conflict', 1, 20_000n);
    expect(valueOf(await wallet.pay(batch))).deep.equal(waits);
    const kept = await database.transaction((tx) => readBatch(tx, batch.id));
    const theirs = spending('conflict', coinsIn(kept!.transactions[0]!.psbt));
    // Mined without having been in the mempool: that holds the first one.
    await node().ask('generateblock', placesOf('miner', 1)[0]!, [theirs]);
    expect(valueOf(await wallet.pay(batch)), 'not deep yet').deep.equal(waits);
    await node().mine(rules.confirmations);
    await refused(wallet, batch, 'bitcoin-conflict');
    await fund([100_000n]);
    expect(valueOf(await wallet.pay(batch))).deep.equal(waits);
    await final(wallet, batch);
    expect(await receivedBy(reader, batch)).deep.equal([[20_000n]]);
  });

  it('its coins are spent before it is signed: so it is when that is deep, and not before', async () => {
    const { again, fund, database } = await payingOn(node(), 'slow');
    await fund([100_000n]);
    const wallet = again({ signer: null });
    const batch = batchTo('slow', 1, 20_000n);
    expect(valueOf(await wallet.pay(batch))).deep.equal({ waits: 'signature' });
    const kept = await database.transaction((tx) => readBatch(tx, batch.id));
    const theirs = spending('slow', coinsIn(kept!.transactions[0]!.psbt));
    await node().ask('sendrawtransaction', theirs);
    expect(valueOf(await wallet.pay(batch))).deep.equal({ waits: 'signature' });
    await node().mine(1);
    expect(valueOf(await wallet.pay(batch))).deep.equal({ waits: 'signature' });
    await node().mine(rules.confirmations - 1);
    await refused(wallet, batch, 'bitcoin-conflict');
    await refused(wallet, batch, 'bitcoin-funds');
  });

  async function mempoolOf(): Promise<string[]> {
    return (await node().ask('getrawmempool')) as string[];
  }
});

/** Another program with the seed: all of the coins to somebody. */
function spending(seed: string, coins: readonly Coin[]): string {
  const amount = coins.reduce((sum, one) => sum + one.amount, 0n) - 5_000n;
  const outputs = [{ script: scriptOf(placesOf('thief', 1)[0]!, chains.regtest)!, amount }];
  const psbt = psbtOf({ inputs: coins, outputs, fee: 5_000n, vsize: 200n }, chains.regtest);
  signAll(psbt, coins, signerFrom(testSeed(seed), chains.regtest));
  return psbt.extractTransaction().toHex();
}

interface Shown {
  readonly vin: { readonly sequence: string }[];
  readonly vout: { readonly n: string; readonly scriptPubKey: { readonly address: string } }[];
}
