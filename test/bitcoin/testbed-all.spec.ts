/*
 * `ptg testbed all` as a newcomer runs it: Tor's circuits paid in Bitcoin; it ends by itself, adds up, and leaves nothing. What its object
 * consists of is tested with `ptg testbed tor`.
 */
import { expect } from 'chai';
import { readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { units } from '../../core/wire/field.ts';
import { torPrograms } from '../../lab/testbed/tor/process.ts';
import { hasSurvivors, startPtg } from '../cli/ptg.ts';
import { bitcoindProgram } from '../harness/bitcoind.ts';

const printed = z.object({
  network: z.object({ ledger: z.null(), bitcoin: z.object({ chain: z.literal('regtest') }).loose() }).loose(),
  checks: z.array(z.object({ what: z.string(), adds: z.boolean() }).loose()).min(20),
  payments: z.array(z.object({ from: z.string(), to: z.string(), amount: units })).min(4),
  contests: z.array(z.object({ accused: z.literal('guard-2'), outcome: z.literal('late') }).loose()).min(2),
});

describe('ptg testbed all', function () {
  this.timeout(600_000);
  let home: string | null = null;
  before(function () {
    if (torPrograms() === null && process.env['CI'] === 'true') throw new Error('tor is not installed: bin/tor.sh gets it');
    if (bitcoindProgram() === null || torPrograms() === null) return void this.skip();
  });
  after(async () => {
    if (home !== null) await rm(home, { recursive: true, force: true });
  });

  it('pays the relays of Tor’s circuits in Bitcoin, and adds up', async () => {
    home = await mkdtemp(join(tmpdir(), 'ptg-testbed-'));
    const running = startPtg(['testbed', 'all', '--once', '--json'], { PTG_HOME: home, TMPDIR: home });
    const ended = await running.ended;
    expect(ended.code, ended.stderr + ended.stdout).equal(0);
    expect(hasSurvivors(running)).equal(false);
    const report = printed.parse(JSON.parse(ended.stdout));
    expect(report.checks.filter((one) => !one.adds)).deep.equal([]);
    expect(readdirSync(home)).deep.equal([]);
  });
});
