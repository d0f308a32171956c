/*
 * Which credits a page of blocks takes back, and what a client sees of it.
 */
import { expect } from 'chai';
import { undoneIn } from '../../client/account/decide.ts';
import { ACCOUNT_DEPOSITS_MAX } from '../../core/limits.ts';
import type { Account, CreditedDeposit } from '../../core/wire/guard.ts';
import { stateOf } from '../../guard/account/decide.ts';
import { insertAccount } from '../../guard/account/store.ts';
import { depositsOf, undoneBy, type Deposit } from '../../guard/deposit/decide.ts';
import { readCredited, saveDeposit } from '../../guard/deposit/store.ts';
import { migrations } from '../../guard/migrations.ts';
import { openDatabase } from '../../host/db/open.ts';

const shown = (payment: string, height: number | null, confirmed: boolean): Deposit => ({
  ...{ payment, height, confirmed, subscriber: 's', amount: 1n, at: 1 },
});

describe('a credit that is taken back', () => {
  it('is one that its blocks do not show any more, or show in another block and not confirmed', () => {
    const credited = [{ payment: 'p', height: 100 }];
    const cases: [string, Deposit[], boolean][] = [
      ['gone', [], true],
      ['another is there', [shown('q', 100, true)], true],
      ['waits for a block', [shown('p', null, false)], true],
      ['in a later block, not confirmed', [shown('p', 101, false)], true],
      ['in a later block, confirmed', [shown('p', 101, true)], false],
      ['in its block, confirmed', [shown('p', 100, true)], false],
      ['in its block, and this node has fewer blocks upon it', [shown('p', 100, false)], false],
    ];
    for (const [name, page, isUndone] of cases) expect(undoneBy(credited, page).length === 1, name).equal(isUndone);
  });

  it('is looked for in the blocks that were shown: above the first bound, and up to the second', async () => {
    const database = await openDatabase({ file: ':memory:' }, migrations, 'guard');
    const watched = { rail: 'bitcoin', wallet: 'w' };
    try {
      await database.transaction(async (tx) => {
        await insertAccount(tx, 's', 'bitcoin', 'd', 1);
        for (const height of [9, 10, 11, null]) await saveDeposit(tx, watched, shown(`p${height}`, height, true));
        await saveDeposit(tx, watched, shown('unconfirmed', 10, false));
        const found = async (above: number, through: number, of = watched) =>
          (await readCredited(tx, of, { above, through })).map((one) => one.height);
        expect(await found(9, 10)).deep.equal([10]);
        expect(await found(8, 11)).deep.equal([10, 11, 9]);
        expect(await found(11, 20)).deep.equal([]);
        expect(await found(0, 20, { ...watched, wallet: 'another' })).deep.equal([]);
        // Seen by a node that is behind, it stays credited, at its height.
        await saveDeposit(tx, watched, shown('p10', null, false));
        expect(await found(9, 10)).deep.equal([10]);
      });
    } finally {
      await database.close();
    }
  });

  it('needs a height: a rail that takes nothing back has none', () => {
    const payments = [{ payment: 'p', destination: 'd', amount: 1n, confirmations: 1, at: 5 }];
    const { deposits, isFinal } = depositsOf(payments, new Map([['d', 's']]), 1);
    expect(deposits).deep.equal([{ payment: 'p', subscriber: 's', amount: 1n, at: 5, confirmed: true, height: null }]);
    expect(isFinal).equal(true);
  });

  it('leaves an account below zero cut off, though nothing is deposited', () => {
    const standing = { newestDeposit: 0n, prices: null, used: { relayBytes: 0n, exitBytes: 0n } };
    const sums = { deposited: 0n, unconfirmed: 0n, withdrawn: 0n, spent: 0n };
    expect(stateOf({ ...standing, sums }, 100)).equal('open');
    expect(stateOf({ ...standing, sums: { ...sums, spent: 1n } }, 100)).equal('cut-off');
    expect(stateOf({ ...standing, sums: { ...sums, withdrawn: 1n } }, 100)).equal('cut-off');
  });

  it('is shown to the subscriber: named before and not now, unless the list is full of newer ones', () => {
    const credit = (payment: string, at: number): CreditedDeposit => ({ payment, amount: 7n, at });
    const account = (deposits: CreditedDeposit[]) => ({ deposits }) as unknown as Account;
    const before = [account([credit('a', 1)]), account([credit('b', 2), credit('a', 1)])];
    expect(undoneIn(account([credit('b', 2)]), before)).deep.equal([credit('a', 1)]);
    expect(undoneIn(account([credit('b', 2), credit('a', 1)]), before)).deep.equal([]);
    const full = Array.from({ length: ACCOUNT_DEPOSITS_MAX }, (_, index) => credit(`n${index}`, 500 - index));
    expect(undoneIn(account(full), before)).deep.equal([]);
    expect(undoneIn(account(full), [account([credit('z', 450)])])).deep.equal([credit('z', 450)]);
  });
});
