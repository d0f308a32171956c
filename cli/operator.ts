/*
 * Commands of a relay's operator: links, ious, statements, earnings, settle --dry-run, payouts, wallet, reconcile. They speak to the
 * roles of the folder; reading ones answer from its disk when the node does not run.
 */
import type { Command } from 'commander';
import { z, type ZodType } from 'zod';
import { ok, type Result } from '../core/refusal.ts';
import { shaped } from '../core/wire/codec.ts';
import { hex32 } from '../core/wire/field.ts';
import { systemClock } from '../host/clock.ts';
import { systemEntropy } from '../host/entropy.ts';
import type { NetworkView, RoleName } from '../host/ports.ts';
import { amountArgument, shapedArgument, wholeNumber } from './arguments.ts';
import { callRole, type RoleCall } from './call.ts';
import { evidenceOf, writeEvidence, type Evidence } from './evidence.ts';
import { readFiat, type Fiat } from './fiat.ts';
import { nodeHome, refuseHome, type HomeOptions } from './home.ts';
import { createOutput } from './output.ts';
import { readClientWallet } from './ledger.ts';
import { iousShape, iousText, linksShape, linksText } from './relay-text.ts';
import * as settlement from './settlement-text.ts';

type Options = HomeOptions & { readonly json?: boolean } & Readonly<Record<string, unknown>>;

interface Call<T> {
  readonly role: RoleName;
  readonly path: string;
  readonly shape: ZodType<T>;
  readonly text: (value: T, options: Options, beside: unknown) => string;
  /** What else of the folder its text needs. */
  readonly beside?: (home: string, options: Options) => Promise<Result<unknown>>;
  /** Undefined for a GET. */
  readonly body?: (args: readonly unknown[], options: Options) => unknown;
  /** Whether it changes something: a node that does not run is then started for as long as the command takes. */
  readonly acts?: boolean;
  /** Whether only a running node can tell. */
  readonly live?: boolean;
  /** Files to write, and where. */
  readonly files?: (value: unknown, options: Options) => Evidence | null;
  readonly completed?: RoleCall['completed'];
  /** Of a node that has a client and not this role. */
  readonly ofClient?: (home: string) => Promise<Result<unknown>>;
  /** Whether the command ends with 1 although it was answered. */
  readonly failed?: (value: T) => boolean;
}

const interval = wholeNumber(0, 2 ** 32);

export function addOperatorCommands(program: Command): void {
  call(program.command('links').description('each neighbour: totals, credit, whether it answers'), {
    ...{ role: 'relay', path: '/relay/links', shape: linksShape, live: true },
    text: (value) => linksText(value, systemClock().now()),
  });
  call(
    program
      .command('ious')
      .description('IOUs of an interval, held and issued')
      .option('--interval <k>', 'else the running one', interval),
    { ...{ role: 'relay', path: '/relay/ious', shape: iousShape, text: iousText }, completed: queryOfLastSeen },
  );
  const ofInterval = (command: Command): Command => command.option('--interval <k>', 'of one interval', interval);
  const statements = program.command('statements').description('what each pair stated and signed');
  call(ofInterval(statements).option('--save <dir>', 'write each signed object into a file of its own'), {
    ...{ role: 'settlement', path: '/settlement/statements-list', shape: settlement.statementsShape, body: intervalBody },
    text: settlement.statementsText,
    files: (value, { save }) => (typeof save === 'string' ? evidenceOf(value, save) : null),
  });
  const earnings = program.command('earnings').description('per neighbour, and a sum that is the wallet’s change');
  call(ofInterval(earnings).option('--csv', 'for accountants'), {
    ...{ role: 'settlement', path: '/settlement/earnings', shape: settlement.earningsShape, body: intervalBody },
    beside: async (home, { csv }) => (csv === true ? readFiat(home) : ok(null)),
    text: (value, { csv }, fiat) =>
      csv === true ? settlement.earningsCsv(value, fiat as Fiat | null) : settlement.earningsText(value),
  });
  addSettle(program);
  addPayouts(program);
  addWallet(program);
  call(program.command('reconcile').description('the wallet against the books; exit code 1 when a unit is unexplained'), {
    ...{ role: 'settlement', path: '/settlement/reconcile', shape: settlement.reconcileShape, body: () => ({}), acts: true },
    text: settlement.reconcileText,
    failed: ({ wallets, away }) => away.length > 0 || wallets.some((one) => one.difference !== 0n),
  });
}

function addSettle(program: Command): void {
  call(
    program
      .command('settle')
      .description('what the interval comes to before anything moves')
      .requiredOption('--dry-run', 'the only way: settlement itself happens at its time')
      .option('--interval <k>', 'else the running one', interval),
    {
      ...{ role: 'settlement', path: '/settlement/dry-run', shape: settlement.dryRunShape, body: intervalBody },
      text: settlement.dryRunText,
      completed: bodyOfLastSeen,
    },
  );
}

