/*
 * The rows of pairs. What is read back was verified before it was written. Every function takes the transaction. Called by the
 * flows of this role.
 */
import { signedSchema, type Signed, type Verified } from '../../core/crypto/sign.ts';
import { encode } from '../../core/wire/codec.ts';
import { iou } from '../../core/wire/iou.ts';
import { receipt, signedSettlement, statement } from '../../core/wire/settlement.ts';
import { big, int, orNull, text } from '../../host/db/codec.ts';
import type { Param, Row, Tx } from '../../host/ports.ts';
import type { ZodType } from 'zod';
import type { PairState } from './decide.ts';
import type { Pair, PairFigures, Side } from './pair.ts';
import { fromText, textOf } from './stored.ts';

const money = ['amount', 'carry_in', 'carry_out', 'forgiven', 'held_value', 'issued_value', 'paid', 'received', 'fee'] as const;
const plain = [
  ...(['interval', 'peer', 'id', 'state', 'side', 'rail', 'carry_in_since', 'carry_out_since', 'countersignature'] as const),
  ...(['destination', 'fallback', 'approved', 'recall', 'payment', 'paid_at'] as const),
] as const;
const objects = ['held', 'issued', 'mine', 'theirs', 'settlement', 'receipt'] as const;
const figures = [...plain, ...money] as const;
const columns = [...figures, ...objects] as const;

const figuresShown = [...plain, ...money.map((name) => `CAST(${name} AS TEXT) AS ${name}`)].join(', ');
const select = `SELECT ${figuresShown}, ${objects.join(', ')} FROM pair`;
const selectFigures = `SELECT ${figuresShown} FROM pair`;
const save = `INSERT INTO pair (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})
  ON CONFLICT (interval, peer) DO UPDATE SET ${columns.map((name) => `${name} = excluded.${name}`).join(', ')}`;
const saveFigures = `UPDATE pair SET ${figures.map((name) => `${name} = ?`).join(', ')} WHERE interval = ? AND peer = ?`;

export async function readPair(tx: Tx, interval: number, peer: string): Promise<Pair | null> {
  return first(await tx.all(`${select} WHERE interval = ? AND peer = ?`, [interval, peer]));
}

export async function readPairById(tx: Tx, id: string): Promise<Pair | null> {
  return first(await tx.all(`${select} WHERE id = ?`, [id]));
}

/** Of an interval, in order of peer. */
export async function readPairs(tx: Tx, interval: number): Promise<Pair[]> {
  return (await tx.all(`${select} WHERE interval = ? ORDER BY peer`, [interval])).map(pairOf);
}

export async function readPairsWith(tx: Tx, peer: string, states: readonly PairState[]): Promise<Pair[]> {
  const sql = `${select} WHERE peer = ? AND state IN (${marksFor(states)}) ORDER BY interval`;
  return (await tx.all(sql, [peer, ...states])).map(pairOf);
}

/** Of an interval or of all, without their objects: many rows at once. */
export async function readFigures(tx: Tx, interval: number | null): Promise<PairFigures[]> {
  const [where, of] = interval === null ? ['', []] : ['WHERE interval = ?', [interval]];
  return (await tx.all(`${selectFigures} ${where} ORDER BY interval, peer`, of)).map(figuresOf);
}

/** In order of interval and peer. */
export async function readFiguresIn(tx: Tx, states: readonly PairState[]): Promise<PairFigures[]> {
  const sql = `${selectFigures} WHERE state IN (${marksFor(states)}) ORDER BY interval, peer`;
  return (await tx.all(sql, states)).map(figuresOf);
}

/** Of one interval, in order of peer. */
export async function readFiguresOf(tx: Tx, interval: number, states: readonly PairState[]): Promise<PairFigures[]> {
  const sql = `${selectFigures} WHERE interval = ? AND state IN (${marksFor(states)}) ORDER BY peer`;
  return (await tx.all(sql, [interval, ...states])).map(figuresOf);
}

