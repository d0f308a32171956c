/*
 * The stage of the kill matrix (npm run test:kill): so many points of it, spread over all journeys and nodes, that it ends within eight
 * minutes on two cores; POINTS=all tries every one, POINTS=50 about fifty. A point that fails is named with the command that repeats it.
 */
import { expect } from 'chai';
import { journeys } from './journeys.ts';
import { replayOf, runMatrix, somewhere, type MatrixRow } from './matrix.ts';
import { reportOf } from './report.ts';

const points = process.env['POINTS'] ?? '400';

describe('the kill matrix', function () {
  this.timeout(0);
  let rows: readonly MatrixRow[] = [];
  before(async () => {
    const begun = Date.now();
    const stride = (total: number): number => (points === 'all' ? 1 : Math.max(1, Math.ceil(total / Number(points))));
    // Every other one dies again on its way back.
    const again = (at: number): number | null => (at % 2 === 0 ? somewhere(at) : null);
    rows = await runMatrix({ stride, again, workers: 2, tell: (line) => console.log(line) });
    console.log(reportOf(rows, (Date.now() - begun) / 1000));
  });

  for (const { name, parts } of journeys) {
    for (const part of Object.keys(parts)) {
      it(`${name}: nothing is lost and nothing is twice, wherever the ${part} dies`, () => {
        const row = rows.find((one) => one.journey === name && one.part === part);
        expect(row?.failures.map((one) => `${replayOf(one)}\n${one.faults.join('\n')}`)).deep.equal([]);
        expect(row?.tried).greaterThan(0);
      });
    }
  }
});
