/*
 * `ptg`: arguments in; the command's output and exit code out (0 done, 1 refused or failed, 2 wrong usage). Called by bin/ptg.mjs.
 */
import { Command, CommanderError } from 'commander';
import { refuser } from '../core/refusal.ts';
import { refusalLines } from '../host/config.ts';
import { errorText } from '../host/log.ts';
import { addCareCommands } from './care.ts';
import { addContestCommands } from './contest.ts';
import { addComplainCommand } from './complain.ts';
import { addConnectCommands } from './connect.ts';
import { addDocketCommand } from './docket.ts';
import { addLabCommands } from './lab.ts';
import { addLedgerCommands } from './ledger.ts';
import { addNetworkCommands } from './network.ts';
import { addNodeCommands } from './node.ts';
import { addOperatorCommands } from './operator.ts';
import { addSigningCommands } from './signing.ts';
import { addSubscriberCommands } from './subscriber.ts';
import { addBitcoinTestbed } from './testbed-bitcoin.ts';
import { addTorTestbed } from './testbed-tor.ts';
import { testbedCommand } from './testbed.ts';
import { addVerifyCommand } from './verify.ts';

export const mainRefusals = {
  usage: { retry: false, text: 'the command is not to be understood so', remedy: 'see ptg help, or ptg help COMMAND' },
  machine: {
    retry: true,
    text: 'the machine did not do what was asked of it',
    remedy: 'mend what is named above (a file, a folder, a port), and try again',
  },
  unexpected: {
    retry: false,
    text: 'something went wrong that should not',
    remedy: 'report it, with this line and the command',
  },
} as const;
const refuse = refuser(mainRefusals);

export async function main(args: readonly string[]): Promise<void> {
  try {
    await ptgProgram().parseAsync(args, { from: 'user' });
  } catch (thrown) {
    if (thrown instanceof CommanderError) endUsage(thrown);
    else {
      process.stderr.write(`${failureLines(thrown)}\n`);
      process.exitCode = 1;
    }
  }
}

/** Every command, its words and options: also what the documents are checked against. */
export function ptgProgram(): Command {
  const program = new Command('ptg')
    .description('Paying the Guard: a working economy for the Tor network')
    .option('--home <dir>', 'the node’s folder (else PTG_HOME, else ~/.ptg)')
    .option('--as <name>', 'a node of the local network that ptg up made')
    .option('--json', 'print one JSON object');
  for (const add of [
    addLabCommands,
    addNodeCommands,
    addSubscriberCommands,
    addConnectCommands,
    addComplainCommand,
    addOperatorCommands,
    addSigningCommands,
    addContestCommands,
    addNetworkCommands,
    addDocketCommand,
    addLedgerCommands,
    addCareCommands,
    addVerifyCommand,
  ])
    add(program);
  const testbeds = testbedCommand(program);
  for (const add of [addBitcoinTestbed, addTorTestbed]) add(testbeds);
  share(program, program);
  return program;
}

/** Options that every command has may stand before or after its name; errors are told in one way. */
function share(command: Command, program: Command): void {
  command.exitOverride().configureOutput({ outputError: () => undefined });
  for (const one of command.commands) {
    for (const option of program.options) if (!one.options.some((own) => own.long === option.long)) one.addOption(option);
    share(one, program);
  }
}

/** Help that was asked for is no error; help that was shown for want of a command is. */
function endUsage({ code, exitCode, message }: CommanderError): void {
  process.exitCode = exitCode === 0 ? 0 : 2;
  if (exitCode === 0 || code === 'commander.help') return;
  const about = message.replace(/^error: /, '').replaceAll('\n', ' ');
  process.stderr.write(`${refusalLines(refuse('usage', about).refusal)}\n`);
}

/** What was thrown: words of ours with their code, the machine's own refusals, or a bug. */
function failureLines(thrown: unknown): string {
  const text = errorText(thrown);
  if (/ \[[a-z-]+\]$/.test(text)) return text;
  const isMachine = thrown instanceof Error && 'code' in thrown && 'syscall' in thrown;
  return refusalLines(refuse(isMachine ? 'machine' : 'unexpected', text).refusal);
}
