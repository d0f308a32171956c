/*
 * What the matrix prints at its end: rows in, a table out. Called by main.ts and kill.spec.ts.
 */
import type { MatrixRow } from './matrix.ts';

export function reportOf(rows: readonly MatrixRow[], seconds: number): string {
  const lines = rows.map(({ journey, part, points, tried, twice, unreached, lost, failures, seconds: work }) =>
    [journey, part, points, tried, twice, unreached, lost, failures.length, work.toFixed(0)].map(String),
  );
  const sum = (of: (row: MatrixRow) => number): string => String(rows.reduce((total, row) => total + of(row), 0));
  const total = [
    ...['all', '', sum((row) => row.points), sum((row) => row.tried), sum((row) => row.twice), sum((row) => row.unreached)],
    ...[sum((row) => row.lost), sum((row) => row.failures.length), seconds.toFixed(0)],
  ];
  const table = [
    ['journey', 'node', 'points', 'tried', 'twice', 'not reached', 'lost a step', 'failed', 'seconds'],
    ...lines,
    total,
  ];
  const widths = table[0]?.map((_, column) => Math.max(...table.map((line) => line[column]?.length ?? 0))) ?? [];
  return table.map((line) => line.map((cell, column) => align(cell, widths[column] ?? 0, column)).join('  ')).join('\n');
}

function align(cell: string, width: number, column: number): string {
  return column < 2 ? cell.padEnd(width) : cell.padStart(width);
}
