/*
 * A NetworkView made of what a test hands it: terms, descriptors and flags, all present from the start.
 */
import { sha256Hex } from '../../core/crypto/hash.ts';
import { signingKey, type SigningKey } from '../../core/crypto/keys.ts';
import { asStored, sign, type Verified } from '../../core/crypto/sign.ts';
import type { Consensus, Flag, RelayEntry } from '../../core/wire/consensus.ts';
import { descriptorDigest, type Descriptor } from '../../core/wire/descriptor.ts';
import type { Network } from '../../core/wire/network.ts';
import { defaultParameters, type Parameters } from '../../core/wire/parameters.ts';
import { termsDigest, type Terms } from '../../core/wire/terms.ts';
import type { NetworkView } from '../../host/ports.ts';

export const networkId = 'test-network';

export const testKey = (name: string): SigningKey => signingKey(testSeed(name));
export const testSeed = (name: string): Uint8Array => Buffer.from(sha256Hex('test seed', name), 'hex');

export function testParameters(changes: Partial<Parameters> = {}): Parameters {
  return {
    ...defaultParameters,
    genesis: 1_000_000,
    intervalSec: 21_600,
    iouTickSec: 3600,
    graceSec: 600,
    bstOffsetSec: 1800,
    paymentWindowSec: 3600,
    rails: { ledger: { price: 1_000_000_000n, quantum: 1n, dust: 0n } },
    exitRatio: [3n, 2n],
    ...changes,
  };
}

export function testTerms(interval: number, changes: Partial<Parameters> = {}): Terms {
  const parameters = testParameters(changes);
  const [relays, exits] = parameters.exitRatio ?? [3n, 2n];
  return { networkId, interval, parameters, relays, exits };
}

/** A relay with all its keys from its name: `<name> identity`, `<name> iou`, `<name> settlement`, `<name> guard`. */
export function testDescriptor(name: string, changes: Partial<Descriptor> = {}): Verified<Descriptor> {
  const body: Descriptor = {
    id: testKey(`${name} identity`).publicKey,
    nickname: name,
    keys: [
      {
        number: 1,
        fromInterval: 0,
        iou: testKey(`${name} iou`).publicKey,
        settlement: testKey(`${name} settlement`).publicKey,
        guard: testKey(`${name} guard`).publicKey,
        relaySealing: sha256Hex(`${name} relay sealing`),
        settlementSealing: sha256Hex(`${name} settlement sealing`),
        guardSealing: sha256Hex(`${name} guard sealing`),
      },
    ],
    urls: { relay: 'http://127.0.0.1:1', settlement: 'http://127.0.0.1:1', guard: 'http://127.0.0.1:1' },
    fingerprint: null,
    family: [],
    wantsGuard: true,
    isExit: true,
    bandwidth: 10_000_000,
    meter: 'traffic',
    rails: [{ rail: 'ledger', fallback: `${testKey(`${name} wallet`).publicKey}.${'00'.repeat(16)}` }],
    published: 900_000,
    expires: 2_000_000_000,
    ...changes,
  };
  return sign('descriptor', networkId, body, testKey(`${name} identity`));
}

export function testView(descriptors: readonly Verified<Descriptor>[], parameters: Parameters = testParameters()): NetworkView {
  const flags: Flag[] = ['Exit', 'Fast', 'Guard', 'Running', 'Stable', 'Valid'];
  const relays: RelayEntry[] = descriptors.map((one) => ({
    id: one.body.id,
    nickname: one.body.nickname,
    descriptor: descriptorDigest(one),
    flags,
    bandwidth: one.body.bandwidth,
  }));
  const [n, e] = parameters.exitRatio ?? [3n, 2n];
  const termsOf = (interval: number): Terms => ({ networkId, interval, parameters, relays: n, exits: e });
  const consensus: Consensus = {
    networkId,
    validAfter: parameters.genesis,
    freshUntil: parameters.genesis + 2 ** 30,
    validUntil: parameters.genesis + 2 ** 30,
    terms: [termsOf(0)],
    relays,
    nullified: [],
    log: { size: 0n, root: sha256Hex() },
  };
  const known: Network = {
    networkId,
    authorities: [{ name: 'auth', key: testKey('authority').publicKey, url: 'http://127.0.0.1:1' }],
    ledger: { url: 'http://127.0.0.1:1', logKey: testKey('log').publicKey, mintKey: testKey('mint').publicKey },
  };
  return {
    network: known,
    consensus: () => asStored({ body: consensus, signature: '00'.repeat(64) }),
    terms: termsOf,
    termsDigest: (interval) => termsDigest(termsOf(interval)),
    entry: (id) => relays.find((one) => one.id === id) ?? null,
    descriptor: (id) => descriptors.find((one) => one.body.id === id) ?? null,
    refresh: async () => {},
    onConsensus: () => () => {},
  };
}
