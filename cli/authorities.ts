/*
 * Asking the authorities of a network.json, from a command: no node has to run. What they sign is checked. Called by the commands that
 * read the public network.
 */
import { z } from 'zod';
import { CONSENSUS_BYTES_MAX } from '../core/limits.ts';
import { invariant, ok, type Result } from '../core/refusal.ts';
import { consensusDocument, verifyConsensus, type Consensus } from '../core/wire/consensus.ts';
import { network, type Network } from '../core/wire/network.ts';
import { systemEntropy } from '../host/entropy.ts';
import { createHttpClient } from '../host/http/client.ts';
import type { HttpClient } from '../host/ports.ts';
import { readJson } from '../node/open.ts';
import { networkFileOf, type HomeOptions } from './home.ts';

export async function readConsensus(http: HttpClient, known: Network): Promise<Result<Consensus>> {
  return firstOf(known, async (url) => {
    const document = await http.get(`${url}/directory/consensus`, consensusDocument, { answerMax: CONSENSUS_BYTES_MAX });
    const verified = document.ok ? verifyConsensus(document.value, known) : document;
    return verified.ok ? ok(verified.value.body) : verified;
  });
}

const explained = z
  .object({
    id: z.string(),
    nickname: z.string(),
    flags: z.array(z.string()),
    isExit: z.boolean(),
    bandwidth: z.int(),
    firstSeen: z.int(),
    reachedAt: z.int().nullable(),
    expires: z.int(),
    mtbfSec: z.int(),
    uptimeMillionths: z.int(),
    guard: z.object({
      has: z.boolean(),
      missing: z.array(
        z.object({ code: z.string(), text: z.string(), has: z.number().nullable(), needs: z.number().nullable() }),
      ),
    }),
  })
  .loose();
export type ExplainedRelay = z.infer<typeof explained>;

/** What an authority says of a relay, by nickname or id; not signed. */
export function readRelay(http: HttpClient, known: Network, nameOrId: string): Promise<Result<ExplainedRelay>> {
  return firstOf(known, (url) =>
    http.get(`${url}/directory/relay/${encodeURIComponent(nameOrId)}`, explained, { deadlineMs: 5000 }),
  );
}

/** The first authority's answer that is none of silence; else the last refusal. */
export async function firstOf<T>(known: Network, ask: (url: string) => Promise<Result<T>>): Promise<Result<T>> {
  let last: Result<T> | null = null;
  for (const { url } of known.authorities) {
    last = await ask(url);
    if (last.ok || !last.refusal.retry) return last;
  }
  invariant(last !== null, 'network.json names an authority');
  return last;
}

export async function withAuthorities<T>(
  options: HomeOptions,
  read: (http: HttpClient, known: Network) => Promise<Result<T>>,
): Promise<Result<T>> {
  const file = await networkFileOf(options, process.env);
  if (!file.ok) return file;
  const known = await readJson(file.value, network);
  if (!known.ok) return known;
  const http = createHttpClient({ networkId: known.value.networkId, entropy: systemEntropy() });
  try {
    return await read(http, known.value);
  } finally {
    await http.close();
  }
}