export async function readFiguresById(tx: Tx, id: string): Promise<PairFigures | null> {
  const row = (await tx.all(`${selectFigures} WHERE id = ?`, [id]))[0];
  return row === undefined ? null : figuresOf(row);
}

export async function hasPairsIn(tx: Tx, states: readonly PairState[]): Promise<boolean> {
  return (await tx.all(`SELECT id FROM pair WHERE state IN (${marksFor(states)}) LIMIT 1`, states)).length > 0;
}

export async function hasPairsOf(tx: Tx, interval: number, states: readonly PairState[]): Promise<boolean> {
  const sql = `SELECT id FROM pair WHERE interval = ? AND state IN (${marksFor(states)}) LIMIT 1`;
  return (await tx.all(sql, [interval, ...states])).length > 0;
}

/** Intervals in which a pair in such a state has something to pay. */
export async function readIntervalsOwed(tx: Tx, states: readonly PairState[]): Promise<number[]> {
  const sql = `SELECT DISTINCT interval FROM pair WHERE state IN (${marksFor(states)}) AND amount > 0`;
  return (await tx.all(sql, states)).map((row) => int(row['interval']));
}

export async function readAllPairs(tx: Tx): Promise<Pair[]> {
  return (await tx.all(`${select} ORDER BY interval, peer`)).map(pairOf);
}

/** Both signed, with one peer, from an interval on. */
export async function readSignedWith(tx: Tx, peer: string, from: number, count: number): Promise<Pair[]> {
  const where = 'WHERE peer = ? AND interval >= ? AND (countersignature IS NOT NULL OR receipt IS NOT NULL)';
  return (await tx.all(`${select} ${where} ORDER BY interval LIMIT ?`, [peer, from, count])).map(pairOf);
}

/** The one that is owed to me at this destination. */
export async function readPairAt(tx: Tx, destination: string): Promise<PairFigures | null> {
  const row = (await tx.all(`${selectFigures} WHERE destination = ? AND side = 'creditor'`, [destination]))[0];
  return row === undefined ? null : figuresOf(row);
}

export async function isPaymentUsed(tx: Tx, rail: string, payment: string): Promise<boolean> {
  const found = await tx.all(`SELECT id FROM pair WHERE rail = ? AND payment = ? AND side = 'creditor'`, [rail, payment]);
  return found.length > 0;
}

/** Whether a settlement of mine as debtor names this destination already. */
export async function isDestinationUsed(tx: Tx, destination: string, id: string): Promise<boolean> {
  return (await tx.all('SELECT id FROM pair WHERE destination = ? AND id <> ?', [destination, id])).length > 0;
}

/** A row that was read without its objects keeps those that it has. */
export async function savePair(tx: Tx, pair: Pair | PairFigures): Promise<void> {
  const values = figureValues(pair);
  if ('mine' in pair) await tx.run(save, [...values, ...objects.map((name) => json(pair[name]))]);
  else await tx.run(saveFigures, [...values, pair.interval, pair.peer]);
}

/** Rows that are not there yet. */
export async function insertPairs(tx: Tx, pairs: readonly Pair[]): Promise<void> {
  for (let first = 0; first < pairs.length; first += ROWS_PER_INSERT) {
    const rows = pairs.slice(first, first + ROWS_PER_INSERT);
    const marks = rows.map(() => `(${columns.map(() => '?').join(', ')})`).join(', ');
    const values = rows.flatMap((pair) => [...figureValues(pair), ...objects.map((name) => json(pair[name]))]);
    await tx.run(`INSERT INTO pair (${columns.join(', ')}) VALUES ${marks}`, values);
  }
}

/** A page of a book is a few of them. */
const ROWS_PER_INSERT = 25;

