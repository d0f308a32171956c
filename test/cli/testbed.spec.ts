/*
 * What `ptg testbed …` does around a testbed: the folder, progress and the object apart, the exit code.
 */
import { expect } from 'chai';
import { Command } from 'commander';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { addTestbed, testbedCommand } from '../../cli/testbed.ts';
import { ok } from '../../core/refusal.ts';
import { createStages, type TestbedOutcome } from '../../lab/testbed/stages.ts';
import { later, undoAll } from '../harness/later.ts';
import { capture, ptg, type Captured } from './captured.ts';

afterEach(undoAll);

describe('ptg testbed', () => {
  let seen = '';

  /** One that writes a file and checks that two and `sum` are the same. */
  function run(sum: bigint, ...args: string[]): Promise<Captured> {
    const program = new Command('ptg').option('--json').option('--home <dir>').exitOverride();
    addTestbed(testbedCommand(program), {
      name: 'sums',
      description: 'two and two',
      async run({ home, say, ended }, hold) {
        seen = home;
        const stages = createStages({ say, ended });
        await stages.run('a file', () => writeFile(join(home, 'file'), 'x'));
        stages.check('two and two', 4n, sum);
        const outcome: TestbedOutcome = { stages: stages.stages, checks: stages.checks };
        await hold(outcome);
        return ok(outcome);
      },
      text: () => 'a table\n',
      commands: () => [],
    });
    return capture(async () => void (await program.parseAsync(['testbed', 'sums', ...args], { from: 'user' })));
  }

  it('with --once --json: progress on stderr, one object on stdout, nothing left', async () => {
    const { code, out, err } = await run(4n, '--once', '--json');
    expect([code, err.startsWith('a file ... ')]).deep.equal([0, true]);
    const { checks } = JSON.parse(out) as TestbedOutcome;
    expect(checks).deep.equal([{ what: 'two and two', expected: '4', found: '4', adds: true }]);
    expect(existsSync(seen)).equal(false);
  });

  it('ends with 1 where something does not add up, and says what', async () => {
    const { code, out } = await run(5n, '--once');
    expect(code).equal(1);
    expect(out).include('a table').include('NOT so: two and two: expected 4, found 5').include('DOES NOT');
  });

  it('keeps its folder where it is told, which has to be empty', async () => {
    const parent = await mkdtemp(join(tmpdir(), 'ptg-keep-'));
    later(() => rm(parent, { recursive: true }));
    const keep = join(parent, 'kept');
    expect((await run(4n, '--once', '--keep', keep)).code).equal(0);
    expect([seen, existsSync(join(keep, 'file'))]).deep.equal([keep, true]);
    const again = await run(4n, '--once', '--keep', keep);
    expect([again.code, again.err.includes(`${keep}\n`), again.err.includes('[testbed-folder]')]).deep.equal([1, true, true]);
  });

  it('bitcoin without a bitcoind says how to install one', async () => {
    const before = process.env['PTG_BITCOIND'];
    later(async () => void (before === undefined ? delete process.env['PTG_BITCOIND'] : (process.env['PTG_BITCOIND'] = before)));
    process.env['PTG_BITCOIND'] = '/nowhere/bitcoind';
    const { code, out, err } = await ptg('testbed', 'bitcoin', '--once', '--json');
    expect([code, out]).deep.equal([1, '']);
    expect(err).include('/nowhere/bitcoind').include('sh bin/bitcoind.sh').include('[testbed-bitcoind]');
  });

  it('without --once stays up until it is ended, and keeps what commands read', async () => {
    const home = await mkdtemp(join(tmpdir(), 'ptg-home-'));
    later(() => rm(home, { recursive: true }));
    const ended = run(4n, '--home', home);
    const isUp = async () => {
      while (!existsSync(join(home, 'local', 'newest'))) await new Promise((resolve) => setImmediate(resolve));
    };
    await isUp();
    process.emit('SIGTERM');
    const { code, out } = await ended;
    expect([code, out.includes('It stays up until Ctrl-C'), existsSync(join(seen, 'file'))]).deep.equal([0, true, true]);
  });
});
