/*
 * `ptg testbed …`: networks on this machine beside real programs of others. Options in; progress on the way, then tables or one JSON
 * object, and exit code 1 where something does not add up. Without --once it stays up until it is ended.
 */
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { refuser, type Result } from '../core/refusal.ts';
import { systemClock } from '../host/clock.ts';
import { systemEntropy } from '../host/entropy.ts';
import { writeFileAtomically } from '../host/files.ts';
import { addsUp, secondsText, type TestbedOptions, type TestbedOutcome } from '../lab/testbed/stages.ts';
import { baseFolder, localFolder, newestFile, type HomeOptions } from './home.ts';
import { createOutput, grouped, table } from './output.ts';

/** One of them. */
export interface Testbed<T extends TestbedOutcome> {
  readonly name: string;
  readonly description: string;
  /**
   * Runs its stages, calls `hold` while everything still runs, and takes it down when that is done. Refused where it cannot begin here.
   */
  run(options: TestbedOptions, hold: (outcome: T) => Promise<void>): Promise<Result<T>>;
  /** Its own tables; stages and checks are printed for it. */
  text(outcome: T): string;
  /** Commands to try while it is up, as `earnings --as NAME`. */
  commands(outcome: T): readonly string[];
}

export const testbedFolderRefusals = {
  'testbed-folder': { retry: false, text: 'the folder to keep it in is not empty', remedy: 'name another with --keep' },
} as const;
const refuse = refuser(testbedFolderRefusals);

interface TestbedArguments extends HomeOptions {
  readonly json?: boolean;
  readonly once?: boolean;
  readonly keep?: string;
}

/** `ptg testbed`, to which `addTestbed` adds. */
export function testbedCommand(program: Command): Command {
  return program.command('testbed').description('whole networks on this machine, beside real programs of others');
}

/** Adds `ptg testbed NAME` below `ptg testbed`. */
export function addTestbed<T extends TestbedOutcome>(testbeds: Command, testbed: Testbed<T>): void {
  testbeds
    .command(testbed.name)
    .description(testbed.description)
    .option('--once', 'end when everything is shown')
    .option('--keep <dir>', 'keep its folder here: nodes, logs, databases')
    .action(async (_: unknown, command: Command) => run(testbed, command.optsWithGlobals<TestbedArguments>()));
}

async function run<T extends TestbedOutcome>(testbed: Testbed<T>, options: TestbedArguments): Promise<void> {
  const json = options.json === true;
  const output = createOutput(json);
  const folder = await openFolder(testbed.name, options);
  if (folder === null) return output.refuse(refuse('testbed-folder', resolve(options.keep ?? '')).refusal);
  const say = (text: string): void => void (json ? process.stderr : process.stdout).write(text);
  const ending = endedByPerson();
  const hold = async (outcome: T): Promise<void> => {
    output.print(outcome, () => `\n${testbed.text(outcome)}\n${outcomeText(outcome)}`);
    if (!addsUp(outcome)) process.exitCode = 1;
    if (options.once === true) return;
    await folder.name();
    say(
      `\nIt stays up until Ctrl-C. Try:\n${testbed
        .commands(outcome)
        .map((one) => `  npx ptg ${one}${folder.where}\n`)
        .join('')}`,
    );
    await ending.ended;
  };
  try {
    const outcome = await testbed.run({ home: folder.home, say, ended: ending.has, once: options.once === true }, hold);
    if (!outcome.ok) output.refuse(outcome.refusal);
  } finally {
    ending.forget();
    await folder.close();
  }
}

/** What was checked; the stages were told as they went. */
function outcomeText(outcome: TestbedOutcome): string {
  const checks = outcome.checks.map((one) => [
    one.what,
    figure(one.expected),
    figure(one.found),
    one.adds ? 'adds up' : 'DOES NOT',
  ]);
  const whole = secondsText(outcome.stages.reduce((sum, one) => sum + one.seconds, 0));
  const verdict = addsUp(outcome) ? 'Everything adds up' : 'NOT everything adds up: see the lines that say so';
  return `${table(['checked', 'expected', 'found', ''], checks, 'nothing was checked')}\n${verdict} (${whole}).\n`;
}

function figure(text: string): string {
  return /^-?[0-9]+$/.test(text) ? grouped(BigInt(text)) : text;
}

interface Folder {
  readonly home: string;
  /** What a command adds to find it. */
  readonly where: string;
  /** From now on commands with --as find it. */
  name(): Promise<void>;
  /** Removes what nobody wants to keep. */
  close(): Promise<void>;
}

/** Null where the one that was named holds something. */
async function openFolder(name: string, options: TestbedArguments): Promise<Folder | null> {
  const none = async (): Promise<void> => {};
  if (options.keep !== undefined) {
    const home = resolve(options.keep);
    await mkdir(home, { recursive: true, mode: 0o700 });
    if ((await readdir(home)).length > 0) return null;
    return { home, where: ` --home ${home}`, name: none, close: none };
  }
  if (options.once === true) {
    const home = await mkdtemp(join(tmpdir(), `ptg-testbed-${name}-`));
    return { home, where: '', name: none, close: () => rm(home, { recursive: true, force: true, maxRetries: 5 }) };
  }
  const folder = localFolder(baseFolder(options, process.env));
  const own = `testbed-${name}-${Buffer.from(systemEntropy().bytes(4)).toString('hex')}`;
  const home = join(folder, own);
  await mkdir(home, { recursive: true, mode: 0o700 });
  const where = options.home === undefined ? '' : ` --home ${options.home}`;
  return { home, where, name: () => writeFileAtomically(join(folder, newestFile), `${own}\n`), close: none };
}

/** By Ctrl-C or the system; a second time it waits no longer. */
function endedByPerson(): { has(): boolean; readonly ended: Promise<void>; forget(): void } {
  let has = false;
  let tell = (): void => {};
  const ended = new Promise<void>((resolve) => (tell = resolve));
  const end = (): void => {
    if (has) process.exit(1);
    has = true;
    tell();
  };
  process.on('SIGINT', end);
  process.on('SIGTERM', end);
  // A promise keeps no process alive; a clock that somebody listens to does.
  const undo = systemClock().onWake(() => {});
  return {
    has: () => has,
    ended,
    forget() {
      undo();
      process.off('SIGINT', end);
      process.off('SIGTERM', end);
    },
  };
}
