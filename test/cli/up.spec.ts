/*
 * `ptg up` as a newcomer runs it: with --once it ends by itself, prints one object, accounts for every unit, and leaves nothing but a
 * folder that the reading commands answer from; Ctrl-C ends it at any time.
 */
import { expect } from 'chai';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { units } from '../../core/wire/field.ts';
import { network } from '../../core/wire/network.ts';
import { sum } from '../../lab/report.ts';
import { filesUnder, hasSurvivors, leftBehind, ptg, ptgJson, startPtg, until, type Ended, type Running } from './ptg.ts';

const signed = z.string().regex(/^-?\d+$/);
const name = z.string().min(1);
const payment = z.strictObject({ from: name, to: name, amount: units });
const contest = z.strictObject({ contestant: name, accused: name, amount: units, outcome: z.enum(['upheld', 'late']) });
/** Design §9, with `network` and `authorities`. */
const printed = z.strictObject({
  intervals: z
    .array(
      z.strictObject({
        ious: z.array(z.strictObject({ issuer: name, holder: name, relayBytes: units, exitBytes: units, value: units })).min(1),
        payments: z.array(payment).min(1),
        carried: z.array(payment),
        contests: z.array(contest),
        guardFlags: z.array(name).min(1),
      }),
    )
    .length(2),
  relays: z.array(z.strictObject({ name, received: units, paid: units, net: signed, usageIncome: units })).length(12),
  subscribers: z.array(z.strictObject({ name, deposited: units, spent: units, balance: units })).length(6),
  network,
  authorities: z.array(z.string().regex(/^[0-9a-f]{64}$/)).length(1),
});
type Printed = z.infer<typeof printed>;