function addPayouts(program: Command): void {
  const payouts = program.command('payouts').description('what is due, and what waits for approval');
  call(payouts, {
    ...{ role: 'settlement', path: '/settlement/payouts', shape: settlement.payoutsShape, body: () => ({}) },
    text: settlement.payoutsText,
  });
  call(
    payouts
      .command('approve')
      .argument('[id...]', 'settlements; all that wait when left out', collectIds)
      .description('release payouts that wait, or by its id one that has lapsed'),
    {
      ...{ role: 'settlement', path: '/settlement/payouts-approve', acts: true },
      shape: z.object({ approved: z.array(hex32) }),
      body: ([ids]) => (Array.isArray(ids) && ids.length > 0 ? { ids } : { all: true }),
      text: ({ approved }) =>
        approved.length === 0
          ? 'Nothing was released. What waits for its id: ptg status.\n'
          : `Released:\n${approved.map((id) => `  ${id}\n`).join('')}`,
    },
  );
}

const settlementIdArgument = shapedArgument(hex32, 'a settlement’s id');
function collectIds(text: string, before: readonly string[] | undefined): string[] {
  return [...(before ?? []), settlementIdArgument(text)];
}

function addWallet(program: Command): void {
  const wallet = program.command('wallet').description('balance, address, send');
  const shown = {
    role: 'settlement',
    path: '/settlement/wallet',
    shape: settlement.walletShape,
    body: () => ({}),
    ofClient: readClientWallet,
  } as const;
  call(wallet.command('balance').description('what is there, and what is due of it'), { ...shown, text: settlement.walletText });
  call(wallet.command('address').description('where to pay to'), {
    ...shown,
    text: ({ wallets }) => wallets.map((one) => `${one.address} (${one.rail})\n`).join(''),
  });
  call(
    wallet
      .command('send')
      .argument('<amount>', 'in the smallest units', amountArgument)
      .argument('<destination>')
      .option('--rail <rail>', 'which money', 'ledger')
      .description('pay out of the wallet'),
    {
      ...{ role: 'settlement', path: '/settlement/wallet-send', acts: true },
      shape: z.object({ id: z.string(), state: z.string() }).loose(),
      body: ([amount, destination], { rail }) => ({
        id: Buffer.from(systemEntropy().bytes(16)).toString('hex'),
        ...{ rail, destination, amount },
      }),
      text: ({ id, state }) => `order ${id}: ${state}${state === 'accepted' ? ', goes out as soon as funds allow' : ''}\n`,
    },
  );
}

function intervalBody(_: readonly unknown[], options: Options): { readonly interval: unknown } {
  return { interval: options['interval'] ?? null };
}

/** Of a node that does not run, the running interval is the last that it saw. */
function queryOfLastSeen(call: RoleCall, view: NetworkView): RoleCall {
  const seen = view.consensus()?.body.terms[0]?.interval;
  return seen === undefined || call.path.includes('?') ? call : { ...call, path: `${call.path}?interval=${seen}` };
}

function bodyOfLastSeen(call: RoleCall, view: NetworkView): RoleCall {
  const seen = view.consensus()?.body.terms[0]?.interval;
  const given = z.object({ interval: z.int() }).safeParse(call.body);
  return seen === undefined || given.success ? call : { ...call, body: { interval: seen } };
}

async function ask<T>(request: RoleCall, { acts, live, ofClient }: Call<T>): Promise<Result<unknown>> {
  const { home, role } = request;
  const answer = await callRole(request, acts === true ? 'acting' : live === true ? 'running' : 'reading');
  // One role of a node that does not run asked another.
  if (!answer.ok && answer.refusal.about.startsWith(home) && answer.refusal.code === 'unreachable')
    return refuseHome('home-stopped', `${home}: ${role}`);
  return ofClient !== undefined && !answer.ok && answer.refusal.code === 'home-no-role' ? ofClient(home) : answer;
}

/** A command that asks one role of the folder. */
export function call<T>(command: Command, what: Call<T>): Command {
  return command.action(async (...given: unknown[]) => {
    const own = given.at(-1) as Command;
    const options = own.optsWithGlobals<Options>();
    const output = createOutput(options.json === true);
    const home = nodeHome(options, process.env);
    if (!home.ok) return output.refuse(home.refusal);
    const { role, completed } = what;
    const query = what.body === undefined && options['interval'] !== undefined ? `?interval=${String(options['interval'])}` : '';
    const body = what.body?.(own.processedArgs, options);
    const request: RoleCall = {
      ...{ home: home.value, role, path: `${what.path}${query}` },
      ...(body === undefined ? {} : { body }),
      ...(completed === undefined ? {} : { completed }),
    };
    const answer = await ask(request, what);
    if (!answer.ok) return output.refuse(answer.refusal);
    const read = shaped(answer.value, what.shape);
    if (!read.ok) return output.refuse(read.refusal);
    const beside = (await what.beside?.(home.value, options)) ?? ok(null);
    if (!beside.ok) return output.refuse(beside.refusal);
    const evidence = what.files?.(answer.value, options) ?? null;
    const written = evidence === null ? '' : await writeEvidence(evidence);
    // What the role said is printed whole; the shape is for the reader's text.
    output.print(answer.value, () => `${what.text(read.value, options, beside.value)}${written}`);
    if (what.failed?.(read.value) === true) process.exitCode = 1;
  });
}
