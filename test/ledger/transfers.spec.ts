import { expect } from 'chai';
import fc from 'fast-check';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import type { SigningKey } from '../../core/crypto/keys.ts';
import { sign, verify } from '../../core/crypto/sign.ts';
import { PAGE_ROWS_MAX, TRANSFER_ANSWER_BYTES_MAX, TRANSFER_OUTPUTS_MAX, UNITS_MAX } from '../../core/limits.ts';
import { verifyConsistency } from '../../core/log/merkle.ts';
import type { Result } from '../../core/refusal.ts';
import {
  ledgerAccount,
  ledgerConsistency,
  ledgerPage,
  signedLogHead,
  transferAnswer,
  transferIdOf,
  type SignedTransfer,
  type TransferAnswer,
  type TransferOutput,
} from '../../core/wire/ledger.ts';
import { big, int } from '../../host/db/codec.ts';
import type { Database } from '../../host/ports.ts';
import { createEntryLog } from '../../ledger/log/flow.ts';
import { runLedger, signTransfer, type TestLedger } from '../harness/ledger.ts';
import { networkId, testKey } from '../harness/view.ts';

const mintKey = testKey('mint');
const [alice, bob, carol] = [testKey('alice'), testKey('bob'), testKey('carol')];
const ref = (n: number): string => n.toString(16).padStart(32, '0');
const to = (key: SigningKey, amount: bigint, n = 0): TransferOutput => ({ to: key.publicKey, ref: ref(n), amount });
const id = (name: string): string => transferIdOf('test', name);

const url = (ledger: TestLedger, path: string): string => `${ledger.network.ledger!.url}/ledger${path}`;
const post = (ledger: TestLedger, signed: SignedTransfer): Promise<Result<TransferAnswer>> =>
  ledger.http.post(url(ledger, '/transfers'), signed, transferAnswer, { answerMax: TRANSFER_ANSWER_BYTES_MAX });
const got = async <T>(ledger: TestLedger, path: string, schema: z.ZodType<T>): Promise<T> =>
  valueOf(await ledger.http.get(url(ledger, path), schema));
const account = (ledger: TestLedger, key: SigningKey) => got(ledger, `/accounts/${key.publicKey}`, ledgerAccount);
const head = (ledger: TestLedger) => got(ledger, '/head', signedLogHead);
const issue = async (ledger: TestLedger, number: bigint, outputs: TransferOutput[]): Promise<TransferAnswer> =>
  valueOf(await post(ledger, signTransfer(mintKey, number, id(`issue ${number}`), outputs)));

function valueOf<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(`${result.refusal.code}: ${result.refusal.about}`);
  return result.value;
}
const codeOf = (result: Result<unknown>): string => (result.ok ? 'ok' : result.refusal.code);

/** Both sides of everything, by an auditor of its own: not the ledger's sums. */
async function audit(database: Database): Promise<{ sum: bigint; balances: Map<string, bigint>; rows: number }> {
  const rows = await database.transaction((tx) =>
    tx.all('SELECT account, position, side, CAST(amount AS TEXT) AS amount FROM ledger_entry ORDER BY ledger_entry.position'),
  );
  const balances = new Map<string, bigint>();
  let sum = 0n;
  for (const row of rows) {
    const amount = big(row['amount']);
    sum += amount;
    balances.set(String(row['account']), (balances.get(String(row['account'])) ?? 0n) + amount);
  }
  expect(rows.filter((row) => int(row['side']) === 1).map((row) => int(row['position']))).deep.equal(
    Array.from({ length: rows.length / 2 }, (_, index) => index),
  );
  return { sum, balances, rows: rows.length };
}

