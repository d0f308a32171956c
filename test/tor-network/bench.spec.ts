/*
 * The benches of tor with next to no work: each way carries, and each answers its rows. No time is asserted.
 */
import { expect } from 'chai';
import { torDump } from '../../bench/tor-dump.ts';
import { tor } from '../../bench/tor.ts';
import { torPrograms } from '../../lab/testbed/tor/process.ts';

describe('the benches of tor', function () {
  this.timeout(600_000);
  before(function () {
    if (torPrograms() !== null) return;
    if (process.env['CI'] === 'true') throw new Error('no tor: run bin/tor.sh');
    this.skip();
  });

  it('downloads by each way answer their rows, and what is measured as paid is paid', async () => {
    const rows = await tor.run(1, 1);
    expect(rows.map((row) => row.name)).deep.equal(tor.names);
    for (const row of rows) {
      // Processor time is told in hundredths of a second.
      const least = row.name.startsWith('tor.cpu') ? 0 : Number.MIN_VALUE;
      expect(row.value, row.name).at.least(least);
      expect(row.limit, row.name).at.least(least);
    }
  });

  it('a dump grows with the channels', async () => {
    const bytesOf = async (clients: number): Promise<number> => {
      const [ms, bytes] = await torDump.run(1, clients);
      expect([ms?.name, bytes?.name]).deep.equal(torDump.names);
      expect(ms?.value).greaterThan(0);
      expect(ms?.limit).greaterThan(0);
      return bytes?.value ?? 0;
    };
    expect(await bytesOf(30)).greaterThan(await bytesOf(3));
  });
});
