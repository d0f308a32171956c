/*
 * Many issuers of one holder: each one's next delivery, signed twice and sealed as its relay would send it, out. Called by the benches
 * that take deliveries; nothing here is timed.
 */
import sodium from 'sodium-native';
import { sign, signedBytes, type Signed } from '../core/crypto/sign.ts';
import { encode } from '../core/wire/codec.ts';
import type { CertifiedCircuit, Iou, IouDelivery } from '../core/wire/iou.ts';
import { sealLinkRequest } from '../host/seal.ts';
import { networkId, type Party, type RelayUnderTest } from './iou-net.ts';

export interface Delivery {
  readonly envelope: Uint8Array;
  /** What a bare verification of it takes. */
  readonly checks: readonly Check[];
  /** The holder's answer, opened: the content of the Ack. */
  open(answer: Uint8Array): Uint8Array | null;
}

interface Check {
  readonly signature: Buffer;
  readonly message: Buffer;
  readonly publicKey: Buffer;
}

export interface Issuers {
  /** The next of every link: one circuit that the holder's meter shows carried a kilobyte more. */
  next(): Delivery[];
}

const STEP = 1_000n;

export function createIssuers(holder: RelayUnderTest): Issuers {
  const digest = holder.view.termsDigest(0) as string;
  const held = new Map<string, Iou>();
  let round = 0n;

  function deliveryOf(issuer: Party, circuit: number): Delivery {
    const last = held.get(issuer.id);
    const bytes = STEP * round;
    const iou: Iou = {
      ...{ issuer: issuer.id, issuerKey: 1, holder: holder.me.id, interval: 0, terms: digest },
      ...{ serial: round, relayBytes: bytes, exitBytes: bytes, issuedAt: holder.clock.now() },
    };
    held.set(issuer.id, iou);
    const entry: CertifiedCircuit = {
      ...{ circuit, from: bytes - STEP, bytes, hopsLeft: 1, leavesTor: true, closed: false, order: null },
    };
    const inner = bareOf(sign('iou', networkId, iou, issuer.iou));
    const body: IouDelivery = {
      ...{ iou: inner, since: last?.serial ?? 0n, circuits: [entry] },
      unattributed: { relayBytes: 0n, exitBytes: 0n },
    };
    const outer = bareOf(sign('delivery', networkId, body, issuer.iou));
    const link = { networkId, tag: 'delivery', from: issuer.id, to: holder.me.id };
    const content = Buffer.from(encode(outer), 'utf8');
    const sealed = sealLinkRequest(link, issuer.sealing, holder.me.sealing, content, holder.sealing.entropy);
    if (!sealed.ok) throw new Error(sealed.refusal.code);
    const publicKey = Buffer.from(issuer.iou.publicKey, 'hex');
    return {
      envelope: sealed.value.envelope,
      checks: [checkOf('delivery', outer, publicKey), checkOf('iou', inner, publicKey)],
      open(answer) {
        const opened = sealed.value.open(answer);
        return opened.ok ? opened.value : null;
      },
    };
  }

  return {
    next() {
      round++;
      return holder.neighbours.map((issuer, at) => {
        holder.read({
          previous: { relay: issuer.id, connection: null, circuit: at + 1 },
          next: null,
          bytes: STEP * round,
          closed: false,
        });
        return deliveryOf(issuer, at + 1);
      });
    },
  };
}

/** libsodium and nothing else: the machine's limit. */
export function verifyBare(deliveries: readonly Delivery[]): void {
  for (const { checks } of deliveries) {
    for (const { signature, message, publicKey } of checks) {
      if (!sodium.crypto_sign_verify_detached(signature, message, publicKey)) throw new Error('a signature does not fit');
    }
  }
}

function checkOf(object: 'iou' | 'delivery', signed: Signed<unknown>, publicKey: Buffer): Check {
  const message = Buffer.from(signedBytes(object, networkId, signed.body));
  return { signature: Buffer.from(signed.signature, 'hex'), message, publicKey };
}

function bareOf<T>({ body, signature }: Signed<T>): Signed<T> {
  return { body, signature };
}
