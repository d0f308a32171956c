/*
 * Commands of whoever runs a node: init, run, status.
 */
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { z } from 'zod';
import { ok, type Result } from '../core/refusal.ts';
import { nickname as nicknameShape, url as urlShape } from '../core/wire/field.ts';
import { systemClock } from '../host/clock.ts';
import { systemEntropy } from '../host/entropy.ts';
import { createLog, silentLog } from '../host/log.ts';
import type { RoleName } from '../host/ports.ts';
import { onSignals } from '../host/shutdown.ts';
import { initNode, type Initialised } from '../node/init.ts';
import { openHome } from '../node/open.ts';
import { startNode } from '../node/start.ts';
import { oneOf, shapedArgument } from './arguments.ts';
import { callRole } from './call.ts';
import { nodeHome, type HomeOptions } from './home.ts';
import { createOutput } from './output.ts';

export const roleNames = ['ledger', 'directory', 'relay', 'settlement', 'guard', 'client'] as const;
const roleArgument = oneOf(roleNames);

interface InitArguments extends HomeOptions {
  readonly json?: boolean;
  readonly network?: string;
  readonly nickname: string;
  readonly url: string;
  readonly exit?: boolean;
}

export function addNodeCommands(program: Command): void {
  program
    .command('init <role...>')
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
    .action(async (words: string[], _: unknown, command: Command) => init(words, command.optsWithGlobals<InitArguments>()));
  program
    .command('run')
    .description('run the node of this folder until it is told to stop')
    .option('--only <role>', 'one of its roles', roleArgument)
    .action(async (_: unknown, command: Command) => run(command.optsWithGlobals<HomeOptions & { only?: RoleName }>()));
  program
    .command('status')
    .description('one screen: roles, flags, what is owed and owing, and what comes next')
    .action(async (_: unknown, command: Command) => status(command.optsWithGlobals<HomeOptions & { json?: boolean }>()));
}

async function init(words: string[], options: InitArguments): Promise<void> {
  const output = createOutput(options.json === true);
  const folder = words.at(-1);
  const roles = words.slice(0, -1).map(roleArgument);
  if (folder === undefined || roles.length === 0) {
    process.stderr.write('error: name at least one role, and the folder last: ptg init relay settlement DIR\n');
    process.exitCode = 2;
    return;
  }
  const made = await initNode({
    roles,
    home: resolve(folder),
    network: options.network === undefined ? null : resolve(options.network),
    nickname: options.nickname,
    url: options.url,
    exit: options.exit === true,
    entropy: systemEntropy(),
    now: systemClock().now(),
  });
  output.result(made, initText);
}

function initText({ home, id, account, files }: Initialised): string {
  const names = [...(id === null ? [] : [`relay ${id}`]), ...(account === null ? [] : [`account ${account}`])];
  return `${home}: ${files.join(', ')} and its keys are written.\n${names.map((line) => `${line}\n`).join('')}Run it with: ptg run --home ${home}\n`;
}

async function run(options: HomeOptions & { only?: RoleName }): Promise<void> {
  const output = createOutput(false);
  const home = nodeHome(options, process.env);
  if (!home.ok) return output.refuse(home.refusal);
  const entropy = systemEntropy();
  const opened = await openHome(home.value, entropy);
  if (!opened.ok) return output.refuse(opened.refusal);
  const clock = systemClock();
  const { log: format } = opened.value.spec;
  const log = format === 'silent' ? silentLog() : createLog({ clock, format });
  const spec = options.only === undefined ? opened.value.spec : { ...opened.value.spec, roles: [options.only] };
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

const rolesWithStatus: readonly RoleName[] = ['relay', 'settlement', 'guard'];

async function status(options: HomeOptions & { json?: boolean }): Promise<void> {
  const output = createOutput(options.json === true);
  const home = nodeHome(options, process.env);
  if (!home.ok) return output.refuse(home.refusal);
  const opened = await openHome(home.value, systemEntropy());
  if (!opened.ok) return output.refuse(opened.refusal);
  const seen: Record<string, unknown> = {};
  for (const role of rolesWithStatus.filter((one) => opened.value.spec.roles.includes(one))) {
    const body = role === 'settlement' ? {} : undefined;
    const answer: Result<unknown> = await callRole({ home: home.value, role, path: `/${role}/status`, body }, 'reading');
    if (!answer.ok) return output.refuse(answer.refusal);
    seen[role] = answer.value;
  }
  output.result(ok(seen), statusText);
}

/** Nested values as indented lines: every figure keeps its name. */
export function statusText(value: unknown, indent = ''): string {
  const fields = z.record(z.string(), z.unknown()).safeParse(value);
  if (!fields.success) return `${indent}${String(value)}\n`;
  return Object.entries(fields.data)
    .map(([name, inner]) => {
      if (Array.isArray(inner)) return `${indent}${name}: ${inner.length === 0 ? 'none' : inner.map(String).join(' ')}\n`;
      if (inner !== null && typeof inner === 'object') return `${indent}${name}\n${statusText(inner, `${indent}  `)}`;
      return `${indent}${name}: ${String(inner)}\n`;
    })
    .join('');
}
