import { expect } from 'chai';
import { CELLS_MAX, CELL_STEPS, cellsAt, drawCells } from '../../lab/traffic/sizes.ts';
import { seededDraw } from '../tor/given.ts';

/** Requirements 3.4, row web: cells, and the thousandths of circuits that have at most as many. */
const measured = [
  [50, 474],
  [100, 549],
  [200, 648],
  [300, 709],
  [500, 765],
  [750, 801],
  [1000, 823],
  [1500, 851],
  [2000, 869],
  [3000, 895],
  [4000, 915],
  [6000, 931],
  [8000, 944],
] as const;

describe('circuit sizes', () => {
  for (const [cells, thousandths] of measured) {
    it(`${thousandths / 10} % have at most ${cells} cells, exactly`, () => {
      const last = (BigInt(thousandths) * CELL_STEPS) / 1000n - 1n;
      expect(cellsAt(last)).to.equal(cells);
      expect(cellsAt(last + 1n)).to.be.above(cells);
    });
  }

  it('never fall along the steps, from 1 to the cap', () => {
    expect(cellsAt(0n)).to.equal(1);
    expect(cellsAt(CELL_STEPS - 1n)).to.equal(CELLS_MAX);
    let before = 0;
    for (let step = 0n; step < CELL_STEPS; step += 997n) {
      const cells = cellsAt(step);
      expect(Number.isInteger(cells) && cells >= before).to.equal(true);
      before = cells;
    }
  });

  it('are straight between the points', () => {
    // Half way from 300 cells (.709) to 500 (.765).
    expect(cellsAt((737n * CELL_STEPS) / 1000n - 1n)).to.equal(400);
    expect(cellsAt((237n * CELL_STEPS) / 1000n - 1n)).to.equal(25);
  });

  it('come out so in a sample: half under 50 cells, 82 % under 1000', () => {
    const draw = seededDraw('sizes');
    const turns = 10_000;
    const sizes = Array.from({ length: turns }, () => drawCells(draw));
    for (const [cells, thousandths] of measured) {
      const share = thousandths / 1000;
      const found = sizes.filter((size) => size <= cells).length / turns;
      expect(found, `${cells} cells`).to.be.closeTo(share, 5 * Math.sqrt((share * (1 - share)) / turns));
    }
  });

  it('have no step outside the distribution', () => {
    expect(() => cellsAt(CELL_STEPS)).to.throw('invariant');
    expect(() => cellsAt(-1n)).to.throw('invariant');
  });
});
