/*
 * The stage test:tor: one private Tor network on loopback for all of it. With CI=true a missing tor is a failure; elsewhere it says why
 * it is skipped, and how to install one.
 */
import { serveFiles, type FileServer } from '../../lab/testbed/tor/download.ts';
import { undoAll } from '../harness/later.ts';
import type { TorNetwork } from '../../lab/testbed/tor/network.ts';
import { torPrograms } from '../../lab/testbed/tor/process.ts';
import { startTorNetwork } from '../harness/tor.ts';
import { binding } from './binding.ts';
import { controlPort } from './control.ts';
import { doctor } from './doctor.ts';
import { torFlags } from './flags.ts';
import { meters } from './meters.ts';
import { nodeBesideTor } from './node.ts';
import { paidGuard } from './paid.ts';
import { transportEnds } from './transport.ts';

afterEach(undoAll);

describe('on a private Tor network', function () {
  // Of several things that each may take as long as the patience for one.
  this.timeout(600_000);
  let network: TorNetwork | null = null;
  let files: FileServer | null = null;
  let failed = false;
  const running = (): TorNetwork => {
    if (network === null) throw new Error('the network runs');
    return network;
  };

  before(async function () {
    const programs = torPrograms();
    if (programs === null && process.env['CI'] === 'true') throw new Error('tor is not installed: bin/tor.sh gets it');
    if (programs === null) {
      console.log('    skipped: no tor on this machine; bin/tor.sh gets one that starts no service');
      return void this.skip();
    }
    network = await startTorNetwork(programs);
    files = await serveFiles(network.exitPort);
  });

  afterEach(function () {
    failed ||= this.currentTest?.state === 'failed';
  });

  after(async () => {
    if (failed) console.log(`the end of the logs:\n${network?.logs() ?? ''}`);
    await files?.close();
    await network?.stop();
  });

  controlPort(running);
  meters(running);
  nodeBesideTor(running);
  doctor(running);
  binding(running);
  torFlags(running);
  transportEnds(running);
  paidGuard(running);
});
