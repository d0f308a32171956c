/*
 * Commands of a subscriber: account, guards, subscribe, deposit, balance, bills, withdraw. They speak to the client role of the
 * folder, or run it for as long as the command takes.
 */
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { z, type ZodType } from 'zod';
import type { Refusal, Result } from '../core/refusal.ts';
import { shaped } from '../core/wire/codec.ts';
import { hex32, units } from '../core/wire/field.ts';
import { account as accountShape, bill as billShape, creditedDeposit, type CreditedDeposit } from '../core/wire/guard.ts';
import { systemClock } from '../host/clock.ts';
import { systemEntropy } from '../host/entropy.ts';
import { writeFileAtomically } from '../host/files.ts';
import { initNode } from '../node/init.ts';
import { amountArgument, wholeNumber } from './arguments.ts';
import { callRole } from './call.ts';
import { baseFolder, nodeHome, type HomeOptions } from './home.ts';
import { bytesText, createOutput, grouped, short, table, type Output } from './output.ts';
import { refuseInput } from './lab.ts';
import { readPassphrase } from './passphrase.ts';
import { scanText } from './scan.ts';
import { restoreHome } from './restore.ts';

type Options = HomeOptions & { readonly json?: boolean };

export function addSubscriberCommands(program: Command): void {
  addAccountCommands(program);
  clientCommand(
    program.command('guards').description('guards to choose from, best standing first'),
    'guards',
    guardsShape,
    guardsText,
  );
  clientCommand(
    program.command('subscribe <guard>').description('open an account at a guard').option('--rail <rail>', 'which money'),
    'subscribe',
    shownShape,
    (one) => `${accountText([one])}${scanText(one.account.rail, one.account.destination, null)}`,
    ([guard], options) => ({ guard, ...(options['rail'] === undefined ? {} : { rail: options['rail'] }) }),
  );
  clientCommand(
    program
      .command('deposit')
      .argument('[amount]', 'in the smallest units; without one, shows what was paid from here', amountArgument)
      .option('--guard <guard>', 'where there are several'),
    'deposit',
    depositShape,
    depositText,
    ([amount], options) => ({ amount, ...guardOf(options) }),
    ([amount]) => (amount === undefined ? 'deposits' : 'deposit'),
  ).description('pay into the account, from this client’s wallet; without one, shows where to pay');
  clientCommand(
    program.command('balance').description('what is left, asked of the guard').option('--guard <guard>', 'of one guard'),
    'balance',
    z.object({ accounts: z.array(shownShape) }),
    ({ accounts }) => accountText(accounts),
    (_, options) => guardOf(options),
  );
  clientCommand(
    program
      .command('bills')
      .description('bills of the running interval and the one before, signed by the guard')
      .option('--interval <k>', 'of one interval', wholeNumber(0, 2 ** 32)),
    'bills',
    billsShape,
    billsText,
    (_, options) => (options['interval'] === undefined ? {} : { interval: options['interval'] }),
  );
  clientCommand(
    program
      .command('withdraw')
      .argument('[amount]', 'in the smallest units; without one, shows all withdrawals', amountArgument)
      .description('have the rest of a balance paid back')
      .option('--to <destination>', 'else this client’s own wallet')
      .option('--guard <guard>', 'where there are several'),
    'withdraw',
    withdrawShape,
    withdrawText,
    ([amount], options) => ({
      amount,
      ...guardOf(options),
      ...(options['to'] === undefined ? {} : { destination: options['to'] }),
    }),
    ([amount]) => (amount === undefined ? 'withdrawals' : 'withdraw'),
  );
}

/** A command that is one call of the client role. */
export function clientCommand<T>(
  command: Command,
  path: string,
  shape: ZodType<T>,
  text: (value: T) => string,
  body: (args: readonly unknown[], options: Readonly<Record<string, unknown>>) => unknown = () => ({}),
  pathOf: (args: readonly unknown[]) => string = () => path,
): Command {
  return command.action(async (...given: unknown[]) => {
    const own = given.at(-1) as Command;
    const options = own.optsWithGlobals<Options & Record<string, unknown>>();
    const output = createOutput(options.json === true);
    const named = pathOf(own.processedArgs);
    await show(output, options, named, named === path ? body(own.processedArgs, options) : {}, shape, text);
  });
}

async function show<T>(
  output: Output,
  options: Options,
  path: string,
  body: unknown,
  shape: ZodType<T>,
  text: (value: T) => string,
): Promise<void> {
  const answer = await callClient(options, path, body);
  if (!answer.ok) return output.refuse(answer.refusal);
  const read = shaped(answer.value, shape);
  // What the role said is printed whole; the shape is for the reader's text.
  if (read.ok) output.print(options.json === true ? (answer.value as T) : read.value, text);
  else output.refuse(read.refusal as Refusal);
}