/** Which of these peers have a row in that interval. */
export async function readPeersAmong(tx: Tx, interval: number, peers: readonly string[]): Promise<ReadonlySet<string>> {
  if (peers.length === 0) return new Set();
  const sorted = [...peers].sort();
  const ends = [sorted[0] as string, sorted.at(-1) as string];
  const rows = await tx.all('SELECT peer FROM pair WHERE interval = ? AND peer >= ? AND peer <= ?', [interval, ...ends]);
  return new Set(rows.map((row) => text(row['peer'])));
}

/** Rule 14: settlements and receipts remain. */
export async function dropIous(tx: Tx, interval: number): Promise<void> {
  await tx.run('UPDATE pair SET held = NULL, issued = NULL, mine = NULL, theirs = NULL WHERE interval = ?', [interval]);
}

function marksFor(states: readonly PairState[]): string {
  return states.map(() => '?').join(', ');
}

function figureValues(pair: PairFigures): Param[] {
  const row = figuresRow(pair);
  return figures.map((name) => row[name]);
}

function figuresRow(pair: PairFigures): Record<(typeof figures)[number], Param> {
  return {
    interval: pair.interval,
    peer: pair.peer,
    id: pair.id,
    state: pair.state,
    side: pair.side,
    rail: pair.rail,
    amount: pair.amount,
    carry_in: pair.carryIn.amount,
    carry_in_since: pair.carryIn.since,
    carry_out: pair.carryOut.amount,
    carry_out_since: pair.carryOut.since,
    forgiven: pair.forgiven,
    held_value: pair.heldValue,
    issued_value: pair.issuedValue,
    countersignature: pair.countersignature,
    destination: pair.destination,
    fallback: pair.fallback ? 1 : 0,
    approved: pair.approved ? 1 : 0,
    recall: pair.recall ? 1 : 0,
    payment: pair.payment,
    paid_at: pair.paidAt,
    paid: pair.paid,
    received: pair.received,
    fee: pair.fee,
  };
}

function pairOf(row: Row): Pair {
  return {
    ...figuresOf(row),
    held: object(row['held'], signedIou),
    issued: object(row['issued'], signedIou),
    mine: object(row['mine'], signedStatement),
    theirs: object(row['theirs'], signedStatement),
    settlement: object(row['settlement'], signedSettlement),
    receipt: object(row['receipt'], signedReceipt),
  };
}

function figuresOf(row: Row): PairFigures {
  return {
    interval: int(row['interval']),
    peer: text(row['peer']),
    id: text(row['id']),
    state: text(row['state']) as PairState,
    side: orNull(text)(row['side']) as Side | null,
    rail: orNull(text)(row['rail']),
    amount: big(row['amount']),
    carryIn: { amount: big(row['carry_in']), since: int(row['carry_in_since']) },
    carryOut: { amount: big(row['carry_out']), since: int(row['carry_out_since']) },
    forgiven: big(row['forgiven']),
    heldValue: big(row['held_value']),
    issuedValue: big(row['issued_value']),
    countersignature: orNull(text)(row['countersignature']),
    destination: orNull(text)(row['destination']),
    fallback: int(row['fallback']) === 1,
    approved: int(row['approved']) === 1,
    recall: int(row['recall']) === 1,
    payment: orNull(text)(row['payment']),
    paidAt: orNull(int)(row['paid_at']),
    paid: big(row['paid']),
    received: big(row['received']),
    fee: big(row['fee']),
  };
}

const signedIou = signedSchema(iou);
const signedStatement = signedSchema(statement);
const signedReceipt = signedSchema(receipt);

function object<T>(column: Row[string] | undefined, schema: ZodType<Signed<T>>): Verified<T> | null {
  const stored = orNull(text)(column);
  return stored === null ? null : fromText(stored, schema);
}

/** Without what a countersigned object has more. */
function json(signed: Signed<unknown> | null): string | null {
  return signed === null ? null : (textOf(signed) ?? encode({ body: signed.body, signature: signed.signature }));
}

function first(rows: readonly Row[]): Pair | null {
  return rows[0] === undefined ? null : pairOf(rows[0]);
}
