/*
 * What `ptg init` gives a relay's operator for tor: lines for torrc, what the torrc that is there lacks, a unit that can read the cookie.
 */
import { expect } from 'chai';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkTorrc } from '../../tor/torrc/check.ts';
import { readTorrc } from '../../tor/torrc/settings.ts';
import { ptg } from '../cli/captured.ts';
import { later, undoAll } from '../harness/later.ts';

afterEach(undoAll);

describe('ptg init beside a tor', () => {
  let folder = '';
  const at = (...names: string[]) => join(folder, ...names);
  const init = (name: string, roles: string, ...more: string[]) =>
    ptg('init', ...roles.split(' '), at(name), '--network', at('net', 'network.json'), ...more);
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ptg-init-tor-'));
    later(() => rm(folder, { recursive: true }));
    expect((await ptg('init', 'directory', 'ledger', at('net'))).code).equal(0);
  });

  it('writes lines with which a torrc is complete; what is an alternative is commented out', async () => {
    const made = await init('node', 'relay settlement guard', '--json');
    const { id, torrc } = JSON.parse(made.out) as { id: string; torrc: unknown };
    expect(torrc).equal(null);
    const text = await readFile(at('node', 'torrc.lines'), 'utf8');
    const settings = readTorrc([{ name: 'torrc', text: `ORPort 9001\n${text}` }]);
    expect(settings.ok && checkTorrc(settings.value, id)).deep.equal([]);
    expect(settings.ok && settings.value.of('ExtORPort')).deep.equal([]);
    expect(text)
      .match(/^# ExtORPort 127/m)
      .and.include(`transport --home ${at('node')}\n`);
    expect(text).include(`#   ${process.execPath} PUx,\n`);
    // Without the comment marks it is a torrc as well, but for the words between.
    const lines = text.split('\n').filter((line) => /^# (Ext|Data|Server)/.test(line));
    expect(readTorrc([{ name: 'torrc', text: lines.map((line) => line.slice(2)).join('\n') }]).ok).equal(true);
    expect(await readFile(at('node', 'ptg.service'), 'utf8')).match(/^# SupplementaryGroups=debian-tor$/m);
    await init('middle', 'relay settlement');
    expect(await readFile(at('middle', 'torrc.lines'), 'utf8')).not.include('ExtORPort');
  });

  it('says what the torrc that is there lacks, of all its files, and leaves them as they are', async () => {
    const files = ['defaults-torrc', 'relay-torrc'].map((name) => join(import.meta.dirname, '..', 'tor', 'captured', name));
    const before = await Promise.all(files.map((file) => readFile(file, 'utf8')));
    const made = await init('node', 'relay settlement', ...files.flatMap((file) => ['--torrc', file]));
    expect(made).include({ code: 0, err: '' });
    expect(made.out).match(
      /ContactInfo does not name the payment key \(.*relay-torrc:9: .*\)\n    to do: add among its words: ptg:/,
    );
    expect(made.out.match(/to do:/g)).length(1);
    expect(await Promise.all(files.map((file) => readFile(file, 'utf8')))).deep.equal(before);
  });

  it('refuses a torrc that cannot be read, or that tor would not take, before anything is written', async () => {
    expect((await init('node', 'relay', '--torrc', at('nothing'))).err).include('[torrc-unreadable]');
    await writeFile(at('torrc'), 'ORPort 9001\n!!\n');
    const refused = await init('node', 'relay', '--torrc', at('torrc'));
    expect(refused).include({ code: 1, out: '' });
    expect(refused.err).include('[torrc-line]').and.include('torrc:2: !!');
    expect(existsSync(at('node'))).equal(false);
    expect((await init('node', 'client', '--torrc', at('torrc'))).code).equal(2);
  });
});
