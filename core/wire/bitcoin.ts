/*
 * What a network says of Bitcoin, and the proof of a payment in it: a transaction in a block, and the work upon that block. Written
 * by rail/bitcoin from a node; checked offline by the counterpart, the directory and `ptg verify`.
 */
import { z } from 'zod';
import { BITCOIN_CONFIRMATIONS_MAX, BITCOIN_TRANSACTION_BYTES_MAX } from '../limits.ts';
import { hex32, units } from './field.ts';

/** In network.json, so that everybody asks the same of a proof. */
export const bitcoinNetwork = z.strictObject({
  /** By bitcoind's name. */
  chain: z.enum(['main', 'test', 'testnet4', 'signet', 'regtest']),
  /** Blocks, the payment's own among them, that a proof holds at least: before that nothing is paid. */
  confirmations: z.int().min(1).max(BITCOIN_CONFIRMATIONS_MAX),
  /** Least difficulty of each of them. Half of today's keeps a forger at half the cost of mining them. */
  difficulty: units,
});
export type BitcoinNetwork = z.infer<typeof bitcoinNetwork>;

export const HEADER_BYTES = 80;
/** A block of 4 000 000 weight units holds no more than 2^15 transactions. */
const BRANCH_MAX = 16;

/** Standard base64 of at most so many bytes, in its one form. */
const base64 = (bytesMax: number) =>
  z
    .string()
    .max(Math.ceil(bytesMax / 3) * 4)
    .refine((text) => Buffer.from(text, 'base64').toString('base64') === text, 'base64');

/** Hashes in the byte order in which bitcoind shows them. */
export const bitcoinProof = z.strictObject({
  /** The serialised transaction without its witnesses, which its id does not cover. */
  transaction: base64(BITCOIN_TRANSACTION_BYTES_MAX),
  output: z.int().min(0).max(BITCOIN_TRANSACTION_BYTES_MAX),
  /** Of the transaction in its block; from 0. */
  place: z
    .int()
    .min(0)
    .max(2 ** BRANCH_MAX - 1),
  /** The neighbours on the way from the transaction to the root. */
  branch: z.array(hex32).max(BRANCH_MAX),
  /** The block's header and those after it, 80 bytes each. */
  headers: base64(HEADER_BYTES * BITCOIN_CONFIRMATIONS_MAX),
});
export type BitcoinProof = z.infer<typeof bitcoinProof>;
