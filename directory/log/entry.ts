/*
 * What an authority writes down: the entries of its public log, each canonical JSON. Whoever folds the same entries in the same
 * order knows the same (state/decide.ts). Contests and verdicts become further kinds.
 */
import { z } from 'zod';
import { sha256Hex } from '../../core/crypto/hash.ts';
import { signedSchema } from '../../core/crypto/sign.ts';
import { LOG_PAGE_BYTES_MAX, RELAYS_MAX } from '../../core/limits.ts';
import { invariant } from '../../core/refusal.ts';
import { decode, encode } from '../../core/wire/codec.ts';
import { consensus, type Consensus } from '../../core/wire/consensus.ts';
import { descriptor } from '../../core/wire/descriptor.ts';
import { hex32, networkId, seconds } from '../../core/wire/field.ts';
import { parameters } from '../../core/wire/parameters.ts';
import { terms } from '../../core/wire/terms.ts';

const at = seconds;

export const logEntry = z.discriminatedUnion('kind', [
  /** By these it judges from here on: the first entry, and again whenever the operator changed them. */
  z.strictObject({ kind: z.literal('parameters'), at, networkId, parameters }),
  z.strictObject({ kind: z.literal('descriptor'), at, signed: signedSchema(descriptor) }),
  /** One round of probing. Relays that neither list names were not asked. */
  z.strictObject({
    kind: z.literal('probe'),
    at,
    reached: z.array(hex32).max(RELAYS_MAX),
    missed: z.array(hex32).max(RELAYS_MAX),
  }),
  /** Terms are fixed; those of interval 0 may be again until genesis. */
  z.strictObject({ kind: z.literal('terms'), at, terms }),
  z.strictObject({ kind: z.literal('consensus'), at, digest: hex32, validAfter: consensus.shape.validAfter }),
]);
export type LogEntry = z.infer<typeof logEntry>;

/** For a log that this program wrote: anything else in it is a bug or a damaged disk. */
export function readEntry(text: string): LogEntry {
  const entry = decode(text, logEntry, LOG_PAGE_BYTES_MAX);
  invariant(entry.ok, 'the log holds entries of this program');
  return entry.value;
}

/** The digest by which the log names a consensus. */
export function consensusDigest(body: Consensus): string {
  return sha256Hex('ptg/consensus-digest/v1\0', encode(body));
}
