/*
 * The auditor itself: silent over a network at rest in which everything happened, and naming each single thing that is made untrue on
 * its disks afterwards.
 */
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import sqlite3 from 'sqlite3';
import { authorityName } from '../../lab/world.ts';
import { openNetwork, type TestNetwork } from '../journeys/network.ts';
import { audit, type AuditGiven } from './audit.ts';

const opening = 10n ** 12n;
const purse = 10n ** 9n;

describe('the auditor', () => {
  let network: TestNetwork;
  let given: AuditGiven;

  before(async () => {
    network = await openNetwork({
      relays: [{ name: 'G', guard: true }, { name: 'M' }, { name: 'X', exit: true }],
      subscribers: { U: purse, V: purse },
      onDisk: true,
    });
    await network.subscribe('U', 'G', 400_000n);
    await network.subscribe('V', 'G', 300_000n);
    await network.carry('U', ['G', 'M', 'X'], 40_000n);
    await network.carry('V', ['G', 'M', 'X'], 7_001n);
    await network.advance(network.schedule(0).paymentEnd + 60);
    await network.call('V', 'client', '/client/withdraw', { guard: 'G', amount: 1_000n }).catch(() => null);
    await network.carry('U', ['G', 'M', 'X'], 1_000n);
    await network.advance(network.schedule(1).booksClose + 60);
    given = {
      home: network.home,
      authority: authorityName,
      relays: ['G', 'M', 'X'],
      subscribers: ['U', 'V'],
      issued: 3n * opening + 2n * purse,
    };
  });
  after(() => network.stop());

  it('has nothing to say of books that add up, whoever is trusted', async () => {
    expect(await audit(given)).deep.equal([]);
    expect(await audit({ ...given, lenient: new Set(['M', 'V']) })).deep.equal([]);
  });

  it('says when more or less was issued than it is told', async () => {
    expect(await audit({ ...given, issued: given.issued + 1n })).match(/the mint issued/);
  });

  const cases: readonly (readonly [string, string, RegExp])[] = [
    ['dir.authority/ledger', 'UPDATE ledger_output SET amount = amount + 1 WHERE position = 6', /not debited and credited once/],
    [
      'dir.authority/ledger',
      'UPDATE ledger_transfer SET number = number + 5 WHERE number = (SELECT MAX(number) FROM ledger_transfer)',
      /not numbered/,
    ],
    ['G/relay', `UPDATE iou SET relay_bytes = relay_bytes + 1 WHERE direction = 'issued'`, /is not what its columns say/],
    ['G/relay', `DELETE FROM iou WHERE direction = 'issued'`, /was never issued/],
    ['G/settlement', `UPDATE pair SET payment = NULL WHERE state = 'receipted'`, /was paid 1 times, and is booked 0 times/],
    ['G/settlement', `UPDATE pair SET paid = paid + 1 WHERE state = 'receipted'`, /is booked 1 times, and was paid 0 times/],
    ['G/settlement', `UPDATE pair SET issued_value = issued_value + 2 WHERE state = 'receipted'`, /are settled as/],
    ['M/settlement', `UPDATE pair SET receipt = '{}' WHERE state = 'receipted' AND side = 'creditor'`, /the receipts differ/],
    ['M/settlement', `UPDATE pair SET state = 'carried' WHERE side = 'creditor'`, /ended as/],
    ['M/settlement', `DELETE FROM income WHERE rowid = (SELECT MIN(rowid) FROM income)`, /is in no book|its income 0/],
    ['G/guard', 'UPDATE guard_deposit SET amount = amount + 1', /is credited as/],
    ['G/guard', 'DELETE FROM guard_deposit WHERE rowid = (SELECT MIN(rowid) FROM guard_deposit)', /is not credited/],
    ['G/guard', 'UPDATE guard_usage SET amount = 90000000', /the balance of/],
    ['G/guard', 'UPDATE guard_usage SET amount = amount - 1', /usage .* is .*, (below|and its subscriber signed)/],
    ['G/guard', 'UPDATE guard_usage SET signed_amount = amount + 1', /below the .* that was signed|its subscriber has signed/],
    ['G/guard', `UPDATE guard_withdrawal SET amount = amount + 1`, /was ordered as/],
    ['G/settlement', `DELETE FROM transfer_order`, /was never ordered/],
    ['U/client', 'UPDATE client_deposit SET amount = amount + 1', /is not on the ledger/],
    ['U/client', `UPDATE client_tally SET tally = replace(tally, '"amount":"', '"amount":"9')`, /its subscriber signed/],
  ];
  for (const [index, [place, statement, expected]] of cases.entries()) {
    it(`sees, in ${place}: ${statement}`, async () => {
      const home = await mkdtemp(join(tmpdir(), `ptg-audit-${index}-`));
      try {
        await cp(network.home, home, { recursive: true, filter: (file) => !file.endsWith('.sock') });
        expect(await change(join(home, `${place}.sqlite`), statement), 'rows changed').above(0);
        expect((await audit({ ...given, home })).join('\n')).match(expected);
      } finally {
        await rm(home, { recursive: true, force: true });
      }
    });
  }
});

function change(file: string, statement: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const database = new sqlite3.Database(file, sqlite3.OPEN_READWRITE, (opened) => {
      if (opened !== null) return reject(opened);
      database.run(`${statement}`, function (failed) {
        const { changes } = this;
        database.close(() => (failed === null ? resolve(changes) : reject(failed)));
      });
    });
  });
}
