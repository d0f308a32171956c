/*
 * The rows of the view. Every function takes the transaction; what is read back was verified before it was written.
 * Called by host/network/view.ts alone.
 */
import { asStored, signedSchema, type Verified } from '../../core/crypto/sign.ts';
import { CONSENSUS_BYTES_MAX } from '../../core/limits.ts';
import type { Result } from '../../core/refusal.ts';
import { decode, encode } from '../../core/wire/codec.ts';
import { consensusDocument, type ConsensusDocument } from '../../core/wire/consensus.ts';
import { descriptor, descriptorDigest, type Descriptor } from '../../core/wire/descriptor.ts';
import { terms, type Terms } from '../../core/wire/terms.ts';
import { int, text } from '../db/codec.ts';
import type { Tx } from '../ports.ts';

/** Terms, and when the consensus became valid in which they were last seen. */
export interface SeenTerms {
  readonly terms: Terms;
  readonly seenIn: number;
}

/** Told of a document that can no longer be read: it is left out, and fetched anew. */
export type Alarm = () => void;

export async function readConsensus(tx: Tx, alarm: Alarm): Promise<ConsensusDocument | null> {
  const rows = await tx.all('SELECT document FROM consensus ORDER BY valid_after DESC LIMIT 1');
  const found = rows.flatMap((row) => stored(decode(text(row['document']), consensusDocument, CONSENSUS_BYTES_MAX), alarm));
  return found[0] ?? null;
}

/** The newest alone is kept. */
export async function saveConsensus(tx: Tx, document: ConsensusDocument): Promise<void> {
  await tx.run('DELETE FROM consensus');
  await tx.run('INSERT INTO consensus (valid_after, document) VALUES (?, ?)', [document.body.validAfter, encode(document)]);
}

export async function readDescriptors(tx: Tx, alarm: Alarm): Promise<Verified<Descriptor>[]> {
  const rows = await tx.all('SELECT document FROM descriptor ORDER BY id');
  return rows.flatMap((row) => stored(decode(text(row['document']), signedSchema(descriptor)), alarm)).map(asStored);
}

/** A relay that left keeps its last one for long: its debts are still settled. */
export async function saveDescriptor(tx: Tx, signed: Verified<Descriptor>): Promise<void> {
  await tx.run(
    `INSERT INTO descriptor (id, digest, document) VALUES (?, ?, ?)
     ON CONFLICT (id) DO UPDATE SET digest = excluded.digest, document = excluded.document`,
    [signed.body.id, descriptorDigest(signed), encode(signed)],
  );
}

export async function deleteDescriptor(tx: Tx, id: string): Promise<void> {
  await tx.run('DELETE FROM descriptor WHERE id = ?', [id]);
}

export async function readTerms(tx: Tx, alarm: Alarm): Promise<SeenTerms[]> {
  const rows = await tx.all('SELECT document, seen_in FROM terms ORDER BY interval_number');
  return rows.flatMap((row) =>
    stored(decode(text(row['document']), terms), alarm).map((one) => ({ terms: one, seenIn: int(row['seen_in']) })),
  );
}

export async function saveTerms(tx: Tx, seen: SeenTerms): Promise<void> {
  await tx.run(
    `INSERT INTO terms (interval_number, document, seen_in) VALUES (?, ?, ?)
     ON CONFLICT (interval_number) DO UPDATE SET document = excluded.document, seen_in = excluded.seen_in`,
    [seen.terms.interval, encode(seen.terms), seen.seenIn],
  );
}

function stored<T>(result: Result<T>, alarm: Alarm): T[] {
  if (!result.ok) alarm();
  return result.ok ? [result.value] : [];
}
