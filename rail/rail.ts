/*
 * A rail: a way money moves. settlement pays and is paid over it, guard watches its subscribers' deposits; neither knows what
 * is behind it. First inhabitant: the embedded ledger; Bitcoin and Monero implement the same.
 */
import type { Refusal, Result } from '../core/refusal.ts';
import type { ShownPayment } from '../core/rule/contest.ts';
import type { PaymentProof } from '../core/wire/settlement.ts';

/** What arrived at a destination. */
export interface IncomingPayment {
  /** The rail's lasting name for it. */
  readonly payment: string;
  readonly destination: string;
  readonly amount: bigint;
  readonly confirmations: number;
  /** Seconds since 1970, by the rail. */
  readonly at: number;
}

/** One batch: its intent is on the payer's disk before `pay` is called, and `id` makes a repetition the same batch. */
export interface Batch {
  /** 32 bytes of hex. */
  readonly id: string;
  readonly outputs: readonly { readonly destination: string; readonly amount: bigint }[];
}

export interface BatchPaid {
  /** The payment's name for each output, in their order. */
  readonly payments: readonly string[];
  /** What the payer bore beyond the outputs. */
  readonly fee: bigint;
}

/** Where money is received without a private key at hand: destinations of one wallet. */
export interface Receiving {
  readonly rail: string;
  /** The destination that belongs to a name (a subscriber, a settlement): the same name gives the same one, another name another. */
  destination(name: string): string;
  /** A destination for whoever knows no better one: published in the descriptor. */
  fallback(): string;
  /** Payments to this wallet after `cursor` ('' at first), oldest first, and where to go on. */
  incoming(cursor: string): Promise<Result<{ readonly payments: readonly IncomingPayment[]; readonly cursor: string }>>;
}

/** What anybody can do without a wallet. */
export interface RailReader {
  readonly rail: string;
  /** Whether the text is a destination of this rail and network. */
  isDestination(text: string): boolean;
  /**
   * Where a settlement is paid when the creditor is silent: its published fallback, made this settlement's own where the rail allows
   * it, so that no debtor can pass off another's payment as its own (design §6.9).
   */
  fallbackFor(fallback: string, settlement: string): string;
  /** Every payment to a destination, oldest first. */
  history(destination: string): Promise<Result<readonly IncomingPayment[]>>;
  /** A proof of a payment that anybody checks offline. */
  prove(payment: string): Promise<Result<PaymentProof>>;
  /** Offline: what the proof shows, or null when it shows nothing. */
  verify(proof: PaymentProof): ShownPayment | null;
}

/** A wallet with its keys: of settlement, and of a subscriber. */
export interface Wallet extends Receiving {
  /** Spendable now. */
  balance(): Promise<Result<bigint>>;
  /** What a batch of so many outputs will cost its payer. */
  quote(outputs: number): Promise<Result<bigint>>;
  /** Most outputs that one batch takes. */
  readonly batchMax: number;
  /** Pays all or nothing. `paidNothing` of a refusal: so it is. Any other: unknown; ask again with the same batch. */
  pay(batch: Batch): Promise<Result<BatchPaid>>;
}

/**
 * Whether a refused batch has certainly paid nothing. Not so for what goes wrong on the way to the rail, whatever it says of
 * itself: the batch may have been paid by a call before this one.
 */
export function paidNothing({ code }: Refusal): boolean {
  return code === 'transfer-funds' || code === 'transfer-sum';
}
