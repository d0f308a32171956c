/*
 * Verifying the embedded ledger: a transfer, the proof of an entry, the head of its log.
 */
import type { Signed } from '../crypto/sign.ts';
import { leafHash, verifyInclusion } from '../log/merkle.ts';
import { TRANSFER_BYTES_MAX, UNITS_MAX } from '../limits.ts';
import type { Result } from '../refusal.ts';
import {
  entryLeaf,
  ledgerDestination,
  ledgerProof,
  signedLogHead,
  signedTransfer,
  type LedgerProof,
  type LogHead,
  type Transfer,
} from '../wire/ledger.ts';
import { kind, refuseVerify, signedBy, timeText, type Known, type Signer } from './kind.ts';

export const transferKind = kind<Signed<Transfer>>({
  title: 'a ledger transfer',
  schema: signedTransfer,
  charsMax: TRANSFER_BYTES_MAX,
  signers: (signed, known) =>
    signedBy(known, [{ role: 'the paying account', object: 'transfer', signed, key: signed.body.from }]),
  claims: ({ body }) => [{ what: 'its outputs together are an amount', holds: sumOf(body) <= UNITS_MAX }],
  says: ({ body }) => [
    ['from', body.from],
    ['id', `${body.id}, number ${body.number} of this account`],
    ['pays', `${sumOf(body)} in ${body.outputs.length} outputs`],
    ...body.outputs.slice(0, 5).map((one): [string, string] => ['to', `${one.amount} to ${ledgerDestination(one.to, one.ref)}`]),
  ],
  proves: 'the account ordered this transfer',
  provesNot: ['that the ledger took it, or that the account had the money: a ledger proof shows that'],
});

export const ledgerProofKind = kind<LedgerProof>({
  title: 'a ledger proof',
  schema: ledgerProof,
  signers: ({ head }, known) => byLog(head, known),
  claims: ({ entry, path, head }) => [
    {
      what: 'the entry is at its position under the head',
      holds: verifyInclusion(
        leafHash(entryLeaf(entry)),
        entry.position,
        head.body.size,
        path.map(bytesOf),
        bytesOf(head.body.root),
      ),
    },
  ],
  says: ({ entry, head }) => [
    ['entry', `${entry.position} of ${head.body.size}, at ${timeText(entry.at)}`],
    ['from', entry.from],
    ['to', ledgerDestination(entry.to, entry.ref)],
    ['amount', String(entry.amount)],
    ['transfer', entry.transfer],
  ],
  proves: 'the ledger recorded this payment, to this destination',
  provesNot: ['what it was for', 'that the ledger shows everybody the same log: compare heads with others'],
});

export const logHeadKind = kind<Signed<LogHead>>({
  title: 'the head of the ledger’s log',
  schema: signedLogHead,
  signers: byLog,
  claims: () => [],
  says: ({ body }) => [
    ['entries', String(body.size)],
    ['root', body.root],
    ['signed at', timeText(body.at)],
  ],
  proves: 'the ledger stood by a log of so many entries with this root',
  provesNot: ['what is in the log', 'that it is the newest head'],
});

function byLog(head: Signed<LogHead>, known: Known): Result<Signer[]> {
  const { ledger } = known.network;
  if (ledger === null) return refuseVerify('verify-no-key', 'network.json names no ledger');
  return signedBy(known, [{ role: 'the ledger', object: 'loghead', signed: head, key: ledger.logKey }]);
}

function sumOf(body: Transfer): bigint {
  return body.outputs.reduce((sum, one) => sum + one.amount, 0n);
}

function bytesOf(hex: string): Uint8Array {
  return Buffer.from(hex, 'hex');
}
