/*
 * What an authority writes down: the entries of its public log, each canonical JSON. Whoever folds the same entries in the same
 * order knows the same (state/decide.ts), without a rail: what a proof showed stands beside it.
 */
import { z } from 'zod';
import { sha256Hex } from '../../core/crypto/hash.ts';
import { bare, signedSchema, type Signed } from '../../core/crypto/sign.ts';
import { FAMILY_MAX, LOG_PAGE_BYTES_MAX, RELAYS_MAX } from '../../core/limits.ts';
import { invariant } from '../../core/refusal.ts';
import { decode, encode } from '../../core/wire/codec.ts';
import { signedAnswer, signedComplaint } from '../../core/wire/complaint.ts';
import { consensus, type Consensus } from '../../core/wire/consensus.ts';
import { signedAppeal, signedContest } from '../../core/wire/contest.ts';
import { descriptor } from '../../core/wire/descriptor.ts';
import { destination, hex20, hex32, networkId, seconds, units } from '../../core/wire/field.ts';
import { parameters } from '../../core/wire/parameters.ts';
import { terms } from '../../core/wire/terms.ts';
import { outcome, reason, type Verdict } from '../../core/wire/verdict.ts';

const at = seconds;
const ids = z.array(hex32).max(RELAYS_MAX);

/** What an answer did to its case (core/rule/course.ts). */
const event = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('reduced') }),
  z.strictObject({ kind: z.literal('paid'), late: z.boolean() }),
  z.strictObject({ kind: z.literal('nothing-owed') }),
  z.strictObject({ kind: z.literal('withdrawn'), late: z.boolean() }),
]);

/** What a complaint showed (core/rule/complaint.ts). */
const subject = z.string().max(200);
const claimed = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('deposit'), subject, amount: units, since: seconds }),
  z.strictObject({ kind: z.literal('withdrawal'), subject, amount: units, destination, since: seconds }),
]);

/** What Tor says of a relay of ours: its own signed descriptor, and Tor's consensus. */
export const torFacts = z.strictObject({
  id: hex32,
  fingerprint: hex20,
  /** Whether its ContactInfo names the relay's id. */
  names: z.boolean(),
  /** In the consensus; none where it is not listed. */
  flags: z.array(z.enum(['Exit', 'Fast', 'Guard', 'MiddleOnly', 'Running', 'Stable'])),
  /** Bytes a second, by its weight. */
  bandwidth: z.int().min(0),
  /** Fingerprints that it names as its family. */
  family: z.array(hex20).max(FAMILY_MAX),
  /** Addresses that its ContactInfo shows, as `btc:…`. */
  payouts: z.array(destination).max(3),
});
export type TorFacts = z.infer<typeof torFacts>;

/** Relays of one entry: with the longest family lines it fits a page. */
export const TOR_FACTS_MAX = 200;

export const logEntry = z.discriminatedUnion('kind', [
  /** By these it judges from here on: the first entry, and again whenever the operator changed them. */
  z.strictObject({ kind: z.literal('parameters'), at, networkId, parameters }),
  z.strictObject({ kind: z.literal('descriptor'), at, signed: signedSchema(descriptor) }),
  /** One round of probing. Relays that neither list names were not asked. */
  z.strictObject({
    kind: z.literal('probe'),
    at,
    reached: ids,
    missed: ids,
  }),
  /** A look at Tor: its |N| and |E|, and of our relays those of which it says something else than before. */
  z.strictObject({
    kind: z.literal('tor'),
    at,
    validAfter: seconds,
    relays: z
      .int()
      .min(0)
      .max(2 ** 31),
    exits: z
      .int()
      .min(0)
      .max(2 ** 31),
    seen: z.array(torFacts).max(TOR_FACTS_MAX),
  }),
  /** Terms are fixed; those of interval 0 may be again until genesis. */
  z.strictObject({ kind: z.literal('terms'), at, terms }),
  z.strictObject({
    kind: z.literal('consensus'),
    at,
    digest: hex32,
    validAfter: consensus.shape.validAfter,
    /** Who has Guard in it and had it not in the one before, and the other way. Not in logs from before the docket. */
    guards: z.strictObject({ gained: ids, lost: ids }).optional(),
  }),
  /** `letterAt`: when the contestant's letter of that settlement came to lie ready for the accused, if it did. */
  z.strictObject({ kind: z.literal('contest'), at, signed: signedContest, letterAt: seconds.nullable() }),
  z.strictObject({ kind: z.literal('appeal'), at, signed: signedAppeal, event, reason }),
  z.strictObject({ kind: z.literal('complaint'), at, signed: signedComplaint, claimed }),
  z.strictObject({ kind: z.literal('answer'), at, signed: signedAnswer, event, reason }),
  /** Of the signed document, which is kept beside the log. */
  z.strictObject({ kind: z.literal('verdict'), at, case: hex32, outcome, reason, digest: hex32 }),
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

/** And a verdict: signature and all. */
export function verdictDigest(signed: Signed<Verdict>): string {
  return sha256Hex('ptg/verdict-digest/v1\0', encode(bare(signed)));
}