describe('ledger over HTTP', () => {
  let ledger: TestLedger;
  beforeEach(async () => {
    ledger = await runLedger();
  });
  afterEach(() => ledger.stop());

  it('issues by the mint alone, and moves what was issued', async () => {
    expect(codeOf(await post(ledger, signTransfer(alice, 1n, id('from nothing'), [to(bob, 1n)])))).equal('transfer-funds');
    const issued = await issue(ledger, 1n, [to(alice, 100n, 5), to(bob, 50n)]);
    expect(issued.entries.map((entry) => [entry.position, entry.amount, entry.at])).deep.equal([
      [0n, 100n, 1_000_000],
      [1n, 50n, 1_000_000],
    ]);
    valueOf(await post(ledger, signTransfer(alice, 1n, id('a to b'), [to(bob, 70n, 1)])));
    expect((await account(ledger, alice)).balance).equal('30');
    expect((await account(ledger, bob)).balance).equal('120');
    expect(await account(ledger, mintKey)).deep.equal({ account: mintKey.publicKey, balance: '-150', nextNumber: 2n });
    expect(await account(ledger, carol)).deep.equal({ account: carol.publicKey, balance: '0', nextNumber: 1n });
  });

  it('answers the same transfer the same, whatever number it comes with, and books it once', async () => {
    await issue(ledger, 1n, [to(alice, 100n)]);
    const transfer = signTransfer(alice, 1n, id('once'), [to(bob, 40n), to(carol, 5n)]);
    const first = valueOf(await post(ledger, transfer));
    ledger.clock.advance(1_000_100);
    expect(valueOf(await post(ledger, transfer))).deep.equal(first);
    expect(valueOf(await post(ledger, signTransfer(alice, 2n, id('once'), transfer.body.outputs)))).deep.equal(first);
    expect((await account(ledger, alice)).balance).equal('55');
    expect(codeOf(await post(ledger, signTransfer(alice, 2n, id('once'), [to(bob, 41n)])))).equal('transfer-id-used');
    // The second number is still free.
    expect(codeOf(await post(ledger, signTransfer(alice, 2n, id('twice'), [to(bob, 1n)])))).equal('ok');
  });

  it('lets nobody take the id of another account’s payment', async () => {
    await issue(ledger, 1n, [to(alice, 10n), to(bob, 10n)]);
    valueOf(await post(ledger, signTransfer(bob, 1n, id('of alice'), [to(carol, 1n)])));
    const paid = valueOf(await post(ledger, signTransfer(alice, 1n, id('of alice'), [to(carol, 2n)])));
    expect(paid.entries.map((entry) => [entry.from, entry.amount])).deep.equal([[alice.publicKey, 2n]]);
  });

  it('takes numbers without a gap', async () => {
    await issue(ledger, 1n, [to(alice, 100n)]);
    expect(codeOf(await post(ledger, signTransfer(alice, 2n, id('gap'), [to(bob, 1n)])))).equal('transfer-number');
    expect(codeOf(await post(ledger, signTransfer(alice, 0n, id('zero'), [to(bob, 1n)])))).equal('transfer-number');
    valueOf(await post(ledger, signTransfer(alice, 1n, id('one'), [to(bob, 1n)])));
    expect(codeOf(await post(ledger, signTransfer(alice, 1n, id('other one'), [to(bob, 1n)])))).equal('transfer-number');
    expect((await account(ledger, alice)).nextNumber).equal(2n);
  });

  it('refuses an overdraft by one unit, also to oneself, and books nothing', async () => {
    await issue(ledger, 1n, [to(alice, 100n)]);
    const before = await head(ledger);
    expect(codeOf(await post(ledger, signTransfer(alice, 1n, id('over'), [to(bob, 60n), to(carol, 41n)])))).equal(
      'transfer-funds',
    );
    expect(codeOf(await post(ledger, signTransfer(alice, 1n, id('self'), [to(alice, 101n)])))).equal('transfer-funds');
    expect((await head(ledger)).body).deep.equal(before.body);
    expect(codeOf(await post(ledger, signTransfer(alice, 1n, id('all'), [to(bob, 60n), to(alice, 40n)])))).equal('ok');
    expect((await account(ledger, alice)).balance).equal('40');
  });

  it('refuses what the account did not sign, or signed for another network or object', async () => {
    await issue(ledger, 1n, [to(alice, 100n)]);
    const good = signTransfer(alice, 1n, id('signed'), [to(bob, 1n)]);
    const bySomebody = signTransfer(bob, 1n, id('signed'), [to(bob, 1n)]);
    expect(codeOf(await post(ledger, { body: good.body, signature: bySomebody.signature }))).equal('transfer-signature');
    const changed = { ...good.body, outputs: [to(carol, 1n)] };
    expect(codeOf(await post(ledger, { body: changed, signature: good.signature }))).equal('transfer-signature');
    for (const elsewhere of [sign('transfer', 'other-network', good.body, alice), sign('tally', networkId, good.body, alice)]) {
      expect(codeOf(await post(ledger, { ...elsewhere }))).equal('transfer-signature');
    }
    expect(codeOf(await post(ledger, good))).equal('ok');
  });

  it('holds the largest amounts exactly and refuses beyond them', async () => {
    await issue(ledger, 1n, [to(alice, UNITS_MAX - 1n)]);
    const tooMuch = signTransfer(mintKey, 2n, id('too much'), [to(alice, 2n)]);
    expect(codeOf(await post(ledger, tooMuch))).equal('transfer-funds');
    await issue(ledger, 2n, [to(bob, 1n)]);
    const twice = signTransfer(alice, 1n, id('sum'), [to(bob, UNITS_MAX - 1n), to(bob, UNITS_MAX - 1n)]);
    expect(codeOf(await post(ledger, twice))).equal('transfer-sum');
    for (let number = 1n; number <= 3n; number += 1n) {
      valueOf(await post(ledger, signTransfer(alice, number, id(`round ${number}`), [to(alice, UNITS_MAX - 1n)])));
    }
    expect((await account(ledger, alice)).balance).equal((UNITS_MAX - 1n).toString());
    expect((await account(ledger, mintKey)).balance).equal((-UNITS_MAX).toString());
  });

  it('books one of two transfers that want the same number or the same money', async () => {
    await issue(ledger, 1n, [to(alice, 100n), to(bob, 1n)]);
    const rivals = Array.from({ length: 8 }, (_, index) => signTransfer(alice, 1n, id(`rival ${index}`), [to(bob, 80n)]));
    const codes = (await Promise.all(rivals.map((one) => post(ledger, one)))).map(codeOf);
    expect(codes.filter((code) => code === 'ok')).length(1);
    expect(codes.filter((code) => code === 'transfer-number')).length(7);
    expect((await account(ledger, alice)).balance).equal('20');
    expect((await audit(ledger.database)).sum).equal(0n);
  });

  it('answers the same transfer, posted many times at once, with the same entries', async () => {
    await issue(ledger, 1n, [to(alice, 100n)]);
    const transfer = signTransfer(alice, 1n, id('at once'), [to(bob, 10n)]);
    const answers = await Promise.all(Array.from({ length: 8 }, () => post(ledger, transfer)));
    expect(new Set(answers.map((answer) => valueOf(answer).entries[0]!.position))).deep.equal(new Set([1n]));
    expect((await account(ledger, bob)).balance).equal('10');
  });

  it('takes the largest transfer, and pages what came in', async () => {
    const outputs = Array.from({ length: TRANSFER_OUTPUTS_MAX }, (_, index) =>
      to(index % 2 === 0 ? alice : bob, BigInt(10 ** 15 + index), index % 3),
    );
    const issued = await issue(ledger, 1n, outputs);
    expect(issued.entries.map((entry) => entry.amount)).deep.equal(outputs.map((output) => output.amount));
    for (const path of [`/accounts/${alice.publicKey}/incoming`, `/destinations/${bob.publicKey}/${ref(1)}`]) {
      const entries = [];
      for (let after = 0n; ;) {
        const page = await got(ledger, `${path}?after=${after}`, ledgerPage);
        entries.push(...page.entries);
        if (page.entries.length < PAGE_ROWS_MAX) break;
        after = page.next;
      }
      const mine = issued.entries.filter((entry) =>
        path.startsWith('/accounts') ? entry.to === alice.publicKey : entry.to === bob.publicKey && entry.ref === ref(1),
      );
      expect(entries).deep.equal(mine);
    }
    const end = await got(ledger, `/accounts/${alice.publicKey}/incoming?after=499`, ledgerPage);
    expect(end).deep.equal({ entries: [], next: 499n });
  });

  it('signs heads that extend one another', async () => {
    await issue(ledger, 1n, [to(alice, 100n), to(bob, 1n), to(carol, 1n)]);
    const before = await head(ledger);
    valueOf(await post(ledger, signTransfer(alice, 1n, id('more'), [to(bob, 1n), to(bob, 2n)])));
    const after = await head(ledger);
    expect(verify('loghead', networkId, after, testKey('log').publicKey)).not.equal(null);
    expect([before.body.size, after.body.size]).deep.equal([3n, 5n]);
    const { proof } = await got(ledger, '/consistency?from=3&to=5', ledgerConsistency);
    const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex, 'hex'));
    expect(verifyConsistency(3n, 5n, proof.map(bytes), bytes(before.body.root), bytes(after.body.root))).equal(true);
    for (const path of ['/consistency?from=3&to=6', '/consistency?from=4&to=3', '/entries/5/proof']) {
      expect(codeOf(await ledger.http.get(url(ledger, path), z.unknown())), path).equal('ledger-unknown');
    }
    expect(codeOf(await ledger.http.get(url(ledger, '/accounts/abc'), z.unknown()))).equal('bad-shape');
  });

  it('reads each leaf once, however many ask it to read on', async () => {
    await issue(ledger, 1n, [to(alice, 1n), to(bob, 2n)]);
    const { body } = await head(ledger);
    // What was read is handed over only when every read asked for by then is done: as connections that run side by side may.
    const late: Database = {
      ...ledger.database,
      async transaction(work) {
        const value = await ledger.database.transaction(work);
        await ledger.database.transaction(async () => undefined);
        return value;
      },
    };
    const log = createEntryLog({ clock: ledger.clock, database: late }, networkId, testKey('log'));
    await Promise.all([log.follow(), log.prove(1n), log.follow()]);
    expect(log.head().body).deep.equal(body);
  });

  it('conserves money under any transfers', async () => {
    const keys = [alice, bob, carol];
    const step = fc.record({
      from: fc.nat(3),
      amounts: fc.array(fc.tuple(fc.nat(2), fc.integer({ min: 1, max: 60 })), { minLength: 1, maxLength: 3 }),
    });
    let run = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 8 }), async (steps) => {
        run += 1;
        // The model knows nothing of rows: what each has, and how many were taken.
        const model = new Map((await audit(ledger.database)).balances);
        for (const [index, { from, amounts }] of steps.entries()) {
          const payer = keys[from] ?? mintKey;
          const outputs = amounts.map(([payee, amount]) => to(keys[payee]!, BigInt(amount)));
          const sum = outputs.reduce((total, output) => total + output.amount, 0n);
          const has = model.get(payer.publicKey) ?? 0n;
          const { nextNumber } = await account(ledger, payer);
          const code = codeOf(await post(ledger, signTransfer(payer, nextNumber, id(`random ${run} ${index}`), outputs)));
          expect(code).equal(payer === mintKey || has >= sum ? 'ok' : 'transfer-funds');
          if (code !== 'ok') continue;
          model.set(payer.publicKey, has - sum);
          for (const output of outputs) model.set(output.to, (model.get(output.to) ?? 0n) + output.amount);
        }
        const { sum, balances, rows } = await audit(ledger.database);
        expect(sum).equal(0n);
        expect((await head(ledger)).body.size).equal(BigInt(rows / 2));
        for (const key of [...keys, mintKey]) {
          expect((await account(ledger, key)).balance).equal((model.get(key.publicKey) ?? 0n).toString());
          expect(balances.get(key.publicKey) ?? 0n).equal(model.get(key.publicKey) ?? 0n);
        }
      }),
      { seed: 20, numRuns: 20 },
    );
    expect((await audit(ledger.database)).rows).greaterThan(50);
  });
});

