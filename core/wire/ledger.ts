/*
 * The embedded money. Accounts are keys; a destination is an account and a 16-byte reference, so that whoever receives needs no
 * private key to give each payer a fresh one. Transfers are signed and numbered; each output is one leaf of the ledger's log.
 */
import { z } from 'zod';
import { sha256Hex } from '../crypto/hash.ts';
import { signedSchema, type Signed } from '../crypto/sign.ts';
import { PAGE_ROWS_MAX, TRANSFER_OUTPUTS_MAX } from '../limits.ts';
import { encode } from './codec.ts';
import { hex16, hex32, seconds, units } from './field.ts';

export const transferOutput = z.strictObject({
  to: hex32,
  ref: hex16,
  amount: units.refine((amount) => amount > 0n, 'above zero'),
});
export type TransferOutput = z.infer<typeof transferOutput>;

export const transfer = z.strictObject({
  /** The paying account; the mint's alone may go below zero. */
  from: hex32,
  /** Of this account's transfers: 1, 2, 3 … without a gap. */
  number: units,
  /** Chosen by the payer: the same id is the same transfer, whatever its number. */
  id: hex32,
  outputs: z.array(transferOutput).min(1).max(TRANSFER_OUTPUTS_MAX),
});
export type Transfer = z.infer<typeof transfer>;
export const signedTransfer = signedSchema(transfer);

/** One output as it stands in the log. */
export const ledgerEntry = z.strictObject({
  position: units,
  transfer: hex32,
  from: hex32,
  to: hex32,
  ref: hex16,
  amount: units,
  at: seconds,
});
export type LedgerEntry = z.infer<typeof ledgerEntry>;

export const logHead = z.strictObject({ size: units, root: hex32, at: seconds });
export type LogHead = z.infer<typeof logHead>;
export const signedLogHead = signedSchema(logHead);

/** Shows offline that an entry is in the ledger: RFC 6962 inclusion under a head that the log key signed. */
export const ledgerProof = z.strictObject({ entry: ledgerEntry, path: z.array(hex32).max(63), head: signedLogHead });
export type LedgerProof = z.infer<typeof ledgerProof>;

/** What POST /ledger/transfers answers: the entries that the transfer made, in output order. */
export const transferAnswer = z.strictObject({
  id: hex32,
  number: units,
  entries: z.array(ledgerEntry).max(TRANSFER_OUTPUTS_MAX),
});
export type TransferAnswer = z.infer<typeof transferAnswer>;

/** One page of entries, oldest first; `next` is the position from which the following one goes on. */
export const ledgerPage = z.strictObject({ entries: z.array(ledgerEntry).max(PAGE_ROWS_MAX), next: units });
export type LedgerPage = z.infer<typeof ledgerPage>;

/** What GET /ledger/consistency answers (RFC 6962 §2.1.2). */
export const ledgerConsistency = z.strictObject({ proof: z.array(hex32).max(64) });

/** An account as GET /ledger/accounts/:key shows it. */
export const ledgerAccount = z.strictObject({ account: hex32, balance: z.string(), nextNumber: units });

/** In the order of the checks. */
export const ledgerRefusals = {
  'transfer-signature': { retry: false, text: 'the paying account has not signed it', remedy: 'sign with the account’s key' },
  'transfer-id-used': { retry: false, text: 'another transfer has this id', remedy: 'use a new id for a new transfer' },
  'transfer-number': { retry: false, text: 'it is not the account’s next transfer', remedy: 'ask for the account’s next number' },
  'transfer-sum': { retry: false, text: 'the outputs together are too large', remedy: 'split it' },
  'transfer-funds': { retry: false, text: 'the account does not hold that much', remedy: 'wait for income, or send less' },
  'ledger-unknown': { retry: false, text: 'the ledger has no such entry', remedy: 'check what you ask for' },
} as const;

/** The bytes of a leaf of the log. */
export function entryLeaf(entry: LedgerEntry): Uint8Array {
  return Buffer.from(encode(entry), 'utf8');
}

/** A destination's text: `<account>.<reference>`, both hex. */
export function ledgerDestination(account: string, ref: string): string {
  return `${account}.${ref}`;
}

export function parseLedgerDestination(text: string): { readonly to: string; readonly ref: string } | null {
  const match = /^([0-9a-f]{64})\.([0-9a-f]{32})$/.exec(text);
  return match?.[1] !== undefined && match[2] !== undefined ? { to: match[1], ref: match[2] } : null;
}

/** A payer's id for what it pays, so that a repetition is the same transfer. */
export function transferIdOf(purpose: string, name: string): string {
  return sha256Hex('ptg/transfer-id/v1\0', purpose, '\0', name);
}

export type SignedTransfer = Signed<Transfer>;
