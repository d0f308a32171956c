/*
 * The rows of pairs. What is read back was verified before it was written. Every function takes the transaction. Called by the
 * flows of this role.
 */
import { asStored, signedSchema, type Signed, type Verified } from '../../core/crypto/sign.ts';
import { invariant } from '../../core/refusal.ts';
import { decode, encode } from '../../core/wire/codec.ts';
import { iou } from '../../core/wire/iou.ts';
import { receipt, signedSettlement, statement } from '../../core/wire/settlement.ts';
import { big, int, orNull, text } from '../../host/db/codec.ts';
import type { Param, Row, Tx } from '../../host/ports.ts';
import type { ZodType } from 'zod';
import type { PairState } from './decide.ts';
import type { Pair, PairFigures, Side } from './pair.ts';

const money = ['amount', 'carry_in', 'carry_out', 'forgiven', 'held_value', 'issued_value', 'paid', 'received', 'fee'] as const;
const plain = [
  'interval',
  'peer',
  'id',
  'state',
  'side',
  'held',
  'issued',
  'mine',
  'theirs',
  'rail',
  'carry_in_since',
  'carry_out_since',
  'settlement',
  'countersignature',
  'destination',
  'fallback',
  'approved',
  'recall',
  'payment',
  'paid_at',
  'receipt',
] as const;
const columns = [...plain, ...money] as const;
type Column = (typeof columns)[number];

/** `without`: read as NULL. */
const selectWithout = (without: readonly Column[]) => {
  const shown = plain.map((name) => (without.includes(name) ? `NULL AS ${name}` : name));
  return `SELECT ${shown.join(', ')}, ${money.map((name) => `CAST(${name} AS TEXT) AS ${name}`).join(', ')} FROM pair`;
};
const select = selectWithout([]);
const selectFigures = selectWithout(['held', 'issued', 'mine', 'theirs', 'settlement', 'receipt']);
const save = `INSERT INTO pair (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})
  ON CONFLICT (interval, peer) DO UPDATE SET ${columns.map((name) => `${name} = excluded.${name}`).join(', ')}`;

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

export async function readPairsIn(tx: Tx, states: readonly PairState[]): Promise<Pair[]> {
  const marks = states.map(() => '?').join(', ');
  return (await tx.all(`${select} WHERE state IN (${marks}) ORDER BY interval, peer`, states)).map(pairOf);
}

/** Of an interval or of all, without their objects: many rows at once. */
export async function readFigures(tx: Tx, interval: number | null): Promise<PairFigures[]> {
  const [where, of] = interval === null ? ['', []] : ['WHERE interval = ?', [interval]];
  return (await tx.all(`${selectFigures} ${where} ORDER BY interval, peer`, of)).map(pairOf);
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
export async function readPairAt(tx: Tx, destination: string): Promise<Pair | null> {
  return first(await tx.all(`${select} WHERE destination = ? AND side = 'creditor'`, [destination]));
}

export async function isPaymentUsed(tx: Tx, rail: string, payment: string): Promise<boolean> {
  const found = await tx.all(`SELECT id FROM pair WHERE rail = ? AND payment = ? AND side = 'creditor'`, [rail, payment]);
  return found.length > 0;
}

/** Whether a settlement of mine as debtor names this destination already. */
export async function isDestinationUsed(tx: Tx, destination: string, id: string): Promise<boolean> {
  return (await tx.all('SELECT id FROM pair WHERE destination = ? AND id <> ?', [destination, id])).length > 0;
}

export async function savePair(tx: Tx, pair: Pair): Promise<void> {
  const row = rowOf(pair);
  await tx.run(
    save,
    columns.map((name) => row[name]),
  );
}

/** Rule 14: settlements and receipts remain. */
export async function dropIous(tx: Tx, interval: number): Promise<void> {
  await tx.run('UPDATE pair SET held = NULL, issued = NULL, mine = NULL, theirs = NULL WHERE interval = ?', [interval]);
}

function rowOf(pair: Pair): Record<Column, Param> {
  return {
    interval: pair.interval,
    peer: pair.peer,
    id: pair.id,
    state: pair.state,
    side: pair.side,
    held: json(pair.held),
    issued: json(pair.issued),
    mine: json(pair.mine),
    theirs: json(pair.theirs),
    rail: pair.rail,
    amount: pair.amount,
    carry_in: pair.carryIn.amount,
    carry_in_since: pair.carryIn.since,
    carry_out: pair.carryOut.amount,
    carry_out_since: pair.carryOut.since,
    forgiven: pair.forgiven,
    held_value: pair.heldValue,
    issued_value: pair.issuedValue,
    settlement: json(pair.settlement),
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
    receipt: json(pair.receipt),
  };
}

function pairOf(row: Row): Pair {
  return {
    interval: int(row['interval']),
    peer: text(row['peer']),
    id: text(row['id']),
    state: text(row['state']) as PairState,
    side: orNull(text)(row['side']) as Side | null,
    held: object(row['held'], signedIou),
    issued: object(row['issued'], signedIou),
    mine: object(row['mine'], signedStatement),
    theirs: object(row['theirs'], signedStatement),
    rail: orNull(text)(row['rail']),
    amount: big(row['amount']),
    carryIn: { amount: big(row['carry_in']), since: int(row['carry_in_since']) },
    carryOut: { amount: big(row['carry_out']), since: int(row['carry_out_since']) },
    forgiven: big(row['forgiven']),
    heldValue: big(row['held_value']),
    issuedValue: big(row['issued_value']),
    settlement: object(row['settlement'], signedSettlement),
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
    receipt: object(row['receipt'], signedReceipt),
  };
}

const signedIou = signedSchema(iou);
const signedStatement = signedSchema(statement);
const signedReceipt = signedSchema(receipt);

/** Without what a countersigned object has more. */
function json(signed: Signed<unknown> | null): string | null {
  return signed === null ? null : encode({ body: signed.body, signature: signed.signature });
}

function object<T>(column: Row[string] | undefined, schema: ZodType<Signed<T>>): Verified<T> | null {
  const stored = orNull(text)(column);
  if (stored === null) return null;
  const read = decode(stored, schema);
  invariant(read.ok, 'a stored object reads back');
  return asStored(read.value);
}

function first(rows: readonly Row[]): Pair | null {
  return rows[0] === undefined ? null : pairOf(rows[0]);
}
