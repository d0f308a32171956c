/*
 * Whether a transfer is booked: the verified transfer and what the ledger has of its account in, its entries or a refusal out.
 * The checks stand in the order of ledgerRefusals. Called by flow.ts inside the transaction that saves the outcome.
 */
import { sha256Hex } from '../../core/crypto/hash.ts';
import type { Verified } from '../../core/crypto/sign.ts';
import { UNITS_MAX } from '../../core/limits.ts';
import { ok, refuser, type Result } from '../../core/refusal.ts';
import { encode } from '../../core/wire/codec.ts';
import { ledgerRefusals, type LedgerEntry, type Transfer } from '../../core/wire/ledger.ts';

export interface TransferState {
  /** What this account sent under this id before. */
  readonly earlier: { readonly content: string } | null;
  readonly nextNumber: bigint;
  readonly balance: bigint;
  /** The lowest that this account's balance may get. */
  readonly floor: bigint;
  /** The position of the ledger's next entry. */
  readonly nextPosition: bigint;
}

/** `again`: it is booked already, and the answer of then is given again. */
export type TransferOutcome = { readonly kind: 'again' } | { readonly kind: 'book'; readonly entries: readonly LedgerEntry[] };

const refuse = refuser(ledgerRefusals);

export function decideTransfer(signed: Verified<Transfer>, state: TransferState, now: number): Result<TransferOutcome> {
  const { id, from, number, outputs } = signed.body;
  if (state.earlier !== null)
    return state.earlier.content === contentOf(signed.body) ? ok({ kind: 'again' }) : refuse('transfer-id-used', id);
  if (number !== state.nextNumber) return refuse('transfer-number', `${number}, due is ${state.nextNumber}`);
  const sum = outputs.reduce((total, output) => total + output.amount, 0n);
  if (sum > UNITS_MAX) return refuse('transfer-sum', `${sum}, at most ${UNITS_MAX}`);
  if (state.balance - sum < state.floor) return refuse('transfer-funds', `${sum} of ${state.balance}`);
  const entries = outputs.map((output, index) => ({
    position: state.nextPosition + BigInt(index),
    transfer: id,
    from,
    to: output.to,
    ref: output.ref,
    amount: output.amount,
    at: now,
  }));
  return ok({ kind: 'book', entries });
}

/** What makes two transfers of one id the same. Not the number: who repeats a payment need not know which it had. */
export function contentOf(transfer: Transfer): string {
  return sha256Hex('ptg/transfer-content/v1\0', encode({ from: transfer.from, outputs: transfer.outputs }));
}

/** The mint alone goes below zero; all that it issues together stays within what a balance can hold. */
export function floorOf(account: string, mintKey: string): bigint {
  return account === mintKey ? -UNITS_MAX : 0n;
}
