/*
 * Which debts are paid now: the funds and what is to be paid in, what they cover out (rule 8). Pure; called by payout/flow.ts and
 * the dry run.
 */
import { sha256Hex } from '../../core/crypto/hash.ts';

export interface Payable {
  readonly kind: 'settlement' | 'order';
  /** The settlement's or the order's id. */
  readonly name: string;
  readonly destination: string;
  readonly amount: bigint;
  /** To a destination that is not its own: in a batch by itself, which the same debt always gives the same id. */
  readonly alone: boolean;
  /** After everything else: a sweep of what is left. */
  readonly isLast?: boolean;
}

/** Subscribers' money first, as it was asked for; then by SHA-256 of the settlement's id, which neither side can choose. */
export function inOrder(payables: readonly Payable[]): Payable[] {
  // An order's id is the subscriber's own choice, and says nothing of whose turn it is.
  const rank = ({ kind, name, isLast }: Payable) =>
    isLast === true ? AFTER_HEX : kind === 'order' ? '' : sha256Hex(Buffer.from(name, 'hex'));
  return payables
    .map((one) => ({ one, rank: rank(one) }))
    .sort((a, b) => (a.rank < b.rank ? -1 : a.rank > b.rank ? 1 : 0))
    .map(({ one }) => one);
}

const AFTER_HEX = 'z';

/** Each whole or not at all; one that the rest does not cover lets the next have its turn. */
export function coveredBy(funds: bigint, payables: readonly Payable[]): Payable[] {
  let rest = funds;
  return payables.filter(({ amount }) => {
    if (amount > rest) return false;
    rest -= amount;
    return true;
  });
}

/** The next batch of what is covered: the first if it goes alone, else all that share one. */
export function nextBatch(covered: readonly Payable[], batchMax: number): Payable[] {
  return covered[0]?.alone === true ? covered.slice(0, 1) : covered.filter((one) => !one.alone).slice(0, batchMax);
}

/** An order that tells nothing: settlement ids can be guessed, the salt cannot. */
export function shuffled(payables: readonly Payable[], salt: Uint8Array): Payable[] {
  return payables
    .map((one) => ({ one, place: sha256Hex(salt, one.name) }))
    .sort((a, b) => (a.place < b.place ? -1 : 1))
    .map(({ one }) => one);
}

/** The fee of a batch, borne by its outputs alike; what does not divide, by the first. */
export function splitFee(fee: bigint, outputs: number): bigint[] {
  const share = fee / BigInt(outputs);
  return Array.from({ length: outputs }, (_, place) => (place === 0 ? fee - share * BigInt(outputs - 1) : share));
}