async function callClient(options: Options, path: string, body: unknown): Promise<Result<unknown>> {
  const home = nodeHome(options, process.env);
  const stopped = path === 'account' ? 'reading' : 'acting';
  return home.ok ? callRole({ home: home.value, role: 'client', path: `/client/${path}`, body }, stopped) : home;
}

function addAccountCommands(program: Command): void {
  const account = program.command('account').description('the account’s key: show, new, backup, restore');
  account.action(async (_: unknown, command: Command) => {
    const options = command.optsWithGlobals<Options>();
    const shape = z.object({
      subscriber: hex32,
      guards: z.array(z.object({ guard: hex32, rail: z.string() }).loose()),
      refused: z.array(z.object({ guard: hex32, code: z.string() }).loose()),
    });
    await show(createOutput(options.json === true), options, 'account', {}, shape, ({ subscriber, guards, refused }) => {
      const lines = guards.map((one) => `  at guard ${short(one.guard)} on ${one.rail}\n`);
      const wrong = refused.map((one) => `  not believed: what guard ${short(one.guard)} signed (${one.code}); it is kept\n`);
      return `account ${subscriber}\n${lines.length === 0 ? '  at no guard yet: ptg guards, then ptg subscribe\n' : lines.join('')}${wrong.join('')}`;
    });
  });
  account
    .command('new')
    .description('a new account in this folder')
    .requiredOption('--network <file>', 'network.json of the network')
    .action(async (_: unknown, command: Command) => {
      const options = command.optsWithGlobals<Options & { network: string }>();
      const made = await initNode({
        roles: ['client'],
        home: baseFolder(options, process.env),
        network: resolve(options.network),
        nickname: 'subscriber',
        url: 'http://127.0.0.1:1',
        exit: false,
        entropy: systemEntropy(),
        now: systemClock().now(),
      });
      createOutput(options.json === true).result(
        made,
        ({ account: key }) => `account ${key}\nBack it up now: ptg account backup FILE\n`,
      );
    });
  account
    .command('backup <file>')
    .description('write the key and what guards signed into an encrypted file')
    .option('--passphrase-file <file>', 'else it is asked for')
    .action(async (file: string, _: unknown, command: Command) => {
      const options = command.optsWithGlobals<Options & { passphraseFile?: string }>();
      const output = createOutput(options.json === true);
      const passphrase = await readPassphrase(options.passphraseFile);
      if (!passphrase.ok) return output.refuse(passphrase.refusal);
      const answer = await callClient(options, 'backup', { passphrase: passphrase.value });
      if (!answer.ok) return output.refuse(answer.refusal);
      const read = shaped(answer.value, z.object({ file: z.string() }).loose());
      if (!read.ok) return output.refuse(read.refusal);
      await writeFileAtomically(resolve(file), read.value.file, 0o600);
      output.print({ written: resolve(file) }, ({ written }) => `${written} is written. Keep it, and the passphrase, apart.\n`);
    });
  account
    .command('restore <file>')
    .description('a folder with the account of a backup')
    .requiredOption('--network <file>', 'network.json of the network')
    .option('--passphrase-file <file>', 'else it is asked for')
    .action(async (file: string, _: unknown, command: Command) => {
      const options = command.optsWithGlobals<Options & { network: string; passphraseFile?: string }>();
      const output = createOutput(options.json === true);
      const backup = await readFile(file, 'utf8').catch(() => null);
      if (backup === null) return output.refuse(refuseInput('input-file', file).refusal);
      const passphrase = await readPassphrase(options.passphraseFile);
      if (!passphrase.ok) return output.refuse(passphrase.refusal);
      const home = baseFolder(options, process.env);
      const restored = await restoreHome({ home, network: resolve(options.network), backup, passphrase: passphrase.value });
      output.result(restored, (one) => `account ${one.subscriber} is restored in ${home}.\n`);
    });
}

function guardOf(options: Readonly<Record<string, unknown>>): { guard?: unknown } {
  return options['guard'] === undefined ? {} : { guard: options['guard'] };
}

export const refusedTally = z.object({ interval: z.int(), amount: units, code: z.string() }).loose().nullable();
const shownShape = z
  .object({
    ...{ nickname: z.string(), account: accountShape, fresh: z.boolean(), reason: z.string().nullable() },
    undone: z.array(creditedDeposit),
    refused: refusedTally,
  })
  .loose();
