/*
 * The private Tor network of the stage test:tor: a guard, a middle, an exit and a client whose circuits go that way, in a folder that
 * is gone afterwards. With CI=true a missing tor is a failure; elsewhere the stage says why it is skipped.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { prepareTorNetwork, type TorNetwork } from '../../lab/testbed/tor/network.ts';
import type { TorPrograms } from '../../lab/testbed/tor/process.ts';

const RELAYS = ['guard', 'middle', 'exit'] as const;
const OPTIONS = ['EntryNodes', 'MiddleNodes', 'ExitNodes'] as const;

export async function startTorNetwork(programs: TorPrograms): Promise<TorNetwork> {
  const root = mkdtempSync(join(tmpdir(), 'ptg-tor-'));
  const plan = RELAYS.map((name) => ({ name, exit: name === 'exit', isFirst: name === 'guard' }));
  const prepared = await prepareTorNetwork(programs, root, plan);
  const network = await prepared.start();
  const stop = async (): Promise<void> => {
    await network.stop();
    rmSync(root, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    const path = OPTIONS.map((option, at) => `${option} $${network.node(RELAYS[at] as string).fingerprint}`);
    await (await network.addClient('client')).begin(path);
  } catch (thrown) {
    await stop();
    throw thrown;
  }
  return { ...network, names: network.names, stop };
}
