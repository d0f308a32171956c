/*
 * Before the network's first interval: an account, money and a circuit in; all of it charged and certified in interval 0, alike.
 */
import { expect } from 'chai';
import { z } from 'zod';
import { callLocal } from '../../lab/report.ts';
import { smallWorld } from '../cli/world.ts';

const shown = z.object({ accounts: z.array(z.object({ account: z.object({ spent: z.string() }).loose() }).loose()) });
const held = z.object({ ious: z.array(z.object({ direction: z.string(), exitBytes: z.string() }).loose()) });

describe('journey: before genesis', () => {
  it('what is carried counts in interval 0, for the subscriber as for the relays', async () => {
    const small = await smallWorld();
    try {
      const { start } = small.schedule(0);
      await small.advance(start - 1800);
      const { node } = small.world.subscribers.get('U1')!;
      const call = (path: string, body: object) => callLocal(node, 'client', path, body, z.unknown());
      await call('/client/subscribe', { guard: small.world.relayId('R1'), withoutFlag: true });
      await call('/client/deposit', { amount: 1_000_000_000n });
      await call('/client/balance', {});
      await small.carry(1_000_000n);
      await small.advance(start + 3700);
      const { accounts } = shown.parse(await call('/client/balance', {}));
      expect(BigInt(accounts[0]!.account.spent) > 0n).equal(true);
      const { ious } = await callLocal(small.world.relays.get('R2')!, 'relay', '/relay/ious?interval=0', undefined, held);
      expect(ious.map(({ direction, exitBytes }) => [direction, exitBytes]).sort()).deep.equal([
        ['held', '1000000'],
        ['issued', '1000000'],
      ]);
    } finally {
      await small.stop();
    }
  });
});
