/*
 * Commands that look after a node: backup, restore, config check, doctor. None needs it to run, and none stops it.
 */
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { systemClock } from '../host/clock.ts';
import { systemEntropy } from '../host/entropy.ts';
import { backUpNode, type BackedUp } from '../node/care/backup.ts';
import { checkNode, type CheckedNode } from '../node/care/check.ts';
import { examineNode } from '../node/care/doctor.ts';
import type { Finding } from '../node/care/finding.ts';
import { restoreNode, type RestoredNode } from '../node/care/restore.ts';
import { baseFolder, nodeHome, type HomeOptions } from './home.ts';
import { createOutput, fields, table } from './output.ts';
import { readNewPassphrase, readPassphrase } from './passphrase.ts';

type Options = HomeOptions & { readonly json?: boolean; readonly passphraseFile?: string };

export function addCareCommands(program: Command): void {
  program
    .command('backup <file>')
    .description('the node’s whole folder in one file, sealed under a passphrase; the node may run')
    .option('--passphrase-file <file>', 'else it is asked for')
    .action(async (file: string, _: unknown, command: Command) => backUp(file, command.optsWithGlobals<Options>()));
  program
    .command('restore <file>')
    .description('a node from its backup, in an empty folder')
    .option('--passphrase-file <file>', 'else it is asked for')
    .action(async (file: string, _: unknown, command: Command) => restore(file, command.optsWithGlobals<Options>()));
  const config = program.command('config').description('ptg.toml and what belongs to it');
  config
    .command('check')
    .description('what is wrong with it, or what the node would run')
    .action(async (_: unknown, command: Command) => checkConfig(command.optsWithGlobals<Options>()));
  program
    .command('doctor')
    .description('clock, port, tor, databases, keys, authorities, ledger, backup: what ails the node, and what to do')
    .action(async (_: unknown, command: Command) => examine(command.optsWithGlobals<Options>()));
}

async function backUp(file: string, options: Options): Promise<void> {
  const output = createOutput(options.json === true);
  const home = nodeHome(options, process.env);
  if (!home.ok) return output.refuse(home.refusal);
  const passphrase = await readNewPassphrase(options.passphraseFile);
  if (!passphrase.ok) return output.refuse(passphrase.refusal);
  const made = await backUpNode({
    home: home.value,
    file,
    passphrase: passphrase.value,
    now: systemClock().now(),
    entropy: systemEntropy(),
  });
  output.result(made, backedUpText);
}

function backedUpText({ file, files, elsewhere, leftOut }: BackedUp): string {
  const left = leftOut.map((path) => `Left out, for its name: ${path}\n`).join('');
  return `${file} is written: ${files.length} files. Keep it, and the passphrase, apart.\n${left}${elsewhereText(elsewhere)}`;
}

function elsewhereText(roles: readonly string[]): string {
  if (roles.length === 0) return '';
  return `NOT in it: the PostgreSQL database of ${roles.join(', ')}. Back it up with PostgreSQL’s own pg_dump, before this.\n`;
}

async function restore(file: string, options: Options): Promise<void> {
  const output = createOutput(options.json === true);
  const passphrase = await readPassphrase(options.passphraseFile);
  if (!passphrase.ok) return output.refuse(passphrase.refusal);
  const home = baseFolder(options, process.env);
  const restored = await restoreNode({ home, file: resolve(file), passphrase: passphrase.value, entropy: systemEntropy() });
  output.result(restored, restoredText);
}

function restoredText({ home, at, roles, files, asksFirst, elsewhere }: RestoredNode): string {
  const asks = asksFirst
    ? 'Settlement will first ask its counterparts what they hold, and pay nobody twice. Nothing is left for you to do about it.\n'
    : '';
  const record = roles.filter((role) => role === 'ledger' || role === 'directory');
  const lost =
    record.length === 0
      ? ''
      : `The ${record.join(' and the ')} had signed more than the backup knows of: see docs/operating/care.md before you run it.\n`;
  return (
    `${home} is as it was at ${new Date(at * 1000).toISOString()}: ${roles.join(', ')}, ${files.length} files.\n` +
    `Make sure that the old node runs nowhere.\n${asks}${lost}${elsewhereText(elsewhere)}Run it with: ptg run --home ${home}\n`
  );
}

async function checkConfig(options: Options): Promise<void> {
  const output = createOutput(options.json === true);
  const home = nodeHome(options, process.env);
  if (!home.ok) return output.refuse(home.refusal);
  output.result(await checkNode(home.value, systemEntropy()), checkedText);
}

function checkedText(checked: CheckedNode): string {
  return fields([
    ['folder', checked.home],
    ['would run', checked.roles.join(', ')],
    ['network', `${checked.networkId}, by ${checked.authorities.join(', ')}`],
    ['listens at', checked.listen ?? 'nothing'],
    ['reached at', checked.url ?? 'nothing'],
    ['keys', checked.keys.join(', ')],
    ['databases', Object.values(checked.databases).join('\n')],
    ...(checked.payouts === null ? [] : [['payouts', checked.payouts] as const]),
  ]);
}

async function examine(options: Options): Promise<void> {
  const output = createOutput(options.json === true);
  const home = nodeHome(options, process.env);
  if (!home.ok) return output.refuse(home.refusal);
  const findings = await examineNode(home.value, systemClock(), systemEntropy());
  output.print({ findings }, findingsText);
  if (findings.some((one) => one.state === 'fail')) process.exitCode = 1;
}

function findingsText({ findings }: { readonly findings: readonly Finding[] }): string {
  const rows = findings.map((one) => [one.what, one.state, one.remedy === null ? one.seen : `${one.seen}. To do: ${one.remedy}`]);
  return table(['what', 'state', 'seen'], rows, 'nothing to look at');
}
