/*
 * What the Bitcoin rail and the guard keep for it, on PostgreSQL: addresses that several guards of a family give out at once, and a
 * credit that is taken back. No node is asked. Called by stage.spec.ts.
 */
import { expect } from 'chai';
import { insertAccount } from '../../guard/account/store.ts';
import { readCredited, saveDeposit, takeBack } from '../../guard/deposit/store.ts';
import { migrations } from '../../guard/migrations.ts';
import { drivenClock } from '../../host/clock.ts';
import { openDatabase } from '../../host/db/open.ts';
import type { Database } from '../../host/ports.ts';
import { bip32 } from '../../rail/bitcoin/curve.ts';
import { parseAccount } from '../../rail/bitcoin/descriptor.ts';
import { chains } from '../../rail/bitcoin/network.ts';
import { bitcoinReceiving } from '../../rail/bitcoin/receiving.ts';
import { createRpc } from '../../rail/bitcoin/rpc.ts';
import type { Receiving } from '../../rail/rail.ts';
import { later } from '../harness/later.ts';
import type { PostgresServer } from '../harness/postgres.ts';
import { testSeed } from '../harness/view.ts';

export function bitcoinOnPostgres(server: () => PostgresServer): void {
  describe('addresses and credits of Bitcoin', () => {
    it('two guards at once give out no address twice, and none past the gap limit', async () => {
      const place = { url: await server().createDatabase('bitcoin_addresses') };
      const key = bip32.fromSeed(testSeed('family'), chains.regtest.prefixes).derivePath("m/84'/1'/0'").neutered();
      const account = parseAccount(key.toBase58(), chains.regtest);
      if (!account.ok) throw new Error(account.refusal.about);
      const rpc = createRpc({ url: 'http://127.0.0.1:1', login: async () => 'none:none' });
      later(async () => rpc.close());
      const guards: { database: Database; receiving: Receiving }[] = [];
      for (const owner of ['guard G', 'guard H']) {
        const database = await openDatabase(place, migrations, 'guard', owner);
        later(() => database.close());
        const options = { rpc, account: account.value, database, clock: drivenClock(1), gapLimit: 12, shownFrom: 0 };
        guards.push({ database, receiving: bitcoinReceiving(options) });
      }
      const give = async (name: string, guard: { database: Database; receiving: Receiving }) =>
        guard.database.transaction((tx) => guard.receiving.destination(tx, name));
      // The same twelve names at both.
      const names = Array.from({ length: 12 }, (_, index) => `u${index}`);
      const given = await Promise.all(names.flatMap((name) => guards.map((guard) => give(name, guard))));
      const addresses = given.map((one) => (one.ok ? one.value : one.refusal.code));
      expect(new Set(addresses).size).equal(12);
      names.forEach((_, index) => expect(addresses[2 * index]).equal(addresses[2 * index + 1]));
      const full = await give('one more', guards[0]!);
      expect(full.ok ? null : full.refusal.code).equal('bitcoin-gap');
    });

    it('a credit that is taken back leaves its row', async () => {
      const database = await openDatabase({ url: await server().createDatabase('bitcoin_undone') }, migrations, 'guard');
      later(() => database.close());
      const watched = { rail: 'bitcoin', wallet: 'w' };
      const deposit = { payment: 'p', subscriber: 's', amount: 2n ** 53n + 1n, at: 5, confirmed: true, height: 10 };
      const rows = await database.transaction(async (tx) => {
        await insertAccount(tx, 's', 'bitcoin', 'd', 1);
        await saveDeposit(tx, watched, deposit);
        for (const one of await readCredited(tx, watched, { above: 9, through: 10 })) await takeBack(tx, watched, one, 77);
        expect(await readCredited(tx, watched, { above: 0, through: 100 })).deep.equal([]);
        await saveDeposit(tx, watched, { ...deposit, height: 12 });
        expect(await readCredited(tx, watched, { above: 0, through: 100 })).deep.equal([{ payment: 'p', height: 12 }]);
        return tx.all('SELECT payment, height, noticed, subscriber, CAST(amount AS TEXT) AS amount FROM guard_undone');
      });
      expect(rows).deep.equal([{ payment: 'p', height: 10, noticed: 77, subscriber: 's', amount: '9007199254740993' }]);
    });
  });
}
