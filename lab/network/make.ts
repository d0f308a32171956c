/*
 * Makes the small Tor network that the project carries: sixty relays that never existed, as a microdesc consensus with its
 * microdescriptors, shaped like Tor's of 2016 (shares of flags, spread of bandwidth). Same code, same text: write.ts keeps
 * it in carried.ts, and a test compares the two.
 */
import { sha256 } from '../../core/crypto/hash.ts';
import { drawFrom } from '../../tor/chance.ts';
import type { Draw } from '../../tor/chance.ts';
import { computeWeights } from '../../tor/consensus/weights.ts';

export interface MadeNetwork {
  readonly consensus: string;
  readonly microdescs: string;
}

export function makeNetwork(): MadeNetwork {
  const bytes = seededBytes('ptg carried network 1');
  const relays = withFamilyLines(makeRelays(bytes, drawFrom({ bytes })));
  const entries = relays.map((relay) => ({ relay, microdesc: writeMicrodesc(relay) }));
  const sorted = [...entries].sort((a, b) => (a.relay.identity < b.relay.identity ? -1 : 1));
  const routers = sorted.map(({ relay, microdesc }) => writeRouter(relay, base64(sha256(microdesc))));
  return {
    consensus: [head, ...routers, writeFoot(relays, bytes)].join(''),
    microdescs: sorted.map(({ microdesc }) => microdesc).join(''),
  };
}

type Kind = 'guard' | 'middle' | 'exit' | 'both' | 'bad';

interface MadeRelay {
  readonly nickname: string;
  /** Upper-case hex, as family lines have it. */
  readonly identity: string;
  readonly ed25519: string;
  readonly onionKey: string;
  readonly address: string;
  readonly kind: Kind;
  readonly bandwidth: number;
  readonly family: readonly string[];
}

/** 60 relays with 8 exits that count: |N|/|E| = 7.5, beside Tor's 7.69 of 2016. */
const kinds: readonly (readonly [Kind, number])[] = [
  ['guard', 18],
  ['both', 4],
  ['exit', 4],
  ['bad', 1],
  ['middle', 33],
];

/** Bandwidth by kind, lowest to highest in steps of equal likelihood, between which it is spread evenly. */
const spreads: Readonly<Record<Kind, readonly number[]>> = {
  guard: [1500, 3300, 5000, 7500, 11_000, 16_000, 24_000, 60_000],
  both: [4000, 9000, 16_000, 30_000],
  exit: [60, 400, 1500, 9000],
  bad: [300, 800],
  middle: [5, 20, 80, 250, 600, 1100, 1900, 8000],
};

const firsts = ['amber', 'birch', 'cedar', 'delta', 'ember', 'fjord', 'gravel', 'hazel', 'indigo', 'juniper', 'kelp', 'lichen'];
const lasts = ['brook', 'field', 'gate', 'harbor', 'mill', 'ridge'];

/** Who declares whom, by place in the list of relays: mutual families, and one claim that nobody returns. */
const families: readonly (readonly number[])[] = [
  [0, 1, 30],
  [4, 19, 41, 42],
  [22, 23],
  [35, 36, 37],
];
const claim = { from: 50, to: 2 } as const;

function makeRelays(bytes: Bytes, draw: Draw): MadeRelay[] {
  const every = kinds.flatMap(([kind, count]) => Array.from({ length: count }, () => kind));
  return every.map((kind, place) => ({
    nickname: nicknameOf(place),
    identity: Buffer.from(bytes(20)).toString('hex').toUpperCase(),
    ed25519: base64(bytes(32)),
    onionKey: base64(bytes(32)),
    // Private addresses: those set aside for documentation lie in three /16s, and a path takes one relay of each /16 at most.
    // Members of the third family share one.
    address: `10.${place === 23 ? 22 : place}.${draw(256n)}.${1n + draw(254n)}`,
    kind,
    bandwidth: drawBandwidth(spreads[kind], draw),
    family: [],
  }));
}

/** The last two relays have no name of their own, as happens on Tor. */
function nicknameOf(place: number): string {
  return place >= 58 ? 'Unnamed' : `${firsts[place % firsts.length]}${lasts[Math.floor(place / firsts.length)]}`;
}

