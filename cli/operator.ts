/*
 * Commands of a relay's operator: links, ious, statements, earnings, settle --dry-run, payouts, wallet, reconcile. They speak to the
 * roles of the folder; reading ones answer from its disk when the node does not run.
 */
import type { Command } from 'commander';
import { z, type ZodType } from 'zod';
import { shaped } from '../core/wire/codec.ts';
import { hex32, interval as intervalField, signedUnits, units } from '../core/wire/field.ts';
import { systemEntropy } from '../host/entropy.ts';
import type { RoleName } from '../host/ports.ts';
import { amountArgument, shapedArgument, wholeNumber } from './arguments.ts';
import { callRole } from './call.ts';
import { nodeHome, type HomeOptions } from './home.ts';
import { createOutput, csv, short, table } from './output.ts';
import { statusText } from './node.ts';

type Options = HomeOptions & { readonly json?: boolean } & Readonly<Record<string, unknown>>;

interface Call<T> {
  readonly role: RoleName;
  readonly path: string;
  readonly shape: ZodType<T>;
  readonly text: (value: T, options: Options) => string;
  /** Undefined for a GET. */
  readonly body?: (args: readonly unknown[], options: Options) => unknown;
  /** Whether it changes something: then the node must run. */
  readonly acts?: boolean;
}

const interval = wholeNumber(0, 2 ** 32);

export function addOperatorCommands(program: Command): void {
  call(program.command('links').description('each neighbour: totals, credit, whether it answers'), {
    ...{ role: 'relay', path: '/relay/links', shape: linksShape },
    text: linksText,
  });
  call(
    program
      .command('ious')
      .description('IOUs of an interval, held and issued')
      .option('--interval <k>', 'else the running one', interval),
    {
      ...{ role: 'relay', path: '/relay/ious', shape: iousShape },
      text: iousText,
    },
  );
  const ofInterval = (command: Command): Command => command.option('--interval <k>', 'of one interval', interval);
  const intervalBody = (_: readonly unknown[], options: Options) => ({ interval: options['interval'] ?? null });
  call(ofInterval(program.command('statements').description('what each pair stated and signed')), {
    ...{ role: 'settlement', path: '/settlement/statements-list', shape: z.unknown(), body: intervalBody },
    text: (value) => statusText(value),
  });
  call(
    ofInterval(program.command('earnings').description('per neighbour, and a sum that is the wallet’s change')).option(
      '--csv',
      'for accountants',
    ),
    {
      ...{ role: 'settlement', path: '/settlement/earnings', shape: earningsShape, body: intervalBody },
      text: earningsText,
    },
  );
  addSettle(program);
  addPayouts(program);
  addWallet(program);
  call(program.command('reconcile').description('the wallet against the books; exit code 1 when a unit is unexplained'), {
    ...{ role: 'settlement', path: '/settlement/reconcile', shape: reconcileShape, body: () => ({}), acts: true },
    text: (value) => {
      if (value.wallets.some((one) => one.difference !== 0n)) process.exitCode = 1;
      return statusText(value.wallets.length === 1 ? value.wallets[0] : value);
    },
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
      ...{ role: 'settlement', path: '/settlement/dry-run', shape: dryRunShape },
      body: (_, options) => ({ interval: options['interval'] ?? null }),
      text: dryRunText,
      acts: true,
    },
  );
}

function addPayouts(program: Command): void {
  const payouts = program.command('payouts').description('what is due, and what waits for approval');
  call(payouts, {
    ...{ role: 'settlement', path: '/settlement/payouts', shape: payoutsShape, body: () => ({}) },
    text: ({ payouts: lines }) =>
      table(
        ['id', 'interval', 'to', 'amount', 'rail', 'state'],
        lines.map((one) => [
          short(one.id),
          String(one.interval),
          one.nickname ?? short(one.peer),
          String(one.amount),
          one.rail ?? '',
          one.state,
        ]),
      ),
  });
  call(
    payouts
      .command('approve')
      .argument('[id...]', 'settlements; all that wait when left out', collectIds)
      .description('release payouts that wait'),
    {
      ...{ role: 'settlement', path: '/settlement/payouts-approve', shape: z.unknown(), acts: true },
      body: ([ids]) => (Array.isArray(ids) && ids.length > 0 ? { ids } : { all: true }),
      text: (value) => statusText(value),
    },
  );
}

