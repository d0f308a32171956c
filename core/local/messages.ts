/*
 * Messages between the roles of one operator, over its own socket (design §8). None of them names a circuit together with a
 * subscriber; sessions live in memory on both sides and are never stored or logged.
 */
import { z } from 'zod';
import { signedSchema } from '../crypto/sign.ts';
import { PAGE_ROWS_MAX } from '../limits.ts';
import { destination, hex16, hex32, hops, interval, railName, signedUnits, units } from '../wire/field.ts';
import { iou } from '../wire/iou.ts';

/** guard → relay `/relay/session-open`: circuits of this client connection are paid. */
export const sessionOpen = z.strictObject({
  /** Random, of this session alone. */
  session: hex16,
  /** The client connection as the meter names it. */
  connection: z.string().min(1).max(64),
  hops: hops.min(1),
  leavesTor: z.boolean(),
});
export type SessionOpen = z.infer<typeof sessionOpen>;

/** guard → relay `/relay/session-known`, asked on each tick of one that is open, and `/relay/session-close`. */
export const sessionNamed = z.strictObject({ session: hex16 });
export type SessionNamed = z.infer<typeof sessionNamed>;

/**
 * relay → guard `/guard/shortfall`: by how much a session's circuits are charged above their bytes, as a total of the interval.
 * Above because of the starting amount, below because of circuits that turned free: such bytes are certified to nobody.
 */
export const sessionShortfall = z.strictObject({ session: hex16, interval, bytes: signedUnits });
export type SessionShortfall = z.infer<typeof sessionShortfall>;

/** settlement → relay `/relay/book`: the closed book of an interval, page by page in order of peer. */
export const bookQuery = z.strictObject({ interval, after: hex32.nullable() });
export type BookQuery = z.infer<typeof bookQuery>;
export const bookLine = z.strictObject({ peer: hex32, held: signedSchema(iou).nullable(), issued: signedSchema(iou).nullable() });
export type BookLine = z.infer<typeof bookLine>;
/** `next`: pass it as `after` for the following page; null after the last. */
export const bookPage = z.strictObject({
  closed: z.literal(true),
  lines: z.array(bookLine).max(PAGE_ROWS_MAX),
  next: hex32.nullable(),
});
export type BookPage = z.infer<typeof bookPage>;

/** settlement → relay `/relay/outcome`: what became of a pair's interval. `received` is what the peer paid this relay. */
export const pairOutcome = z.strictObject({
  peer: hex32,
  interval,
  outcome: z.enum(['paid', 'late', 'unpaid']),
  rail: railName,
  received: units,
});
export type PairOutcome = z.infer<typeof pairOutcome>;

/** guard → settlement `/settlement/withdraw`: same id, same answer. */
export const withdrawOrder = z.strictObject({ id: hex16, rail: railName, destination, amount: units });
export type WithdrawOrder = z.infer<typeof withdrawOrder>;
export const withdrawState = z.strictObject({
  id: hex16,
  state: z.enum(['accepted', 'sent', 'paid']),
  payment: z.string().max(200).nullable(),
});
export type WithdrawState = z.infer<typeof withdrawState>;

/** Nothing to say but that it was done. */
export const done = z.strictObject({ done: z.literal(true) });
export type Done = z.infer<typeof done>;

export const localRefusals = {
  'book-open': { retry: true, text: 'the book of that interval is not closed yet', remedy: 'ask again after cut-off and grace' },
  'book-unknown': { retry: false, text: 'the terms of that interval are not known here', remedy: 'wait for the next consensus' },
  'session-unknown': { retry: false, text: 'no such session', remedy: 'open it again' },
  'order-conflict': { retry: false, text: 'another order has this id', remedy: 'use a new id' },
} as const;
