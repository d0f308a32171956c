/*
 * `ptg contest file|list|show` and `ptg appeal`: this relay's own cases of the docket, filing by hand, and answering by hand. They speak
 * to the settlement role of the folder; `show` asks the authorities. Called by main.ts.
 */
import type { Command } from 'commander';
import { z } from 'zod';
import { hex32, interval as intervalField, signedUnits, units } from '../core/wire/field.ts';
import { docketAnswer } from '../core/wire/verdict.ts';
import { shapedArgument } from './arguments.ts';
import { withAuthorities } from './authorities.ts';
import { caseText, readCase } from './docket.ts';
import type { HomeOptions } from './home.ts';
import { call } from './operator.ts';
import { bytesText, createOutput, fields, grouped, short, table, timeText } from './output.ts';

const caseArgument = shapedArgument(hex32, 'a case is named by its settlement’s id');

export function addContestCommands(program: Command): void {
  const contest = program.command('contest').description('debts to you that were not paid, and contests against you');
  call(contest.command('list').description('your cases, by interval'), {
    ...{ role: 'settlement', path: '/settlement/contests', shape: contestsShape, body: () => ({}), text: contestsText },
  });
  contest
    .command('show')
    .argument('<case>', 'its id, or the beginning of it')
    .description('a case as the docket has it')
    .action(async (id: string, _: unknown, command: Command) => {
      const options = command.optsWithGlobals<HomeOptions & { json?: boolean }>();
      const output = createOutput(options.json === true);
      output.result(await withAuthorities(options, (http, known) => readCase(http, known, id, undefined)), caseText);
    });
  call(
    contest
      .command('file')
      .argument('<id>', 'the settlement’s id', caseArgument)
      .option('--yes', 'file it; without, only what it makes public, and what is lost')
      .description('contest a debt to you'),
    {
      ...{ role: 'settlement', path: '/settlement/contest-file', shape: filingShape, acts: true, text: filingText },
      body: ([id], { yes }) => ({ id, confirm: yes === true }),
    },
  );
  call(
    program
      .command('appeal')
      .argument('<case>', 'its id', caseArgument)
      .option('--payment <name>', 'which payment it was, by the rail’s name for it; else the best that settlement knows')
      .description('answer a contest against you, at the docket'),
    {
      ...{ role: 'settlement', path: '/settlement/appeal', shape: docketAnswer, acts: true },
      body: ([id], { payment }) => ({ case: id, payment: typeof payment === 'string' ? payment : null }),
      text: ({ case: id, state }) => `case ${id}: ${words[state] ?? state}\n`,
    },
  );
}

export const ownCase = z
  .object({
    case: hex32,
    interval: intervalField,
    peer: hex32,
    nickname: z.string().nullable(),
    part: z.enum(['contestant', 'accused']),
    state: z.string(),
    rail: z.string().nullable(),
    amount: units,
    code: z.string().nullable(),
    until: z.int().nullable(),
  })
  .loose();
export const contestsShape = z.object({ contests: z.array(ownCase) });

const words: Readonly<Record<string, string>> = {
  asked: 'waits for you',
  filing: 'on its way',
  refused: 'not filed',
  noticed: 'not read yet',
  answered: 'answered in part',
  late: 'paid late',
};

function contestsText({ contests }: z.infer<typeof contestsShape>): string {
  const rows = contests.map((one) => [
    String(one.interval),
    one.part === 'contestant' ? 'you' : (one.nickname ?? short(one.peer)),
    one.part === 'accused' ? 'you' : (one.nickname ?? short(one.peer)),
    `${grouped(one.amount)} ${one.rail ?? ''}`.trimEnd(),
    `${words[one.state] ?? one.state}${one.code === null ? '' : ` (${one.code})`}`,
    one.until === null || !isPending(one.state) ? '' : timeText(one.until),
    one.case,
  ]);
  const heads = ['interval', 'by', 'against', 'amount', 'state', 'until', 'case'];
  const hint = rows.length === 0 ? '' : '\nWhat the docket has of one: ptg contest show CASE\n';
  return `${table(heads, rows, 'No contest, by you or against you.')}${hint}`;
}

/** In which its second means anything: to file, or to answer. */
function isPending(state: string): boolean {
  return state === 'asked' || state === 'filing' || state === 'open' || state === 'answered';
}

const totals = z.object({ relayBytes: units, exitBytes: units });
const filingShape = z.object({
  filed: z.boolean(),
  case: hex32,
  accused: hex32,
  nickname: z.string().nullable(),
  interval: intervalField,
  becomesPublic: z.object({
    ground: z.enum(['agreed', 'claimed']),
    rail: z.string(),
    amount: units,
    destination: z.string(),
    held: totals,
    issued: totals,
  }),
  lost: z.object({ held: totals, issued: totals, carry: signedUnits }),
});

function filingText(one: z.infer<typeof filingShape>): string {
  const { becomesPublic: shown, lost } = one;
  const who = one.nickname ?? short(one.accused);
  const text = fields([
    ['against', `${who}, interval ${one.interval}`],
    ['becomes public', `${grouped(shown.amount)} ${shown.rail}, to be paid to ${shown.destination}`],
    ['', shown.ground === 'agreed' ? 'the settlement that both of you signed' : 'no settlement: the other has not signed it'],
    ['', `its IOUs to you: ${totalsText(shown.held)}`],
    ['', `yours to it: ${totalsText(shown.issued)}`],
    ['is lost', 'these IOUs, both ways, for good: the debt is owed no more'],
    ...(lost.carry === 0n ? [] : [['', `the carry between you, ${grouped(lost.carry)} ${shown.rail}`] as const]),
  ]);
  const end = one.filed
    ? `Filed. What becomes of it: ptg contest show ${one.case}\n`
    : `Nothing is filed yet. To file it: ptg contest file ${one.case} --yes\n`;
  return `${text}\n${end}`;
}

function totalsText({ relayBytes, exitBytes }: z.infer<typeof totals>): string {
  return `${bytesText(relayBytes)} relayed, ${bytesText(exitBytes)} left Tor`;
}
