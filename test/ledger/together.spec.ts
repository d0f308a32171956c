/*
 * Transfers that come in together are booked in one transaction, one after the other: each sees what was booked before it, and one that
 * is refused takes no other with it. Read back by a ledger that remembers nothing.
 */
import { expect } from 'chai';
import { encode } from '../../core/wire/codec.ts';
import type { Result } from '../../core/refusal.ts';
import { transferIdOf, type SignedTransfer, type TransferAnswer } from '../../core/wire/ledger.ts';
import { drivenClock } from '../../host/clock.ts';
import { openDatabase } from '../../host/db/open.ts';
import { silentLog } from '../../host/log.ts';
import type { Database, Role } from '../../host/ports.ts';
import { migrations, start } from '../../ledger/main.ts';
import { signTransfer } from '../harness/ledger.ts';
import { networkId, testKey, testSeed } from '../harness/view.ts';

const [mint, alice, bob, carol] = [testKey('mint'), testKey('alice'), testKey('bob'), testKey('carol')];
const ref = '00'.repeat(16);
const id = (name: string): string => transferIdOf('test', name);

describe('transfers together', () => {
  let database: Database;
  let role: Role;
  let transactions = 0;

  beforeEach(async () => {
    const opened = await openDatabase({ file: ':memory:' }, migrations, 'ledger');
    database = {
      ...opened,
      transaction(work) {
        transactions += 1;
        return opened.transaction(work);
      },
    };
    role = await begin();
    transactions = 0;
  });
  afterEach(async () => {
    await role.stop();
    await database.close();
  });

  const begin = () =>
    start(
      { clock: drivenClock(1_000_000), database, log: silentLog() },
      { networkId, logSeed: testSeed('log'), mintKey: mint.publicKey },
    );
  const endpoint = (path: string) => role.endpoints.find((one) => one.path === path)!;
  const post = (signed: SignedTransfer) =>
    endpoint('/ledger/transfers').answer(signed as never, { kind: 'public' }) as Promise<Result<TransferAnswer>>;
  const pay = (from: typeof alice, number: bigint, to: typeof alice, amount: bigint, name = `${number}`) =>
    post(signTransfer(from, number, id(`${from.publicKey} ${name}`), [{ to: to.publicKey, ref, amount }]));
  const code = (result: Result<unknown>): string => (result.ok ? 'ok' : result.refusal.code);
  const account = async (key: typeof alice) => {
    const shown = await endpoint('/ledger/accounts/:account').answer({ account: key.publicKey } as never, { kind: 'public' });
    return shown.ok ? (JSON.parse(encode(shown.value)) as { balance: string; nextNumber: string }) : null;
  };
  const balances = async () => Promise.all([mint, alice, bob, carol].map(async (one) => (await account(one))?.balance));

  it('pay on what came in just before them', async () => {
    const codes = await Promise.all([pay(mint, 1n, alice, 10n), pay(alice, 1n, bob, 7n), pay(bob, 1n, carol, 7n)]);
    expect(codes.map(code)).deep.equal(['ok', 'ok', 'ok']);
    // One for all of them, and one to read their leaves.
    expect(transactions).equal(2);
    expect(await balances()).deep.equal(['-10', '3', '0', '7']);
  });

  it('are numbered and repeated among themselves', async () => {
    await pay(mint, 1n, alice, 10n);
    const answers = await Promise.all([
      pay(alice, 1n, bob, 4n, 'a'),
      pay(alice, 2n, bob, 4n, 'b'),
      pay(alice, 3n, bob, 4n, 'a'),
      pay(alice, 2n, bob, 1n, 'c'),
      pay(alice, 3n, bob, 3n, 'd'),
      pay(alice, 3n, bob, 9n, 'b'),
      pay(alice, 3n, bob, 2n, 'e'),
    ]);
    const refused = ['transfer-number', 'transfer-funds', 'transfer-id-used'];
    expect(answers.map(code)).deep.equal(['ok', 'ok', 'ok', ...refused, 'ok']);
    const [a, , again] = answers;
    expect(again).deep.equal(a);
    expect(await account(alice)).deep.equal({ account: alice.publicKey, balance: '0', nextNumber: '4' });
  });

  it('are many more than one transaction takes, and their sums are those of a ledger that remembers nothing', async () => {
    await pay(mint, 1n, alice, 1_000_000n);
    const many = Array.from({ length: 300 }, (_, at) => pay(alice, BigInt(at) + 1n, at % 2 === 0 ? bob : alice, BigInt(at) + 1n));
    expect(new Set((await Promise.all(many)).map(code))).deep.equal(new Set(['ok']));
    // The odd ones: 1 + 3 + … + 299.
    expect(await balances()).deep.equal(['-1000000', '977500', '22500', '0']);
    const before = await balances();
    await role.stop();
    role = await begin();
    expect(await balances()).deep.equal(before);
  });

  it('fail by themselves', async () => {
    await pay(mint, 1n, alice, 10n);
    // An amount that the table does not take: the schema is not asked here.
    const [bad, good] = await Promise.allSettled([pay(mint, 2n, bob, -1n), pay(alice, 1n, bob, 4n)]);
    expect([bad.status, good.status]).deep.equal(['rejected', 'fulfilled']);
    expect(await balances()).deep.equal(['-10', '6', '4', '0']);
  });
});
