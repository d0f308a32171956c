/*
 * `ptg verify FILE`: what a signed object proves. It asks nobody: network.json, and descriptors from a file or from what the node
 * has kept, are all that it knows.
 */
import { readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { Command } from 'commander';
import { z } from 'zod';
import { signedSchema, verify, type Signed, type Verified } from '../core/crypto/sign.ts';
import { ok, refuser, type Result } from '../core/refusal.ts';
import type { RailRules } from '../core/rule/contest.ts';
import type { Known } from '../core/verify/kind.ts';
import { verifyObject, type Verification } from '../core/verify/verify.ts';
import { descriptor, type Descriptor } from '../core/wire/descriptor.ts';
import { network as networkShape, type Network } from '../core/wire/network.ts';
import { termsDigest } from '../core/wire/terms.ts';
import { systemEntropy } from '../host/entropy.ts';
import { createHttpClient } from '../host/http/client.ts';
import { readKeptNetwork, type KeptNetwork } from '../host/network/kept.ts';
import { readJson } from '../node/open.ts';
import { openRails, railRules } from '../rail/rails.ts';
import { networkFileOf, nodeHome, type HomeOptions } from './home.ts';
import { createOutput, fields } from './output.ts';

type Options = HomeOptions & { readonly json?: boolean; readonly network?: string; readonly descriptors?: string };

export const verifyInputRefusals = {
  'verify-file': { retry: false, text: 'the file to verify cannot be read', remedy: 'check its name' },
} as const;
const refuse = refuser(verifyInputRefusals);

export function addVerifyCommand(program: Command): void {
  program
    .command('verify <file>')
    .description('offline: what a signed object is, who signed it, what it proves and what not')
    .option('--network <file>', 'network.json to trust; else the node’s')
    .option('--descriptors <file>', 'a JSON list of signed descriptors; else those that the node has kept')
    .action(async (file: string, _: unknown, command: Command) => {
      const options = command.optsWithGlobals<Options>();
      createOutput(options.json === true).result(await verifyFile(file, options), verificationText);
    });
}

async function verifyFile(file: string, options: Options): Promise<Result<Verification>> {
  const text = await readFile(file, 'utf8').catch(() => null);
  if (text === null) return refuse('verify-file', file);
  const networkFile = options.network === undefined ? await networkFileOf(options, process.env) : ok(resolve(options.network));
  if (!networkFile.ok) return networkFile;
  const network = await readJson(networkFile.value, networkShape);
  if (!network.ok) return network;
  const given =
    options.descriptors === undefined ? ok([]) : await readJson(resolve(options.descriptors), z.array(signedSchema(descriptor)));
  if (!given.ok) return given;
  const kept = await keptBy(options, networkFile.value);
  // Made for its readers' sake; verifying calls nobody.
  const http = createHttpClient({ networkId: network.value.networkId, entropy: systemEntropy() });
  try {
    const rails = openRails({ http, network: network.value });
    const known = knownFrom(network.value, [...given.value, ...kept.descriptors], kept);
    return verifyObject(text.trim(), { ...known, ...railRules(rails) });
  } finally {
    await http.close();
  }
}

/** Of the node that is meant, if its network is the one to trust. */
async function keptBy(options: Options, networkFile: string): Promise<KeptNetwork> {
  const home = nodeHome(options, process.env);
  const own = home.ok ? await networkFileOf(options, process.env) : null;
  const folder = own?.ok === true && resolve(own.value) === networkFile && home.ok ? home.value : dirname(networkFile);
  return readKeptNetwork(join(folder, 'network.sqlite'));
}

function knownFrom(
  network: Network,
  descriptors: readonly Signed<Descriptor>[],
  kept: KeptNetwork,
): Omit<Known, keyof RailRules> {
  const verified = descriptors
    .map((one) => verify('descriptor', network.networkId, one, one.body.id))
    .filter((one): one is Verified<Descriptor> => one !== null)
    .sort((a, b) => b.body.published - a.body.published);
  const terms = new Map(kept.terms.map((one) => [termsDigest(one), one]));
  return {
    network,
    descriptors: (relay) => verified.filter((one) => one.body.id === relay),
    terms: (digest) => terms.get(digest) ?? null,
  };
}

function verificationText({ object, signedBy, says, holds, proves, provesNot }: Verification): string {
  const signers = signedBy.map((one) => `${one.role}: ${one.name === null ? '' : `${one.name} `}${one.id}`);
  return fields([
    ['it is', object],
    ['signed by', signers.join('\n')],
    ...says,
    ...(holds.length === 0 ? [] : [['holds', holds.join('\n')] as const]),
    ['proves', proves],
    ['proves not', provesNot.join('\n')],
  ]);
}
