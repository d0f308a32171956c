/*
 * Commands of whoever runs a node: init, run, status.
 */
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { nickname as nicknameShape, url as urlShape } from '../core/wire/field.ts';
import { systemClock } from '../host/clock.ts';
import { systemEntropy } from '../host/entropy.ts';
import { createLog, silentLog } from '../host/log.ts';
import type { RoleName } from '../host/ports.ts';
import { onSignals } from '../host/shutdown.ts';
import type { BitcoinInit } from '../node/init-bitcoin.ts';
import { initNode, type Initialised } from '../node/init.ts';
import { openHome } from '../node/open.ts';
import { chains, type ChainName } from '../rail/bitcoin/network.ts';
import { startNode } from '../node/start.ts';
import type { TorrcFinding } from '../tor/torrc/check.ts';
import { amountArgument, oneOf, shapedArgument, wholeNumber } from './arguments.ts';
import { answersOnSocket } from './call.ts';
import { nodeHome, refuseHome, type HomeOptions } from './home.ts';
import { createOutput } from './output.ts';
import { statusText } from './status-text.ts';
import { readStatus } from './status.ts';

export const roleNames = ['ledger', 'directory', 'relay', 'settlement', 'guard', 'client'] as const;
const roleArgument = oneOf(roleNames);
const chainNames = Object.keys(chains) as ChainName[];

interface InitArguments extends HomeOptions {
  readonly json?: boolean;
  readonly network?: string;
  readonly nickname: string;
  readonly url: string;
  readonly exit?: boolean;
  readonly bandwidth: number;
  readonly trial?: boolean;
  readonly bitcoin?: ChainName;
  readonly bitcoinUrl?: string;
  readonly bitcoinCookie?: string;
  readonly bitcoinDifficulty?: bigint;
  readonly deposits?: string;
  readonly account?: string;
  readonly torrc?: readonly string[];
}

export function addNodeCommands(program: Command): void {
  program
    .command('init')
    .argument('<role...>', `some of ${roleNames.join(', ')}; and the folder last`)
    .description('a new node: ptg init ROLE… DIR; a directory without --network founds one')
    .option('--network <file>', 'network.json of the network to join')
    .option('--nickname <name>', 'its name in the directory', shapedArgument(nicknameShape, 'a nickname'), 'unnamed')
    .option(
      '--url <url>',
      'the address under which others reach it',
      shapedArgument(urlShape, 'an http address'),
      'http://127.0.0.1:7300',
    )
    .option('--exit', 'the tor beside it lets traffic leave Tor')
    .option('--bandwidth <n>', 'what it offers, in bytes a second', wholeNumber(0, 2 ** 40), 1_000_000)
    .option('--torrc <file>', 'a relay’s: looks at its torrc and leaves it as it is; again for each file of it', collected)
    .option('--trial', 'a founder’s: intervals of ten minutes instead of fifteen days')
    .option('--bitcoin <chain>', 'pay and be paid in Bitcoin; of a founder: settle in it', oneOf(chainNames))
    .option('--bitcoin-url <url>', 'the RPC of your bitcoind', shapedArgument(urlShape, 'an http address'))
    .option('--bitcoin-cookie <file>', 'its cookie file')
    .option('--bitcoin-difficulty <n>', 'a founder’s: the least difficulty of a block in a proof', amountArgument)
    .option('--deposits <xpub>', 'xpub or descriptor of the account into which subscribers pay')
    .option('--account <xpub>', 'that of settlement, where you sign elsewhere')
    .action(async (words: string[], _: unknown, command: Command) => init(command, words));
  program
    .command('run')
    .description('run the node of this folder until it is told to stop')
    .option('--only <role>', 'one of its roles', roleArgument)
    .action(async (_: unknown, command: Command) => run(command.optsWithGlobals<HomeOptions & { only?: RoleName }>()));
  program
    .command('status')
    .description('one screen: roles, flags, what is owed and owing, what comes next, and what needs you')
    .action(async (_: unknown, command: Command) => {
      const options = command.optsWithGlobals<HomeOptions & { json?: boolean }>();
      const output = createOutput(options.json === true);
      const home = nodeHome(options, process.env);
      output.result(home.ok ? await readStatus(home.value) : home, statusText);
    });
}

