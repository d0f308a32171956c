/*
 * What a command prints: one JSON object on request, else text a person reads; refusals as three lines and a code on stderr
 * (design §10). Exit codes: 0 done, 1 refused or failed, 2 wrong usage.
 */
import type { Refusal, Result } from '../core/refusal.ts';
import { encode } from '../core/wire/codec.ts';
import { refusalLines } from '../host/config.ts';
import { money } from '../lab/up/view.ts';

export interface Output {
  /** Prints `value` as JSON, or what `text` makes of it. */
  print<T>(value: T, text: (value: T) => string): void;
  /** Prints a result; a refusal sets the exit code to 1. */
  result<T>(result: Result<T>, text: (value: T) => string): void;
  refuse(refusal: Refusal): void;
}

export function createOutput(json: boolean): Output {
  const print = <T>(value: T, text: (value: T) => string): void => {
    process.stdout.write(json ? `${encode(value)}\n` : text(value));
  };
  const refuse = (refusal: Refusal): void => {
    process.stderr.write(`${refusalLines(refusal)}\n`);
    process.exitCode = 1;
  };
  return {
    print,
    refuse,
    result(result, text) {
      if (result.ok) print(result.value, text);
      else refuse(result.refusal);
    },
  };
}

/** Columns under their headings: text to the left, figures to the right; `none` where there is no row. */
export function table(headings: readonly string[], rows: readonly (readonly string[])[], none: string): string {
  if (rows.length === 0) return `${none}\n`;
  const widths = headings.map((heading, column) => Math.max(heading.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const figures = headings.map((_, column) => rows.every((row) => isFigure(row[column] ?? '')));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => (figures[column] === true ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0)))
      .join('  ')
      .trimEnd();
  return `${[line(headings), ...rows.map(line)].join('\n')}\n`;
}

/** With its unit, or a dash for none. */
function isFigure(cell: string): boolean {
  return /^([-+]?[\d.\u2009]+( [A-Za-z/]+)?|–|)$/.test(cell);
}

/** Names and values under each other. */
export function fields(pairs: readonly (readonly [string, string])[]): string {
  const width = Math.max(...pairs.map(([name]) => name.length));
  return pairs
    .map(([name, value]) => `${name.padEnd(width)}  ${value.replaceAll('\n', `\n${' '.repeat(width + 2)}`)}\n`)
    .join('');
}

/** Grouped by thousands, as everywhere that a person reads. */
export function grouped(amount: bigint | number): string {
  return money(BigInt(amount));
}

/** Of a rail's amounts, in its smallest units: satoshi, or what has no name but the rail's. */
export function unitOf(rail: string): string {
  return rail === 'bitcoin' ? 'sat' : rail;
}

/** Amounts by rail: `1 200 ledger, 3 sat`. */
export function byRail(amounts: Readonly<Record<string, bigint>>): string {
  const parts = Object.entries(amounts).map(([rail, amount]) => `${grouped(amount)} ${unitOf(rail)}`);
  return parts.length === 0 ? 'nothing' : parts.join(', ');
}

/** Lower-case hex shortened for a table. */
export function short(id: string): string {
  return id.slice(0, 12);
}

export function bytesText(bytes: bigint): string {
  const names = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let [value, unit] = [Number(bytes), 0];
  while (value >= 1024 && unit < names.length - 1) [value, unit] = [value / 1024, unit + 1];
  return unit === 0 ? `${value} B` : `${value.toFixed(1)} ${names[unit]}`;
}

/** A second since 1970 as date and time (UTC). */
export function timeText(at: number): string {
  return new Date(at * 1000).toISOString().replace('T', ' ').replace('.000Z', ' UTC');
}

/** In its two largest units: `14 d 3 h`. */
export function spanText(seconds: number): string {
  const units: readonly (readonly [string, number])[] = [
    ['d', 86_400],
    ['h', 3600],
    ['min', 60],
    ['s', 1],
  ];
  let rest = Math.max(0, Math.floor(seconds));
  const parts: string[] = [];
  for (const [name, size] of units) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0) parts.push(`${count} ${name}`);
  }
  return parts.slice(0, 2).join(' ') || '0 s';
}

/** One line of comma-separated values (RFC 4180). */
export function csv(rows: readonly (readonly string[])[]): string {
  const cell = (text: string): string => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  return rows.map((row) => `${row.map(cell).join(',')}\r\n`).join('');
}
