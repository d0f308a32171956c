/*
 * `ptg docket`: the public docket as an authority shows it: its cases, one case as a timeline, a verdict saved for `ptg verify`. Asks
 * the authorities of network.json; no node has to run.
 */
import { writeFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { ok, refuser, type Result } from '../core/refusal.ts';
import { encode } from '../core/wire/codec.ts';
import type { Network } from '../core/wire/network.ts';
import {
  DOCKET_CASE_BYTES_MAX,
  docketCase,
  docketPage,
  docketRefusals,
  type DocketCase,
  type DocketLine,
  type DocketPage,
} from '../core/wire/verdict.ts';
import type { HttpClient } from '../host/ports.ts';
import type { HomeOptions } from './home.ts';
import { firstOf, readConsensus, readRelay, withAuthorities } from './authorities.ts';
import { createOutput, fields, grouped, short, table, timeText } from './output.ts';

interface Options extends HomeOptions {
  readonly json?: boolean;
  readonly relay?: string;
  readonly before?: string;
  readonly save?: string;
}

/** Nicknames by id, as far as the consensus knows them. */
type Names = ReadonlyMap<string, string>;

const refuse = refuser(docketRefusals);
const PAGE_BYTES_MAX = 1024 * 1024;

export function addDocketCommand(program: Command): void {
  program
    .command('docket [case]')
    .description('settlements that went wrong: the public cases, or one of them with its evidence')
    .option('--relay <name>', 'cases by and against this relay')
    .option('--before <n>', 'cases further back: the number that ends a page')
    .option('--save <file>', 'write the signed verdict of the case into a file, for ptg verify')
    .action(async (id: string | undefined, _: unknown, command: Command) => {
      const options = command.optsWithGlobals<Options>();
      const output = createOutput(options.json === true);
      if (id === undefined)
        output.result(await withAuthorities(options, (http, known) => listCases(http, known, options)), listText);
      else output.result(await withAuthorities(options, (http, known) => readCase(http, known, id, options.save)), caseText);
    });
}

interface Listed extends DocketPage {
  readonly names: Readonly<Record<string, string>>;
}

async function listCases(http: HttpClient, known: Network, { relay, before }: Options): Promise<Result<Listed>> {
  let id: string | null = null;
  if (relay !== undefined) {
    const named = await readRelay(http, known, relay);
    if (!named.ok) return named;
    id = named.value.id;
  }
  const query = [
    ...(before === undefined ? [] : [`before=${encodeURIComponent(before)}`]),
    ...(id === null ? [] : [`relay=${id}`]),
  ];
  const page = await readPage(http, known, query);
  if (!page.ok) return page;
  const names = await namesIn(http, known);
  const shown = page.value.cases.flatMap(({ reporter, accused }) => [reporter, accused]);
  return ok({
    ...page.value,
    names: Object.fromEntries(shown.flatMap((one) => (names.has(one) ? [[one, names.get(one) as string]] : []))),
  });
}

function readPage(http: HttpClient, known: Network, query: readonly string[]): Promise<Result<DocketPage>> {
  const rest = query.length === 0 ? '' : `?${query.join('&')}`;
  return firstOf(known, (url) => http.get(`${url}/directory/docket${rest}`, docketPage, { answerMax: PAGE_BYTES_MAX }));
}

/** Whom the consensus does not list keeps its id. */
async function namesIn(http: HttpClient, known: Network): Promise<Names> {
  const consensus = await readConsensus(http, known);
  return new Map(consensus.ok ? consensus.value.relays.map((one) => [one.id, one.nickname]) : []);
}

interface Shown {
  readonly found: DocketCase;
  readonly names: Readonly<Record<string, string>>;
  readonly saved: string | null;
}

/** `id` may be its beginning, as the list shows it. */
export async function readCase(http: HttpClient, known: Network, id: string, save: string | undefined): Promise<Result<Shown>> {
  const whole = id.length === 64 ? ok(id) : await completed(http, known, id);
  if (!whole.ok) return whole;
  const found = await fetchCase(http, known, whole.value);
  if (!found.ok) return found;
  const { verdict, line } = found.value;
  if (save !== undefined) {
    if (verdict === null) return refuse('docket-undecided', line.case);
    await writeFile(save, `${encode(verdict)}\n`);
  }
  const names = await namesIn(http, known);
  const parties = [line.reporter, line.accused].flatMap((one) => (names.has(one) ? [[one, names.get(one) as string]] : []));
  return ok({ found: found.value, names: Object.fromEntries(parties), saved: save ?? null });
}

export function fetchCase(http: HttpClient, known: Network, id: string): Promise<Result<DocketCase>> {
  return firstOf(known, (url) =>
    http.get(`${url}/directory/docket/case/${id}`, docketCase, { answerMax: DOCKET_CASE_BYTES_MAX }),
  );
}

async function completed(http: HttpClient, known: Network, beginning: string): Promise<Result<string>> {
  const found = new Set<string>();
  let before: bigint | null = null;
  do {
    const page: Result<DocketPage> = await readPage(http, known, before === null ? [] : [`before=${before}`]);
    if (!page.ok) return page;
    for (const one of page.value.cases) if (one.case.startsWith(beginning)) found.add(one.case);
    before = page.value.before;
  } while (before !== null);
  const [only] = found;
  return only === undefined || found.size > 1 ? refuse('docket-no-case', beginning) : ok(only);
}

const states: Readonly<Record<DocketLine['state'], string>> = {
  open: 'open',
  answered: 'answered in part',
  upheld: 'upheld',
  dismissed: 'dismissed',
  withdrawn: 'withdrawn',
  late: 'paid late',
};

const reasons: Readonly<Record<NonNullable<DocketLine['reason']>, string>> = {
  'no-answer': 'nothing that holds was answered in time',
  withdrawn: 'the contestant gave a receipt, and withdrew',
  receipt: 'the accused showed the contestant’s receipt',
  payment: 'the accused showed the rail’s proof of the payment',
  carried: 'both had signed that nothing was to be paid then',
  'set-off': 'the contestant’s own IOU leaves nothing to be paid',
  account: 'the guard showed the account that credits the deposit',
  payout: 'the guard showed the rail’s proof of the payout',
  tallies: 'the guard showed tallies that used the balance up',
  withdrawals: 'the guard showed other withdrawals that left too little',
};

function listText({ cases, before, names }: Listed): string {
  const name = (id: string): string => names[id] ?? short(id);
  const rows = cases.map((one) => [
    short(one.case),
    timeText(one.filedAt),
    name(one.reporter),
    name(one.accused),
    one.interval === null ? 'complaint' : `interval ${one.interval}`,
    `${grouped(one.amount)} ${one.rail}`,
    states[one.state],
    one.counts ? 'counts against Guard' : '',
  ]);
  const head = ['case', 'filed', 'by', 'against', 'about', 'amount', 'state', ''];
  const more = before === null ? '' : `Further back: ptg docket --before ${before}\n`;
  return `${table(head, rows, 'The docket is empty: nobody has contested anything.')}${more}`;
}

export function caseText({ found: { line, changes, verdict, about }, names, saved }: Shown): string {
  const name = (id: string): string => (names[id] === undefined ? id : `${names[id]} ${id}`);
  const isContest = about.kind === 'contest';
  const happened = { filed: isContest ? 'contested' : 'complained of', answered: 'answered', decided: 'decided' };
  const timeline = changes.map(({ at, what, state, reason }): readonly [string, string] => [
    timeText(at),
    `${happened[what]}: ${states[state]}${reason === null ? '' : `, ${reasons[reason]}`}`,
  ]);
  const counts = line.counts ? 'yes' : 'no';
  const due = line.state === 'open' || line.state === 'answered';
  return fields([
    ['case', line.case],
    [isContest ? 'contestant' : 'subscriber', name(line.reporter)],
    ['accused', name(line.accused)],
    ...(line.interval === null ? [] : [['interval', String(line.interval)] as const]),
    ['amount', `${grouped(line.amount)} ${line.rail}`],
    ...timeline,
    ...(due ? [['may be answered until', timeText(line.appealBy)] as const] : []),
    ...(isContest ? [['counts against Guard', counts] as const] : []),
    ['verdict', verdict === null ? 'none yet' : `${states[verdict.body.outcome]}, ${reasons[verdict.body.reason]}`],
    ...(saved === null ? [] : [['saved', `${saved}: check it with ptg verify ${saved}`] as const]),
  ]);
}
