/*
 * IOUs held and issued: one row a link, interval and direction. Every function takes the transaction. What stands here was
 * verified before it was written.
 */
import { asStored, signedSchema, type Signed, type Verified } from '../../core/crypto/sign.ts';
import { sha256Hex } from '../../core/crypto/hash.ts';
import { invariant } from '../../core/refusal.ts';
import { decode, encode } from '../../core/wire/codec.ts';
import { iou, type Iou } from '../../core/wire/iou.ts';
import type { Traffic } from '../../core/rule/price.ts';
import { big, int, text } from '../../host/db/codec.ts';
import { marksOf, slicesOf } from '../../host/db/slices.ts';
import type { Log, Row, Tx } from '../../host/ports.ts';

export type Direction = 'held' | 'issued';

export interface IouRow {
  readonly peer: string;
  readonly direction: Direction;
  readonly signed: Verified<Iou>;
}

/** An IOU and its row's text. */
export interface WrittenIou {
  readonly signed: Verified<Iou>;
  readonly text: string;
}

/**
 * Each replaces the older one of its link and interval, of which there is one here; totals and serial never fall. The same serial again
 * is one whose text could not be read.
 */
export async function saveIous(tx: Tx, direction: Direction, ious: readonly WrittenIou[]): Promise<void> {
  for (const slice of slicesOf(ious)) {
    const changed = await tx.run(
      `INSERT INTO iou (direction, interval_number, peer, serial, relay_bytes, exit_bytes, signed) VALUES ${marksOf(slice.length, 7)}
       ON CONFLICT (direction, interval_number, peer) DO UPDATE SET serial = excluded.serial, relay_bytes = excluded.relay_bytes,
         exit_bytes = excluded.exit_bytes, signed = excluded.signed
       WHERE iou.serial <= excluded.serial AND iou.relay_bytes <= excluded.relay_bytes AND iou.exit_bytes <= excluded.exit_bytes`,
      slice.flatMap(({ signed, text: written }) => {
        const { issuer, holder, interval, serial, relayBytes, exitBytes } = signed.body;
        return [direction, interval, direction === 'held' ? issuer : holder, serial, relayBytes, exitBytes, written];
      }),
    );
    invariant(changed === slice.length, 'an IOU in the book only grows');
  }
}

export function saveIou(tx: Tx, direction: Direction, signed: Verified<Iou>): Promise<void> {
  return saveIous(tx, direction, [{ signed, text: textOf(signed) }]);
}

/** Adds what IOUs of an interval certify more of own subscribers' circuits: in the transaction that saves these IOUs. */
export async function addOwn(tx: Tx, interval: number, bytes: bigint): Promise<void> {
  const before = (await tx.all('SELECT CAST(bytes AS TEXT) AS bytes FROM iou_own WHERE interval_number = ?', [interval]))[0];
  const sum = (before === undefined ? 0n : big(before['bytes'])) + bytes;
  await tx.run(
    `INSERT INTO iou_own (interval_number, bytes) VALUES (?, ?)
     ON CONFLICT (interval_number) DO UPDATE SET bytes = excluded.bytes`,
    [interval, sum],
  );
}

/** The newest intervals first. */
export async function readOwn(tx: Tx, most: number): Promise<{ readonly interval: number; readonly bytes: bigint }[]> {
  const sql = `SELECT interval_number, CAST(bytes AS TEXT) AS bytes FROM iou_own ORDER BY interval_number DESC LIMIT ?`;
  return (await tx.all(sql, [most])).map((row) => ({ interval: int(row['interval_number']), bytes: big(row['bytes']) }));
}

/** A row whose IOU is not read yet. */
export interface StoredIou {
  readonly peer: string;
  readonly interval: number;
  readonly totals: Traffic;
  readonly text: string;
}

/** All that is kept of some peers' IOUs. */
export async function readHeldOf(tx: Tx, peers: readonly string[]): Promise<StoredIou[]> {
  const found: StoredIou[] = [];
  for (const slice of slicesOf(peers)) {
    const rows = await tx.all(
      `SELECT peer, interval_number, CAST(relay_bytes AS TEXT) AS relay_bytes, CAST(exit_bytes AS TEXT) AS exit_bytes, signed
       FROM iou WHERE direction = 'held' AND peer IN ${marksOf(1, slice.length)}`,
      slice,
    );
    for (const row of rows) {
      const totals = { relayBytes: big(row['relay_bytes']), exitBytes: big(row['exit_bytes']) };
      found.push({ peer: text(row['peer']), interval: int(row['interval_number']), totals, text: text(row['signed']) });
    }
  }
  return found;
}

/** Null where it is not what was written: the disk, or somebody, has changed it. The other side still has it. */
export function signedOf(written: string): Verified<Iou> | null {
  const read = decode(written, storedIou);
  return read.ok ? asStored(read.value) : null;
}

/** Told of an IOU that can no longer be read: it is left out, and keeps no other from being worked with. */
export type Alarm = (damaged: Pick<IouRow, 'peer' | 'direction'>) => void;

export function alarmIn(log: Log): Alarm {
  return ({ peer, direction }) => log.error('iou-damaged', { role: 'relay', relay: peer, code: direction });
}

/** Both directions of one interval. */
export async function readInterval(tx: Tx, interval: number, alarm: Alarm): Promise<IouRow[]> {
  const rows = await tx.all('SELECT direction, peer, signed FROM iou WHERE interval_number = ? ORDER BY peer, direction', [
    interval,
  ]);
  return rows.flatMap((row) => iouRow(row, alarm));
}

export async function readIssuedSince(tx: Tx, interval: number, alarm: Alarm): Promise<IouRow[]> {
  const rows = await tx.all(
    `SELECT direction, peer, signed FROM iou WHERE direction = 'issued' AND interval_number >= ? ORDER BY interval_number, peer`,
    [interval],
  );
  return rows.flatMap((row) => iouRow(row, alarm));
}

/** Rows of the `max` first peers after `after`, in order of peer; without those that a contest has made void. */
export async function readBook(tx: Tx, interval: number, after: string, max: number, alarm: Alarm): Promise<IouRow[]> {
  const rows = await tx.all(
    `SELECT direction, peer, signed FROM iou WHERE interval_number = ? AND peer IN (
       SELECT DISTINCT peer FROM iou WHERE interval_number = ? AND peer > ?
         AND peer NOT IN (SELECT peer FROM iou_void WHERE interval_number = ?) ORDER BY peer LIMIT ?
     ) ORDER BY peer, direction`,
    [interval, interval, after, interval, max],
  );
  return rows.flatMap((row) => iouRow(row, alarm));
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
  await tx.run('DELETE FROM iou_own WHERE interval_number = ?', [interval]);
}

export function textOf(signed: Signed<Iou>): string {
  return encode({ body: signed.body, signature: signed.signature });
}

const storedIou = signedSchema(iou);

function iouRow(row: Row, alarm: Alarm): IouRow[] {
  const [peer, direction] = [text(row['peer']), text(row['direction'])];
  invariant(direction === 'held' || direction === 'issued', 'an IOU is held or issued');
  const signed = signedOf(text(row['signed']));
  if (signed === null) alarm({ peer, direction });
  return signed === null ? [] : [{ peer, direction, signed }];
}