const deposit = z.object({ destination: z.string(), rail: z.string(), amount: units, state: z.string() }).loose();
const paidDeposit = deposit.extend({ payment: z.string().nullable() });
const depositShape = z.union([z.object({ deposits: z.array(paidDeposit) }), deposit.transform((made) => ({ made }))]);
const withdrawal = z.object({ id: z.string(), state: z.string(), amount: units, destination: z.string() }).loose();
const withdrawShape = z.union([
  z.object({ withdrawals: z.array(withdrawal) }),
  withdrawal.transform((one) => ({ withdrawals: [one] })),
]);
const guardsShape = z.object({
  guards: z.array(
    z
      .object({
        nickname: z.string(),
        standing: z.int(),
        bandwidth: z.int(),
        flags: z.array(z.string()),
        family: z.array(z.string()),
        prices: z.array(z.object({ rail: z.string(), pricePerGib: units })),
      })
      .loose(),
  ),
});

function guardsText({ guards }: z.infer<typeof guardsShape>): string {
  const rows = guards.map((one) => [
    String(one.standing),
    one.nickname,
    one.prices.map(({ rail, pricePerGib }) => `${grouped(pricePerGib)} ${rail}`).join(', ') || 'not known',
    `${bytesText(BigInt(one.bandwidth))}/s`,
    one.flags.join(' '),
    one.family.join(' ') || 'none',
  ]);
  const heads = ['place', 'guard', 'price of a GiB', 'bandwidth', 'flags', 'family'];
  return table(heads, rows, 'The consensus lists no relay that takes subscribers.');
}

function depositText(value: z.infer<typeof depositShape>): string {
  return 'made' in value ? madeText(value.made) : depositsText(value.deposits);
}

function depositsText(deposits: readonly z.infer<typeof paidDeposit>[]): string {
  const rows = deposits.map((one) => [`${grouped(one.amount)} ${one.rail}`, one.state, one.destination, one.payment ?? '']);
  return table(['amount', 'state', 'to', 'payment'], rows, 'Nothing was paid from this client’s wallet.');
}

function madeText({ amount, rail, destination, state }: z.infer<typeof deposit>): string {
  const what = `${grouped(amount)} ${rail}`;
  if (state === 'unpaid')
    return `This client has no wallet for it. Pay ${what} to\n  ${destination}\n${scanText(rail, destination, amount)}`;
  const next =
    state === 'paid' ? 'It counts once the guard has its confirmations: ptg balance' : 'It is repeated until the rail answers.';
  return `${what} ${state === 'paid' ? 'paid' : 'on its way'} to\n  ${destination}\n${next}\n`;
}

type Withdrawals = z.infer<typeof withdrawShape>;

function withdrawText(value: Withdrawals): string {
  const rows = value.withdrawals.map((one) => [grouped(one.amount), one.state, one.destination]);
  return table(['amount', 'state', 'to'], rows, 'Nothing was withdrawn.');
}

function accountText(accounts: readonly z.infer<typeof shownShape>[]): string {
  const rows = accounts.map(({ nickname, account: one, fresh, reason }) => [
    nickname,
    ...[one.deposited, one.unconfirmed, one.spent, one.withdrawn, one.balance].map(grouped),
    one.state,
    fresh ? 'now' : `last known (${reason ?? 'no answer'})`,
  ]);
  const where = accounts.map(
    ({ nickname, account: one }) => `To deposit at ${nickname}, pay to\n  ${one.destination} (${one.rail})\n`,
  );
  const heads = ['guard', 'deposited', 'unconfirmed', 'spent', 'withdrawn', 'balance', 'state', 'asked'];
  const refused = accounts.flatMap(({ nickname, refused: one }) =>
    one === null
      ? []
      : [`Not signed: a charge of ${grouped(one.amount)} by ${nickname} for interval ${one.interval} (${one.code})\n`],
  );
  const undone = accounts.flatMap(({ nickname, undone: gone }) => gone.map((one) => undoneText(nickname, one)));
  return `${table(heads, rows, 'No account yet.')}${where.join('')}${undone.join('')}${refused.join('')}`;
}

function undoneText(nickname: string, { payment, amount }: CreditedDeposit): string {
  return `No longer credited: ${grouped(amount)} at ${nickname}, payment ${payment}
  Where its money has undone it, pay again; if it still stands there: ptg complain deposit ${payment}\n`;
}

const billsShape = z.object({
  bills: z.array(z.object({ bill: z.object({ body: billShape, signature: z.string() }), signed: units })),
});
function billsText({ bills }: z.infer<typeof billsShape>): string {
  const rows = bills.map(({ bill: { body }, signed }) => [
    String(body.interval),
    bytesText(body.circuitBytes),
    bytesText(body.otherBytes),
    ...[body.pricePerGib, body.charge, signed, body.balance].map(grouped),
  ]);
  const heads = ['interval', 'circuits', 'other', 'price of a GiB', 'charge', 'signed by both', 'balance'];
  return table(heads, rows, 'No bill yet.');
}
