/*
 * IOUs held and issued: one row a link, interval and direction. Every function takes the transaction. What stands here was
 * verified before it was written.
 */
import { asStored, signedSchema, type Signed, type Verified } from '../../core/crypto/sign.ts';
import { sha256Hex } from '../../core/crypto/hash.ts';
import { invariant } from '../../core/refusal.ts';
import { decode, encode } from '../../core/wire/codec.ts';
import { iou, type Iou } from '../../core/wire/iou.ts';
import { int, text } from '../../host/db/codec.ts';
import type { Row, Tx } from '../../host/ports.ts';

export type Direction = 'held' | 'issued';

export interface IouRow {
  readonly peer: string;
  readonly direction: Direction;
  readonly signed: Verified<Iou>;
}

/** Replaces the older one of the same link and interval; totals and serial only grow. */
export async function saveIou(tx: Tx, direction: Direction, signed: Verified<Iou>): Promise<void> {
  const { issuer, holder, interval, serial, relayBytes, exitBytes } = signed.body;
  const changed = await tx.run(
    `INSERT INTO iou (direction, interval_number, peer, serial, relay_bytes, exit_bytes, signed) VALUES (?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (direction, interval_number, peer) DO UPDATE SET serial = excluded.serial, relay_bytes = excluded.relay_bytes,
       exit_bytes = excluded.exit_bytes, signed = excluded.signed
     WHERE iou.serial < excluded.serial AND iou.relay_bytes <= excluded.relay_bytes AND iou.exit_bytes <= excluded.exit_bytes`,
    [direction, interval, direction === 'held' ? issuer : holder, serial, relayBytes, exitBytes, textOf(signed)],
  );
  invariant(changed === 1, 'an IOU in the book only grows');
}

export async function readIou(tx: Tx, direction: Direction, interval: number, peer: string): Promise<Verified<Iou> | null> {
  const rows = await tx.all('SELECT direction, peer, signed FROM iou WHERE direction = ? AND interval_number = ? AND peer = ?', [
    direction,
    interval,
    peer,
  ]);
  return rows[0] === undefined ? null : iouRow(rows[0]).signed;
}

/** Both directions of one interval. */
export async function readInterval(tx: Tx, interval: number): Promise<IouRow[]> {
  const rows = await tx.all('SELECT direction, peer, signed FROM iou WHERE interval_number = ? ORDER BY peer, direction', [
    interval,
  ]);
  return rows.map(iouRow);
}

export async function readIssuedSince(tx: Tx, interval: number): Promise<IouRow[]> {
  const rows = await tx.all(
    `SELECT direction, peer, signed FROM iou WHERE direction = 'issued' AND interval_number >= ? ORDER BY interval_number, peer`,
    [interval],
  );
  return rows.map(iouRow);
}

/** Rows of the `max` first peers after `after`, in order of peer; without those that a contest has made void. */
export async function readBook(tx: Tx, interval: number, after: string, max: number): Promise<IouRow[]> {
  const rows = await tx.all(
    `SELECT direction, peer, signed FROM iou WHERE interval_number = ? AND peer IN (
       SELECT DISTINCT peer FROM iou WHERE interval_number = ? AND peer > ?
         AND peer NOT IN (SELECT peer FROM iou_void WHERE interval_number = ?) ORDER BY peer LIMIT ?
     ) ORDER BY peer, direction`,
    [interval, interval, after, interval, max],
  );
  return rows.map(iouRow);
}

/** A contested pair. False when it is known already. */
export async function saveVoid(tx: Tx, interval: number, peer: string): Promise<boolean> {
  const added = await tx.run(
    'INSERT INTO iou_void (interval_number, peer) VALUES (?, ?) ON CONFLICT (interval_number, peer) DO NOTHING',
    [interval, peer],
  );
  return added > 0;
}

/** Peers whose pair is void in that interval. */
export async function readVoid(tx: Tx, interval: number): Promise<ReadonlySet<string>> {
  const rows = await tx.all('SELECT peer FROM iou_void WHERE interval_number = ?', [interval]);
  return new Set(rows.map((row) => text(row['peer'])));
}

/** Two signatures of one issuer that contradict each other. */
export async function saveEvidence(tx: Tx, held: Verified<Iou>, offered: Signed<Iou>, now: number): Promise<void> {
  const { issuer, interval } = offered.body;
  await tx.run(
    `INSERT INTO iou_evidence (id, interval_number, peer, held, offered, taken_at) VALUES (?, ?, ?, ?, ?, ?)
     ON CONFLICT (id) DO NOTHING`,
    [sha256Hex(textOf(offered)), interval, issuer, textOf(held), textOf(offered), now],
  );
}

export interface EvidenceRow {
  readonly peer: string;
  readonly interval: number;
  readonly takenAt: number;
}

export async function readEvidence(tx: Tx): Promise<EvidenceRow[]> {
  const rows = await tx.all('SELECT peer, interval_number, taken_at FROM iou_evidence ORDER BY taken_at, id');
  return rows.map((row) => ({ peer: text(row['peer']), interval: int(row['interval_number']), takenAt: int(row['taken_at']) }));
}

/** Intervals of which anything is kept, oldest first. */
export async function readKeptIntervals(tx: Tx): Promise<number[]> {
  const rows = await tx.all(
    `SELECT interval_number FROM iou UNION SELECT interval_number FROM iou_evidence
     UNION SELECT interval_number FROM iou_void ORDER BY interval_number`,
  );
  return rows.map((row) => int(row['interval_number']));
}

export async function deleteInterval(tx: Tx, interval: number): Promise<void> {
  await tx.run('DELETE FROM iou WHERE interval_number = ?', [interval]);
  await tx.run('DELETE FROM iou_evidence WHERE interval_number = ?', [interval]);
  await tx.run('DELETE FROM iou_void WHERE interval_number = ?', [interval]);
}

function textOf(signed: Signed<Iou>): string {
  return encode({ body: signed.body, signature: signed.signature });
}

const storedIou = signedSchema(iou);

function iouRow(row: Row): IouRow {
  const direction = text(row['direction']);
  const read = decode(text(row['signed']), storedIou);
  invariant(read.ok && (direction === 'held' || direction === 'issued'), 'an IOU is read as it was written');
  return { peer: text(row['peer']), direction, signed: asStored(read.value) };
}
