/*
 * The column of another currency in `ptg earnings --csv`: exact, rounded once, by a rate that the operator gives; and what else an accountant
 * finds there.
 */
import { expect } from 'chai';
import fc from 'fast-check';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readFiat, roundHalfEven, type Fiat } from '../../cli/fiat.ts';
import { earningsCsv, earningsShape } from '../../cli/settlement-text.ts';
import { later, undoAll } from '../harness/later.ts';

afterEach(undoAll);

const day = Date.parse('2026-11-22T00:00:00Z') / 1000;

async function folder(fiat: string, rates?: string): Promise<string> {
  const home = await mkdtemp(join(tmpdir(), 'ptg-fiat-'));
  later(() => rm(home, { recursive: true }));
  await writeFile(join(home, 'ptg.toml'), `roles = ["settlement"]\n${fiat}\n`);
  if (rates !== undefined) await writeFile(join(home, 'rates.csv'), rates);
  return home;
}

async function fiatOf(...of: Parameters<typeof folder>): Promise<Fiat> {
  const read = await readFiat(await folder(...of));
  if (!read.ok || read.value === null) throw new Error('no fiat');
  return read.value;
}

const fixed = 'fiat = { currency = "EUR", rate = "58000.25", at = "2026-11-22" }';
const byFile = 'fiat = { currency = "EUR", rates = "rates.csv" }';

describe('fiat of earnings', () => {
  it('is exact: beyond 2^53, and to the nearest, from the middle to the even', async () => {
    const { worth } = await fiatOf(fixed);
    expect(worth(100_000_000n, 1)?.amount).equal('58000.25');
    expect(worth(-1n, 1)?.amount).equal('0.00');
    expect(worth(-100n, 1)?.amount).equal('-0.06');
    expect(worth(9_007_199_254_740_993n, 1)?.amount).equal(exact(9_007_199_254_740_993n));
    expect([5n, 15n, 25n, -5n, -15n, 6n, 4n].map((one) => roundHalfEven(one, 10n))).deep.equal([0n, 2n, 2n, 0n, -2n, 1n, 0n]);
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }), fc.bigInt({ min: 1n, max: 10n ** 20n }), (of, by) => {
        const rest = of - roundHalfEven(of, by) * by;
        return 2n * (rest < 0n ? -rest : rest) <= by;
      }),
    );
  });

  /** In whole cents, by division with its rest alone. */
  function exact(sat: bigint): string {
    const cents = (sat * 5_800_025n * 2n + 100_000_000n) / (2n * 100_000_000n);
    return `${cents / 100n}.${String(cents % 100n).padStart(2, '0')}`;
  }

  it('takes the last rate at or before the payment, and none from after it', async () => {
    const fiat = await fiatOf(byFile, `time,rate\n2026-11-22T00:00:00Z,50000\n${day + 3600},60000.5\n`);
    const at = (time: number) => fiat.worth(100_000_000n, time);
    expect(at(day - 1)).equal(null);
    expect(at(day)).deep.equal({ amount: '50000.00', rate: '50000', of: '2026-11-22T00:00:00Z' });
    expect(at(day + 3600)).deep.equal({ amount: '60000.50', rate: '60000.5', of: '2026-11-22T01:00:00Z' });
    expect(fiat.head).equal('change in EUR (rates.csv: the last rate per BTC at or before the payment; rounded half to even)');
  });

  it('refuses rates that cannot be read, and a setting that says two things or nothing', async () => {
    for (const rates of ['2026-11-22,5', '1,2,3', '5,1\n4,1', 'x', '1,-2']) {
      const read = await readFiat(await folder(byFile, rates));
      expect(!read.ok && read.refusal.code, rates).equal('fiat-rates');
    }
    const missing = await readFiat(await folder(byFile));
    expect(!missing.ok && missing.refusal.code).equal('fiat-rates');
    for (const given of [
      'rate = "1", at = "2026-11-22", rates = "x"',
      'rate = "1"',
      'at = "2026-11-22"',
      'rate = "1e5", at = "2026-11-22"',
    ]) {
      expect((await readFiat(await folder(`fiat = { currency = "EUR", ${given} }`))).ok, given).equal(false);
    }
    const none = await readFiat(await folder(''));
    expect(none.ok && none.value).equal(null);
  });

  it('stands in the sheet beside unit, payment and time, for settlements and sweeps', async () => {
    const line = {
      interval: 3,
      peer: 'ab'.repeat(32),
      nickname: 'birch',
      rail: 'bitcoin',
      state: 'receipted',
      held: '0',
      issued: '200000000',
    };
    const sums = {
      carryIn: '0',
      gross: '-200000000',
      fee: '400',
      net: '-200000000',
      carryOut: '0',
      received: '0',
      paid: '200000000',
    };
    const swept = {
      rail: 'bitcoin',
      destination: 'bcrt1qcold',
      amount: '500',
      state: 'paid',
      payment: 'cd:1',
      fee: '100000000',
      at: day,
    };
    const lines = [
      { ...line, ...sums, payment: 'ab:0', at: day },
      { ...line, ...sums, rail: null, payment: null, at: null },
    ];
    const earnings = earningsShape.parse({ lines, sums: {}, sweeps: [swept] });
    const [heads, first, second, third] = earningsCsv(earnings, await fiatOf(fixed)).split('\r\n');
    expect(heads).equal(
      'interval,neighbour,id,rail,unit,held,issued,carried in,gross,fee,net,carried on,received,paid,payment,time,kind,state,' +
        'change in EUR (58000.25 EUR per BTC of 2026-11-22; rounded half to even),rate,rate of',
    );
    expect(first).equal(
      `3,birch,${'ab'.repeat(32)},bitcoin,sat,0,200000000,0,-200000000,400,-200000000,0,0,200000000,ab:0,2026-11-22T00:00:00Z,` +
        'settlement,receipted,-116000.73,58000.25,2026-11-22',
    );
    expect(second).match(/,settlement,receipted,,,$/);
    expect(third).equal(
      ',,bcrt1qcold,bitcoin,sat,,,,,100000000,,,,500,cd:1,2026-11-22T00:00:00Z,sweep,paid,-58000.25,58000.25,2026-11-22',
    );
    expect(earningsCsv(earnings, null).split('\r\n')[0]).match(/,kind,state$/);
  });
});
