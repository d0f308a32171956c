/*
 * The IOUs held of a batch's issuers: rows as they stand in, what is held of each link out, and what of the batch replaces it. Remembers
 * what it read of a text: the same row is read with every delivery of its link. Called by iou/take.ts.
 */
import type { Verified } from '../../core/crypto/sign.ts';
import type { Iou } from '../../core/wire/iou.ts';
import { signedOf, textOf, type Alarm, type StoredIou, type WrittenIou } from './store.ts';

/** What was read before, by link and interval. */
export interface Held {
  readonly alarm: Alarm;
  readonly remembered: Map<string, WrittenIou>;
}

/** Of one transaction. */
export interface Book {
  readonly kept: Held;
  readonly stored: ReadonlyMap<string, StoredIou>;
  /** One a link and interval. */
  readonly taken: Map<string, WrittenIou>;
}

/** As many links as a large relay has, in two intervals. */
const REMEMBERED_MAX = 16_384;

export function createHeld(alarm: Alarm): Held {
  return { alarm, remembered: new Map() };
}

export function bookOf(kept: Held, rows: readonly StoredIou[]): Book {
  const stored = new Map<string, StoredIou>();
  for (const row of rows) stored.set(keyOf(row.peer, row.interval), row);
  return { kept, stored, taken: new Map() };
}

export function heldIn({ kept, stored, taken }: Book, issuer: string, interval: number): Verified<Iou> | null {
  const key = keyOf(issuer, interval);
  const row = stored.get(key);
  return taken.get(key)?.signed ?? (row === undefined ? null : read(kept, key, row));
}

export function takeInto({ kept, taken }: Book, signed: Verified<Iou>): void {
  const key = keyOf(signed.body.issuer, signed.body.interval);
  const written = { signed, text: textOf(signed) };
  taken.set(key, written);
  remember(kept, key, written);
}

/** The row's text decides: what was remembered of a transaction that failed is of another text. */
function read(kept: Held, key: string, { peer, text }: StoredIou): Verified<Iou> | null {
  const known = kept.remembered.get(key);
  if (known?.text === text) return known.signed;
  const signed = signedOf(text);
  if (signed === null) kept.alarm({ peer, direction: 'held' });
  else remember(kept, key, { signed, text });
  return signed;
}

function remember({ remembered }: Held, key: string, written: WrittenIou): void {
  remembered.set(key, written);
  if (remembered.size <= REMEMBERED_MAX) return;
  const [oldest] = remembered.keys();
  if (oldest !== undefined) remembered.delete(oldest);
}

function keyOf(issuer: string, interval: number): string {
  return `${interval} ${issuer}`;
}
