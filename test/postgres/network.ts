/*
 * A network whose relays keep everything on PostgreSQL, one database an operator for all its roles: an interval with a carry, restarts,
 * and the interval that pays it. Called by stage.spec.
 */
import { expect } from 'chai';
import type { PostgresServer } from '../harness/postgres.ts';
import { openNetwork, type TestNetwork } from '../journeys/network.ts';

export function networkOnPostgres(running: () => PostgresServer): void {
  describe('a network', () => {
    let network: TestNetwork;
    afterEach(async () => network.stop());

    it('carries, restarts and pays', async () => {
      const urls = new Map<string, string>();
      for (const name of ['G', 'M', 'X']) urls.set(name, await running().createDatabase(`network_${name.toLowerCase()}`));
      network = await openNetwork({
        relays: [{ name: 'G', guard: true }, { name: 'M' }, { name: 'X', exit: true }],
        subscribers: { U: 10_000_000n },
        parameters: { rails: { ledger: { price: 2n ** 30n, quantum: 1000n, dust: 0n } } },
        onDisk: true,
        databases: (name) => {
          const url = urls.get(name) as string;
          return { relay: url, settlement: url, ...(name === 'G' ? { guard: url } : {}) };
        },
      });
      await network.subscribe('U', 'G', 1_000_000n);
      // 2 501 · 2.5 = 6 252.5 and 2 501 · 1.5 = 3 751.5
      await network.carry('U', ['G', 'M', 'X'], 2501n);
      await network.advance(network.schedule(0).bst);
      expect(await network.paid(0)).deep.equal(['G→M 6000', 'M→X 3000']);
      for (const name of ['G', 'M', 'X']) {
        await network.world.stopNode(name);
        await network.world.startNode(name);
      }
      // G has forgotten the session of before and ends it: the next circuit begins another.
      expect(await network.carry('U', ['G', 'M', 'X'], 700n)).equal(0n);
      // 700 · 2.5 + 252 = 2 002 and 700 · 1.5 + 751 = 1 801
      await network.carry('U', ['G', 'M', 'X'], 700n);
      await network.call('U', 'client', '/client/withdraw', { amount: 500_000n });
      await network.advance(network.schedule(1).bst);
      expect(await network.paid(1)).deep.equal(['G→M 2000', 'M→X 1000']);
      expect(await network.received(1)).deep.equal(['G→M 2000', 'M→X 1000']);
      // 2 501 · 3.5, and 700 · 3.5 in another interval.
      expect((await network.account('U')).account).deep.include({ spent: '11204', withdrawn: '500000', balance: '488796' });
      expect(await network.wallet('U')).equal(9_500_000n);
      expect(await network.differences()).deep.equal({ G: 0n, M: 0n, X: 0n });
      expect(await network.surplus()).equal(0n);
    });
  });
}