describe('ptg up --once --json', () => {
  let home: string;
  let running: Running;
  let ended: Ended;
  let report: Printed;
  before(async () => {
    home = await mkdtemp(join(tmpdir(), 'ptg-up-'));
    running = startPtg(['up', '--once', '--json'], { PTG_HOME: home });
    ended = await running.ended;
  });
  after(async () => {
    running.child.kill('SIGKILL');
    await running.ended;
    await rm(home, { recursive: true, force: true });
  });

  it('ends with 0 and prints one object', () => {
    expect(ended.code, ended.stderr).equal(0);
    expect(ended.stdout).match(/^\{.*\}\n$/);
    report = printed.parse(JSON.parse(ended.stdout));
    expect(report.authorities).deep.equal(report.network.authorities.map((one) => one.key));
    expect(ended.stderr).include('Every unit is accounted for').include('Interval 1 is settled');
  });

  it('adds up: what is paid is received, what is spent was deposited, names are in byte order', () => {
    const { relays, subscribers, intervals } = report;
    const payments = intervals.flatMap((one) => one.payments);
    const { ious } = intervals[0]!;
    expect(sum(relays.map((one) => one.received))).equal(sum(payments.map((one) => one.amount)));
    for (const { name: relay, paid, received, net } of relays) {
      expect(sum(payments.filter((one) => one.from === relay).map((one) => one.amount)), relay).equal(paid);
      expect(String(received - paid), relay).equal(net);
    }
    expect(sum(relays.map((one) => one.usageIncome))).equal(sum(subscribers.map((one) => one.spent)));
    for (const { name: who, deposited, spent, balance } of subscribers) expect(deposited - spent, who).equal(balance);
    for (const names of [relays.map((one) => one.name), ious.map((one) => `${one.issuer}\0${one.holder}`)]) {
      expect(names).deep.equal([...names].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))));
    }
  });

  it('one guard defaults in the second interval: its creditors contest, and it loses the flag', () => {
    const [first, second] = report.intervals;
    expect(first!.contests).deep.equal([]);
    const accused = new Map<string, number>();
    for (const one of second!.contests) accused.set(one.accused, (accused.get(one.accused) ?? 0) + 1);
    const [defaulter, reporters] = [...accused].sort((a, b) => b[1] - a[1])[0]!;
    expect(reporters).greaterThan(0);
    expect(first!.guardFlags).include(defaulter);
    expect(second!.payments.filter((one) => one.from === defaulter)).deep.equal([]);
    // Two reporters may be of one family; three of four and more are not, in a network drawn so.
    if (reporters > 3) expect(second!.guardFlags).not.include(defaulter);
    expect(ended.stderr).include('upheld');
  });

  it('leaves no process, no socket, no locked database, nobody at its addresses', async () => {
    expect(hasSurvivors(running)).equal(false);
    expect(filesUnder(home, /\.sqlite$/).length).greaterThan(40);
    expect(await leftBehind(home)).deep.equal([]);
    const answered = await fetch(`${report.network.authorities[0]!.url}/directory/consensus`).then(
      () => true,
      () => false,
    );
    expect(answered).equal(false);
  });

  it('keeps a folder that the reading commands answer from', async () => {
    const relay = report.relays.find((one) => one.usageIncome > 0n && one.paid > 0n)!;
    const read = <T>(command: string, who = relay.name) => ptgJson<T>([...command.split(' '), '--as', who], { PTG_HOME: home });
    type Lines = { lines: { interval: number; paid: string }[] };
    // One after the other: two commands of one role would take turns.
    const earnings = await read<Lines>('earnings');
    const ious = await read<{ interval: number; ious: { direction: string }[] }>('ious --interval 0');
    const statements = await read<{ statements: { receipt: unknown; state: string }[] }>('statements --interval 0');
    type Billed = { interval: number; circuitBytes: string; certifiedBytes: string; difference: string };
    const status = await read<{ node: { running: string[] }; needsYou: { code: string }[]; billed: Billed[] }>('status');
    const screen = await ptg(['status', '--as', relay.name], { PTG_HOME: home });
    const account = await read<{ guards: unknown[] }>('account', 'user-1');
    const paid = earnings.lines.map((one) => BigInt(one.paid));
    expect(sum(paid)).equal(relay.paid);
    expect([ious.interval, ious.ious.some((one) => one.direction === 'issued')]).deep.equal([0, true]);
    expect(statements.statements.filter((one) => one.state === 'receipted' && one.receipt !== null)).not.empty;
    expect(status.node.running).deep.equal([]);
    expect(status.needsYou.map((one) => one.code)).include('node-down');
    expect(account.guards).length(1);
    // What its subscribers are billed for, beside what it certified onward for them.
    const [billed] = status.billed.filter((one) => one.interval === 0);
    expect(BigInt(billed!.circuitBytes) > 0n).equal(true);
    expect([billed!.certifiedBytes, billed!.difference]).deep.equal([billed!.circuitBytes, '0']);
    expect(screen.stdout).match(/interval 0: circuits \S+ \S+, the rest \S+ \S+; IOUs onward \S+ \S+, as much\n/);

    const live = await ptg(['links', '--as', relay.name], { PTG_HOME: home });
    expect([live.code, live.stdout, /\[home-stopped\]/.test(live.stderr)]).deep.equal([1, '', true]);
    const sheet = await ptg(['earnings', '--csv', '--as', relay.name], { PTG_HOME: home });
    expect(sheet.stdout.split('\r\n')[0]).equal(
      'interval,neighbour,id,rail,unit,held,issued,carried in,gross,fee,net,carried on,received,paid,payment,time,kind,state',
    );
  });

  it('writes the evidence into files', async () => {
    const relay = report.relays.find((one) => one.received > 0n)!;
    const folder = join(home, 'evidence');
    const saved = await ptg(['statements', '--save', folder, '--as', relay.name], { PTG_HOME: home });
    expect(saved.code, saved.stderr).equal(0);
    const receipts = filesUnder(folder, /^0-.*-receipt\.json$/);
    expect(receipts).not.empty;
    const receipt = JSON.parse(await readFile(receipts[0]!, 'utf8')) as { body: { interval: number }; signature: string };
    expect([receipt.body.interval, receipt.signature.length]).deep.equal([0, 128]);
  });
});

describe('ptg up, interrupted', () => {
  let home: string;
  before(async () => (home = await mkdtemp(join(tmpdir(), 'ptg-int-'))));
  after(() => rm(home, { recursive: true, force: true }));

  it('ends at once, and leaves nothing', async () => {
    const running = startPtg(['up', '--relays', '6'], { PTG_HOME: home });
    await until('deposits', async () => (/user-1 deposited/.test(running.stdout()) ? true : null));
    running.child.kill('SIGINT');
    const begun = Date.now();
    const ended = await running.ended;
    expect(ended.code, ended.stderr).oneOf([0, 130]);
    expect(Date.now() - begun).lessThan(15_000);
    expect(ended.stdout).include('Try:').include('npx ptg earnings --as');
    expect(hasSurvivors(running)).equal(false);
    expect(await leftBehind(home)).deep.equal([]);
  });
});
