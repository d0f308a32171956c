/*
 * Flags in Tor itself: what is written to approved-routers of real authorities, with what Tor's own consensus then says of the relay. The
 * guard loses its flag here and gets it back: called by stage.spec, last.
 */
import { expect } from 'chai';
import { appendFileSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../../host/clock.ts';
import { dial } from '../../host/dial.ts';
import { systemEntropy } from '../../host/entropy.ts';
import { silentLog } from '../../host/log.ts';
import type { TorNetwork, TorNode } from '../../lab/testbed/tor/network.ts';
import { until } from '../../lab/testbed/tor/process.ts';
import { routersFile } from '../../node/directory-tor.ts';
import { openDirectoryTor, type DirectoryTor } from '../../tor/authority/directory-tor.ts';
import { later } from '../harness/later.ts';
import { secretsOf } from './metered.ts';

export function torFlags(running: () => TorNetwork): void {
  describe('flags in Tor', () => {
    it('a marked relay is MiddleOnly and no Guard in Tor’s consensus; cleared, it has Guard again; other lines stay', async () => {
      const guard = running().node('guard');
      const { authorities, flagsOf } = running();
      const said = `# the operator’s own\n!badexit ${running().node('a3').fingerprint}\n`;
      for (const node of authorities) appendFileSync(routersOf(node), said);
      const tors = await Promise.all(authorities.map(besideAuthority));
      const flags = () => flagsOf('guard');
      expect(await flags())
        .include('Guard')
        .not.include('MiddleOnly');

      for (const tor of tors) expect(await tor.middleOnly?.put([guard.fingerprint])).deep.equal({ ok: true, value: undefined });
      await until(async () => (await flags()).includes('MiddleOnly'), 'MiddleOnly in the consensus');
      expect(await flags())
        .include('Running')
        .not.include('Guard')
        .not.include('V2Dir');
      for (const node of authorities) {
        const text = readFileSync(routersOf(node), 'latin1');
        expect(text).equal(`${Buffer.from(said).toString('latin1')}!middleonly ${guard.fingerprint} # Paying the Guard\n`);
      }

      for (const tor of tors) expect(await tor.middleOnly?.put([])).deep.equal({ ok: true, value: undefined });
      await until(async () => (await flags()).includes('Guard'), 'Guard in the consensus');
      expect(await flags()).not.include('MiddleOnly');
      for (const node of authorities) expect(readFileSync(routersOf(node), 'utf8')).equal(said);
    });

    it('who was killed between writing and telling tells it on its next start; and clears a file that was deleted', async () => {
      const middle = running().node('middle');
      const { authorities, flagsOf } = running();
      const flags = () => flagsOf('middle');
      for (const node of authorities)
        await routersFile(routersOf(node)).write(`!middleonly ${middle.fingerprint} # Paying the Guard\n`);
      for (const tor of await Promise.all(authorities.map(besideAuthority))) await tor.middleOnly?.put([middle.fingerprint]);
      await until(async () => (await flags()).includes('MiddleOnly'), 'MiddleOnly in the consensus');
      for (const node of authorities) rmSync(routersOf(node));
      for (const tor of await Promise.all(authorities.map(besideAuthority))) await tor.middleOnly?.put([]);
      expect(authorities.map((node) => readFileSync(routersOf(node), 'utf8'))).deep.equal(['', '', '']);
      await until(async () => !(await flags()).includes('MiddleOnly'), 'MiddleOnly to be gone');
    });
  });
}

function routersOf({ folder }: TorNode): string {
  return join(folder, 'approved-routers');
}

/** Our side of the tor of an authority. */
export async function besideAuthority(node: TorNode): Promise<DirectoryTor> {
  const ports = { clock: systemClock(), entropy: systemEntropy(), log: silentLog(), dial };
  const approvedRouters = routersFile(routersOf(node));
  const tor = openDirectoryTor(ports, { place: node.control, secrets: secretsOf(), approvedRouters });
  later(() => tor.close());
  await until(() => tor.state().up, `the control port of ${node.name}`);
  return tor;
}
