/*
 * The bench itself, with next to no work: each bench answers its rows, the tables say them, and names choose. No time is asserted.
 */
import { expect } from 'chai';
import type { Bench } from '../../bench/bench.ts';
import { benches, chosen, growthOf } from '../../bench/main.ts';
import { alternating, median, perCoreSecond, perSecond, timed } from '../../bench/measure.ts';
import { growthTable, resultsTable } from '../../bench/table.ts';
import { rowOf } from '../../bench/bench.ts';

const doubling: Bench = {
  names: ['some.rows', 'some.bytes'],
  work: 'things',
  size: 8,
  growth: [1, 10, 100],
  run: async (_rounds, size) => [rowOf('some.rows', 'rows', size, 8), rowOf('some.bytes', 'bytes', 2 * size, null)],
};

describe('the bench', () => {
  it('has the rows that were asked for, each once', () => {
    const names = benches.flatMap((one) => one.names);
    expect(new Set(names).size).to.equal(names.length);
    for (const name of [
      'iou.accept.1',
      'iou.accept.100',
      'iou.accept.1000',
      'iou.issue',
      'iou.http.1000',
      'link.rows',
      'link.bytes',
      'money.payout.500',
      'money.deposits.10k',
      'money.bytes.creditor',
      'money.fee.creditor',
      'tor.stream.1.paid',
      'tor.stream.4.free',
      'tor.payments.cost.1',
      'tor.dump.ms',
    ])
      expect(names).to.include(name);
  });

  it('chooses by the beginnings of names', () => {
    const named = (...prefixes: string[]) => chosen(benches, prefixes).flatMap((one) => one.names);
    expect(named('iou.accept.100')).to.deep.equal(['iou.accept.100', 'iou.accept.1000']);
    expect(named('link')).to.deep.equal(['link.rows', 'link.bytes']);
    expect(named()).to.deep.equal(benches.flatMap((one) => one.names));
    expect(named('nothing')).to.deep.equal([]);
  });

  it('says what money needs and this machine lacks', () => {
    const before = process.env['PTG_BITCOIND'];
    process.env['PTG_BITCOIND'] = '/nowhere/bitcoind';
    const lacks = chosen(benches, ['money']).map((one) => one.missing?.());
    if (before === undefined) delete process.env['PTG_BITCOIND'];
    else process.env['PTG_BITCOIND'] = before;
    expect(lacks).length(2);
    for (const one of lacks) expect(one).include('sh bin/bitcoind.sh');
  });

  it('grows each row at once, ten and a hundred times the work', async () => {
    const growth = await growthOf(doubling, 1);
    expect(growth.map((one) => one.values)).to.deep.equal([
      [1, 10, 100],
      [2, 20, 200],
    ]);
    expect(growthTable(growth).split('\n')[1]).to.match(/^some\.rows +rows +1, 10, 100 things +1 +10 +100$/);
  });

  it('prints a row with its limit and their ratio, and a dash where there is none', async () => {
    const lines = resultsTable(await doubling.run(1, 2)).split('\n');
    expect(lines[0]).to.match(/^name +unit +value +limit +ratio$/);
    expect(lines[1]).to.match(/^some\.rows +rows +2 +8 +0\.250$/);
    expect(lines[2]).to.match(/^some\.bytes +bytes +4 +- +-$/);
  });

  it('takes the middle of its rounds, alternates, and does not count the first', async () => {
    const order: string[] = [];
    const values = [1000, 5, 1, 3];
    const limits = [1000, 10, 30, 20];
    const next = (name: string, from: number[]) => () => {
      order.push(name);
      return from.shift() as number;
    };
    expect(await alternating(3, next('value', values), next('limit', limits))).to.deep.equal({ value: 3, limit: 20 });
    expect(order.join(' ')).to.equal('value limit value limit value limit value limit');
    expect(median([4, 1, 3, 2])).to.equal(2.5);
  });

  it('counts a second core as time', async () => {
    expect(perSecond(10, { wallSec: 1, coreSec: 2 })).to.equal(5);
    expect(perSecond(10, { wallSec: 2, coreSec: 1 })).to.equal(5);
    expect(perCoreSecond(10, { wallSec: 2, coreSec: 1 })).to.equal(10);
    const took = await timed(() => new Promise((resolve) => setImmediate(resolve)));
    expect(took.wallSec).to.be.greaterThan(0);
  });
});

/** Work that takes milliseconds. Those of other files stand in their own specs. */
const small: Readonly<Record<string, number>> = {
  'iou.accept.1': 3,
  'iou.accept.100': 8,
  'iou.accept.1000': 8,
  'iou.issue': 5,
  'iou.http.1000': 8,
  'link.rows': 20,
};

describe('the benches of IOUs', () => {
  for (const [name, size] of Object.entries(small)) {
    it(`${name} answers its rows`, async () => {
      const bench = benches.find((one) => one.names[0] === name) as Bench;
      const rows = await bench.run(1, size);
      expect(rows.map((row) => row.name)).to.deep.equal(bench.names);
      for (const row of rows) {
        expect(row.value, row.name).to.be.greaterThan(0);
        expect(row.limit, row.name).to.be.greaterThan(0);
        expect(row.ratio).to.equal(row.value / (row.limit as number));
        expect(row.unit).not.to.equal('');
      }
    });
  }

  it('a link takes as many rows and bytes after as before', async () => {
    const bench = benches.find((one) => one.names[0] === 'link.rows') as Bench;
    const rows = await bench.run(1, 3_000);
    for (const row of rows) expect(row.ratio, row.name).to.equal(1);
  });
});
