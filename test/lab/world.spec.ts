/*
 * A world that cannot be opened whole leaves nothing open: a relay that does not start ends those that start beside it.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { defaultParameters } from '../../core/wire/parameters.ts';
import { drivenClock } from '../../host/clock.ts';
import { seededEntropy } from '../../host/entropy.ts';
import { silentLog } from '../../host/log.ts';
import { createWorld, type RelayPlan } from '../../lab/world.ts';
import { startNode, type NodeOptions } from '../../node/start.ts';
import { later, undoAll } from '../harness/later.ts';

const parameters = {
  ...defaultParameters,
  ...{ genesis: 1_600_000_000, rails: { ledger: { price: 1n, quantum: 1n, dust: 0n } } },
};

const relay = (name: string): RelayPlan => ({
  ...{ name, exit: false, guard: false, takesSubscribers: false, bandwidth: 1_000_000, family: null },
  ...{ payouts: 'auto', opening: 0n },
});

describe('a world', () => {
  afterEach(undoAll);

  it('of which a relay does not start leaves no other running', async () => {
    const stopped: string[] = [];
    const started: string[] = [];
    const start = async (name: string, options: NodeOptions) => {
      // Sooner than the others, who are half open then.
      if (name === 'R1') throw new Error('its port is taken');
      const node = await startNode(options);
      started.push(name);
      const stop = async () => {
        stopped.push(name);
        await node.stop();
      };
      return { ...node, stop };
    };
    const home = await mkdtemp(join(tmpdir(), 'ptg-world-'));
    later(() => rm(home, { recursive: true }));
    const thrown = await createWorld({
      ...{ home, networkId: 'half', inMemory: true, parameters, clock: drivenClock(1_600_000_000) },
      ...{ start, log: silentLog, entropy: seededEntropy, relays: ['R1', 'R2', 'R3'].map(relay), subscribers: [] },
    }).catch((error: unknown) => (error as Error).message);
    expect(thrown).equal('its port is taken');
    expect(started).include.members(['R2', 'R3']);
    expect(stopped.sort()).deep.equal(started.sort());
  });
});
