/*
 * `ptg doctor` beside a real relay: a folder as `ptg init` makes it and a torrc with the lines that it wrote: healthy; then the
 * fingerprint of another, a secret that tor does not take, a tor that was stopped. And the tor of an authority. Called by stage.spec.
 */
import { expect } from 'chai';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../host/clock.ts';
import { systemEntropy } from '../../host/entropy.ts';
import type { RoleName } from '../../host/ports.ts';
import { examineNode } from '../../node/care/doctor.ts';
import { initNode } from '../../node/init.ts';
import { freePorts } from '../../lab/ports.ts';
import { later } from '../harness/later.ts';
import type { TorNetwork, TorNode } from '../../lab/testbed/tor/network.ts';
import { askTor } from './control.ts';

export function doctor(running: () => TorNetwork): void {
  describe('doctor', () => {
    async function made(name: string, roles: readonly RoleName[]) {
      const folder = mkdtempSync(join(tmpdir(), 'ptg-doctor-'));
      later(async () => rmSync(folder, { recursive: true }));
      const given = { nickname: name, url: 'http://127.0.0.1:1', exit: false, entropy: systemEntropy(), now: 1_800_000_000 };
      const founder = join(folder, 'founder');
      const founded = await initNode({ ...given, roles: ['directory', 'ledger'], home: founder, network: null });
      if (roles.includes('directory') && founded.ok) return founded.value;
      const home = join(folder, name);
      const node = await initNode({ ...given, roles, home, network: join(founder, 'network.json') });
      if (!node.ok) throw new Error(node.refusal.code);
      return node.value;
    }
    const write = (home: string, ...sections: string[]): void => {
      const file = join(home, 'ptg.toml');
      writeFileSync(file, `${readFileSync(file, 'utf8')}\n${sections.join('\n')}\n`);
    };
    const change = (home: string, from: string | RegExp, to: string): void => {
      const file = join(home, 'ptg.toml');
      const text = readFileSync(file, 'utf8');
      expect(text.replace(from, to)).not.equal(text);
      writeFileSync(file, text.replace(from, to));
    };
    async function tor(home: string) {
      const findings = await examineNode(home, systemClock(), systemEntropy());
      return findings.filter(({ what }) => what.startsWith('tor'));
    }
    const ailing = async (home: string): Promise<string[]> =>
      (await tor(home)).filter(({ state }) => state !== 'ok').map(({ what, state }) => `${what} ${state}`);
    const section = ({ control }: TorNode): string => `[tor]\ncontrol = "${control.host}:${control.port}"`;

    it('finds a relay healthy whose torrc has the lines of init; then what was broken, each alone', async () => {
      const node = running().node('middle');
      const { home, id } = await made('birch', ['relay', 'settlement', 'guard']);
      write(home, section(node), `[transport]\nlisten = "127.0.0.1:1"\norPort = "127.0.0.1:${node.orPort}"`);
      expect(await ailing(home)).deep.equal(['tor torrc fail', 'tor fingerprint warn']);

      const contact = /^ContactInfo (.*)$/m.exec(readFileSync(join(home, 'torrc.lines'), 'utf8'))?.[1];
      expect(await askTor(node, `SETCONF ContactInfo="${contact}"`)).deep.equal(['OK']);
      later(async () => void (await askTor(node, 'RESETCONF ContactInfo')));
      change(home, '[relay]', `[relay]\nfingerprint = "${node.fingerprint.toLowerCase()}"`);
      expect(contact).include(id ?? 'an id');
      expect(await ailing(home)).deep.equal([]);
      expect((await tor(home)).map(({ what }) => what)).deep.equal([
        'tor',
        'tor torrc',
        'tor fingerprint',
        'tor meter',
        'tor door',
      ]);
      expect((await tor(home))[0]?.seen).match(/^0\.4\.\d+/);

      const others = running().node('exit').fingerprint.toLowerCase();
      change(home, node.fingerprint.toLowerCase(), others);
      const [wrong] = (await tor(home)).filter(({ state }) => state !== 'ok');
      expect(wrong?.remedy).include(`fingerprint = "${node.fingerprint.toLowerCase()}"`);
      expect(await ailing(home)).deep.equal(['tor fingerprint fail']);
      change(home, others, node.fingerprint.toLowerCase());

      writeFileSync(join(home, 'cookie'), Buffer.alloc(32, 7));
      change(home, '[tor]', '[tor]\ncookieFile = "cookie"');
      expect((await tor(home))[0]?.seen).match(/does not know the cookie|515/);
      expect(await ailing(home)).deep.equal(['tor fail']);
      change(home, 'cookieFile = "cookie"', '');

      const [port] = await freePorts(1);
      expect(await askTor(node, `SETCONF ExtORPort=127.0.0.1:${port}`)).deep.equal(['OK']);
      change(
        home,
        /orPort = .*/,
        `extOrPort = "127.0.0.1:${port}"\nextOrCookieFile = "${node.folder}/extended_orport_auth_cookie"`,
      );
      expect((await tor(home)).at(-1)?.seen).equal(`its Extended ORPort takes our cookie at 127.0.0.1:${port}`);
      change(home, `${node.folder}/extended_orport_auth_cookie`, `${node.folder}/control_auth_cookie`);
      expect(await ailing(home)).deep.equal(['tor door fail']);

      await node.stop();
      later(() => node.start());
      expect(await ailing(home)).deep.equal(['tor fail', 'tor door fail']);
    });

    it('tells a tor that is an authority from one that is none', async () => {
      const [authority] = running().authorities;
      if (authority === undefined) throw new Error('the network has authorities');
      const { home } = await made('dawn', ['directory']);
      const middle = running().node('middle');
      write(home, section(authority), `approvedRouters = "${join(authority.folder, 'approved-routers')}"`);
      expect(await ailing(home)).deep.equal([]);
      change(home, /control = .*\n/, `control = "${middle.control.host}:${middle.control.port}"\n`);
      const found = (await tor(home)).filter(({ state }) => state !== 'ok').map(({ seen }) => seen);
      expect(found[0]).include('no authority of Tor');
      expect(found[1]).include('does not read');
      expect(found).length(2);
    });
  });
}
