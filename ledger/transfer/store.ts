/*
 * The rows of transfers: what the ledger has of an account before a transfer, and the transfer with its outputs, each output with
 * its debit and its credit. Every function takes the transaction of flow.ts.
 */
import type { Verified } from '../../core/crypto/sign.ts';
import { leafHash } from '../../core/log/merkle.ts';
import { entryLeaf, type LedgerEntry, type Transfer } from '../../core/wire/ledger.ts';
import { big, orNull, text } from '../../host/db/codec.ts';
import type { Param, Row, Tx } from '../../host/ports.ts';

/** What the ledger has of the paying account. */
export interface Paying {
  /** What it sent under this id before. */
  readonly earlier: { readonly number: bigint; readonly content: string } | null;
  readonly lastNumber: bigint;
  /** The sum of its rows at that position and after. */
  readonly since: bigint;
}

/** In one statement: there are hundreds of transfers a second. */
export async function readPaying(tx: Tx, account: string, id: string, position: bigint): Promise<Paying> {
  const sql = `SELECT
      CAST((SELECT MAX(number) FROM ledger_transfer WHERE account = ?) AS TEXT) AS last,
      CAST((SELECT SUM(amount) FROM ledger_entry WHERE account = ? AND position >= ?) AS TEXT) AS since,
      CAST((SELECT number FROM ledger_transfer WHERE account = ? AND id = ?) AS TEXT) AS number,
      (SELECT content FROM ledger_transfer WHERE account = ? AND id = ?) AS content`;
  const row = (await tx.all(sql, [account, account, position, account, id, account, id]))[0] as Row;
  const [last, since, number] = [row['last'], row['since'], row['number']].map((one) => orNull(big)(one));
  return {
    earlier: number === null || number === undefined ? null : { number, content: text(row['content']) },
    lastNumber: last ?? 0n,
    since: since ?? 0n,
  };
}

export interface Booked {
  readonly signed: Verified<Transfer>;
  readonly content: string;
  readonly entries: readonly LedgerEntry[];
}

/** In the order of their positions. */
export async function saveTransfers(tx: Tx, booked: readonly Booked[]): Promise<void> {
  const entries = booked.flatMap((one) => one.entries);
  await insert(
    tx,
    'ledger_transfer (account, id, number, content, signature)',
    booked.map(({ signed: { body, signature }, content }) => [body.from, body.id, body.number, content, signature]),
  );
  await insert(
    tx,
    'ledger_output (position, transfer, payer, payee, ref, amount, at, leaf)',
    entries.map((one) => [
      ...[one.position, one.transfer, one.from, one.to, one.ref, one.amount, one.at],
      leafHash(entryLeaf(one)),
    ]),
  );
  await insert(
    tx,
    'ledger_entry (position, side, account, amount)',
    entries.flatMap((one) => [
      [one.position, -1, one.from, -one.amount],
      [one.position, 1, one.to, one.amount],
    ]),
  );
}

/** Rows a statement, the most that still fit first: of few lengths, since each is prepared once. */
const ROWS = [256, 32, 4, 1] as const;

async function insert(tx: Tx, into: string, rows: readonly (readonly Param[])[]): Promise<void> {
  for (let at = 0; at < rows.length;) {
    const count = ROWS.find((one) => one <= rows.length - at) as number;
    const some = rows.slice(at, at + count);
    const marks = some.map((row) => `(${row.map(() => '?').join(', ')})`).join(', ');
    await tx.run(`INSERT INTO ${into} VALUES ${marks}`, some.flat());
    at += count;
  }
}
