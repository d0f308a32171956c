/*
 * What a node asks the authorities for: the consensus, descriptors by digest, the consensus that fixed an interval's terms. Every
 * answer is verified here; one authority that lies or is stale costs time only. Called by view.ts.
 */
import { z } from 'zod';
import { signedSchema, verify, type Verified } from '../../core/crypto/sign.ts';
import { CONSENSUS_BYTES_MAX, DESCRIPTORS_PER_CALL } from '../../core/limits.ts';
import { consensusDocument, verifyConsensus, type Consensus, type ConsensusDocument } from '../../core/wire/consensus.ts';
import { descriptor, descriptorDigest, type Descriptor } from '../../core/wire/descriptor.ts';
import type { Network } from '../../core/wire/network.ts';
import type { HttpClient, Log } from '../ports.ts';

export interface Source {
  readonly network: Network;
  readonly http: HttpClient;
  readonly log: Log;
}

export interface Fetched {
  readonly document: ConsensusDocument;
  readonly verified: Verified<Consensus>;
}

/** Of one authority, at `path` below its address; null when it has none that a majority signed. */
export async function fetchConsensus(source: Source, authority: string, path: string): Promise<Fetched | null> {
  const url = `${base(authority)}${path}`;
  const answer = await source.http.get(url, consensusDocument, { answerMax: CONSENSUS_BYTES_MAX, deadlineMs: 30_000 });
  if (!answer.ok) {
    source.log.info('consensus-not-fetched', { url, code: answer.refusal.code });
    return null;
  }
  const verified = verifyConsensus(answer.value, source.network);
  if (verified.ok) return { document: answer.value, verified: verified.value };
  source.log.warn('consensus-refused', { url, code: verified.refusal.code, error: verified.refusal.about });
  return null;
}

/** As many of the wanted (digest to relay's id) as this authority has. */
export async function fetchDescriptors(
  source: Source,
  authority: string,
  wanted: ReadonlyMap<string, string>,
): Promise<Verified<Descriptor>[]> {
  const url = `${base(authority)}/directory/descriptors`;
  const digests = [...wanted.keys()];
  const found: Verified<Descriptor>[] = [];
  for (let at = 0; at < digests.length; at += DESCRIPTORS_PER_CALL) {
    const body = { digests: digests.slice(at, at + DESCRIPTORS_PER_CALL) };
    const answer = await source.http.post(url, body, descriptorsAnswer, { answerMax: DESCRIPTORS_BYTES_MAX });
    if (!answer.ok) {
      source.log.info('descriptors-not-fetched', { url, code: answer.refusal.code });
      break;
    }
    for (const signed of answer.value.descriptors) {
      // The digest was signed by the authorities; the signature is the relay's own.
      if (wanted.get(descriptorDigest(signed)) !== signed.body.id) continue;
      const verified = verify('descriptor', source.network.networkId, signed, signed.body.id);
      if (verified !== null) found.push(verified);
    }
  }
  return found;
}

const descriptorsAnswer = z.strictObject({ descriptors: z.array(signedSchema(descriptor)).max(DESCRIPTORS_PER_CALL) });
/** A descriptor with the largest family and four key sets has less than 32 KiB. */
const DESCRIPTORS_BYTES_MAX = DESCRIPTORS_PER_CALL * 32 * 1024;

function base(url: string): string {
  return url.replace(/\/+$/, '');
}