const settlementIdArgument = shapedArgument(hex32, 'a settlement’s id');
function collectIds(text: string, before: readonly string[] | undefined): string[] {
  return [...(before ?? []), settlementIdArgument(text)];
}

function addWallet(program: Command): void {
  const wallet = program.command('wallet').description('balance, address, send');
  const shown = { role: 'settlement', path: '/settlement/wallet', shape: walletShape, body: () => ({}), acts: true } as const;
  const balances = (value: z.infer<typeof walletShape>): string =>
    table(
      ['rail', 'balance', 'due'],
      value.wallets.map((one) => [one.rail, String(one.balance), String(one.due)]),
    );
  call(wallet.command('balance').description('what is there, and what is due of it'), { ...shown, text: balances });
  call(wallet.command('address').description('where to pay to'), {
    ...shown,
    text: ({ wallets }) => wallets.map((one) => `${one.rail} ${one.address}\n`).join(''),
  });
  call(
    wallet
      .command('send')
      .argument('<amount>', 'in the smallest units', amountArgument)
      .argument('<destination>')
      .description('pay out of the wallet'),
    {
      ...{ role: 'settlement', path: '/settlement/wallet-send', shape: z.unknown(), acts: true },
      body: ([amount, destination]) => ({
        id: Buffer.from(systemEntropy().bytes(16)).toString('hex'),
        rail: 'ledger',
        destination,
        amount,
      }),
      text: (value) => statusText(value),
    },
  );
}

function call<T>(command: Command, what: Call<T>): Command {
  return command.action(async (...given: unknown[]) => {
    const own = given.at(-1) as Command;
    const options = own.optsWithGlobals<Options>();
    const output = createOutput(options.json === true);
    const home = nodeHome(options, process.env);
    if (!home.ok) return output.refuse(home.refusal);
    const query = what.body === undefined && options['interval'] !== undefined ? `?interval=${String(options['interval'])}` : '';
    const body = what.body?.(own.processedArgs, options);
    const request = { home: home.value, role: what.role, path: `${what.path}${query}`, ...(body === undefined ? {} : { body }) };
    const answer = await callRole(request, what.acts === true ? 'acting' : 'reading');
    if (!answer.ok) return output.refuse(answer.refusal);
    const read = shaped(answer.value, what.shape);
    if (!read.ok) return output.refuse(read.refusal);
    const text = what.text(read.value, options);
    output.print(answer.value, () => text);
  });
}

const totals = z.object({ relayBytes: units, exitBytes: units }).loose().nullable();
const linksShape = z.object({
  interval: intervalField.nullable(),
  links: z.array(
    z
      .object({
        peer: hex32,
        nickname: z.string().nullable(),
        held: totals,
        issued: totals,
        borrowed: z.object({ usedBytes: units, leftBytes: units.nullable(), warning: z.boolean() }),
        unreachableSince: z.int().nullable(),
      })
      .loose(),
  ),
});
function linksText({ links }: z.infer<typeof linksShape>): string {
  const bytes = (one: z.infer<typeof totals>): string => (one === null ? '0' : `${one.relayBytes}+${one.exitBytes}`);
  const rows = links.map((one) => [
    one.nickname ?? short(one.peer),
    bytes(one.held),
    bytes(one.issued),
    one.borrowed.leftBytes === null ? 'unknown' : String(one.borrowed.leftBytes),
    one.borrowed.warning ? 'near its limit' : '',
    one.unreachableSince === null ? '' : `unreachable since ${one.unreachableSince}`,
  ]);
  return table(['neighbour', 'held (bytes+exit)', 'issued (bytes+exit)', 'credit left', '', ''], rows);
}

