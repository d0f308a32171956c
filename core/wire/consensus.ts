/*
 * What the authorities agree on, each `consensusSec`: terms, relays in order of standing with their flags, nullified pairs, the
 * head of the public log. Valid with a majority of the authorities that the reader knows (design §5).
 */
import { z } from 'zod';
import { verify, type Signed, type Verified } from '../crypto/sign.ts';
import { AUTHORITIES_MAX, NULLIFIED_MAX, RELAYS_MAX } from '../limits.ts';
import { ok, refuser, type Result } from '../refusal.ts';
import { hex32, hex64, interval, networkId, nickname, seconds, units } from './field.ts';
import { majorityOf, type Network } from './network.ts';
import { terms } from './terms.ts';

export const flag = z.enum(['Exit', 'Fast', 'Guard', 'Running', 'Stable', 'Valid']);
export type Flag = z.infer<typeof flag>;

export const relayEntry = z.strictObject({
  id: hex32,
  nickname,
  /** Digest of its descriptor. */
  descriptor: hex32,
  /** In alphabetical order. */
  flags: z.array(flag).max(6),
  /** Bytes a second, as the authorities count it. */
  bandwidth: z.int().min(0),
});
export type RelayEntry = z.infer<typeof relayEntry>;

export const consensus = z.strictObject({
  networkId,
  validAfter: seconds,
  freshUntil: seconds,
  validUntil: seconds,
  /** Of the running interval, and in its last quarter of the next. */
  terms: z.array(terms).min(1).max(2),
  /** In order of standing, best first. */
  relays: z.array(relayEntry).max(RELAYS_MAX),
  /** Pairs whose IOUs of an interval are void, while a window of theirs is open. */
  nullified: z.array(z.strictObject({ a: hex32, b: hex32, interval })).max(NULLIFIED_MAX),
  log: z.strictObject({ size: units, root: hex32 }),
});
export type Consensus = z.infer<typeof consensus>;

export const consensusDocument = z.strictObject({
  body: consensus,
  signatures: z
    .array(z.strictObject({ authority: hex32, signature: hex64 }))
    .min(1)
    .max(AUTHORITIES_MAX),
});
export type ConsensusDocument = z.infer<typeof consensusDocument>;

export const consensusRefusals = {
  'consensus-network': { retry: false, text: 'the consensus is of another network', remedy: 'check network.json' },
  'consensus-signatures': {
    retry: true,
    text: 'too few of the known authorities have signed the consensus',
    remedy: 'wait for the authorities, or check network.json',
  },
  'consensus-expired': {
    retry: true,
    text: 'the consensus is over, or from the future',
    remedy: 'check the clock and the authorities',
  },
} as const;
const refuse = refuser(consensusRefusals);

/** Demands a majority of the authorities in the reader's own network.json. */
export function verifyConsensus(document: ConsensusDocument, known: Network): Result<Verified<Consensus>> {
  if (document.body.networkId !== known.networkId) return refuse('consensus-network', document.body.networkId);
  let accepted: Verified<Consensus> | null = null;
  const signers = new Set<string>();
  for (const { authority, signature } of document.signatures) {
    if (signers.has(authority) || !known.authorities.some((one) => one.key === authority)) continue;
    const signed: Signed<Consensus> = { body: document.body, signature };
    const checked = verify('consensus', known.networkId, signed, authority);
    if (checked === null) continue;
    signers.add(authority);
    accepted = checked;
  }
  const needed = majorityOf(known);
  if (accepted === null || signers.size < needed) {
    return refuse('consensus-signatures', `${signers.size} of ${known.authorities.length}, ${needed} needed`);
  }
  return ok(accepted);
}

/** Neither over nor from the future, by the network's own tolerance. Terms of the past are read from older ones, too. */
export function checkInTime(value: Consensus, now: number): Result<null> {
  const skewSec = value.terms[0]?.parameters.skewSec ?? 0;
  const good = value.validUntil > now && value.validAfter <= now + skewSec;
  return good ? ok(null) : refuse('consensus-expired', `${value.validAfter} to ${value.validUntil}, now ${now}`);
}

export function hasFlag(entry: RelayEntry, name: Flag): boolean {
  return entry.flags.includes(name);
}
