/*
 * What the tests of this room start from: seeded draws, the network that the project carries, and a real consensus where the
 * vectors lie beside the repository.
 */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { sha256 } from '../../core/crypto/hash.ts';
import type { Result } from '../../core/refusal.ts';
import { carriedConsensus, carriedMicrodescs } from '../../lab/network/carried.ts';
import { drawFrom } from '../../tor/chance.ts';
import type { Draw } from '../../tor/chance.ts';
import { withFamilies } from '../../tor/consensus/family.ts';
import { parseMicrodescs } from '../../tor/consensus/microdesc.ts';
import { parseConsensus } from '../../tor/consensus/parse.ts';
import type { TorConsensus } from '../../tor/consensus/parse.ts';
import type { TorRelay } from '../../tor/consensus/relay.ts';
import { unpackDocument } from '../../tor/consensus/unpack.ts';

export function seededDraw(seed: string): Draw {
  let block = 0;
  return drawFrom({ bytes: (count) => sha256(`${seed} ${block++}`).subarray(0, count) });
}

/** Gives these numbers one after the other. */
export function scriptedDraw(...values: bigint[]): Draw {
  return () => values.shift() ?? 0n;
}

export function must<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(`${result.refusal.code}: ${result.refusal.about}`);
  return result.value;
}

export function carried(): TorConsensus {
  return withFamilies(must(parseConsensus(carriedConsensus)), must(parseMicrodescs(carriedMicrodescs)));
}

/** A relay for tables: usable, of no family and in no known network unless said otherwise. */
export function relayOf(given: Partial<Omit<TorRelay, 'flags'>> & { identity: string; flags?: string }): TorRelay {
  const { flags = '', ...rest } = given;
  return {
    nickname: 'r',
    microdesc: null,
    subnet: null,
    orPort: 9001,
    bandwidth: 100,
    unmeasured: false,
    policy: null,
    family: [],
    ...rest,
    flags: new Set(['Running', 'Valid', ...flags.split(' ')]),
  };
}

const realFile = fileURLToPath(new URL('../../../shared/vectors/tor/2016-09-20-13-00-00-consensus.gz', import.meta.url));

/** The text of a real consensus (2016-09-20 13:00, 7213 relays), or the test is skipped and says why. */
export function realText(test: Mocha.Context): string {
  if (!existsSync(realFile)) {
    console.log(`      skipped: no ${realFile}`);
    test.skip();
  }
  return must(unpackDocument(readFileSync(realFile)));
}
