/*
 * `ptg transport`, which a tor starts: what it says of ends that run and of those that do not, and that it stays until tor goes. By
 * hand it says how to set that up. And what `ptg connect` refuses before anything is started.
 */
import { expect } from 'chai';
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectSpec, nodeSpec } from '../../node/spec.ts';
import { specText } from '../../node/write.ts';
import { later, undoAll } from '../harness/later.ts';
import { plainServer } from '../tor/transport-net.ts';
import { ptg, root } from './ptg.ts';

function folder(spec: object): string {
  const home = mkdtempSync(join(tmpdir(), 'ptg-managed-'));
  later(async () => rmSync(home, { recursive: true, force: true }));
  writeFileSync(join(home, 'ptg.toml'), specText(nodeSpec.parse(spec)));
  const key = '00'.repeat(32);
  const network = { networkId: 'test', authorities: [{ name: 'a', key, url: 'http://127.0.0.1:1' }], ledger: null };
  writeFileSync(join(home, 'network.json'), JSON.stringify(network));
  return home;
}

describe('ptg transport', () => {
  afterEach(undoAll);

  it('tells a tor where an end listens, makes its folder, and stays until standard input is closed', async () => {
    const { port } = await plainServer(() => undefined);
    const home = folder({ roles: ['client'], connect: connectSpec.parse({ transport: `127.0.0.1:${port}` }) });
    const state = join(home, 'pt_state');
    const child = spawn(process.execPath, [join(root, 'bin', 'ptg.mjs'), 'transport', '--home', home], {
      env: {
        ...process.env,
        ...{ TOR_PT_MANAGED_TRANSPORT_VER: '1', TOR_PT_CLIENT_TRANSPORTS: 'paidguard', TOR_PT_STATE_LOCATION: state },
        TOR_PT_EXIT_ON_STDIN_CLOSE: '1',
      },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
    let said = '';
    await new Promise<void>((resolve) => {
      child.stdout.on('data', (bytes: Buffer) => {
        said += bytes.toString();
        if (said.includes('CMETHODS DONE')) resolve();
      });
      child.once('exit', () => resolve());
    });
    expect(said).equal(`VERSION 1\nCMETHOD paidguard socks5 127.0.0.1:${port}\nCMETHODS DONE\n`);
    expect([child.exitCode, existsSync(state)]).deep.equal([null, true]);
    child.stdin.end();
    expect(await ended).equal(0);
  });

  it('says which end does not run, and ends', async () => {
    const relay = { nickname: 'R1', exit: false, guard: true, bandwidth: 1 };
    const transport = { listen: '127.0.0.1:1', orPort: '127.0.0.1:1' };
    const home = folder({ roles: ['relay', 'guard'], relay, transport });
    const { code, stdout } = await ptg(['transport', '--home', home], {
      TOR_PT_MANAGED_TRANSPORT_VER: '1',
      TOR_PT_SERVER_TRANSPORTS: 'paidguard',
    });
    expect([code, stdout]).deep.equal([
      1,
      'VERSION 1\nSMETHOD-ERROR paidguard the node does not run this end: see ptg status\nSMETHODS DONE\n',
    ]);
  });

  it('by hand prints the lines for torrc and for AppArmor', async () => {
    const home = folder({ roles: ['client'] });
    const { code, stdout } = await ptg(['transport', '--home', home]);
    expect(code).equal(0);
    expect(stdout).include(`ClientTransportPlugin paidguard exec ${process.execPath} ${join(root, 'bin', 'ptg.mjs')} transport`);
    expect(stdout).include(`${process.execPath} PUx,`);
  });
});

describe('ptg connect', () => {
  afterEach(undoAll);

  it('refuses a folder without a client, and says who of the network does not answer', async () => {
    const relay = { nickname: 'R1', exit: false, guard: true, bandwidth: 1 };
    const guard = await ptg(['connect', '--home', folder({ roles: ['relay'], url: 'http://127.0.0.1:1', relay })]);
    expect([guard.code, guard.stderr.includes('[home-no-role]')]).deep.equal([1, true]);
    const connect = connectSpec.parse({ transport: '127.0.0.1:0', control: '127.0.0.1:1' });
    const { code, stdout, stderr } = await ptg(['connect', '--home', folder({ roles: ['client'], connect })]);
    expect([code, stdout, /\[client-no-(account|consensus)\]/.test(stderr)], stderr).deep.equal([1, '', true]);
  });
});