async function init(command: Command, words: string[]): Promise<void> {
  const options = command.optsWithGlobals<InitArguments>();
  const [folder, ...named] = [...words].reverse();
  const wrong = named.find((word) => roleNames.every((name) => name !== word));
  if (folder === undefined || named.length === 0)
    command.error('name at least one role, and the folder last: ptg init relay DIR');
  if (wrong !== undefined) command.error(`${wrong} is none of ${roleNames.join(', ')}; the folder comes last`);
  if (options.torrc !== undefined && !named.includes('relay')) command.error('--torrc is for a relay, beside which tor runs');
  const made = await initNode({
    roles: roleNames.filter((name) => named.includes(name)),
    home: resolve(folder),
    network: options.network === undefined ? null : resolve(options.network),
    nickname: options.nickname,
    url: options.url,
    exit: options.exit === true,
    bandwidth: options.bandwidth,
    trial: options.trial === true,
    ...(options.bitcoin === undefined ? {} : { bitcoin: bitcoinWords(options, options.bitcoin) }),
    ...(options.torrc === undefined ? {} : { torrc: options.torrc.map((file) => resolve(file)) }),
    command: thisCommand(),
    entropy: systemEntropy(),
    now: systemClock().now(),
  });
  createOutput(options.json === true).result(made, initText);
}

function bitcoinWords(options: InitArguments, chain: ChainName): BitcoinInit {
  const { bitcoinUrl, bitcoinCookie, bitcoinDifficulty, deposits, account } = options;
  return {
    chain,
    ...(bitcoinUrl === undefined ? {} : { url: bitcoinUrl }),
    ...(bitcoinCookie === undefined ? {} : { cookie: resolve(bitcoinCookie) }),
    ...(bitcoinDifficulty === undefined ? {} : { difficulty: bitcoinDifficulty }),
    ...(deposits === undefined ? {} : { deposits }),
    ...(account === undefined ? {} : { account }),
  };
}

/** As a service has to write it: it knows neither the shell's path nor npm. */
function thisCommand(): string {
  const program = process.argv[1];
  return program === undefined ? '/usr/bin/env ptg' : `${process.execPath} ${resolve(program)}`;
}

function initText({ home, id, account, founded, files, torrc }: Initialised): string {
  const names = [...(id === null ? [] : [`relay ${id}`]), ...(account === null ? [] : [`account ${account}`])];
  const next = founded
    ? `Look through ${home}/parameters.json first: its genesis and interval stay once somebody has joined.\nGive ${home}/network.json to those who join.\n`
    : '';
  return `${home}: ${files.join(', ')} and keys/ are written.\n${names.map((line) => `${line}\n`).join('')}${next}${torrc === null ? '' : torrcText(torrc)}Run it with: ptg run --home ${home}\n`;
}

function torrcText(findings: readonly TorrcFinding[]): string {
  if (findings.length === 0) return 'The torrc has what the node needs.\n';
  const lines = findings.map(({ text, seen, remedy }) => `  ${text}${seen === null ? '' : ` (${seen})`}\n    to do: ${remedy}\n`);
  return `In the torrc, which is as it was:\n${lines.join('')}Then reload tor: systemctl reload tor\n`;
}

/** An option that may stand several times. */
function collected(value: string, before: readonly string[] | undefined): string[] {
  return [...(before ?? []), value];
}

async function run(options: HomeOptions & { only?: RoleName }): Promise<void> {
  const output = createOutput(false);
  const home = nodeHome(options, process.env);
  if (!home.ok) return output.refuse(home.refusal);
  const entropy = systemEntropy();
  const opened = await openHome(home.value, entropy);
  if (!opened.ok) return output.refuse(opened.refusal);
  const { log: format, roles } = opened.value.spec;
  const spec = options.only === undefined ? opened.value.spec : { ...opened.value.spec, roles: [options.only] };
  if (!spec.roles.every((role) => roles.includes(role))) {
    return output.refuse(refuseHome('home-no-role', `${home.value}: ${spec.roles.join(', ')}`).refusal);
  }
  // Before anything is started: two of one role would work on one database.
  for (const role of spec.roles) {
    if (await answersOnSocket(home.value, role)) return output.refuse(refuseHome('home-runs', `${home.value}: ${role}`).refusal);
  }
  const clock = systemClock();
  const log = format === 'silent' ? silentLog() : createLog({ clock, format });
  const node = await startNode({ ...opened.value, spec, clock, entropy, log });
  process.stdout.write(`running ${spec.roles.join(', ')} in ${home.value}${node.url === null ? '' : ` at ${node.url}`}\n`);
  await new Promise<void>((resolveEnd) => {
    const undo = onSignals(
      () => node.stop(),
      (code) => {
        undo();
        process.exitCode = code;
        resolveEnd();
      },
    );
  });
}
