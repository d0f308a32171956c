/*
 * Two guards of one operator on one PostgreSQL database (rule 13): while its own guard is down a subscriber uses the other, with the
 * same balance; when it is back the totals agree, and no deposit was credited twice. Called by stage.spec.
 */
import { expect } from 'chai';
import type { PostgresServer } from '../harness/postgres.ts';
import { openNetwork, type TestNetwork } from '../journeys/network.ts';

interface Row {
  readonly deposited: string;
  readonly spent: string;
  readonly withdrawn: string;
  readonly owed: string;
  readonly unsigned: string;
}

export function familyOnPostgres(running: () => PostgresServer): void {
  describe('family of two guards', () => {
    let network: TestNetwork;
    afterEach(async () => network.stop());

    const totals = async (guard: string) => (await network.call<{ rails: Row[] }>(guard, 'guard', '/guard/status')).rails[0];

    it('one down: its subscriber goes on at the other', async () => {
      const url = await running().createDatabase('family');
      network = await openNetwork({
        relays: [
          { name: 'A', guard: true, family: 'one' },
          { name: 'B', guard: true, family: 'one' },
          { name: 'M' },
          { name: 'X', exit: true },
        ],
        subscribers: { U: 10_000_000n, V: 10_000_000n },
        onDisk: true,
        databases: (name): { guard?: string } => (name === 'A' || name === 'B' ? { guard: url } : {}),
      });
      const { world, carry, account, call, tick, wallet } = network;
      await network.subscribe('U', 'A', 1_000_000n);
      await network.subscribe('V', 'B', 500_000n);
      // 100 000 · 3.5
      expect(await carry('U', ['A', 'M', 'X'], 100_000n)).equal(100_000n);
      await tick();
      expect((await account('U')).account).deep.include({ deposited: '1000000', spent: '350000', balance: '650000' });

      await world.stopNode('A');
      const away = await account('U');
      expect([away.guard, away.by, away.fresh]).deep.equal([world.relayId('A'), world.relayId('B'), true]);
      expect(away.account).deep.include({ deposited: '1000000', spent: '350000', balance: '650000' });
      expect(await carry('U', ['A', 'M', 'X'], 1n)).equal(0n);
      // More than there is: 650 000 / 3.5 = 185 714.2
      expect(await carry('U', ['B', 'M', 'X'], 10_000n)).equal(10_000n);
      const last = await network.open('U', ['B', 'M', 'X']);
      expect(await last?.carry(200_000n)).equal(175_714n);
      last?.close();
      await tick();
      // 100 000 · 3.5 and 185 714 · 3.5, each rounded up.
      expect((await account('U')).account).deep.include({ spent: '999999', balance: '1', state: 'cut-off' });
      expect((await account('U')).signed).equal('999999');

      // Paid to A's wallet while A is down: credited when somebody looks there, once.
      await call('U', 'client', '/client/deposit', { amount: 70_000n });
      await world.startNode('A');
      await tick();
      for (let again = 0; again < 2; again += 1) {
        const { account: back, by } = await account('U');
        expect(by).equal(world.relayId('A'));
        expect(back).deep.include({ deposited: '1070000', spent: '999999', balance: '70001', state: 'open' });
        await tick();
      }
      // A has forgotten the session of before and ends it. Then 20 000 · 3.5 = 70 000.
      expect(await carry('U', ['A', 'M', 'X'], 30_000n)).equal(0n);
      expect(await carry('U', ['A', 'M', 'X'], 30_000n)).equal(20_000n);
      await tick();
      expect((await account('U')).account).deep.include({ deposited: '1070000', balance: '1' });

      const [one, other] = [await totals('A'), await totals('B')];
      expect(one).deep.equal(other);
      expect(one).deep.include({ deposited: '1570000', spent: '1069999', withdrawn: '0', owed: '500001', unsigned: '0' });

      // Each guard pays for what it carried itself: 120 000 and 185 714 bytes.
      await network.advance(network.schedule(0).bst);
      expect(await network.paid(0)).deep.equal(['A→M 300000', 'B→M 464285', 'M→X 458571']);
      expect(await wallet('U')).equal(10_000_000n - 1_070_000n);
      expect(await network.differences()).deep.equal({ A: 0n, B: 0n, M: 0n, X: 0n });
      expect(await network.surplus()).equal(0n);
    });
  });
}
