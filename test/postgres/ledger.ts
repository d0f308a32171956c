import { expect } from 'chai';
import { transferIdOf } from '../../core/wire/ledger.ts';
import { ledgerReader } from '../../rail/ledger/reader.ts';
import { ledgerWallet } from '../../rail/ledger/wallet.ts';
import { mint } from '../../rail/ledger/mint.ts';
import { runLedger } from '../harness/ledger.ts';
import type { PostgresServer } from '../harness/postgres.ts';
import { testKey, testSeed } from '../harness/view.ts';

export function ledgerOnPostgres(server: () => PostgresServer): void {
  describe('ledger', () => {
    it('books racing payments one after the other, and keeps all of it', async () => {
      const url = await server().createDatabase('ledger');
      const first = await runLedger({ url });
      const outputs = ['a', 'b', 'c', 'd'].map((name) => ({
        destination: `${testKey(name).publicKey}.${'00'.repeat(16)}`,
        amount: 9_007_199_254_740_993n,
      }));
      const issued = await mint({ ...first, mintKey: testKey('mint') }, transferIdOf('test', 'issue'), outputs);
      expect(issued.ok && issued.value.payments).deep.equal(['0', '1', '2', '3']);
      const paid = await Promise.all(
        ['a', 'b', 'c', 'd'].map((name) => {
          const wallet = ledgerWallet({ ...first, key: testKey(name), refSecret: testSeed(name) });
          return wallet.pay({ id: transferIdOf('test', name), outputs: [{ ...outputs[0]!, amount: 1n }] });
        }),
      );
      expect(paid.flatMap((one) => (one.ok ? one.value.payments : [one.refusal.code])).sort()).deep.equal(['4', '5', '6', '7']);
      await first.stop();
      const second = await runLedger({ url });
      const balance = await ledgerWallet({ ...second, key: testKey('a'), refSecret: testSeed('a') }).balance();
      expect(balance.ok && balance.value).equal(9_007_199_254_740_993n + 3n);
      const reader = ledgerReader(second);
      const proof = await reader.prove('7');
      expect(proof.ok && reader.verify(proof.value)?.amount).equal(1n);
      await second.stop();
    });
  });
}
