/*
 * A SQLite file read by the auditor's own hand: a file name in, rows with every value as text or null out. Called by audit.ts.
 */
import sqlite3 from 'sqlite3';

export type TextRow = Readonly<Record<string, string | null>>;

export interface Rows {
  /** Of a whole table: every column as text, so that no integer is rounded on its way. */
  table(name: string, columns: readonly string[], where?: string): Promise<TextRow[]>;
  close(): Promise<void>;
}

export function openForReading(file: string): Promise<Rows> {
  return new Promise((resolve, reject) => {
    const database = new sqlite3.Database(file, sqlite3.OPEN_READONLY, (error) => {
      if (error !== null) return reject(error);
      database.configure('busyTimeout', 10_000);
      resolve({ table: (name, columns, where) => readTable(database, name, columns, where), close: () => close(database) });
    });
  });
}

function readTable(database: sqlite3.Database, name: string, columns: readonly string[], where = '1'): Promise<TextRow[]> {
  const list = columns.map((column) => `CAST("${column}" AS TEXT) AS "${column}"`).join(', ');
  return new Promise((resolve, reject) => {
    database.all(`SELECT ${list} FROM "${name}" WHERE ${where} ORDER BY rowid`, (error, rows) =>
      error === null ? resolve(rows as TextRow[]) : reject(error),
    );
  });
}

function close(database: sqlite3.Database): Promise<void> {
  return new Promise((resolve) => database.close(() => resolve()));
}

export function text(row: TextRow, column: string): string {
  const value = row[column];
  if (value === null || value === undefined) throw new Error(`column ${column} holds something`);
  return value;
}

export function number(row: TextRow, column: string): bigint {
  return BigInt(text(row, column));
}