const iousShape = z.object({
  interval: intervalField.nullable(),
  ious: z.array(
    z
      .object({
        direction: z.string(),
        issuer: hex32,
        holder: hex32,
        serial: units,
        relayBytes: units,
        exitBytes: units,
        values: z.record(z.string(), units),
      })
      .loose(),
  ),
});
function iousText({ ious }: z.infer<typeof iousShape>): string {
  const rows = ious.map((one) => [
    one.direction,
    short(one.direction === 'held' ? one.issuer : one.holder),
    String(one.serial),
    String(one.relayBytes),
    String(one.exitBytes),
    Object.entries(one.values)
      .map(([rail, value]) => `${value} ${rail}`)
      .join(', '),
  ]);
  return table(['direction', 'neighbour', 'serial', 'relay bytes', 'exit bytes', 'value'], rows);
}

const earningsLine = z
  .object({
    interval: intervalField,
    peer: hex32,
    nickname: z.string().nullable(),
    rail: z.string().nullable(),
    state: z.string(),
    held: units,
    issued: units,
    carryIn: signedUnits,
    gross: signedUnits,
    fee: units,
    net: signedUnits,
    carryOut: signedUnits,
    received: units,
    paid: units,
  })
  .loose();
const earningsShape = z.object({
  lines: z.array(earningsLine),
  sums: z.record(z.string(), z.object({ received: units, paid: units, fee: units, change: signedUnits })),
});
const earningsHead = [
  'interval',
  'neighbour',
  'held',
  'issued',
  'carried in',
  'gross',
  'fee',
  'net',
  'carried on',
  'received',
  'paid',
  'state',
];
function earningsText({ lines, sums }: z.infer<typeof earningsShape>, options: Options): string {
  const rows = lines.map((one) => [
    String(one.interval),
    one.nickname ?? short(one.peer),
    ...[one.held, one.issued, one.carryIn, one.gross, one.fee, one.net, one.carryOut, one.received, one.paid].map(String),
    one.state,
  ]);
  if (options['csv'] === true) return csv([earningsHead, ...rows]);
  const totalsText = Object.entries(sums).map(
    ([rail, one]) =>
      `${rail}: received ${one.received}, paid ${one.paid}, fees ${one.fee}; the wallet’s change is ${one.change}\n`,
  );
  return `${table(earningsHead, rows)}\n${totalsText.join('')}`;
}

const dryRunShape = z
  .object({
    lines: z.array(
      earningsLine
        .pick({ peer: true, nickname: true, rail: true, carryIn: true, gross: true, fee: true, net: true, carryOut: true })
        .loose(),
    ),
    sums: z.record(z.string(), z.object({ receive: units, pay: units, fee: units, short: units })),
  })
  .loose();
function dryRunText({ lines, sums }: z.infer<typeof dryRunShape>): string {
  const rows = lines.map((one) => [
    one.nickname ?? short(one.peer),
    one.rail ?? 'no rail in common',
    ...[one.gross, one.fee, one.carryIn, one.net, one.carryOut].map(String),
  ]);
  const totalsText = Object.entries(sums).map(
    ([rail, one]) =>
      `${rail}: to receive ${one.receive}, to pay ${one.pay}, fees ${one.fee}${one.short > 0n ? `; ${one.short} short until income arrives` : ''}\n`,
  );
  return `${table(['neighbour', 'rail', 'gross', 'fee', 'carry', 'net', 'carried on'], rows)}\n${totalsText.join('')}`;
}

const payoutsShape = z.object({
  payouts: z.array(
    z
      .object({
        id: hex32,
        interval: intervalField,
        peer: hex32,
        nickname: z.string().nullable(),
        state: z.string(),
        rail: z.string().nullable(),
        amount: units,
      })
      .loose(),
  ),
});
const walletShape = z.object({
  wallets: z.array(z.object({ rail: z.string(), balance: signedUnits, due: units, address: z.string() })),
});
const reconcileShape = z.object({ wallets: z.array(z.object({ rail: z.string(), difference: signedUnits }).loose()) });
