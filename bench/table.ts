/*
 * What `npm run bench` prints: rows and growth in, the two tables for a person out, or one object for a program. Called by main.ts.
 */
import { execFileSync } from 'node:child_process';
import { cpus, totalmem } from 'node:os';
import type { Growth, Row } from './bench.ts';

export interface Report {
  readonly machine: string;
  readonly commit: string;
  readonly results: readonly Row[];
  readonly growth: readonly Growth[];
}

export function machine(): string {
  const processors = cpus();
  const gib = Math.round(totalmem() / 2 ** 30);
  return `${processors.length} x ${processors[0]?.model.trim() ?? 'unknown'}, ${gib} GiB, ${process.platform}, Node ${process.version}`;
}

/** `unknown` outside a checkout; a plus behind it says that files were changed since. */
export function commit(): string {
  const git = (...args: string[]) => execFileSync('git', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  try {
    return `${git('rev-parse', '--short', 'HEAD')}${git('status', '--porcelain', '--untracked-files=no') === '' ? '' : '+'}`;
  } catch {
    return 'unknown';
  }
}

export function resultsTable(rows: readonly Row[]): string {
  const lines = rows.map((row) => [row.name, row.unit, figure(row.value), figure(row.limit), figure(row.ratio)]);
  return aligned([['name', 'unit', 'value', 'limit', 'ratio'], ...lines], new Set([2, 3, 4]));
}

export function growthTable(growth: readonly Growth[]): string {
  const lines = growth.map(({ name, unit, work, sizes, values }) => [
    name,
    unit,
    `${sizes.join(', ')} ${work}`,
    ...values.map((value) => figure(value)),
  ]);
  return aligned([['name', 'unit', 'work', 'x 1', 'x 10', 'x 100'], ...lines], new Set([3, 4, 5]));
}

/** Three figures that matter; whole numbers from a hundred on. */
function figure(value: number | null): string {
  if (value === null) return '-';
  if (!Number.isFinite(value)) return String(value);
  return Math.abs(value) >= 100 || Number.isInteger(value) ? String(Math.round(value)) : value.toPrecision(3);
}

function aligned(lines: readonly (readonly string[])[], right: ReadonlySet<number>): string {
  const columns = Math.max(...lines.map((line) => line.length));
  const widths = Array.from({ length: columns }, (_, at) => Math.max(...lines.map((line) => (line[at] ?? '').length)));
  const cell = (text: string, at: number) => (right.has(at) ? text.padStart(widths[at] ?? 0) : text.padEnd(widths[at] ?? 0));
  return lines.map((line) => line.map(cell).join('  ').trimEnd()).join('\n');
}
