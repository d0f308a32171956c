/*
 * What the folders of a node name: relays, keys and circuits in, as text and as bytes; the files, rows and lines that name them out.
 * The node's cache of the directory (network.sqlite) lists every relay for every reader, and is left out. Called by paid.ts.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import sqlite3 from 'sqlite3';

/** Something that must not be found, in each form in which it could be written. */
export interface Clue {
  readonly what: string;
  readonly forms: readonly Buffer[];
}

/** A key or a fingerprint. */
export function keyClue(what: string, hex: string): Clue {
  const bytes = Buffer.from(hex, 'hex');
  const texts = [hex.toLowerCase(), hex.toUpperCase(), bytes.toString('base64').replace(/=+$/, ''), bytes.toString('base64url')];
  return { what, forms: [bytes, ...texts.map((text) => Buffer.from(text))] };
}

/** A link circuit id: four bytes, and ten digits mostly, that tor draws at random. SQLite writes numbers big-endian, whole
 * ones of a column without a type as reals. */
export function circuitClue(what: string, id: number): Clue {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(id);
  const real = Buffer.alloc(8);
  real.writeDoubleBE(id);
  return { what, forms: [bytes, real, Buffer.from(String(id))] };
}

/** `relay.sqlite-wal: the exit`: of all files as they lie there, what was overwritten and not yet reused too. */
export function namedIn(folder: string, clues: readonly Clue[]): string[] {
  return filesUnder(folder).flatMap((file) => {
    const bytes = readFileSync(file);
    return clues.filter((clue) => isIn(bytes, clue)).map(({ what }) => `${basename(file)}: ${what}`);
  });
}

/** Rows of databases and lines of other files that name one of the first and one of the second together. */
export async function pairsIn(folder: string, first: readonly Clue[], second: readonly Clue[]): Promise<string[]> {
  const pairs: string[] = [];
  for (const file of filesUnder(folder)) {
    if (/-(wal|shm|journal)$/.test(file)) continue;
    const parts = file.endsWith('.sqlite') ? await rowsIn(file) : linesIn(readFileSync(file));
    for (const { where, bytes } of parts)
      if (first.some((clue) => isIn(bytes, clue)) && second.some((clue) => isIn(bytes, clue)))
        pairs.push(`${basename(file)} ${where}`);
  }
  return pairs;
}

function isIn(bytes: Buffer, { forms }: Clue): boolean {
  return forms.some((form) => bytes.includes(form));
}

function filesUnder(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    const found = statSync(path);
    if (found.isDirectory()) return filesUnder(path);
    return found.isFile() && !name.startsWith('network.sqlite') ? [path] : [];
  });
}

interface Part {
  readonly where: string;
  readonly bytes: Buffer;
}

function linesIn(bytes: Buffer): Part[] {
  const lines = bytes.toString('latin1').split('\n');
  return lines.map((line, at) => ({ where: `line ${at + 1}`, bytes: Buffer.from(line, 'latin1') }));
}

async function rowsIn(file: string): Promise<Part[]> {
  const database = await openDatabase(file, sqlite3.OPEN_READONLY);
  const tables = await query<{ name: string }>(database, `SELECT name FROM sqlite_master WHERE type = 'table'`);
  const parts: Part[] = [];
  for (const { name } of tables)
    for (const row of await query<object>(database, `SELECT * FROM "${name}"`)) {
      const values = Object.values(row).map((value: unknown) =>
        value instanceof Uint8Array ? value : Buffer.from(String(value)),
      );
      parts.push({ where: name, bytes: Buffer.concat(values.flatMap((value) => [value, Buffer.from('\n')])) });
    }
  await new Promise((resolve) => database.close(resolve));
  return parts;
}

/** A table `note` with this row: what the search has to find. */
export async function writeRow(file: string, values: readonly (string | number | Buffer)[]): Promise<void> {
  const database = await openDatabase(file, sqlite3.OPEN_READWRITE);
  const columns = values.map((_, at) => `c${at}`);
  const typed = values.map((value, at) => `c${at} ${typeof value === 'number' ? 'INTEGER' : 'BLOB'}`);
  await query(database, `CREATE TABLE note (${typed.join(', ')})`);
  await query(database, `INSERT INTO note VALUES (${columns.map(() => '?').join(', ')})`, values);
  await new Promise((resolve) => database.close(resolve));
}

function openDatabase(file: string, mode: number): Promise<sqlite3.Database> {
  return new Promise((resolve, reject) => {
    const database: sqlite3.Database = new sqlite3.Database(file, mode, (error) =>
      error === null ? resolve(database) : reject(error),
    );
  });
}

function query<T>(database: sqlite3.Database, sql: string, values: readonly unknown[] = []): Promise<T[]> {
  return new Promise((resolve, reject) => {
    database.all(sql, values, (error: Error | null, rows: T[]) => (error === null ? resolve(rows) : reject(error)));
  });
}
