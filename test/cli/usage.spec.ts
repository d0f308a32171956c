/*
 * How `ptg` says no: three lines and a code on stderr, nothing on stdout, 1 for refused and 2 for wrong usage.
 */
import { expect } from 'chai';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { main } from '../../cli/main.ts';
import { ptg, type Ended } from './ptg.ts';

/** Arguments, exit code, the code in brackets. `HOME` is an empty folder. */
const cases: readonly (readonly [string, number, string])[] = [
  ['nonsense', 2, 'usage'],
  ['links --bogus', 2, 'usage'],
  ['relay', 2, 'usage'],
  ['init relay', 2, 'usage'],
  ['init wizard HOME/x', 2, 'usage'],
  ['deposit 1.5 --home HOME', 2, 'usage'],
  ['up --relays 3', 2, 'usage'],
  ['settle --home HOME', 2, 'usage'],
  ['payouts approve 12 --home HOME', 2, 'usage'],
  ['links --home HOME', 1, 'home-missing'],
  ['links --as R1 --home HOME', 1, 'home-no-local'],
  ['run --home HOME', 1, 'home-missing'],
  ['init relay HOME/x', 1, 'init-network'],
  ['init relay HOME/x --network HOME/none.json', 1, 'file-missing'],
  ['init relay HOME/file/x --network HOME/none.json', 1, 'file-missing'],
  ['account restore HOME/none --home HOME/y --network HOME/none.json', 1, 'input-file'],
  ['scenario HOME/none.json', 1, 'input-file'],
  ['scenario HOME/file', 1, 'scenario-json'],
  ['up --consensus HOME/none', 1, 'input-file'],
  ['up --consensus HOME/file', 1, 'tor-'],
];

/** In this process: what it writes and with what it would end. */
async function ptgHere(args: readonly string[]): Promise<Ended> {
  const written = { stdout: '', stderr: '' };
  const [out, err] = [process.stdout.write, process.stderr.write];
  const into = (name: 'stdout' | 'stderr') => (text: string | Uint8Array) => {
    written[name] += String(text);
    return true;
  };
  process.stdout.write = into('stdout');
  process.stderr.write = into('stderr');
  try {
    await main(args);
    return { code: Number(process.exitCode ?? 0), ...written };
  } finally {
    process.stdout.write = out;
    process.stderr.write = err;
    process.exitCode = undefined;
  }
}

describe('ptg, used wrongly', () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ptg-'));
    await writeFile(join(folder, 'file'), 'no more than words\n');
  });
  after(() => rm(folder, { recursive: true, force: true }));

  it('says what, about what, what to do, and a code', async () => {
    const wrong: string[] = [];
    for (const [line, code, word] of cases) {
      const ended = await ptgHere(line.replaceAll('HOME', folder).split(' '));
      const lines = ended.stderr.split('\n');
      const isShaped = lines.length === 4 && /^ {2}\S/.test(lines[1]!) && /^ {2}\S.* \[[a-z-]+\]$/.test(lines[2]!);
      const isRight = ended.code === code && ended.stdout === '' && isShaped && lines[2]!.includes(`[${word}`);
      if (!isRight) wrong.push(`ptg ${line} → ${ended.code}\n${ended.stdout}${ended.stderr}`);
    }
    expect(wrong.join('\n')).equal('');
  });

  it('helps who asks, and who forgot the command', async () => {
    const [asked, forgot] = await Promise.all([ptg(['help', 'wallet']), ptg(['wallet'])]);
    expect([asked.code, asked.stderr]).deep.equal([0, '']);
    expect(asked.stdout).match(/^Usage: ptg wallet/);
    expect([forgot.code, forgot.stdout]).deep.equal([2, '']);
    expect(forgot.stderr).match(/^Usage: ptg wallet/);
  });
});
