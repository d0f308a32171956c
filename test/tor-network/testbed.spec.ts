/*
 * `ptg testbed tor` as a newcomer runs it: it ends by itself, prints one object that adds up, and leaves no tor and no folder.
 */
import { expect } from 'chai';
import { readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { units } from '../../core/wire/field.ts';
import { network } from '../../core/wire/network.ts';
import { torPrograms } from '../../lab/testbed/tor/process.ts';
import { hasSurvivors, startPtg, type Ended } from '../cli/ptg.ts';

const name = z.string().min(1);
const count = z.int().min(1);
const flags = z.array(name);
const printed = z.strictObject({
  network,
  stages: z.array(z.strictObject({ stage: name, seconds: z.number().min(0), told: z.string() })).min(12),
  checks: z.array(z.strictObject({ what: name, expected: name, found: z.string(), adds: z.boolean() })).min(20),
  downloads: z.array(z.strictObject({ user: name, bytes: count, seconds: z.number() })).min(3),
  bills: z
    .array(
      z.strictObject({
        ...{ subscriber: name, guard: name, carried: units, circuitBytes: units, otherBytes: units },
        ...{ charge: units, signed: units, iouBytes: units },
      }),
    )
    .length(2),
  cells: z.array(
    z.strictObject({
      ...{ issuer: name, holder: name, circuits: count, cells: units, owedBytes: units, iouBytes: units, value: units },
    }),
  ),
  links: z.array(z.strictObject({ a: name, b: name, sentByA: units, receivedByB: units, sentByB: units, receivedByA: units })),
  payments: z.array(z.strictObject({ from: name, to: name, amount: units })).min(4),
  contests: z
    .array(z.object({ contestant: name, accused: z.literal('guard-2'), amount: units, outcome: z.literal('late') }))
    .min(2),
  flags: z.tuple([
    z.strictObject({ at: z.literal('before'), guards: flags, tor: flags }),
    z.strictObject({ at: z.literal('denied'), guards: flags, tor: flags }),
    z.strictObject({ at: z.literal('cleared'), guards: flags, tor: flags }),
  ]),
  overhead: z.strictObject({ messages: units, traffic: units }),
});
type Printed = z.infer<typeof printed>;

const MIB = 1_048_576;

describe('ptg testbed tor', function () {
  this.timeout(600_000);
  let home: string | null = null;
  let ended: Ended;
  let report: Printed;

  before(async function () {
    if (torPrograms() === null && process.env['CI'] === 'true') throw new Error('tor is not installed: bin/tor.sh gets it');
    if (torPrograms() === null) {
      console.log('    skipped: no tor on this machine; bin/tor.sh gets one that starts no service');
      return void this.skip();
    }
    home = await mkdtemp(join(tmpdir(), 'ptg-testbed-'));
    const running = startPtg(['testbed', 'tor', '--once', '--json'], { PTG_HOME: home, TMPDIR: home });
    ended = await running.ended;
    expect(ended.code, ended.stderr + ended.stdout).equal(0);
    expect(hasSurvivors(running)).equal(false);
    report = printed.parse(JSON.parse(ended.stdout));
  });
  after(async () => {
    if (home !== null) await rm(home, { recursive: true, force: true });
  });

  it('tells its stages, and leaves nothing', () => {
    for (const { stage } of report.stages) expect(ended.stderr).include(`${stage} ... `);
    expect(readdirSync(home as string)).deep.equal([]);
  });

  it('downloads 20 MiB for each subscriber, and adds up by its own checks', () => {
    const bytesOf = (user: string) =>
      report.downloads.filter((one) => one.user === user).reduce((sum, one) => sum + one.bytes, 0);
    expect([bytesOf('user-1') >= 20 * MIB, bytesOf('user-2') >= 20 * MIB, bytesOf('user-3')]).deep.equal([true, true, 5 * MIB]);
    expect(report.checks.filter((one) => !one.adds)).deep.equal([]);
  });

  it('pays for the cells of paid circuits, and for no others', () => {
    for (const line of report.cells) {
      const apart = line.iouBytes > line.owedBytes ? line.iouBytes - line.owedBytes : line.owedBytes - line.iouBytes;
      expect(apart <= BigInt(line.circuits * 4) * 514n, `${line.issuer} to ${line.holder}`).equal(true);
    }
    // 20 MiB of each, at most 498 bytes in a cell, over each of two links; the free user's went the same ways.
    const certified = report.cells.reduce((sum, line) => sum + line.iouBytes, 0n);
    const leastOf = (bytes: number) => BigInt(Math.floor(bytes / 498)) * 514n;
    expect(certified >= 2n * leastOf(40 * MIB) && certified < 2n * leastOf(44 * MIB)).equal(true);
    for (const one of report.bills) expect(one.signed, one.subscriber).equal(one.charge);
  });

  it('takes the Guard flag of who does not pay in Tor itself, and gives it back', () => {
    const [before, denied, cleared] = report.flags;
    expect([before.tor, cleared.tor].every((one) => one.includes('Guard') && !one.includes('MiddleOnly'))).equal(true);
    expect([denied.tor.includes('Guard'), denied.tor.includes('MiddleOnly')]).deep.equal([false, true]);
    expect([before.guards, denied.guards, cleared.guards]).deep.equal([
      ['guard-1', 'guard-2'],
      ['guard-1'],
      ['guard-1', 'guard-2'],
    ]);
  });

  it('says less than a hundredth of the traffic to pay for it', () => {
    const { messages, traffic } = report.overhead;
    expect(messages > 0n && messages * 100n < traffic).equal(true);
  });
});
