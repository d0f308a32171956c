/*
 * Reading an account: the sum of its rows, its next number, and entries by payee, destination, transfer or position. Called by the transfer's flow and by the reading endpoints.
 */
import { PAGE_ROWS_MAX, TRANSFER_OUTPUTS_MAX } from '../../core/limits.ts';
import type { LedgerEntry } from '../../core/wire/ledger.ts';
import { big, int, text } from '../../host/db/codec.ts';
import type { Param, Row, Tx } from '../../host/ports.ts';

/** Of the rows at that position and after. */
export async function readSumFrom(tx: Tx, account: string, position: bigint): Promise<bigint> {
  const sql = 'SELECT CAST(COALESCE(SUM(amount), 0) AS TEXT) AS sum FROM ledger_entry WHERE account = ? AND position >= ?';
  return big((await tx.all(sql, [account, position]))[0]?.['sum']);
}

export async function readNextPosition(tx: Tx): Promise<bigint> {
  const rows = await tx.all('SELECT CAST(COALESCE(MAX(position), -1) AS TEXT) AS last FROM ledger_output');
  return big(rows[0]?.['last']) + 1n;
}

export async function readNextNumber(tx: Tx, account: string): Promise<bigint> {
  const sql = 'SELECT CAST(COALESCE(MAX(number), 0) AS TEXT) AS last FROM ledger_transfer WHERE account = ?';
  return big((await tx.all(sql, [account]))[0]?.['last']) + 1n;
}

/** A page of what came to an account, from a position on. */
export function readIncoming(tx: Tx, account: string, after: bigint): Promise<LedgerEntry[]> {
  return readEntries(tx, 'payee = ? AND position >= ?', [account, after], PAGE_ROWS_MAX);
}

/** A page of what came to one destination, from a position on. */
export function readDestination(tx: Tx, account: string, ref: string, after: bigint): Promise<LedgerEntry[]> {
  return readEntries(tx, 'payee = ? AND ref = ? AND position >= ?', [account, ref, after], PAGE_ROWS_MAX);
}

/** The entries of one transfer, in the order of its outputs. */
export function readOutputs(tx: Tx, payer: string, id: string): Promise<LedgerEntry[]> {
  return readEntries(tx, 'payer = ? AND transfer = ?', [payer, id], TRANSFER_OUTPUTS_MAX);
}

export async function readEntry(tx: Tx, position: bigint): Promise<LedgerEntry | null> {
  return (await readEntries(tx, 'position = ?', [position], 1))[0] ?? null;
}

async function readEntries(tx: Tx, where: string, params: readonly Param[], rowsMax: number): Promise<LedgerEntry[]> {
  const sql = `SELECT CAST(position AS TEXT) AS position, transfer, payer, payee, ref, CAST(amount AS TEXT) AS amount, at
    FROM ledger_output WHERE ${where} ORDER BY ledger_output.position LIMIT ${rowsMax}`;
  return (await tx.all(sql, params)).map(entryOf);
}

function entryOf(row: Row): LedgerEntry {
  return {
    position: big(row['position']),
    transfer: text(row['transfer']),
    from: text(row['payer']),
    to: text(row['payee']),
    ref: text(row['ref']),
    amount: big(row['amount']),
    at: int(row['at']),
  };
}
