/*
 * The one place where values pass between the program and SQL. Out: bigint as decimal strings (sqlite3 binds a bigint as NULL
 * without a word). In: integers that a number holds exactly, and readers that throw where a column is not what it must be.
 */
import { UNITS_MAX } from '../../core/limits.ts';
import { invariant } from '../../core/refusal.ts';
import type { Param, Row } from '../ports.ts';

/** What knex may see. */
export type Bound = string | number | Buffer | null;
type Value = Row[string] | undefined;

export function bind(params: readonly Param[]): Bound[] {
  return params.map(bindOne);
}

/** A column read with CAST(x AS TEXT). */
export function big(value: Value): bigint {
  invariant(typeof value === 'string' && /^-?[0-9]+$/.test(value), 'a money column is read with CAST(x AS TEXT)');
  return BigInt(value);
}

export function text(value: Value): string {
  invariant(typeof value === 'string', 'a column holds text');
  return value;
}

export function int(value: Value): number {
  invariant(typeof value === 'number' && Number.isSafeInteger(value), 'a column holds a safe integer');
  return value;
}

export function bytes(value: Value): Uint8Array {
  invariant(value instanceof Uint8Array, 'a column holds bytes');
  return value;
}

/** `orNull(int)` reads a column that may be NULL. */
export function orNull<T>(read: (value: Value) => T): (value: Value) => T | null {
  return (value) => {
    invariant(value !== undefined, 'a column is there');
    return value === null ? null : read(value);
  };
}

/** Both drivers round large integers silently; nothing rounded may leave here. */
export function checkRows(rows: readonly Row[]): Row[] {
  for (const row of rows) {
    for (const name in row) {
      const value = row[name];
      invariant(typeof value !== 'number' || Number.isSafeInteger(value), `column ${name} is a safe integer; CAST it AS TEXT`);
    }
  }
  return rows as Row[];
}

function bindOne(param: Param): Bound {
  if (typeof param === 'bigint') {
    invariant(param <= UNITS_MAX && param >= -UNITS_MAX, 'a bound integer fits into 64 bits');
    return param.toString();
  }
  if (typeof param === 'number') {
    invariant(Number.isSafeInteger(param), 'a bound number is a safe integer');
    return param;
  }
  invariant(param !== undefined, 'a parameter is given');
  return param instanceof Uint8Array ? Buffer.from(param) : param;
}
