/*
 * How large circuits are: draws come in, sizes in cells go out, shaped like the web circuits measured on Tor (the traffic figure
 * of moneTor: half under 50 cells, 82 % under 1000). Called by the lab's traffic source.
 */
import { invariant } from '../../core/refusal.ts';
import type { Draw } from '../../tor/chance.ts';

/**
 * Thousandths of all web circuits that have at most so many cells. The curve was read up to 8000 (requirements 3.4); beyond, it
 * goes on about as steeply as before (7 thousandths in 1000 cells) and ends at 16 000.
 */
const webShares: readonly (readonly [cells: number, thousandths: number])[] = [
  [0, 0],
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
  [16_000, 1000],
];

/** A draw names one of this many equal parts of the distribution. */
export const CELL_STEPS = 1_000_000n;
export const CELLS_MAX = 16_000;

/** The cells of one circuit, 1 to CELLS_MAX. */
export function drawCells(draw: Draw): number {
  return cellsAt(draw(CELL_STEPS));
}

/**
 * The inverse of the shares at (step + 1) / CELL_STEPS, straight between the measured points and rounded up, so that exactly the
 * measured share of the steps has at most a point's cells.
 */
export function cellsAt(step: bigint): number {
  invariant(step >= 0n && step < CELL_STEPS, 'a step of the distribution');
  const place = step + 1n;
  let [cellsBelow, stepsBelow] = [0n, 0n];
  for (const [cells, thousandths] of webShares) {
    const steps = (BigInt(thousandths) * CELL_STEPS) / 1000n;
    if (place <= steps) {
      const width = steps - stepsBelow;
      return Number(cellsBelow + ((place - stepsBelow) * (BigInt(cells) - cellsBelow) + width - 1n) / width);
    }
    [cellsBelow, stepsBelow] = [BigInt(cells), steps];
  }
  return CELLS_MAX;
}