describe('ledger, stopped and started', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ptg-ledger-'));
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('keeps its log, its root and its answers', async () => {
    const file = join(folder, 'restart.sqlite');
    const first = await runLedger({ file });
    await issue(first, 1n, [to(alice, 100n), to(bob, 7n)]);
    const transfer = signTransfer(alice, 1n, id('kept'), [to(bob, 1n), to(carol, 2n), to(bob, 3n)]);
    const answer = valueOf(await post(first, transfer));
    const before = await head(first);
    await first.stop();
    const second = await runLedger({ file });
    try {
      expect((await head(second)).body).deep.equal(before.body);
      expect(valueOf(await post(second, transfer))).deep.equal(answer);
      valueOf(await post(second, signTransfer(alice, 2n, id('after'), [to(bob, 1n)])));
      expect((await head(second)).body.size).equal(6n);
    } finally {
      await second.stop();
    }
  });

  it('repeats its answer when the first was lost between commit and answer', async () => {
    let failing = false;
    const losing = (database: Database): Database => ({
      ...database,
      async transaction(work) {
        const value = await database.transaction(work);
        if (failing) throw new Error('lost after the commit');
        return value;
      },
    });
    const ledger = await runLedger({ file: ':memory:' }, losing);
    try {
      await issue(ledger, 1n, [to(alice, 100n)]);
      const transfer = signTransfer(alice, 1n, id('lost'), [to(bob, 9n)]);
      failing = true;
      const lost = await post(ledger, transfer);
      expect(lost.ok ? null : lost.refusal.retry).equal(true);
      failing = false;
      const answer = valueOf(await post(ledger, transfer));
      expect(answer.entries[0]!.position).equal(1n);
      expect((await account(ledger, alice)).balance).equal('91');
      expect((await head(ledger)).body.size).equal(2n);
    } finally {
      await ledger.stop();
    }
  });
});
