/*
 * Commands that read the public network: consensus, relay. They ask the authorities of a network.json and check their
 * signatures; no node has to run.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { ok, type Result } from '../core/refusal.ts';
import { consensusDocument, verifyConsensus, type Consensus } from '../core/wire/consensus.ts';
import { z } from 'zod';
import { network, type Network } from '../core/wire/network.ts';
import { systemEntropy } from '../host/entropy.ts';
import { createHttpClient, type ClosableHttpClient } from '../host/http/client.ts';
import { CONSENSUS_BYTES_MAX } from '../core/limits.ts';
import { readJson } from '../node/open.ts';
import { baseFolder, localNetwork, nodeHome, type HomeOptions } from './home.ts';
import { createOutput, short, table } from './output.ts';

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
      const asked = await withAuthorities(options, (http, known) =>
        http.get(`${known.authorities[0]?.url ?? ''}/directory/relay/${encodeURIComponent(name)}`, z.unknown()),
      );
      output.result(asked, relayText);
    });
}

async function readConsensus(http: ClosableHttpClient, known: Network): Promise<Result<Consensus>> {
  let last: Result<Consensus> | null = null;
  for (const { url } of known.authorities) {
    const document = await http.get(`${url}/directory/consensus`, consensusDocument, { answerMax: CONSENSUS_BYTES_MAX });
    const verified = document.ok ? verifyConsensus(document.value, known) : document;
    if (verified.ok) return ok(verified.value.body);
    last = verified;
  }
  if (last === null) throw new Error('network.json names an authority');
  return last;
}

async function withAuthorities<T>(
  options: HomeOptions,
  read: (http: ClosableHttpClient, known: Network) => Promise<Result<T>>,
): Promise<Result<T>> {
  const file = networkFile(options);
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

/** Of the node that the command means, or of the local network. */
function networkFile(options: HomeOptions): Result<string> {
  const local = localNetwork(baseFolder(options, process.env));
  if (local !== null && existsSync(join(local, 'network.json'))) return ok(join(local, 'network.json'));
  const home = nodeHome(options, process.env);
  return home.ok ? ok(join(home.value, 'network.json')) : home;
}

function consensusText(value: Consensus): string {
  const terms = value.terms.map(({ interval, parameters, relays, exits }) => {
    const prices = Object.entries(parameters.rails).map(([rail, { price }]) => `${rail} ${price} a GiB and hop`);
    return `interval ${interval}: ${prices.join(', ')}; exit price ${relays}/${exits} of it; ${parameters.intervalSec} s long\n`;
  });
  const rows = value.relays.map((one, index) => [
    String(index + 1),
    one.nickname,
    short(one.id),
    String(one.bandwidth),
    one.flags.join(' '),
  ]);
  const head = `consensus of ${value.networkId}, valid after ${value.validAfter}, fresh until ${value.freshUntil}\n`;
  const log = `public log: ${value.log.size} entries, root ${short(value.log.root)}\n`;
  return `${head}${terms.join('')}${log}\n${table(['place', 'relay', 'id', 'bandwidth', 'flags'], rows)}`;
}

function relayText(value: unknown): string {
  return `${JSON.stringify(value, (_, inner: unknown) => (typeof inner === 'bigint' ? inner.toString() : inner), 2)}\n`;
}
