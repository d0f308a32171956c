/*
 * `ptg`: arguments in; the command's output and exit code out (0 done, 1 refused or failed, 2 wrong usage). Called by bin/ptg.mjs.
 */
import { Command, CommanderError } from 'commander';
import { errorText } from '../host/log.ts';
import { addLabCommands } from './lab.ts';
import { addNetworkCommands } from './network.ts';
import { addNodeCommands } from './node.ts';
import { addOperatorCommands } from './operator.ts';
import { addSubscriberCommands } from './subscriber.ts';

export async function main(args: readonly string[]): Promise<void> {
  const program = new Command('ptg')
    .description('Paying the Guard: a working economy for the Tor network')
    .option('--home <dir>', 'the node’s folder (else PTG_HOME, else ~/.ptg)')
    .option('--as <name>', 'a node of the local network that ptg up made')
    .option('--json', 'print one JSON object')
    .exitOverride();
  // Options that every command has may stand before or after its name.
  const shared = (command: Command): void => {
    for (const one of command.commands) {
      one.exitOverride();
      for (const option of program.options) if (!one.options.some((own) => own.long === option.long)) one.addOption(option);
      shared(one);
    }
  };
  for (const add of [addLabCommands, addNodeCommands, addSubscriberCommands, addOperatorCommands, addNetworkCommands])
    add(program);
  shared(program);
  try {
    await program.parseAsync(args, { from: 'user' });
  } catch (thrown) {
    if (thrown instanceof CommanderError) process.exitCode = thrown.exitCode === 0 ? 0 : 2;
    else {
      process.stderr.write(`${errorText(thrown)}\n`);
      process.exitCode = 1;
    }
  }
}