/** A round number, as directory authorities publish it: three digits. */
function drawBandwidth(spread: readonly number[], draw: Draw): number {
  const step = Number(draw(BigInt(spread.length - 1)));
  const [low, high] = [spread[step] as number, spread[step + 1] as number];
  const value = low + Number(draw(BigInt(high - low)));
  const unit = value < 1000 ? 1 : value < 10_000 ? 10 : 100;
  return value - (value % unit);
}

function withFamilyLines(relays: readonly MadeRelay[]): MadeRelay[] {
  const fingerprint = (place: number) => `$${relays[place]?.identity}`;
  return relays.map((relay, place) => {
    const mates = families.filter((family) => family.includes(place)).flat();
    const named = place === claim.from ? [claim.to] : mates.filter((mate) => mate !== place);
    return { ...relay, family: named.map(fingerprint).sort() };
  });
}

function writeMicrodesc(relay: MadeRelay): string {
  const family = relay.family.length === 0 ? '' : `family ${relay.family.join(' ')}\n`;
  const policy = relay.kind === 'guard' || relay.kind === 'middle' ? '' : 'p accept 80,443\n';
  return `onion-key\nntor-onion-key ${relay.onionKey}\n${family}${policy}id ed25519 ${relay.ed25519}\n`;
}

const flagsOf: Readonly<Record<Kind, string>> = {
  guard: 'Fast Guard HSDir Running Stable V2Dir Valid',
  both: 'Exit Fast Guard HSDir Running Stable V2Dir Valid',
  exit: 'Exit Fast Running Stable V2Dir Valid',
  bad: 'BadExit Exit Running V2Dir Valid',
  middle: 'Fast Running Stable V2Dir Valid',
};

function writeRouter(relay: MadeRelay, digest: string): string {
  const identity = base64(Buffer.from(relay.identity, 'hex'));
  return [
    `r ${relay.nickname} ${identity} 2038-01-01 00:00:00 ${relay.address} 9001 0`,
    `m ${digest}`,
    `s ${flagsOf[relay.kind]}`,
    'v Tor 0.4.8.12',
    `w Bandwidth=${relay.bandwidth}${relay.kind === 'bad' ? ' Unmeasured=1' : ''}`,
    '',
  ].join('\n');
}

const head = `network-status-version 3 microdesc
vote-status consensus
consensus-method 33
valid-after 2025-01-01 00:00:00
fresh-until 2025-01-01 01:00:00
valid-until 2025-01-01 03:00:00
voting-delay 300 300
known-flags BadExit Exit Fast Guard HSDir Running Stable V2Dir Valid
params CircuitPriorityHalflifeMsec=30000 NumEntryGuards=1
`;

/** No authority exists that could sign it: the signature is random, and nothing takes it for more. */
function writeFoot(relays: readonly MadeRelay[], bytes: Bytes): string {
  const sums = { guard: 1n, middle: 1n, exit: 1n, both: 1n };
  for (const relay of relays) sums[relay.kind === 'bad' ? 'middle' : relay.kind] += BigInt(relay.bandwidth);
  const weights = computeWeights({ G: sums.guard, M: sums.middle, E: sums.exit, D: sums.both });
  const pairs = Object.entries(weights ?? {}).map(([name, value]) => `${name}=${value}`);
  const [signer, key] = [bytes(20), bytes(20)].map((id) => Buffer.from(id).toString('hex').toUpperCase());
  const signature =
    Buffer.from(bytes(256))
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return [
    'directory-footer',
    `bandwidth-weights ${pairs.sort().join(' ')}`,
    `directory-signature sha256 ${signer} ${key}`,
    '-----BEGIN SIGNATURE-----',
    ...signature,
    '-----END SIGNATURE-----',
    '',
  ].join('\n');
}

type Bytes = (count: number) => Uint8Array;

/** SHA-256 of a seed and a counter, thirty-two bytes a block; what is left of a block is not used. */
function seededBytes(seed: string): Bytes {
  let block = 0;
  return (count) => {
    const blocks = Array.from({ length: Math.ceil(count / 32) }, () => sha256(`${seed} ${block++}`));
    return Uint8Array.from(Buffer.concat(blocks).subarray(0, count));
  };
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64').replace(/=+$/, '');
}
