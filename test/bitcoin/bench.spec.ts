/*
 * The benches of money with next to no work: each answers its rows, from a node of its own. No time is asserted; bytes and fees are.
 */
import { expect } from 'chai';
import { moneyDeposits } from '../../bench/money-deposits.ts';
import { moneyPayout } from '../../bench/money-payout.ts';
import { bitcoindProgram } from '../harness/bitcoind.ts';

describe('the benches of money', function () {
  before(function () {
    if (bitcoindProgram() === null) this.skip();
  });

  it('a payout answers its rows, and costs a creditor less than a transaction of its own', async () => {
    const rows = await moneyPayout.run(1, 20);
    expect(rows.map((row) => row.name)).deep.equal(moneyPayout.names);
    for (const row of rows) {
      expect(row.value, row.name).greaterThan(0);
      if (row.name !== 'money.payout.core') expect(row.limit, row.name).greaterThan(0);
    }
    const [bytes, fee] = ['money.bytes.creditor', 'money.fee.creditor'].map((name) => rows.find((row) => row.name === name)!);
    expect(bytes!.ratio).lessThan(0.5);
    expect(fee!.ratio).lessThan(0.5);
  });

  it('deposits of a block are all seen, and answer their row', async () => {
    const [row, ...others] = await moneyDeposits.run(1, 40);
    expect([row!.name, others]).deep.equal(['money.deposits.10k', []]);
    expect(row!.unit).include('40 in it');
    expect(row!.value).greaterThan(0);
    expect(row!.limit).greaterThan(0);
  });
});
