/*
 * Nodes that stop and start again with what their disks hold: in mid-interval, with a circuit that runs on, and between the cut-off
 * and the receipts. Nothing is lost, and nothing is paid twice.
 */
import { expect } from 'chai';
import { openNetwork, type TestNetwork } from './network.ts';

const path = ['G', 'M', 'X'];

describe('journey: restart', () => {
  let network: TestNetwork;
  beforeEach(async () => {
    network = await openNetwork({
      relays: [{ name: 'G', guard: true }, { name: 'M' }, { name: 'X', exit: true }],
      subscribers: { U: 10_000_000n },
      parameters: { startingBytes: 1000n },
      onDisk: true,
    });
    await network.subscribe('U', 'G', 1_000_000n);
  });
  afterEach(async () => network.stop());

  const restart = async (name: string) => {
    await network.world.stopNode(name);
    await network.world.startNode(name);
    await network.idle();
  };

  for (const name of path) {
    it(`${name} in mid-interval, under a circuit that runs on`, async () => {
      const circuit = await network.open('U', path);
      expect(await circuit?.carry(10_000n)).equal(10_000n);
      await network.tick();
      // One tick for each hop, and one more.
      for (let hop = 0; hop < path.length; hop += 1) await network.tick();
      await restart(name);
      if (name === 'G') {
        // A guard that has forgotten its sessions ends them: the client opens another.
        expect(await circuit?.carry(1n)).equal(0n);
        circuit?.close();
      }
      const onward = name === 'G' ? await network.open('U', path) : circuit;
      expect(await onward?.carry(5000n)).equal(5000n);
      onward?.close();
      await network.advance(network.schedule(0).bst);
      // 15 000 bytes at 2.5 and 1.5, and at 3.5 to the subscriber.
      expect(await network.paid(0)).deep.equal(['G→M 37500', 'M→X 22500']);
      expect(await network.received(0)).deep.equal(['G→M 37500', 'M→X 22500']);
      expect((await network.account('U')).account).deep.include({ spent: '52500', balance: '947500' });
      expect((await network.account('U')).signed).equal('52500');
      expect(await network.differences()).deep.equal({ G: 0n, M: 0n, X: 0n });
      expect(await network.surplus()).equal(0n);
    });
  }

  it('each between cut-off and receipts', async () => {
    await network.carry('U', path, 10_000n);
    const { cutOff, booksClose, bst, paymentEnd } = network.schedule(0);
    for (const [second, name] of [
      ...([
        [cutOff, 'M'],
        [booksClose - 1, 'G'],
        [booksClose, 'X'],
        [booksClose, 'M'],
        [bst - 1, 'G'],
      ] as const),
      ...([
        [bst, 'X'],
        [bst, 'M'],
        [bst, 'G'],
      ] as const),
    ]) {
      await network.advance(second);
      await restart(name);
    }
    await network.advance(paymentEnd);
    expect(await network.paid(0)).deep.equal(['G→M 25000', 'M→X 15000']);
    expect(await network.received(0)).deep.equal(['G→M 25000', 'M→X 15000']);
    expect(await network.differences()).deep.equal({ G: 0n, M: 0n, X: 0n });
    expect(await network.surplus()).equal(0n);
  });
});
