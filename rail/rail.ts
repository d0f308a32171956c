/*
 * A rail: a way money moves. settlement pays and is paid over it, guard watches its subscribers' deposits; neither knows what
 * is behind it. First inhabitant: the embedded ledger; Bitcoin and Monero implement the same.
 */
import type { Refusal, Result } from '../core/refusal.ts';
import type { ShownPayment } from '../core/rule/contest.ts';
import type { PaymentProof } from '../core/wire/settlement.ts';
import type { Tx } from '../host/ports.ts';

/** What arrived at a destination. */
export interface IncomingPayment {
  /** The rail's lasting name for it. */
  readonly payment: string;
  readonly destination: string;
  readonly amount: bigint;
  /** 0: seen, and in no block yet. */
  readonly confirmations: number;
  /** Seconds since 1970, by the rail. */
  readonly at: number;
  /** Of its block. Absent before it has one, and on a rail that takes nothing back. */
  readonly height?: number;
}

export interface IncomingPage {
  /** Oldest first. */
  readonly payments: readonly IncomingPayment[];
  /** Where to go on; the same again: there is nothing more for now. */
  readonly cursor: string;
  /**
   * On a rail that may take blocks back: the page shows every payment of the blocks above `above` up to `through`. What was said
   * to be in one of them and is not shown any more has been undone; a cursor of an undone block goes on from the last that stands.
   */
  readonly blocks?: { readonly above: number; readonly through: number };
  /** Of a wallet that is paid in two accounts: it is of that into which subscribers pay. */
  readonly ofDeposits?: boolean;
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

/** It is under way: neither its payments' names nor its fee are final. Asked again with the same batch, the rail goes on with it. */
export interface BatchWaits {
  /** For its blocks, or for the operator, who signs elsewhere. */
  readonly waits: 'confirmations' | 'signature';
}

/** What a wallet has paid, as the rail shows it. */
export interface SentPayment {
  readonly payment: string;
  readonly destination: string;
  readonly amount: bigint;
  /** Seconds since 1970, by the rail. */
  readonly at: number;
  /** Not so while the rail may yet take it back. */
  readonly isFinal: boolean;
}

/** Where money is received without a private key at hand: destinations of one wallet. */
export interface Receiving {
  readonly rail: string;
  /**
   * The destination that belongs to a name (a subscriber, a settlement): the same name gives the same one, another name another. What
   * must be kept for that is written in the caller's transaction, in tables of the rail.
   */
  destination(tx: Tx, name: string): Promise<Result<string>>;
  /** A destination for whoever knows no better one: published in the descriptor. */
  fallback(): string;
  /** Payments to this wallet after `cursor` ('' at first). */
  incoming(cursor: string): Promise<Result<IncomingPage>>;
}

/** What anybody can do without a wallet. */
export interface RailReader {
  readonly rail: string;
  /** Whether the text is a destination of this rail and network; and not too small an amount, if one is given, to be paid to it. */
  isDestination(text: string, amount?: bigint): boolean;
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

/** A batch as it is handed to whoever signs, who sees here what it will do. */
export interface UnsignedBatch {
  /** The batch's id, and the rail's name for what would pay it. */
  readonly batch: string;
  readonly payment: string;
  /** In the rail's own form. */
  readonly unsigned: string;
  /** `isChange`: it comes back to the wallet. A destination that the rail has no word for is null. */
  readonly outputs: readonly { readonly destination: string | null; readonly amount: bigint; readonly isChange: boolean }[];
  /** What leaves the wallet, without the fee. */
  readonly total: bigint;
  readonly fee: bigint;
  /** The fee by the rail's own measure, with its unit. */
  readonly feerate: string;
}

/** Of a wallet that pays and has no keys: they are elsewhere. */
export interface Signing {
  /** By the database alone. */
  unsigned(): Promise<readonly UnsignedBatch[]>;
  /** What was handed out, signed and otherwise the same; sent at once. Given again, it gets the same answer. */
  takeSigned(signed: string): Promise<Result<{ readonly batch: string; readonly payment: string }>>;
  /**
   * Gives a batch up of which nothing is signed. What was handed out may be signed all the same: whatever pays one of its outputs from
   * now on is made so that at most one of the two is ever paid. Given up again, or unknown: nothing happens.
   */
  void(batch: string): Promise<Result<null>>;
}

/** A wallet with its keys: of settlement, and of a subscriber. */
export interface Wallet extends Receiving {
  /** Spendable now. */
  balance(): Promise<Result<bigint>>;
  /** All that is final, with what a batch spends that is still under way: what the books say that it holds. */
  held(): Promise<Result<bigint>>;
  /** What has come in from outside and is not final yet. */
  waiting(): Promise<Result<bigint>>;
  /** What a batch of so many outputs will cost its payer. */
  quote(outputs: number): Promise<Result<bigint>>;
  /** Most outputs that one batch takes. */
  readonly batchMax: number;
  /** Pays all or nothing. `paidNothing` of a refusal: so it is. Any other: unknown; ask again with the same batch. */
  pay(batch: Batch): Promise<Result<BatchPaid | BatchWaits>>;
  /** What was paid to these destinations lately, whatever this database knows of it: it may have come out of a backup. */
  sentTo(destinations: readonly string[]): Promise<Result<readonly SentPayment[]>>;
  /**
   * Of a rail that may take back what was final: the batches that are not final now, those among them that were said to be paid. To be
   * asked for again with `pay`, which sends the same transaction.
   */
  unfinished?(): Promise<Result<readonly string[]>>;
  /** Where its batches are signed elsewhere. */
  readonly signing?: Signing;
}

/**
 * Whether a refused batch has certainly paid nothing. Not so for what goes wrong on the way to the rail, whatever it says of
 * itself: the batch may have been paid by a call before this one.
 */
export function paidNothing({ code }: Refusal): boolean {
  return nothing.has(code);
}

/**
 * Whether another batch of this wallet has its id, which says whose debts it pays: books that are lost paid the same ones, otherwise.
 * It will not be paid, and need not be waited for.
 */
export function isPaidOtherwise({ code }: Refusal): boolean {
  return code === 'transfer-id-used';
}

/** Of Bitcoin those alone that come before a batch has a transaction, or when all that it had can never be confirmed. */
const nothing: ReadonlySet<string> = new Set([
  ...['transfer-funds', 'transfer-sum'],
  ...[
    'bitcoin-destination',
    'bitcoin-dust',
    'bitcoin-fee',
    'bitcoin-funds',
    'bitcoin-coins',
    'bitcoin-rejected',
    'bitcoin-conflict',
  ],
]);
