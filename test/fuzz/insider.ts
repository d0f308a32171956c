/*
 * An insider: a relay, guard or subscriber of the network that signs what it changed with its own key. The targets in; of each
 * signed body a changed one with a good signature out. Called by endpoints.spec.ts.
 */
import { join } from 'node:path';
import { signingKey, type SigningKey } from '../../core/crypto/keys.ts';
import { sign, verify, type ObjectName, type Signed } from '../../core/crypto/sign.ts';
import { encode } from '../../core/wire/codec.ts';
import { systemEntropy } from '../../host/entropy.ts';
import { authorityName } from '../../lab/world.ts';
import { keyNames, keysFrom, keysIn } from '../../node/keys.ts';
import type { Mutant } from './mutate.ts';
import type { Sample, Target, Targets } from './targets.ts';

export interface Insider {
  /** Whether a body of this target is signed by a key of the network. */
  signs(target: Target): boolean;
  signed(target: Target, sample: Sample, mutant: Mutant): Buffer;
}

export async function insiderFrom({ network, all }: Targets): Promise<Insider> {
  const { networkId } = network.world.network;
  const held: SigningKey[] = [];
  for (const name of [authorityName, 'G', 'M', 'X', 'U']) {
    const keys = keysIn(join(network.home, name, 'keys'), systemEntropy());
    for (const which of keyNames) held.push(signingKey(await keys(which)));
    if (name === 'U') held.push(signingKey(await keysFrom(await keys('account'))('wallet')));
  }
  const signers = new Map<string, SigningKey>();
  for (const { tag, samples } of all) {
    for (const { text } of samples) {
      const object = JSON.parse(text) as Partial<Signed<unknown>>;
      if (object.body === undefined || object.signature === undefined) continue;
      const whole = object as Signed<unknown>;
      const key = held.find((one) => verify(tag as ObjectName, networkId, whole, one.publicKey) !== null);
      if (key !== undefined) signers.set(text, key);
    }
  }
  return {
    signs: (target) => target.samples.some(({ text }) => signers.has(text)),
    signed(target, sample, mutant) {
      const key = signers.get(sample.text);
      const object = key === undefined ? null : objectIn(mutant);
      if (key === undefined || object === null) return mutant.bytes;
      try {
        return Buffer.from(encode(resigned(target.tag as ObjectName, object, networkId, key)), 'utf8');
      } catch {
        // What has no canonical form cannot be signed either.
        return mutant.bytes;
      }
    },
  };
}

function objectIn({ text }: Mutant): Record<string, unknown> | null {
  try {
    const json: unknown = JSON.parse(text ?? '');
    return json !== null && typeof json === 'object' && 'body' in json ? (json as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

/** The IOU inside a delivery is of the same hand. */
function resigned(tag: ObjectName, object: Record<string, unknown>, networkId: string, key: SigningKey): unknown {
  const body = object['body'] as Record<string, unknown> | null;
  const inner = tag === 'delivery' ? (body?.['iou'] as Record<string, unknown> | null | undefined) : null;
  const whole =
    inner !== null && typeof inner === 'object' && 'body' in inner
      ? { ...body, iou: { ...inner, ...sign('iou', networkId, inner['body'], key) } }
      : body;
  return { ...object, ...sign(tag, networkId, whole, key) };
}
