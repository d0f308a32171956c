/*
 * Verifying what is public: a relay's descriptor, the authorities' consensus.
 */
import { signedSchema, type Signed } from '../crypto/sign.ts';
import { CONSENSUS_BYTES_MAX } from '../limits.ts';
import { ok } from '../refusal.ts';
import { consensusDocument, verifyConsensus, type ConsensusDocument } from '../wire/consensus.ts';
import { descriptor, type Descriptor } from '../wire/descriptor.ts';
import { verify } from '../crypto/sign.ts';
import { majorityOf, type Network } from '../wire/network.ts';
import { kind, signedBy, timeText } from './kind.ts';

export const descriptorKind = kind<Signed<Descriptor>>({
  title: 'a relay’s descriptor',
  schema: signedSchema(descriptor),
  signers: (signed, known) => signedBy(known, [{ role: 'its identity', object: 'descriptor', signed, key: signed.body.id }]),
  claims: ({ body }) => [
    {
      what: 'its key sets are numbered upwards, each from a later interval',
      holds: body.keys.every((set, at) => {
        const before = body.keys[at - 1];
        return before === undefined || (before.number < set.number && before.fromInterval < set.fromInterval);
      }),
    },
    { what: 'it expires after it was published', holds: body.expires > body.published },
  ],
  says: ({ body }) => [
    ['relay', `${body.nickname} ${body.id}`],
    ['keys', body.keys.map((set) => `number ${set.number} from interval ${set.fromInterval}`).join(', ')],
    ['relay at', body.urls.relay],
    ['rails', body.rails.map((one) => `${one.rail}, fallback ${one.fallback}`).join('; ')],
    ['from', `${timeText(body.published)} to ${timeText(body.expires)}`],
  ],
  proves: 'whoever holds the identity key certified these keys and addresses, and these fallback destinations',
  provesNot: ['that a directory took it, or that it is the newest', 'that what it says of bandwidth, exit and family is true'],
});

/** Authorities of network.json whose signature fits. */
function fitting(document: ConsensusDocument, known: Network) {
  return known.authorities.filter((authority) =>
    document.signatures.some(
      (one) =>
        one.authority === authority.key &&
        verify('consensus', known.networkId, { body: document.body, signature: one.signature }, authority.key) !== null,
    ),
  );
}

export const consensusKind = kind<ConsensusDocument>({
  title: 'a consensus',
  schema: consensusDocument,
  charsMax: CONSENSUS_BYTES_MAX,
  signers(document, { network }) {
    const verified = verifyConsensus(document, network);
    if (!verified.ok) return verified;
    const role = `an authority (${majorityOf(network)} of ${network.authorities.length} are needed)`;
    return ok(fitting(document, network).map(({ name, key }) => ({ role, name, id: key, key })));
  },
  claims: ({ body, signatures }) => [
    {
      what: 'no authority stands twice under it',
      holds: new Set(signatures.map((one) => one.authority)).size === signatures.length,
    },
    { what: 'its terms are of this network', holds: body.terms.every((one) => one.networkId === body.networkId) },
    {
      what: 'it is fresh, then valid, then over',
      holds: body.validAfter < body.freshUntil && body.freshUntil <= body.validUntil,
    },
  ],
  says: ({ body }) => [
    ['network', body.networkId],
    ['valid', `${timeText(body.validAfter)} to ${timeText(body.validUntil)}`],
    ['terms of', body.terms.map((one) => `interval ${one.interval}, |N|/|E| = ${one.relays}/${one.exits}`).join('; ')],
    ['relays', `${body.relays.length}, of which ${body.relays.filter((one) => one.flags.includes('Guard')).length} with Guard`],
    ['void', body.nullified.length === 0 ? 'nothing' : `${body.nullified.length} pairs`],
    ['log', `${body.log.size} entries, root ${body.log.root}`],
  ],
  proves: 'a majority of the authorities in your network.json agreed on these terms, flags and this order',
  provesNot: ['that it is the newest', 'that the authorities measured rightly: their log shows what they measured'],
});
