/*
 * `ptg testbed bitcoin` as a newcomer runs it: with --once it ends by itself, prints one object that adds up, and leaves nothing; without
 * it stays up, and the commands of README answer from it.
 */
import { expect } from 'chai';
import { existsSync, readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { hex32, signedUnits, units } from '../../core/wire/field.ts';
import { network } from '../../core/wire/network.ts';
import { sum } from '../../lab/report.ts';
import { hasSurvivors, ptgJson, startPtg, until, type Ended, type Running } from '../cli/ptg.ts';
import { bitcoindProgram } from '../harness/bitcoind.ts';

const name = z.string().min(1);
const count = z.int().min(1);
const paid = z.strictObject({
  ...{ interval: z.int().min(0), from: name, to: name, amount: units, payment: z.string().regex(/^[0-9a-f]{64}:\d+$/) },
  ...{ provenBy: count, receipted: z.boolean(), proven: units },
});
const printed = z.strictObject({
  network,
  stages: z.array(z.strictObject({ stage: name, seconds: z.number().min(0), told: z.string() })).min(10),
  checks: z.array(z.strictObject({ what: name, expected: name, found: name, adds: z.boolean() })).min(10),
  deposits: z
    .array(
      z.strictObject({
        ...{ subscriber: name, guard: name, destination: z.string().startsWith('bcrt1q'), txid: hex32 },
        ...{ paid: units, credited: units, spent: units, balance: units },
      }),
    )
    .length(3),
  intervals: z
    .array(
      z.strictObject({
        ious: z.array(z.strictObject({ issuer: name, holder: name, relayBytes: units, exitBytes: units, value: units })).min(1),
      }),
    )
    .length(2),
  payments: z.array(paid).min(4),
  transactions: z
    .array(z.strictObject({ txid: hex32, payer: name, creditors: count, fee: units, vbytes: count, confirmations: count }))
    .min(4),
  contests: z
    .array(
      z.strictObject({
        ...{ contestant: name, accused: name, interval: z.int(), claimed: units },
        ...{ verdict: name, answeredBy: name, payment: paid.nullable() },
      }),
    )
    .length(1),
  wallets: z
    .array(
      z.strictObject({
        ...{ name, opening: units, settlementsReceived: units, otherIncome: units, settlementsPaid: units, fees: units },
        ...{ expected: signedUnits, balance: signedUnits, difference: signedUnits },
      }),
    )
    .length(4),
});
type Printed = z.infer<typeof printed>;

describe('ptg testbed bitcoin', function () {
  this.timeout(600_000);
  let home: string;
  const started: Running[] = [];
  before(async function () {
    if (bitcoindProgram() === null) return void this.skip();
    home = await mkdtemp(join(tmpdir(), 'ptg-testbed-'));
  });
  after(async () => {
    for (const one of started) one.child.kill('SIGKILL');
    for (const one of started) await one.ended;
    if (home !== undefined) await rm(home, { recursive: true, force: true });
  });
  const begin = (folder: string, ...args: string[]): Running => {
    const running = startPtg(['testbed', 'bitcoin', '--json', ...args], { PTG_HOME: folder, TMPDIR: folder });
    started.push(running);
    return running;
  };

  describe('with --once', () => {
    let once: string;
    let ended: Ended;
    let report: Printed;
    before(async () => {
      once = await mkdtemp(join(home, 'once-'));
      const running = begin(once, '--once');
      ended = await running.ended;
      expect(ended.code, ended.stderr + ended.stdout).equal(0);
      expect(hasSurvivors(running)).equal(false);
      report = printed.parse(JSON.parse(ended.stdout));
    });

    it('prints one object, tells its stages, and leaves nothing', () => {
      expect(ended.stdout).match(/^\{.*\}\n$/);
      for (const { stage } of report.stages) expect(ended.stderr).include(`${stage} ... `);
      expect(readdirSync(once)).deep.equal([]);
      expect(report.network).include({ ledger: null });
    });

    it('adds up by its own checks, and by what it prints', () => {
      expect(report.checks.filter((one) => !one.adds)).deep.equal([]);
      const { deposits, payments, transactions, wallets } = report;
      for (const one of deposits) {
        expect([one.credited, one.spent + one.balance], one.subscriber).deep.equal([one.paid, one.paid]);
        expect(one.spent > 0n, one.subscriber).equal(true);
      }
      expect(new Set(deposits.map((one) => one.destination)).size).equal(3);
      const held = sum(wallets.map((one) => one.balance + one.fees));
      expect(held).equal(sum(deposits.map((one) => one.paid)));
      for (const wallet of wallets) {
        const own = payments.filter((one) => one.from === wallet.name);
        expect(sum(own.map((one) => one.amount)), wallet.name).equal(wallet.settlementsPaid);
        const sent = transactions.filter((one) => one.payer === wallet.name);
        expect(sum(sent.map((one) => one.fee)), wallet.name).equal(wallet.fees);
        expect(wallet.difference, wallet.name).equal(0n);
      }
      for (const one of payments) expect([one.amount, one.provenBy], one.payment).deep.equal([one.proven, 3]);
    });

    it('pays many in one transaction, and the middle out of its own income', () => {
      expect(Math.max(...report.transactions.map((one) => one.creditors))).equal(3);
      const middle = report.wallets.find((one) => one.name === 'middle')!;
      expect([middle.opening, middle.otherIncome]).deep.equal([0n, 0n]);
      expect(middle.settlementsPaid > 0n && middle.settlementsPaid < middle.settlementsReceived).equal(true);
      const nets = report.payments.filter((one) => one.interval === 0).map((one) => `${one.from} ${one.to}`);
      expect(nets).include('guard-1 guard-2').not.include('guard-2 guard-1');
    });

    it('the false contest is dismissed by the payment’s proof', () => {
      const [{ payment, ...contest }] = report.contests as [Printed['contests'][number]];
      expect(contest).include({
        contestant: 'exit',
        accused: 'middle',
        interval: 1,
        verdict: 'dismissed',
        answeredBy: 'payment',
      });
      expect(payment?.proven).equal(contest.claimed);
      expect(report.payments.map((one) => one.payment)).include(payment?.payment);
    });
  });

  it('without it stays up: commands answer, blocks go on, and it ends when it is told', async () => {
    const running = begin(home);
    await until('the object', async () => (running.stdout().endsWith('\n') ? true : null));
    const report = printed.parse(JSON.parse(running.stdout()));
    expect(report.checks.filter((one) => !one.adds)).deep.equal([]);
    await until('its name', async () => (existsSync(join(home, 'local', 'newest')) ? true : null));
    const read = <T>(command: string) => ptgJson<T>(command.split(' '), { PTG_HOME: home });
    type Wallets = { wallets: { difference: string }[] };
    expect((await read<Wallets>('reconcile --as middle')).wallets.map((one) => one.difference)).deep.equal(['0']);
    type Accounts = { accounts: { account: { spent: string } }[] };
    const before = report.deposits.find((one) => one.subscriber === 'user-1')!.spent;
    await until('more traffic', async () => {
      const { accounts } = await read<Accounts>('balance --as user-1');
      return BigInt(accounts[0]!.account.spent) > before ? true : null;
    });
    running.child.kill('SIGTERM');
    expect((await running.ended).code, running.stderr()).equal(0);
    expect(hasSurvivors(running)).equal(false);
  });
});
