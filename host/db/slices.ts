/*
 * Many rows in few statements: a list in, slices of it out, whose lengths are few: each length is a statement's text of its own, which is
 * prepared once. Called by stores that read or write a row for each of many.
 */

/** Any length up to it; beyond, powers of two. */
const SHORT = 8;
/** Times the columns of a row below what either engine takes in parameters. */
const LONG = 256;

export function slicesOf<T>(items: readonly T[]): T[][] {
  const slices: T[][] = [];
  for (let at = 0; at < items.length;) {
    const left = items.length - at;
    const length = left <= SHORT ? left : Math.min(LONG, 2 ** Math.floor(Math.log2(left)));
    slices.push(items.slice(at, at + length));
    at += length;
  }
  return slices;
}

/** `(?, ?, ?)` a row. */
export function marksOf(rows: number, columns: number): string {
  const row = `(${Array.from({ length: columns }, () => '?').join(', ')})`;
  return Array.from({ length: rows }, () => row).join(', ');
}
