/*
 * IOUs of a pair: whether one is of it, and which of two counts. Both sides choose alike from the same two. Called where
 * statements and settlements are checked.
 */
import { verify, type Signed, type Verified } from '../../core/crypto/sign.ts';
import { keySetFor } from '../../core/wire/descriptor.ts';
import type { Iou } from '../../core/wire/iou.ts';
import type { NetworkView } from '../../host/ports.ts';

export interface IouPlace {
  readonly issuer: string;
  readonly holder: string;
  readonly interval: number;
  readonly terms: string;
}

/**
 * Null unless it is of that link, interval and terms, and the issuer's IOU key of its descriptor signed it. Most show just the one
 * that is `known` already.
 */
export function verifyIou(
  view: NetworkView,
  signed: Signed<Iou>,
  place: IouPlace,
  known: Verified<Iou> | null = null,
): Verified<Iou> | null {
  const { body } = signed;
  const there = body.issuer === place.issuer && body.holder === place.holder;
  if (!there || body.interval !== place.interval || body.terms !== place.terms) return null;
  if (known !== null && isSameSigned(signed, known)) return known;
  const issuer = view.descriptor(place.issuer);
  const keys = issuer === null ? null : keySetFor(issuer.body, body.issuerKey, place.interval);
  return keys === null ? null : verify('iou', view.network.networkId, signed, keys.iou);
}

/**
 * The highest serial counts, unless its totals are lower than the other's: such a one contradicts what was signed before it.
 * Of two with one serial the larger, so that the order in which they were shown decides nothing.
 */
export function bestIou(a: Verified<Iou> | null, b: Verified<Iou> | null): Verified<Iou> | null {
  if (a === null || b === null) return a ?? b;
  if (a.body.serial === b.body.serial) return compare(a, b) >= 0 ? a : b;
  const [low, high] = a.body.serial < b.body.serial ? [a, b] : [b, a];
  const falls = high.body.relayBytes < low.body.relayBytes || high.body.exitBytes < low.body.exitBytes;
  return falls ? low : high;
}

/** To the letter: no signature says the same of another content. */
function isSameSigned(a: Signed<Iou>, b: Signed<Iou>): boolean {
  const names = Object.keys(b.body) as (keyof Iou)[];
  const isLong = Object.keys(a.body).length === names.length;
  return isLong && a.signature === b.signature && names.every((name) => a.body[name] === b.body[name]);
}

/** Whether two slots show the same IOU. */
export function sameIou(a: Signed<Iou> | null, b: Signed<Iou> | null): boolean {
  return a?.signature === b?.signature;
}

function compare(a: Verified<Iou>, b: Verified<Iou>): number {
  const [left, right] = [sortKey(a), sortKey(b)];
  for (const [index, value] of left.entries()) {
    const other = right[index] as bigint;
    if (value !== other) return value > other ? 1 : -1;
  }
  return a.signature >= b.signature ? 1 : -1;
}

function sortKey({ body }: Verified<Iou>): bigint[] {
  return [body.relayBytes, body.exitBytes];
}
