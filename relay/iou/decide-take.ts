/*
 * Whether a delivery is taken. What came, what is held and what this relay knows in; the IOU to keep, the same answer again,
 * or the first refusal in the order of iouRefusals, out. Pure. `checkDelivery` needs no book; `decideTake` is asked inside its
 * transaction.
 */
import { verify, type Signed, type Verified } from '../../core/crypto/sign.ts';
import { ok, refuser, type Refusal, type Result } from '../../core/refusal.ts';
import { scheduleOf } from '../../core/rule/interval.ts';
import { encode } from '../../core/wire/codec.ts';
import { keySetFor, type Descriptor } from '../../core/wire/descriptor.ts';
import { iouRefusals, totalsOf, type CertifiedCircuit, type Iou, type IouDelivery } from '../../core/wire/iou.ts';
import type { Terms } from '../../core/wire/terms.ts';
import { most } from '../../core/whole.ts';
import type { Counted } from '../circuit/table.ts';
import { UNLIMITED, creditUnits, type Credit } from '../credit/decide.ts';
import { growthOf } from './decide-issue.ts';

/** What is known without looking into the book. */
export interface DeliveryCase {
  readonly networkId: string;
  readonly me: string;
  /** Who sealed it. */
  readonly from: string;
  readonly now: number;
  readonly delivery: Signed<IouDelivery>;
  /** The issuer's descriptor, or null. */
  readonly issuer: Descriptor | null;
  /** The terms of the IOU's interval and their digest, or null. */
  readonly terms: Terms | null;
  readonly digest: string | null;
}

export interface CheckedDelivery {
  readonly iou: Verified<Iou>;
  readonly delivery: Verified<IouDelivery>;
  readonly terms: Terms;
}

/** What the book says. */
export interface TakeCase {
  readonly now: number;
  readonly held: Verified<Iou> | null;
  readonly credit: Credit;
  /** The limit that the last Ack spoke of: what it promised is kept. */
  readonly promisedLimitBytes: bigint;
  counted(entry: CertifiedCircuit): Counted | null;
}

export type Take =
  | { readonly kind: 'taken'; readonly iou: Verified<Iou> }
  /** A replay, or an older one: answered with what is held. */
  | { readonly kind: 'known' }
  | { readonly kind: 'refused'; readonly refusal: Refusal; readonly evidence: boolean };

const refuse = refuser(iouRefusals);
type Code = keyof typeof iouRefusals;

export function checkDelivery(given: DeliveryCase): Result<CheckedDelivery> {
  const { delivery, issuer, terms, me, networkId } = given;
  const signed = delivery.body.iou;
  const { body } = signed;
  if (body.holder !== me) return refuse('iou-wrong-holder', body.holder);
  if (body.issuer !== given.from || body.issuer === me) return refuse('iou-wrong-issuer', body.issuer);
  if (issuer === null) return refuse('iou-unknown-issuer', body.issuer);
  const key = keySetFor(issuer, body.issuerKey, body.interval)?.iou;
  if (key === undefined) return refuse('iou-unknown-key', `key ${body.issuerKey}`);
  const whole = verify('delivery', networkId, delivery, key);
  const inner = verify('iou', networkId, signed, key);
  if (whole === null || inner === null) return refuse('iou-signature', whole === null ? 'delivery' : 'iou');
  if (terms === null) return refuse('iou-unknown-terms', `interval ${body.interval}`);
  if (body.terms !== given.digest) return refuse('iou-other-terms', body.terms);
  if (!isTimely(body, terms, given.now)) return refuse('iou-time', `issued at ${body.issuedAt}, here it is ${given.now}`);
  if (isClosed(terms, given.now)) return refuse('iou-closed', `interval ${body.interval}`);
  return ok({ iou: inner, delivery: whole, terms });
}

export function decideTake(checked: CheckedDelivery, book: TakeCase): Take {
  const { iou, delivery, terms } = checked;
  const { held } = book;
  // Time goes on while the transaction waits.
  if (isClosed(terms, book.now)) return refused('iou-closed', `interval ${terms.interval}`);
  if (held !== null && contradicts(held.body, iou.body)) return refused('iou-conflict', `serial ${iou.body.serial}`, true);
  if (held !== null && iou.body.serial <= held.body.serial) return { kind: 'known' };
  if (delivery.body.since !== (held?.body.serial ?? 0n)) return refused('iou-behind', `since ${delivery.body.since}`);
  const odd = oddCircuit(delivery.body.circuits, book);
  if (odd !== null) return refused('iou-growth', `circuit entry ${odd}`);
  if (!addsUp(iou.body, held?.body ?? null, delivery.body)) return refused('iou-growth', `serial ${iou.body.serial}`);
  const before = creditUnits(terms, totalsOf(held));
  const after = book.credit.usedBytes - before + creditUnits(terms, iou.body);
  const limit = most(book.credit.limitBytes, book.promisedLimitBytes);
  // Growth alone is refused: a link that ticks without traffic goes on, whatever the limit has become.
  const isBeyond = limit !== UNLIMITED && after > limit;
  if (after > book.credit.usedBytes && isBeyond) return refused('iou-credit', `${book.credit.leftBytes} bytes left`);
  return { kind: 'taken', iou };
}

function refused(code: Code, about: string, evidence = false): Take {
  return { kind: 'refused', refusal: refuse(code, about).refusal, evidence };
}

function isTimely(body: Iou, terms: Terms, now: number): boolean {
  const { start, cutOff } = scheduleOf(terms.parameters, body.interval);
  const skew = terms.parameters.skewSec;
  return body.issuedAt >= start - skew && body.issuedAt <= cutOff + skew && body.issuedAt <= now + skew;
}

function isClosed(terms: Terms, now: number): boolean {
  return now >= scheduleOf(terms.parameters, terms.interval).booksClose;
}

/** One serial twice with other content, or totals that fall as serials rise. */
function contradicts(held: Iou, offered: Iou): boolean {
  if (offered.serial === held.serial) return encode(offered) !== encode(held);
  const [older, newer] = offered.serial > held.serial ? [held, offered] : [offered, held];
  return newer.relayBytes < older.relayBytes || newer.exitBytes < older.exitBytes;
}

/** The place of the first entry that cannot be, or null. An issuer that restarted counts from zero again. */
function oddCircuit(entries: readonly CertifiedCircuit[], book: TakeCase): number | null {
  const seen = new Set<number>();
  for (const [index, entry] of entries.entries()) {
    const known = book.counted(entry);
    const follows = known === null || known.bytes === null || entry.from === known.bytes || entry.from === 0n;
    const same = known === null || (known.hopsLeft === entry.hopsLeft && known.leavesTor === entry.leavesTor);
    if (seen.has(entry.circuit) || entry.bytes < entry.from || !follows || !same) return index;
    seen.add(entry.circuit);
  }
  return null;
}

function addsUp(offered: Iou, held: Iou | null, delivery: IouDelivery): boolean {
  const growth = growthOf(delivery.circuits);
  const { relayBytes, exitBytes } = delivery.unattributed;
  return (
    offered.relayBytes === (held?.relayBytes ?? 0n) + growth.relayBytes + relayBytes &&
    offered.exitBytes === (held?.exitBytes ?? 0n) + growth.exitBytes + exitBytes
  );
}
