/*
 * The transport of a node: what may stand under [transport], what is open when it runs, and what it says when the port is taken.
 */
import { expect } from 'chai';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../host/clock.ts';
import { systemEntropy } from '../../host/entropy.ts';
import { createLog } from '../../host/log.ts';
import { keysFrom } from '../../node/keys.ts';
import { connectSpec, nodeSpec } from '../../node/spec.ts';
import { startNode, type NodeOptions } from '../../node/start.ts';
import { later, undoAll } from '../harness/later.ts';
import { testParameters, testSeed, testView } from '../harness/view.ts';
import { dialPlain, plainServer } from '../tor/transport-net.ts';

afterEach(undoAll);

const relay = { nickname: 'R1', exit: false, guard: true, bandwidth: 1 };
const guardOf = (transport: object) => ({ roles: ['relay', 'guard'], url: 'http://127.0.0.1:1', relay, transport });

async function open(spec: object, more: Partial<NodeOptions> = {}) {
  const home = mkdtempSync(join(tmpdir(), 'ptg-transport-'));
  later(async () => rmSync(home, { recursive: true, force: true }));
  const lines: string[] = [];
  const clock = systemClock();
  // No authority answers there: what is in the network is not known.
  const { network } = testView([], testParameters());
  const log = createLog({ clock, write: (line) => void lines.push(line) });
  const keys = keysFrom(testSeed('R1'));
  const given = { spec: nodeSpec.parse(spec), home, network, keys, clock, entropy: systemEntropy(), log, inMemory: true };
  const node = await startNode({ ...given, ...more });
  later(() => node.stop());
  return { node, log: () => lines.join('') };
}

describe('the transport of a node', () => {
  for (const [name, transport, key] of [
    ['no door to tor', { listen: '127.0.0.1:0' }, 'orPort'],
    ['both doors', { listen: '127.0.0.1:0', orPort: '127.0.0.1:1', extOrPort: '127.0.0.1:2', extOrCookieFile: 'c' }, 'orPort'],
    ['an Extended ORPort without its cookie', { listen: '127.0.0.1:0', extOrPort: '127.0.0.1:2' }, 'extOrCookieFile'],
    ['every address, and not the one to say', { listen: '0.0.0.0:9262', orPort: '127.0.0.1:1' }, 'address'],
    ['no address', { listen: 'nowhere', orPort: '127.0.0.1:1' }, 'host:port'],
    ['port 0 as what others dial', { listen: '127.0.0.1:0', address: 'a.example:0', orPort: '127.0.0.1:1' }, 'host:port'],
    ['a port beyond the last', { listen: '127.0.0.1:0', orPort: '127.0.0.1:65536' }, 'port'],
  ] as const) {
    it(`is refused with ${name}`, () => {
      const read = nodeSpec.safeParse(guardOf(transport));
      expect(read.error?.issues[0]?.message).include(key);
    });
  }

  it('takes connections where it says, and says that nobody pays where nothing is metered', async () => {
    const tor = await plainServer(() => undefined);
    const { node, log } = await open(guardOf({ listen: '127.0.0.1:0', orPort: `127.0.0.1:${tor.port}` }));
    expect(node.guardEnd?.published).equal(`127.0.0.1:${node.guardEnd?.address.port}`);
    expect(log()).include('transport-carries-unpaid');
    await dialPlain(node.guardEnd?.address.port ?? 0);
  });

  it('is not open in a process that runs one of the two roles alone', async () => {
    const spec = guardOf({ listen: '127.0.0.1:0', orPort: '127.0.0.1:1' });
    for (const role of ['relay', 'guard']) expect((await open({ ...spec, roles: [role] })).node.guardEnd).equal(null);
  });

  it('of a client is open only when it is to connect, and its ports are free again afterwards', async () => {
    expect((await open({ roles: ['client'] })).node.clientEnd).equal(null);
    const connect = connectSpec.parse({ transport: '127.0.0.1:0', control: '127.0.0.1:1' });
    const { node } = await open({ roles: ['client'] }, { connect });
    const { port } = node.clientEnd?.address ?? { port: 0 };
    await dialPlain(port);
    await node.stop();
    const again = await open({ roles: ['client'] }, { connect: { ...connect, transport: `127.0.0.1:${port}` } });
    expect(again.node.clientEnd?.address.port).equal(port);
  });

  it('whose port is taken says so, and nothing stays open', async () => {
    const { port } = await plainServer(() => undefined);
    const connect = connectSpec.parse({ transport: `127.0.0.1:${port}`, control: '127.0.0.1:1' });
    const reason = await open({ roles: ['client'] }, { connect }).then(
      () => 'started',
      (thrown: Error) => thrown.message,
    );
    expect(reason).include('[transport-port]').include(`127.0.0.1:${port}`);
  });
});
