/*
 * Acks: made by the holder, checked by the issuer. What is held and the credit left in, a signed Ack out; and back. Called by
 * iou/take.ts and iou/issue.ts.
 */
import { sign, verify, type Signed, type Verified } from '../../core/crypto/sign.ts';
import { keySetFor, type Descriptor } from '../../core/wire/descriptor.ts';
import type { Ack, Iou } from '../../core/wire/iou.ts';
import type { OwnKeys } from '../keys.ts';

export interface AckParts {
  readonly holder: string;
  readonly issuer: string;
  readonly interval: number;
  readonly held: Verified<Iou> | null;
  readonly creditLeftBytes: bigint;
}

/** An IOU that this relay signed itself, and the holder's credit; null `held` when it holds none. */
export interface CheckedAck {
  readonly held: Verified<Iou> | null;
  readonly creditLeftBytes: bigint;
}

export function makeAck(networkId: string, keys: OwnKeys, parts: AckParts): Signed<Ack> {
  const key = keys.of(parts.interval);
  const held = parts.held === null ? null : { body: parts.held.body, signature: parts.held.signature };
  const { holder, issuer, interval, creditLeftBytes } = parts;
  const { body, signature } = sign(
    'ack',
    networkId,
    { holder, holderKey: key.number, issuer, interval, held, creditLeftBytes },
    key.iou,
  );
  return { body, signature };
}

/** Null unless the holder signed it of this link and interval, and what it holds has our own signature. */
export function checkAck(
  networkId: string,
  keys: OwnKeys,
  link: { readonly issuer: string; readonly holder: string; readonly interval: number },
  holder: Descriptor,
  signed: Signed<Ack>,
): CheckedAck | null {
  const { body } = signed;
  if (body.holder !== link.holder || body.issuer !== link.issuer || body.interval !== link.interval) return null;
  const theirKey = keySetFor(holder, body.holderKey, link.interval)?.iou;
  if (theirKey === undefined || verify('ack', networkId, signed, theirKey) === null) return null;
  if (body.held === null) return { held: null, creditLeftBytes: body.creditLeftBytes };
  const { issuer, holder: to, interval, issuerKey } = body.held.body;
  const ownKey = keys.numbered(issuerKey)?.iou.publicKey;
  if (ownKey === undefined || issuer !== link.issuer || to !== link.holder || interval !== link.interval) return null;
  const held = verify('iou', networkId, body.held, ownKey);
  return held === null ? null : { held, creditLeftBytes: body.creditLeftBytes };
}
