/*
 * `directory.consensus`: the document of a network of Tor's size. Building: judging every relay, composing, signing, the text. Parsing:
 * text to checked document with its majority of signatures. Beside JSON's own two functions on the same document. Listed in main.ts.
 */
import { gzipSync } from 'node:zlib';
import { sign } from '../core/crypto/sign.ts';
import { CONSENSUS_BYTES_MAX } from '../core/limits.ts';
import { invariant } from '../core/refusal.ts';
import { decode, encode } from '../core/wire/codec.ts';
import { consensusDocument, verifyConsensus, type ConsensusDocument } from '../core/wire/consensus.ts';
import { composeConsensus, fixTerms } from '../directory/consensus/decide.ts';
import { judgeAll } from '../directory/flags/decide.ts';
import type { DirectoryState } from '../directory/state/decide.ts';
import { sha256Hex } from '../core/crypto/hash.ts';
import { givenParameters, givenRelay, network, stateOf, upFor, GENESIS } from '../test/directory/given.ts';
import { networkId, testKey } from '../test/harness/view.ts';
import { rowOf, type Bench } from './bench.ts';
import { keyOf } from './bst-peers.ts';
import { alternating, timed } from './measure.ts';

const NAMES = [
  'directory.consensus.build',
  'directory.consensus.bytes',
  'directory.consensus.gzip',
  'directory.consensus.parse',
] as const;

const parameters = givenParameters();
const slot = GENESIS + 20;
const authority = testKey('authority');

export const directory: Bench = {
  names: NAMES,
  work: 'relays',
  size: 7213,
  growth: [72, 721, 7213],
  async run(rounds, size) {
    const state = stateWith(size);
    const text = build(state);
    const json = JSON.parse(text) as ConsensusDocument;
    const build1 = await alternating(
      rounds,
      () => secondsOf(() => void build(state)),
      () => secondsOf(() => void JSON.stringify(json)),
    );
    const parse1 = await alternating(
      rounds,
      () => secondsOf(() => void parse(text)),
      () => secondsOf(() => void JSON.parse(text)),
    );
    // A relay's key and the digest of its descriptor are chance, and nobody makes chance shorter.
    const chance = size * 64;
    const packed = gzipSync(text, { level: 9 }).length;
    return [
      rowOf(NAMES[0], 's', build1.value, build1.limit),
      rowOf(NAMES[1], 'bytes', Buffer.byteLength(text), chance),
      rowOf(NAMES[2], 'bytes', packed, chance),
      rowOf(NAMES[3], 's', parse1.value, parse1.limit),
    ];
  },
};

async function secondsOf(work: () => void): Promise<number> {
  return (await timed(work)).wallSec;
}

/** As the job does, but for the log and the disk. */
function build(state: DirectoryState): string {
  const judged = judgeAll(state, parameters, slot);
  const body = composeConsensus(state, parameters, judged, { slot, now: slot, log: { size: 1n, root: sha256Hex() } });
  const signatures = [{ authority: authority.publicKey, signature: sign('consensus', networkId, body, authority).signature }];
  return encode({ body, signatures });
}

/** As whoever fetches it does. */
function parse(text: string): void {
  const read = decode(text, consensusDocument, CONSENSUS_BYTES_MAX);
  invariant(read.ok, 'a consensus is in form');
  invariant(verifyConsensus(read.value, network).ok, 'a majority has signed it');
}

function stateWith(relays: number): DirectoryState {
  const known = Array.from({ length: relays }, (_, place) => {
    const name = `relay${place}`;
    const known = givenRelay('template', {
      firstSeen: GENESIS - 1000 - (place % 997),
      uptime: upFor(500 + (place % 499), slot),
      digest: sha256Hex('descriptor', name),
    });
    const said = {
      ...{ id: keyOf(`${name} identity`).publicKey, nickname: name, isExit: place % 7 === 0, wantsGuard: place % 2 === 0 },
      bandwidth: 1000 * 2 ** (place % 15) + place,
    };
    return { ...known, descriptor: { ...known.descriptor, body: { ...known.descriptor.body, ...said } } };
  });
  const state = stateOf(known, parameters);
  const terms = fixTerms(state, parameters, judgeAll(state, parameters, slot), slot) ?? [];
  return { ...state, terms: new Map(terms.map((one) => [one.interval, one])) };
}
