/*
 * Commands that read the public network: consensus, relay. They ask the authorities of a network.json and check their
 * signatures; no node has to run.
 */
import type { Command } from 'commander';
import { z } from 'zod';
import { CONSENSUS_BYTES_MAX } from '../core/limits.ts';
import { invariant, ok, type Result } from '../core/refusal.ts';
import { consensusDocument, verifyConsensus, type Consensus } from '../core/wire/consensus.ts';
import { network, type Network } from '../core/wire/network.ts';
import { systemClock } from '../host/clock.ts';
import { systemEntropy } from '../host/entropy.ts';
import { createHttpClient } from '../host/http/client.ts';
import type { HttpClient } from '../host/ports.ts';
import { readJson } from '../node/open.ts';
import { networkFileOf, type HomeOptions } from './home.ts';
import { bytesText, createOutput, fields, grouped, short, spanText, table, timeText } from './output.ts';

export function addNetworkCommands(program: Command): void {
  program
    .command('consensus')
    .description('the newest consensus: terms, and relays in order of standing')
    .action(async (_options: unknown, command: Command) => {
      const options = command.optsWithGlobals<HomeOptions & { json?: boolean }>();
      const output = createOutput(options.json === true);
      output.result(await withAuthorities(options, readConsensus), consensusText);
    });
  program
    .command('relay <name>')
    .description('one relay: its flags, and why it has or has not Guard')
    .action(async (name: string, _options: unknown, command: Command) => {
      const options = command.optsWithGlobals<HomeOptions & { json?: boolean }>();
      const output = createOutput(options.json === true);
      const asked = await withAuthorities(options, (http, known) => readRelay(http, known, name));
      output.result(asked, (one) => relayText(one, systemClock().now()));
    });
}

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
async function firstOf<T>(known: Network, ask: (url: string) => Promise<Result<T>>): Promise<Result<T>> {
  let last: Result<T> | null = null;
  for (const { url } of known.authorities) {
    last = await ask(url);
    if (last.ok || !last.refusal.retry) return last;
  }
  invariant(last !== null, 'network.json names an authority');
  return last;
}

async function withAuthorities<T>(
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

function consensusText(value: Consensus): string {
  const terms = value.terms.map(({ interval, parameters, relays, exits }): readonly [string, string] => {
    const prices = Object.entries(parameters.rails).map(([rail, { price }]) => `${grouped(price)} ${rail} a GiB and hop`);
    return [
      `interval ${interval}`,
      `${prices.join(', ')}; exits ${relays}/${exits} of it; ${spanText(parameters.intervalSec)} long`,
    ];
  });
  const head = fields([
    ['network', value.networkId],
    ['valid after', timeText(value.validAfter)],
    ['fresh until', timeText(value.freshUntil)],
    ...terms,
    ['public log', `${value.log.size} entries, root ${short(value.log.root)}`],
  ]);
  const rows = value.relays.map((one, index) => [
    String(index + 1),
    one.nickname,
    short(one.id),
    `${bytesText(BigInt(one.bandwidth))}/s`,
    one.flags.join(' '),
  ]);
  return `${head}\n${table(['place', 'relay', 'id', 'bandwidth', 'flags'], rows, 'No relay yet.')}`;
}

function relayText(one: ExplainedRelay, now: number): string {
  return fields([
    ['relay', one.nickname],
    ['id', one.id],
    ['flags', one.flags.join(' ') || 'none'],
    ['Guard', one.guard.has ? 'yes' : whyNotGuard(one).join('\n')],
    ['bandwidth', `${bytesText(BigInt(one.bandwidth))}/s, by its own word`],
    ['known for', spanText(now - one.firstSeen)],
    ['last reached', one.reachedAt === null ? 'never' : `${spanText(now - one.reachedAt)} ago`],
    ['weighted uptime', `${(one.uptimeMillionths / 10_000).toFixed(1)} %, ${spanText(one.mtbfSec)} between failures`],
    ['descriptor', `expires in ${spanText(one.expires - now)}`],
  ]);
}

/** A line for each condition that is missing, with what it has and needs. */
export function whyNotGuard({ guard }: Pick<ExplainedRelay, 'guard'>): string[] {
  return guard.missing.map(({ text, has, needs }) =>
    has === null || needs === null ? `no: ${text}` : `no: ${text}: has ${grouped(has)}, needs ${grouped(needs)}`,
  );
}
