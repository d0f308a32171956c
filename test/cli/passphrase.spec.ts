/*
 * Where a passphrase may not be: among the arguments, where everybody on the machine reads it, and on the disk of the node.
 */
import { expect } from 'chai';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ptgProgram } from '../../cli/main.ts';
import type { Command } from 'commander';
import { ptg } from './captured.ts';
import { filesUnder } from './ptg.ts';

describe('a passphrase', () => {
  it('is no argument of any command', () => {
    const options = (command: Command): string[] => [
      ...command.options.map((one) => `${command.name()} ${one.long ?? ''}`),
      ...command.registeredArguments.map((one) => `${command.name()} ${one.name()}`),
      ...command.commands.flatMap(options),
    ];
    const told = options(ptgProgram()).filter((one) => /pass|secret|seed/i.test(one));
    expect(told.length).above(3);
    expect(told.filter((one) => !one.endsWith(' --passphrase-file'))).deep.equal([]);
  });

  it('is nowhere on the disk after a backup and a restore', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'ptg-passphrase-'));
    try {
      const [home, secret] = [join(folder, 'node'), 'correct horse battery staple'];
      expect((await ptg('init', 'directory', 'ledger', home, '--nickname', 'dawn', '--url', 'http://127.0.0.1:7301')).code).equal(
        0,
      );
      await mkdir(join(folder, 'elsewhere'));
      const file = join(folder, 'elsewhere', 'secret');
      await writeFile(file, `${secret}\n`);
      const backup = join(folder, 'backup');
      expect((await ptg('backup', backup, '--home', home, '--passphrase-file', file)).code).equal(0);
      expect((await ptg('restore', backup, '--home', join(folder, 'back'), '--passphrase-file', file)).code).equal(0);
      await rm(join(folder, 'elsewhere'), { recursive: true });
      const files = filesUnder(folder, /./);
      expect(files.length).above(20);
      for (const one of files) {
        const bytes = await readFile(one).catch(() => null);
        expect(bytes?.includes(secret) ?? false, one).equal(false);
      }
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
