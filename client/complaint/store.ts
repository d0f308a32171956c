/*
 * The rows of complaints that this subscriber has filed, and of each authority that has to take them. Every function takes the
 * transaction of flow.ts.
 */
import type { Signed } from '../../core/crypto/sign.ts';
import { invariant } from '../../core/refusal.ts';
import { decode, encode } from '../../core/wire/codec.ts';
import { signedComplaint, type Complaint } from '../../core/wire/complaint.ts';
import { big, int, orNull, text } from '../../host/db/codec.ts';
import type { Row, Tx } from '../../host/ports.ts';

export interface ComplaintRow {
  /** Of the case. */
  readonly id: string;
  readonly guard: string;
  readonly kind: 'deposit' | 'withdrawal';
  readonly subject: string;
  readonly rail: string;
  readonly amount: bigint;
  readonly filedAt: number;
  /** From then on it is no longer sent. */
  readonly expires: number;
  readonly complaint: Signed<Complaint>;
}

export interface FilingRow {
  readonly id: string;
  /** As network.json names it. */
  readonly authority: string;
  readonly state: 'sending' | 'filed' | 'refused';
  readonly code: string | null;
}

/** Answers false where the case was filed before: its first text stands. */
export async function insertComplaint(tx: Tx, row: ComplaintRow, authorities: readonly string[]): Promise<boolean> {
  const inserted = await tx.run(
    `INSERT INTO client_complaint (id, guard, kind, subject, rail, amount, filed_at, expires, complaint)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`,
    [row.id, row.guard, row.kind, row.subject, row.rail, row.amount, row.filedAt, row.expires, encode(row.complaint)],
  );
  if (inserted === 0) return false;
  for (const authority of authorities) {
    await tx.run("INSERT INTO client_filing (id, authority, state, code) VALUES (?, ?, 'sending', NULL)", [row.id, authority]);
  }
  return true;
}

/** No authority has taken it, and none will: it may be filed anew, with what was missing. */
export async function dropRefused(tx: Tx, id: string): Promise<void> {
  const others = (await tx.all("SELECT id FROM client_filing WHERE id = ? AND state <> 'refused'", [id])).length;
  if (others > 0) return;
  await tx.run('DELETE FROM client_filing WHERE id = ?', [id]);
  await tx.run('DELETE FROM client_complaint WHERE id = ?', [id]);
}

export async function readComplaints(tx: Tx): Promise<ComplaintRow[]> {
  const sql = `SELECT id, guard, kind, subject, rail, CAST(amount AS TEXT) AS amount, filed_at, expires, complaint
    FROM client_complaint ORDER BY filed_at DESC, id`;
  return (await tx.all(sql)).map(rowOf);
}

export async function readFilings(tx: Tx, id: string): Promise<FilingRow[]> {
  const sql = 'SELECT id, authority, state, code FROM client_filing WHERE id = ? ORDER BY authority';
  return (await tx.all(sql, [id])).map((row) => ({
    id: text(row['id']),
    authority: text(row['authority']),
    state: text(row['state']) as FilingRow['state'],
    code: orNull(text)(row['code']),
  }));
}

export async function saveFiling(tx: Tx, { id, authority, state, code }: FilingRow): Promise<void> {
  await tx.run('UPDATE client_filing SET state = ?, code = ? WHERE id = ? AND authority = ?', [state, code, id, authority]);
}

function rowOf(row: Row): ComplaintRow {
  const complaint = decode(text(row['complaint']), signedComplaint);
  invariant(complaint.ok, 'a stored complaint can be read');
  return {
    id: text(row['id']),
    guard: text(row['guard']),
    kind: text(row['kind']) as ComplaintRow['kind'],
    subject: text(row['subject']),
    rail: text(row['rail']),
    amount: big(row['amount']),
    filedAt: int(row['filed_at']),
    expires: int(row['expires']),
    complaint: complaint.value,
  };
}
