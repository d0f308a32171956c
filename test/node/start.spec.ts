/*
 * A node that cannot start: it says why, and leaves nothing running behind it.
 */
import { expect } from 'chai';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { drivenClock } from '../../host/clock.ts';
import { seededEntropy } from '../../host/entropy.ts';
import { openDatabase } from '../../host/db/open.ts';
import { silentLog } from '../../host/log.ts';
import type { Clock } from '../../host/ports.ts';
import { keysFrom } from '../../node/keys.ts';
import { nodeSpec } from '../../node/spec.ts';
import { startNode, type NodeOptions } from '../../node/start.ts';
import { testParameters, testSeed, testView } from '../harness/view.ts';

describe('a node that cannot start', () => {
  let home = '';
  let taken: Server;
  let port = 0;
  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'ptg-node-'));
    taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', () => resolve()));
    port = (taken.address() as { port: number }).port;
  });
  afterEach(async () => {
    await new Promise((resolve) => taken.close(resolve));
    await rm(home, { recursive: true, force: true });
  });

  it('because its port is taken stops its roles and closes their sockets', async () => {
    const parameters = testParameters();
    const driven = drivenClock(parameters.genesis);
    let wakers = 0;
    const clock: Clock = {
      now: driven.now,
      onWake(run) {
        wakers += 1;
        const undo = driven.onWake(run);
        return () => {
          wakers -= 1;
          undo();
        };
      },
    };
    const spec = nodeSpec.parse({
      roles: ['settlement', 'relay'],
      listen: { port },
      url: `http://127.0.0.1:${port}`,
      relay: { nickname: 'R1', exit: false, guard: false, bandwidth: 1 },
    });
    const { network } = testView([], parameters);
    const keys = keysFrom(testSeed('node'));
    let reason = '';
    await startNode({ spec, home, network, keys, clock, entropy: seededEntropy('node'), log: silentLog(), inMemory: true }).catch(
      (thrown: Error) => (reason = thrown.message),
    );
    expect(reason).contain('EADDRINUSE');
    expect(wakers).equal(0);
    expect((await readdir(home)).filter((name) => name.endsWith('.sock'))).deep.equal([]);
  });

  for (const failing of ['network', 'relay', 'settlement']) {
    it(`because the database of ${failing} fails closes all that it has opened`, async () => {
      const parameters = testParameters();
      const spec = nodeSpec.parse({
        roles: ['settlement', 'relay'],
        url: 'http://127.0.0.1:1',
        relay: { nickname: 'R1', exit: false, guard: false, bandwidth: 1 },
      });
      const open = new Set<string>();
      const openIt: NonNullable<NodeOptions['openDatabase']> = async (place, migrations, name = '', owner = name) => {
        const inner = await openDatabase(place, migrations, name, owner);
        open.add(name);
        return {
          owner,
          transaction: (work) => (name === failing ? Promise.reject(new Error('no disk')) : inner.transaction(work)),
          async close() {
            await inner.close();
            open.delete(name);
          },
        };
      };
      const { network } = testView([], parameters);
      const [keys, clock] = [keysFrom(testSeed('node')), drivenClock(parameters.genesis)];
      const given = { spec, home, network, keys, clock, entropy: seededEntropy('node'), log: silentLog(), inMemory: true };
      const reason = await startNode({ ...given, openDatabase: openIt }).then(
        () => 'started',
        (thrown: Error) => thrown.message,
      );
      expect(reason).contain('no disk');
      expect([...open]).deep.equal([]);
    });
  }
});
