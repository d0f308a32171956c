/*
 * The same rows on PostgreSQL: an interval with carry, its payment, a withdrawal and every reading command.
 */
import { expect } from 'chai';
import { GIB } from '../../core/rule/price.ts';
import type { PostgresServer } from '../harness/postgres.ts';
import { balanceOf, openWorld, statesOf } from '../settlement/world.ts';

export function settlementOnPostgres(server: () => PostgresServer): void {
  describe('settlement', () => {
    it('settles, pays, receipts and explains', async () => {
      const running = server();
      const rails = { ledger: { price: 1000n, quantum: 100n, dust: 0n } };
      const place = async (name: string) => ({ url: await running.createDatabase(`settlement_${name.toLowerCase()}`) });
      const world = await openWorld({ names: ['A', 'B'], funds: { A: 10_000n }, parameters: { rails }, place });
      try {
        for (const interval of [0, 1]) world.owe(interval, 'A', 'B', (1250n * GIB) / 1000n + 1n);
        await world.advance(world.schedule(1).bst + 100);
        expect(await statesOf(world, 'A')).deep.equal(['B: receipted 1200', 'B: receipted 1300']);
        expect(await balanceOf(world, 'B')).equal(2500n);
        const order = { id: 'aa'.repeat(16), rail: 'ledger', destination: world.of('B').wallet.at('x'), amount: '500' };
        await world.local('A', '/settlement/withdraw', order);
        await world.idle();
        expect(await world.local('A', '/settlement/withdraw', order)).deep.include({ ok: true });
        const books = await world.local('A', '/settlement/reconcile', {});
        const wallet = (books as { value: { wallets: object[] } }).value.wallets[0];
        expect(wallet).deep.include({ settlementsPaid: '2500', withdrawn: '500', balance: '7000', difference: '0' });
        for (const path of ['earnings', 'dry-run', 'statements-list']) {
          expect((await world.local('B', `/settlement/${path}`, { interval: 0 })).ok, path).equal(true);
        }
        for (const path of ['status', 'payouts', 'wallet']) {
          expect((await world.local('B', `/settlement/${path}`, {})).ok, path).equal(true);
        }
        await world.advance(world.schedule(0).appealEnd);
      } finally {
        await world.close();
      }
    });
  });
}
