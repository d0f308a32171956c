/*
 * A node with [tor] in its ptg.toml beside a real relay: watch mode says so, status shows whether tor is heard and who is outside the
 * network. Called by stage.spec.
 */
import { expect } from 'chai';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { systemClock } from '../../host/clock.ts';
import { systemEntropy } from '../../host/entropy.ts';
import { createLog } from '../../host/log.ts';
import { keysFrom } from '../../node/keys.ts';
import { nodeSpec } from '../../node/spec.ts';
import { startNode } from '../../node/start.ts';
import { later } from '../harness/later.ts';
import type { TorNetwork } from '../../lab/testbed/tor/network.ts';
import { until } from '../../lab/testbed/tor/process.ts';
import { askTor } from './control.ts';
import { testParameters, testSeed, testView } from '../harness/view.ts';

const tor = z.object({
  up: z.boolean(),
  reason: z.string().nullable(),
  hears: z.string().nullable(),
  lookedAt: z.int().nullable(),
  circuits: z.int(),
  strangers: z.array(z.object({ fingerprint: z.string(), circuits: z.int(), cells: z.string() })),
});
const status = z.object({ meter: z.string(), tor });

export function nodeBesideTor(running: () => TorNetwork): void {
  describe('node', () => {
    async function open(section: object) {
      const home = mkdtempSync(join(tmpdir(), 'ptg-beside-'));
      const lines: string[] = [];
      const clock = systemClock();
      const spec = nodeSpec.parse({
        ...{ roles: ['relay'], url: 'http://127.0.0.1:1', tor: section },
        relay: { nickname: 'R1', exit: false, guard: false, bandwidth: 1 },
      });
      // No authority answers there: what is in the network is not known.
      const { network } = testView([], testParameters());
      const log = createLog({ clock, write: (line) => void lines.push(line) });
      const node = await startNode({
        spec,
        home,
        network,
        keys: keysFrom(testSeed('R1')),
        clock,
        entropy: systemEntropy(),
        log,
        inMemory: true,
      });
      later(async () => {
        await node.stop();
        rmSync(home, { recursive: true, force: true });
      });
      const read = async () => {
        const answer = await node.http.local('relay', '/relay/status', undefined, status);
        if (!answer.ok) throw new Error(answer.refusal.code);
        return answer.value;
      };
      return { read, log: () => lines.join('') };
    }

    it('in watch mode says at start that nothing is billed', async () => {
      const { controlSocket } = running().node('exit');
      const { read, log } = await open({ control: `unix:${controlSocket}`, meter: 'links', lookSec: 1 });
      await until(async () => (await read()).tor.lookedAt !== null, 'a look at tor');
      expect(await read()).deep.include({ meter: 'links' });
      expect(log()).include('watch-mode-nothing-is-billed').include('tor-up');
    });

    it('counts what neighbours outside the network carry, and bills none of it', async () => {
      const { host, port } = running().node('middle').control;
      const { read } = await open({ control: `${host}:${port}`, meter: 'circuits', lookSec: 1 });
      await until(async () => (await read()).tor.strangers.length > 0, 'cells of strangers');
      const seen = await read();
      expect([seen.meter, seen.tor.up, seen.tor.hears, seen.tor.circuits > 0]).deep.equal(['circuits', true, 'circuits', true]);
    });

    it('that is to bill and is beside a tor that tells of no cells, says so', async () => {
      const node = running().node('exit');
      expect(await askTor(node, 'SETCONF TestingEnableCellStatsEvent=0')).deep.equal(['OK']);
      // RESETCONF would set what holds outside testing networks: none are told.
      later(async () => void (await askTor(node, 'SETCONF TestingEnableCellStatsEvent=1')));
      const { read, log } = await open({ control: `unix:${node.controlSocket}`, meter: 'circuits' });
      await until(async () => (await read()).tor.hears !== null, 'a look at tor');
      expect((await read()).tor.hears).equal('links');
      expect(log()).include('tor-without-cell-stats');
    });

    it('says why tor is not heard', async () => {
      const { host, port } = running().node('middle').control;
      const { read, log } = await open({ control: `${host}:${port}`, meter: 'links', cookieFile: 'no-such-cookie' });
      await until(async () => (await read()).tor.reason !== null, 'a reason');
      const { tor: state } = await read();
      expect(state.up).equal(false);
      expect(state.reason).match(/^control-secret: .*no-such-cookie$/);
      expect(log()).include('tor-away').include('no-such-cookie');
    });
  });
}
