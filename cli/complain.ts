/*
 * `ptg complain`: a subscriber's public claim against its guard. Lists what there is to complain of, says first what becomes public,
 * files only with --yes, and shows how the cases stand. Calls of the client role.
 */
import type { Command } from 'commander';
import { z } from 'zod';
import { signedAccount, type Account } from '../core/wire/guard.ts';
import { hex32, seconds, units } from '../core/wire/field.ts';
import { reason } from '../core/wire/verdict.ts';
import { fields, grouped, short, table, timeText } from './output.ts';
import { clientCommand } from './subscriber.ts';

export function addComplainCommand(program: Command): void {
  const complain = program
    .command('complain')
    .description('of a guard: a deposit that it does not credit, a withdrawal that it does not pay');
  clientCommand(complain, 'claims', claimsShape, claimsText);
  for (const [kind, argument, what] of [
    ['deposit', '<payment>', 'the rail’s name for the payment'],
    ['withdrawal', '<id>', 'of the withdrawal'],
  ] as const) {
    clientCommand(
      complain
        .command(kind)
        .argument(argument, what)
        .description(`say what would become public of this ${kind}; with --yes, file it`)
        .option('--yes', 'file it: it stays public for good'),
      'complain',
      filedShape,
      filedText,
      ([subject], options) => ({ kind, subject, confirm: options['yes'] === true }),
    );
  }
  clientCommand(
    complain.command('list').description('your complaints, as the authorities show them'),
    'complaints',
    casesShape,
    casesText,
  );
}

const claim = z
  .object({
    ...{ kind: z.enum(['deposit', 'withdrawal']), subject: z.string(), nickname: z.string(), guard: hex32, rail: z.string() },
    ...{ amount: units, destination: z.string(), since: seconds, from: seconds },
  })
  .loose();
const claimsShape = z.object({ candidates: z.array(claim) });

function claimsText({ candidates }: z.infer<typeof claimsShape>): string {
  const rows = candidates.map((one) => [
    one.nickname,
    `${one.kind} ${one.subject}`,
    `${grouped(one.amount)} ${one.rail}`,
    timeText(one.since),
    timeText(one.from),
  ]);
  const none = 'Nothing to complain of: all deposits are credited, no withdrawal is open.';
  const next = rows.length === 0 ? '' : 'What would become public: ptg complain deposit PAYMENT, or ptg complain withdrawal ID\n';
  return `${table(['guard', 'what', 'amount', 'since', 'the docket takes it from'], rows, none)}${next}`;
}

const oneCase = z
  .object({
    ...{
      case: hex32,
      nickname: z.string(),
      kind: z.string(),
      subject: z.string(),
      rail: z.string(),
      amount: units,
      filedAt: seconds,
    },
    authorities: z.array(
      z
        .object({
          ...{ authority: z.string(), filing: z.enum(['sending', 'filed', 'refused']), code: z.string().nullable() },
          line: z
            .object({ state: z.string(), reason: reason.nullable(), appealBy: seconds, decidedAt: seconds.nullable() })
            .nullable(),
        })
        .loose(),
    ),
  })
  .loose();
const filedShape = z.object({
  disclosed: claim.extend({ subscriber: hex32, account: signedAccount }),
  filed: oneCase.nullable(),
});
const casesShape = z.object({ cases: z.array(oneCase) });

function filedText({ disclosed, filed }: z.infer<typeof filedShape>): string {
  if (filed !== null) return `Filed: case ${filed.case}\n${casesText({ cases: [filed] })}How it stands: ptg complain list\n`;
  const { kind, subject, amount, rail, destination, since, nickname, guard, subscriber, account: signed } = disclosed;
  return `This becomes public at every authority, for good:\n${fields([
    ['against', `${nickname} ${guard}`],
    [kind, `${subject}: ${grouped(amount)} ${rail}`],
    [kind === 'deposit' ? 'paid to' : 'to be paid to', destination],
    [kind === 'deposit' ? 'paid' : 'asked for', timeText(since)],
    ['your account’s key', subscriber],
    ['the account, as the guard signed it', accountText(signed.body)],
  ])}Nothing is filed yet. To file it, the same command with --yes\n`;
}

function accountText({ serial, at, deposits, deposited, withdrawn, spent, balance, rail }: Account): string {
  const sums = `deposited ${grouped(deposited)}, withdrawn ${grouped(withdrawn)}, spent ${grouped(spent)}, left ${grouped(balance)} ${rail}`;
  const listed = deposits.map((one) => `deposit ${one.payment}: ${grouped(one.amount)}, ${timeText(one.at)}`);
  return [`serial ${serial}, ${timeText(at)}`, sums, ...listed].join('\n');
}

function casesText({ cases }: z.infer<typeof casesShape>): string {
  const rows = cases.flatMap((one) =>
    one.authorities.map(({ authority, filing, code, line }) => [
      short(one.case),
      one.nickname,
      `${one.kind} ${one.subject.slice(0, 12)}`,
      `${grouped(one.amount)} ${one.rail}`,
      authority,
      line === null ? (code ?? filing) : [line.state, line.reason].filter((word) => word !== null).join(', '),
      line === null ? '' : line.decidedAt === null ? `by ${timeText(line.appealBy)}` : timeText(line.decidedAt),
    ]),
  );
  return table(['case', 'guard', 'about', 'amount', 'authority', 'state', 'decided'], rows, 'You have filed no complaint.');
}
