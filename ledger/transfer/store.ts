/*
 * The rows of transfers: what the ledger has of an account before a transfer, and the transfer with its outputs, each output with
 * its debit and its credit. Every function takes the transaction of flow.ts.
 */
import type { Verified } from '../../core/crypto/sign.ts';
import { leafHash } from '../../core/log/merkle.ts';
import { entryLeaf, type LedgerEntry, type Transfer } from '../../core/wire/ledger.ts';
import { big, text } from '../../host/db/codec.ts';
import type { Param, Tx } from '../../host/ports.ts';

export interface StoredTransfer {
  readonly number: bigint;
  readonly content: string;
}

export async function readTransfer(tx: Tx, account: string, id: string): Promise<StoredTransfer | null> {
  const sql = 'SELECT CAST(number AS TEXT) AS number, content FROM ledger_transfer WHERE account = ? AND id = ?';
  const row = (await tx.all(sql, [account, id]))[0];
  return row === undefined ? null : { number: big(row['number']), content: text(row['content']) };
}

export async function readNextPosition(tx: Tx): Promise<bigint> {
  const rows = await tx.all('SELECT CAST(COALESCE(MAX(position), -1) AS TEXT) AS last FROM ledger_output');
  return big(rows[0]?.['last']) + 1n;
}

export async function saveTransfer(
  tx: Tx,
  signed: Verified<Transfer>,
  content: string,
  entries: readonly LedgerEntry[],
): Promise<void> {
  const { from, id, number } = signed.body;
  await insert(tx, 'ledger_transfer (account, id, number, content, signature)', [[from, id, number, content, signed.signature]]);
  await insert(
    tx,
    'ledger_output (position, transfer, payer, payee, ref, amount, at, leaf)',
    entries.map((one) => [one.position, id, from, one.to, one.ref, one.amount, one.at, leafHash(entryLeaf(one))]),
  );
  await insert(
    tx,
    'ledger_entry (position, side, account, amount)',
    entries.flatMap((one) => [
      [one.position, -1, from, -one.amount],
      [one.position, 1, one.to, one.amount],
    ]),
  );
}

/** One statement: a transfer's outputs, and both sides of each, stay far below what either engine takes in parameters. */
async function insert(tx: Tx, into: string, rows: readonly (readonly Param[])[]): Promise<void> {
  const marks = rows.map((row) => `(${row.map(() => '?').join(', ')})`).join(', ');
  await tx.run(`INSERT INTO ${into} VALUES ${marks}`, rows.flat());
}
