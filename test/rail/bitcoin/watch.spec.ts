/*
 * Which output scripts are a wallet's own: those given out, and the next ones up to the gap limit, further with each that is paid to.
 */
import { expect } from 'chai';
import { openDatabase } from '../../../host/db/open.ts';
import type { Database } from '../../../host/ports.ts';
import { bip32 } from '../../../rail/bitcoin/curve.ts';
import { derivation } from '../../../rail/bitcoin/derive.ts';
import { parseAccount, RECEIVING } from '../../../rail/bitcoin/descriptor.ts';
import { chains } from '../../../rail/bitcoin/network.ts';
import { insertAddress, readHighest } from '../../../rail/bitcoin/store.ts';
import { bitcoinAddressTables } from '../../../rail/bitcoin/tables.ts';
import { createWatch } from '../../../rail/bitcoin/watch.ts';
import { testSeed } from '../../harness/view.ts';

describe('the scripts that a wallet watches', () => {
  const chain = chains.regtest;
  const account = parseAccount(bip32.fromSeed(testSeed('watch'), chain.prefixes).neutered().toBase58(), chain);
  if (!account.ok) throw new Error(account.refusal.about);
  const derive = derivation(account.value, RECEIVING);
  const watchOf = () => createWatch({ chain, wallet: 'w', gapLimit: 3, derive });
  const seen = (watch: ReturnType<typeof watchOf>) =>
    Array.from({ length: 20 }, (_, index) => index).filter((index) => watch.find(derive(index).script)?.position === index);
  const upTo = (last: number) => Array.from({ length: last + 1 }, (_, index) => index);

  let database: Database;
  beforeEach(async () => {
    database = await openDatabase({ file: ':memory:' }, [{ name: '001-bitcoin', statements: bitcoinAddressTables }]);
  });
  afterEach(() => database.close());
  const give = (position: number) =>
    database.transaction((tx) =>
      insertAddress(tx, 'w', { position, name: `u${position}`, address: derive(position).address, given: 1, used: false }),
    );

  it('reach as far as the gap limit beyond the last that was given out', async () => {
    const watch = watchOf();
    expect(seen(watch)).deep.equal([]);
    await database.transaction((tx) => watch.load(tx));
    expect(seen(watch)).deep.equal(upTo(3));
    for (const position of [1, 2, 7]) await give(position);
    await database.transaction((tx) => watch.load(tx));
    expect(seen(watch)).deep.equal(upTo(10));
    expect(watch.find(new Uint8Array())).equal(null);
  });

  it('reach further with each that is paid to, at once; and it is written down', async () => {
    const watch = watchOf();
    await give(1);
    await database.transaction((tx) => watch.load(tx));
    expect(seen(watch)).deep.equal(upTo(4));
    watch.use({ position: 4, address: derive(4).address });
    expect(seen(watch)).deep.equal(upTo(7));
    watch.use({ position: 1, address: derive(1).address });
    await database.transaction((tx) => watch.save(tx, 9));
    expect(await database.transaction((tx) => readHighest(tx, 'w'))).deep.equal({ given: 4, used: 4 });
    const later = watchOf();
    await database.transaction((tx) => later.load(tx));
    expect(seen(later)).deep.equal(upTo(7));
  });
});
