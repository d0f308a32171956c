/*
 * The control port of a real tor: cookie, password and Unix socket; a wrong password. Called by stage.spec.
 */
import { expect } from 'chai';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../../host/clock.ts';
import { dial, type Place } from '../../host/dial.ts';
import { systemEntropy } from '../../host/entropy.ts';
import { silentLog } from '../../host/log.ts';
import type { Secrets } from '../../tor/control/authenticate.ts';
import { openControl, type ControlClient } from '../../tor/control/client.ts';
import type { Session } from '../../tor/control/session.ts';
import { quoted } from '../../tor/control/words.ts';
import { later } from '../harness/later.ts';
import type { TorNetwork, TorNode } from '../../lab/testbed/tor/network.ts';
import { torPrograms, until } from '../../lab/testbed/tor/process.ts';
import { secretsOf } from './metered.ts';

/** One command, over a connection of its own; all lines of its answer. */
export async function askTor(node: Pick<TorNode, 'control'>, command: string): Promise<string[]> {
  const { client, session } = await meet(node.control, secretsOf());
  const answer = await session?.ask(command);
  await client.close();
  return answer?.ok === true ? answer.value.lines.flatMap(({ text, data }) => [text, ...(data ?? [])]) : ['refused'];
}

/** A connection to it, until the test is over. */
export async function meet(place: Place, secrets: Secrets): Promise<{ client: ControlClient; session: Session | null }> {
  let session: Session | null = null;
  const silent = () => undefined;
  const ports = { clock: systemClock(), entropy: systemEntropy(), log: silentLog(), dial };
  const ears = { up: (own: Session) => (session = own), event: silent, away: silent };
  const client = openControl(ports, place, secrets, ears);
  later(() => client.close());
  await until(() => client.state().up || client.state().reason !== null, 'the control port to answer');
  return { client, session };
}

export function controlPort(running: () => TorNetwork): void {
  describe('control port', () => {
    it('takes the cookie, over TCP and over a Unix socket', async () => {
      const node = running().node('middle');
      for (const place of [node.control, { path: node.controlSocket }]) {
        const { session } = await meet(place, secretsOf());
        const version = await session?.ask('GETINFO version');
        expect(version?.ok === true && version.value.lines[0]?.text).match(/^version=0\.4\./);
        expect(await session?.ask('GETINFO nonsense')).deep.include({ ok: false });
      }
    });

    it('takes the password, and no other', async () => {
      const node = running().node('middle');
      const password = 'two "words" \\ and more';
      const said = spawnSync(torPrograms()?.tor ?? '', ['--defaults-torrc', '/dev/null', '--hash-password', password]);
      const hash = /^16:[0-9A-F]+$/m.exec(said.stdout.toString())?.[0] ?? '';
      const { session } = await meet(node.control, secretsOf());
      expect(await session?.ask(`SETCONF HashedControlPassword=${quoted(hash)}`)).deep.include({ ok: true });
      const file = join(node.folder, 'password');
      for (const [written, up] of [
        [`${password}\n`, true],
        ['another\n', false],
      ] as const) {
        writeFileSync(file, written);
        const { client } = await meet(node.control, secretsOf({ passwordFile: file }));
        expect(client.state().up, client.state().reason ?? '').equal(up);
        if (!up) expect(client.state().reason).match(/^control-refused: 515 /);
      }
      expect(await session?.ask('RESETCONF HashedControlPassword')).deep.include({ ok: true });
    });
  });
}
