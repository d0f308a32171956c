/*
 * An independent wallet beside ours: Electrum derives the same addresses from our account, reads our unsigned PSBT as we mean it, and what
 * it signs our wallet takes and the node sends (BIP 32, 84, 174).
 */
import { expect } from 'chai';
import { z } from 'zod';
import { bip32 } from '../../rail/bitcoin/curve.ts';
import { derivation } from '../../rail/bitcoin/derive.ts';
import { CHANGE, parseAccount, RECEIVING, type Branch } from '../../rail/bitcoin/descriptor.ts';
import { chains } from '../../rail/bitcoin/network.ts';
import { accountFrom } from '../../rail/bitcoin/wallet/keys.ts';
import { electrumProgram, openElectrum, type Electrum } from '../harness/electrum.ts';
import { undoAll } from '../harness/later.ts';
import { testSeed } from '../harness/view.ts';
import { codeOf } from '../rail/bitcoin/answers.ts';
import { valueOf, withBitcoind } from './fixture.ts';
import { batchTo, payingOn, receivedBy, rules } from './paying.ts';

const NAME = 'electrum';
const ADDRESSES = 200;
const chain = chains.regtest;
const account = accountFrom(testSeed(NAME), chain, 0);

const parsed = z.object({
  inputs: z.array(z.object({ prevout_hash: z.string(), prevout_n: z.int(), value_sats: z.int() })),
  outputs: z.array(z.object({ address: z.string(), value_sats: z.int() })),
});

describe('Electrum beside our wallet', function () {
  const node = withBitcoind(['-txindex=1', '-blockfilterindex=1']);
  let electrum: Electrum;

  before(async function () {
    const program = electrumProgram();
    if (program === null) return void this.skip();
    electrum = openElectrum(program);
    const master = bip32.fromSeed(testSeed(NAME), chain.prefixes);
    const secret = master.derivePath("m/84'/1'/0'").toBase58();
    for (const [wallet, key] of [
      ['watch', account.key.toBase58()],
      ['hot', secret],
    ] as const) {
      await electrum.ask(['restore', await electrum.ask(['convert_xkey', key, 'p2wpkh'])], wallet);
      await electrum.ask(['changegaplimit', String(ADDRESSES), '--iknowwhatimdoing'], wallet);
    }
  });
  after(() => electrum?.remove());
  afterEach(undoAll);

  const ours = (branch: Branch): string[] => {
    const derive = derivation(account, branch);
    return Array.from({ length: ADDRESSES }, (_, index) => derive(index).address);
  };
  const theirs = async (branch: string): Promise<string[]> =>
    z.array(z.string()).parse(JSON.parse(await electrum.ask(['listaddresses', branch], 'watch')));

  it('derives the same addresses from our xpub, as vpub too', async () => {
    const receiving = await theirs('--receiving');
    expect(receiving).length(ADDRESSES);
    expect(receiving).deep.equal(ours(RECEIVING));
    // As many as it keeps ahead of change, which is fewer.
    const change = await theirs('--change');
    expect(change.length).greaterThan(5);
    expect(change).deep.equal(ours(CHANGE).slice(0, change.length));
    const vpub = await electrum.ask(['getmpk'], 'watch');
    expect(vpub).match(/^vpub/);
    const read = valueOf(parseAccount(vpub, chain));
    expect(read.key.toBase58()).equal(account.key.toBase58());
  });

  it('reads our unsigned PSBT as we mean it, signs it, and the node sends what it signed', async () => {
    const { again, fund, reader } = await payingOn(node(), NAME);
    await fund([400_000n, 300_000n, 200_000n]);
    const wallet = again({ signer: null });
    const batch = batchTo(NAME, 12, 50_000n);
    expect(valueOf(await wallet.pay(batch))).deep.equal({ waits: 'signature' });
    const signing = wallet.signing!;
    const [waiting] = await signing.unsigned();
    const { inputs, outputs } = parsed.parse(JSON.parse(await electrum.ask(['deserialize', waiting!.unsigned])));
    const paid = new Map(batch.outputs.map(({ destination, amount }) => [destination, Number(amount)]));
    const change = outputs.filter((one) => !paid.has(one.address));
    expect(new Map(outputs.filter((one) => paid.has(one.address)).map((one) => [one.address, one.value_sats]))).deep.equal(paid);
    expect(change.map((one) => one.address)).deep.equal(ours(CHANGE).slice(0, 1));
    const [held, given] = [inputs, outputs].map((all) => all.reduce((sum, one) => sum + one.value_sats, 0)) as [number, number];
    expect(held - given).within(1, 10_000);

    // The watching half has no key: it gives back what it was given, unsigned.
    expect(codeOf(await signing.takeSigned(await electrum.ask(['signtransaction', waiting!.unsigned], 'watch')))).equal(
      'bitcoin-unsigned',
    );
    const signed = await electrum.ask(['signtransaction', waiting!.unsigned], 'hot');
    expect(valueOf(await signing.takeSigned(signed)).payment).equal(waiting!.payment);
    expect(valueOf(await wallet.pay(batch))).deep.equal({ waits: 'confirmations' });
    await node().mine(rules.confirmations);
    const done = valueOf(await wallet.pay(batch));
    expect(done).property('payments').length(12);
    expect((await receivedBy(reader, batch)).flat().map(Number)).deep.equal([...paid.values()]);
  });
});
