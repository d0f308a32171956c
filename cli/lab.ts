/*
 * Commands that run whole networks on this machine: up, scenario.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import { refuser } from '../core/refusal.ts';
import { parseScenario } from '../lab/scenario/file.ts';
import { runScenario, type ScenarioOptions } from '../lab/scenario/run.ts';
import { runUp } from '../lab/up/run.ts';
import { baseFolder, localFolder, newestFile, type HomeOptions } from './home.ts';
import { createOutput } from './output.ts';
import { wholeNumber } from './arguments.ts';

export const labRefusals = {
  'input-file': { retry: false, text: 'the file cannot be read', remedy: 'check its name' },
} as const;
export const refuseInput = refuser(labRefusals);

export function addLabCommands(program: Command): void {
  program
    .command('up')
    .description('a whole network on this machine, to watch and to try commands against')
    .option('--once', 'end when the contests of the second interval are decided')
    .option('--consensus <file>', 'draw the network from this Tor consensus (plain or gzip)')
    .option('--relays <n>', 'how many relays to draw', wholeNumber(4, 200), 12)
    .action(async (_: unknown, command: Command) => up(command.optsWithGlobals<UpArguments>()));
  program
    .command('scenario <file>')
    .description('run a scenario file through the real roles and print what they settled')
    .option('--verbose', 'print the roles’ logs on standard error')
    .action(async (file: string, _: unknown, command: Command) => scenario(file, command.optsWithGlobals<ScenarioOptions>()));
}

interface UpArguments extends HomeOptions {
  readonly json?: boolean;
  readonly once?: boolean;
  readonly consensus?: string;
  readonly relays: number;
}

async function up(options: UpArguments): Promise<void> {
  const output = createOutput(options.json === true);
  const consensus = options.consensus === undefined ? null : await readFile(options.consensus).catch(() => undefined);
  if (consensus === undefined) return output.refuse(refuseInput('input-file', options.consensus ?? '').refusal);
  const folder = localFolder(baseFolder(options, process.env));
  let ended = false;
  const end = (): void => {
    // A second time: whoever waits no longer.
    if (ended) process.exit(1);
    ended = true;
  };
  process.on('SIGINT', end);
  process.on('SIGTERM', end);
  const onTerminal = process.stdout.isTTY && options.json !== true;
  const say = (text: string): void => void (options.json === true ? process.stderr : process.stdout).write(text);
  const outcome = await runUp({
    folder,
    newest: join(folder, newestFile),
    consensus,
    relays: options.relays,
    once: options.once === true,
    say,
    draw: onTerminal
      ? { columns: () => process.stdout.columns, screen: (text) => void process.stdout.write(`\x1b[H\x1b[2J${text}\n`) }
      : null,
    ended: () => ended,
  });
  process.off('SIGINT', end);
  process.off('SIGTERM', end);
  if (!outcome.ok) return output.refuse(outcome.refusal);
  const { audit, ...report } = outcome.value;
  if (options.json === true) output.print(report, () => '');
  else process.stdout.write(commandsToTry(options, report.relays[0]?.name ?? '', report.subscribers[0]?.name ?? ''));
  if (audit.some((line) => line.difference !== 0n)) process.exitCode = 1;
}

/** They read what the network left on disk. */
function commandsToTry({ home }: UpArguments, relay: string, subscriber: string): string {
  const where = home === undefined ? '' : ` --home ${home}`;
  return [`earnings --as ${relay}`, `statements --as ${relay}`, `account --as ${subscriber}`]
    .map((command) => `  npx ptg ${command}${where}\n`)
    .reduce((text, line) => text + line, 'Try:\n');
}

async function scenario(file: string, options: ScenarioOptions): Promise<void> {
  const output = createOutput(true);
  const text = await readFile(file, 'utf8').catch(() => null);
  if (text === null) return output.refuse(refuseInput('input-file', file).refusal);
  const parsed = parseScenario(text);
  if (!parsed.ok) return output.refuse(parsed.refusal);
  output.print(await runScenario(parsed.value, options), () => '');
}
