/*
 * What a command prints: one JSON object on request, else text a person reads; refusals as three lines and a code on stderr
 * (design §10). Exit codes: 0 done, 1 refused or failed, 2 wrong usage.
 */
import type { Refusal, Result } from '../core/refusal.ts';
import { encode } from '../core/wire/codec.ts';
import { refusalLines } from '../host/config.ts';

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

/** Columns under their headings: text to the left, figures to the right. */
export function table(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = headings.map((heading, column) => Math.max(heading.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const figures = headings.map(
    (_, column) => rows.length > 0 && rows.every((row) => /^[-+]?[\d.,]*( [A-Za-z]+)?$/.test(row[column] ?? '')),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => (figures[column] === true ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0)))
      .join('  ')
      .trimEnd();
  return `${[line(headings), ...rows.map(line)].join('\n')}\n`;
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

/** One line of comma-separated values (RFC 4180). */
export function csv(rows: readonly (readonly string[])[]): string {
  const cell = (text: string): string => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  return rows.map((row) => `${row.map(cell).join(',')}\r\n`).join('');
}
