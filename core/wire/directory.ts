/*
 * What an authority is asked and answers beside consensus and descriptors: publishing, fetching descriptors, whether a relay is
 * there, and the pages and proofs of its public log. Spoken by directory, by whoever reads it, and by relays.
 */
import { z } from 'zod';
import { signedSchema } from '../crypto/sign.ts';
import { DESCRIPTORS_PER_CALL, LOG_PAGE_BYTES_MAX, PAGE_ROWS_MAX } from '../limits.ts';
import { descriptor } from './descriptor.ts';
import { hex32, nickname, units } from './field.ts';

/** POST /directory/publish: the digest by which a consensus will name the descriptor. */
export const publishAnswer = z.strictObject({ digest: hex32 });
export type PublishAnswer = z.infer<typeof publishAnswer>;

/** POST /directory/descriptors. What is not known is left out of the answer. */
export const descriptorsQuery = z.strictObject({ digests: z.array(hex32).max(DESCRIPTORS_PER_CALL) });
export type DescriptorsQuery = z.infer<typeof descriptorsQuery>;
export const descriptorsAnswer = z.strictObject({ descriptors: z.array(signedSchema(descriptor)).max(DESCRIPTORS_PER_CALL) });
export type DescriptorsAnswer = z.infer<typeof descriptorsAnswer>;

/** GET /relay/alive: by this an authority knows that a relay is Running. */
export const aliveAnswer = z.strictObject({ id: hex32, nickname });
export type AliveAnswer = z.infer<typeof aliveAnswer>;

/** GET /directory/log/entries: the leaves as they were hashed; `next` is where the following page begins. */
export const logPage = z.strictObject({ entries: z.array(z.string().max(LOG_PAGE_BYTES_MAX)).max(PAGE_ROWS_MAX), next: units });
export type LogPage = z.infer<typeof logPage>;

/** GET /directory/log/inclusion and /directory/log/consistency (RFC 6962 §2.1.1, §2.1.2). */
export const logProof = z.strictObject({ proof: z.array(hex32).max(64) });
export type LogProof = z.infer<typeof logProof>;

export const directoryRefusals = {
  'directory-no-consensus': { retry: true, text: 'the authority has made no consensus yet', remedy: 'wait until relays are up' },
  'directory-no-terms': {
    retry: true,
    text: 'no consensus has fixed the terms of this interval',
    remedy: 'ask in its last quarter before',
  },
  'directory-no-relay': { retry: false, text: 'the directory knows no relay of this name or id', remedy: 'check the name' },
  'directory-no-entry': { retry: false, text: 'the log is not that long', remedy: 'ask for its head first' },
} as const;
