/*
 * The paying wallet's rows on PostgreSQL, with a real bitcoind: a batch is paid, undone, sent again and final again; what it holds is exact
 * at each moment. Called by stage.spec.ts; skipped where there is no bitcoind.
 */
import { expect } from 'chai';
import { openDatabase } from '../../host/db/open.ts';
import { migrations } from '../../settlement/main.ts';
import { valueOf, withBitcoind } from '../bitcoin/fixture.ts';
import { batchTo, payingOn, placesOf, receivedBy, rules } from '../bitcoin/paying.ts';
import { later } from '../harness/later.ts';
import type { PostgresServer } from '../harness/postgres.ts';

export function payingOnPostgres(server: () => PostgresServer): void {
  describe('a paying Bitcoin wallet', () => {
    const node = withBitcoind(['-txindex=1', '-blockfilterindex=1']);

    it('pays, replaces, takes up what was undone, and pays once', async () => {
      const database = await openDatabase({ url: await server().createDatabase('bitcoin_paying') }, migrations, 'settlement');
      later(() => database.close());
      const { wallet, reader, fund } = await payingOn(node(), 'postgres', { database });
      await fund([100_000n, 200_000n]);
      const batch = batchTo('postgres', 3);
      expect(valueOf(await wallet.pay(batch))).deep.equal({ waits: 'confirmations' });
      expect(valueOf(await wallet.held())).equal(300_000n);
      // Stuck: another one takes its place.
      for (const txid of (await node().ask('getrawmempool')) as string[])
        await node().ask('prioritisetransaction', txid, 0, -100_000_000);
      await node().mine(2);
      expect(valueOf(await wallet.pay(batch))).deep.equal({ waits: 'confirmations' });
      const [block] = await node().mine(rules.confirmations);
      const paid = valueOf(await wallet.pay(batch));
      expect(valueOf(await wallet.unfinished!())).deep.equal([]);
      await node().ask('invalidateblock', block!);
      for (let mined = 0; mined < 4; mined++) await node().ask('generateblock', placesOf(`empty ${mined}`, 1)[0]!, []);
      expect(valueOf(await wallet.unfinished!())).deep.equal([batch.id]);
      expect(valueOf(await wallet.held())).equal(300_000n);
      expect(valueOf(await wallet.pay(batch))).deep.equal({ waits: 'confirmations' });
      await node().mine(rules.confirmations);
      expect(valueOf(await wallet.pay(batch))).deep.equal(paid);
      expect((await receivedBy(reader, batch)).flat()).deep.equal(batch.outputs.map((one) => one.amount));
    });
  });
}
