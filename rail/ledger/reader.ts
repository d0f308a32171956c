/*
 * What anybody does on the ledger rail without a wallet: the history of a destination, proving a payment, and checking a proof
 * offline by the log key in network.json. Called by settlement, guard, and `ptg verify`.
 */
import { sha256Hex } from '../../core/crypto/hash.ts';
import { verify } from '../../core/crypto/sign.ts';
import { leafHash, verifyInclusion } from '../../core/log/merkle.ts';
import { ok, refuser } from '../../core/refusal.ts';
import { codecRefusals, decode, encode } from '../../core/wire/codec.ts';
import { entryLeaf, ledgerDestination, ledgerProof, ledgerRefusals, parseLedgerDestination } from '../../core/wire/ledger.ts';
import type { Network } from '../../core/wire/network.ts';
import type { PaymentProof } from '../../core/wire/settlement.ts';
import { refuseHttp } from '../../host/http/refusals.ts';
import type { RailReader } from '../rail.ts';
import { ledgerApi, ledgerOf, type LedgerAccess } from './api.ts';
import { incomingOf, isPayment, LEDGER, paymentOf } from './entry.ts';

const refuseShape = refuser(codecRefusals);
const refuseLedger = refuser(ledgerRefusals);

export function ledgerReader(access: LedgerAccess): RailReader {
  const api = ledgerApi(access);
  return {
    rail: LEDGER,
    isDestination: (text) => parseLedgerDestination(text) !== null,
    fallbackFor(fallback, settlement) {
      // The account is the creditor's, whatever the reference.
      const where = parseLedgerDestination(fallback);
      return where === null ? fallback : ledgerDestination(where.to, sha256Hex('ptg/fallback/v1\0', settlement).slice(0, 32));
    },
    async history(destination) {
      const where = parseLedgerDestination(destination);
      if (where === null) return refuseShape('bad-shape', `destination: ${destination.slice(0, 100)}`);
      const entries = await api.destination(where.to, where.ref);
      return entries.ok ? ok(entries.value.map(incomingOf)) : entries;
    },
    async prove(payment) {
      if (!isPayment(payment)) return refuseLedger('ledger-unknown', payment.slice(0, 100));
      const answer = await api.proof(payment);
      if (!answer.ok) return answer;
      const proof = { rail: LEDGER, proof: encode(answer.value) };
      // What does not hold is not handed on as a proof.
      if (verifyLedgerProof(access.network, proof)?.payment !== payment)
        return refuseHttp('bad-answer', `proof of entry ${payment}`);
      return ok(proof);
    },
    verify: (proof) => verifyLedgerProof(access.network, proof),
  };
}

/** Offline: the head is signed by the log key for this network, and the entry is the leaf at its position under it. */
export function verifyLedgerProof(network: Network, proof: PaymentProof): ReturnType<RailReader['verify']> {
  if (proof.rail !== LEDGER) return null;
  const read = decode(proof.proof, ledgerProof);
  if (!read.ok) return null;
  const { entry, path, head } = read.value;
  if (verify('loghead', network.networkId, head, ledgerOf(network).logKey) === null) return null;
  const leaf = leafHash(entryLeaf(entry));
  if (!verifyInclusion(leaf, entry.position, head.body.size, path.map(bytesOf), bytesOf(head.body.root))) return null;
  return { payment: paymentOf(entry), destination: ledgerDestination(entry.to, entry.ref), amount: entry.amount, at: entry.at };
}

function bytesOf(hex: string): Uint8Array {
  return Buffer.from(hex, 'hex');
}
