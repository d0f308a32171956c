/*
 * What the settlement role tells its operator, as a person reads it: the shapes of its reading calls in, tables out. Signed amounts
 * are in the relay's favour. Called by operator.ts and status.ts.
 */
import { z } from 'zod';
import { hex32, interval as intervalField, signedUnits, units } from '../core/wire/field.ts';
import { isoOf, type Fiat } from './fiat.ts';
import { csv, fields, grouped, short, table, unitOf } from './output.ts';

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
    payment: z.string().nullable(),
    at: z.int().nullable(),
  })
  .loose();
const sweepLine = z
  .object({
    rail: z.string(),
    destination: z.string(),
    amount: units,
    state: z.string(),
    payment: z.string().nullable(),
    fee: units,
    at: z.int(),
  })
  .loose();
export const earningsShape = z.object({
  lines: z.array(earningsLine),
  sweeps: z.array(sweepLine),
  sums: z.record(z.string(), z.object({ received: units, paid: units, fee: units, change: signedUnits })),
});
const figures = ['held', 'issued', 'carryIn', 'gross', 'fee', 'net', 'carryOut', 'received', 'paid'] as const;
const figureHeads = ['held', 'issued', 'carried in', 'gross', 'fee', 'net', 'carried on', 'received', 'paid'];
const earningsHeads = ['interval', 'neighbour', ...figureHeads, 'unit', 'state'];

export function earningsText({ lines, sums, sweeps }: z.infer<typeof earningsShape>): string {
  const rows = lines.map((one) => [
    String(one.interval),
    one.nickname ?? short(one.peer),
    ...figures.map((name) => grouped(one[name])),
    one.rail === null ? '–' : unitOf(one.rail),
    one.state,
  ]);
  const words = Object.entries(sums).map(
    ([rail, one]) =>
      `${rail}: received ${grouped(one.received)}, paid ${grouped(one.paid)}, fees ${grouped(one.fee)}: ` +
      `the wallet’s change by settlements is ${grouped(one.change)} ${unitOf(rail)}\n`,
  );
  const swept = sweeps.map(
    (one) =>
      `swept ${grouped(one.amount)} ${unitOf(one.rail)}, fee ${grouped(one.fee)}, to ${one.destination}: ` +
      `${one.state === 'paid' ? (one.payment ?? '') : 'under way'}\n`,
  );
  const below = [...words, ...swept].join('');
  return `${table(earningsHeads, rows, 'No interval is closed yet.')}${below === '' ? '' : `\n${below}`}`;
}

/**
 * For accountants: figures without grouping in the unit that stands beside them, ids in full, and a row for each sweep, which is no income
 * and no cost but its fee. With a rate the change that a row made, at the time of its payment.
 */
export function earningsCsv({ lines, sweeps }: z.infer<typeof earningsShape>, fiat: Fiat | null): string {
  const settlements = lines.map((one) => [
    ...[String(one.interval), one.nickname ?? '', one.peer, one.rail ?? '', one.rail === null ? '' : unitOf(one.rail)],
    ...figures.map((name) => String(one[name])),
    ...[one.payment ?? '', one.at === null ? '' : isoOf(one.at), 'settlement', one.state],
    ...fiatCells(fiat, one.rail, one.received - one.paid - one.fee, one.at),
  ]);
  const swept = sweeps.map((one) => [
    ...['', '', one.destination, one.rail, unitOf(one.rail)],
    ...figures.map((name) => (name === 'fee' ? String(one.fee) : name === 'paid' ? String(one.amount) : '')),
    ...[one.payment ?? '', isoOf(one.at), 'sweep', one.state],
    ...fiatCells(fiat, one.rail, -one.fee, one.at),
  ]);
  const heads = ['interval', 'neighbour', 'id', 'rail', 'unit', ...figureHeads, 'payment', 'time', 'kind', 'state'];
  return csv([[...heads, ...(fiat === null ? [] : [fiat.head, 'rate', 'rate of'])], ...settlements, ...swept]);
}

function fiatCells(fiat: Fiat | null, rail: string | null, change: bigint, at: number | null): string[] {
  if (fiat === null) return [];
  const worth = rail !== fiat.rail || at === null ? null : fiat.worth(change, at);
  return worth === null ? ['', '', ''] : [worth.amount, worth.rate, worth.of];
}

export const dryRunShape = z
  .object({
    interval: intervalField,
    books: z.string(),
    lines: z.array(
      earningsLine
        .pick({ peer: true, nickname: true, rail: true, carryIn: true, gross: true, fee: true, net: true, carryOut: true })
        .loose(),
    ),
    sums: z.record(
      z.string(),
      z.object({ receive: units, pay: units, fee: units, short: units, away: z.boolean().default(false) }),
    ),
  })
  .loose();
export type DryRun = z.infer<typeof dryRunShape>;

export function dryRunText({ interval, books, lines, sums }: DryRun): string {
  const rows = lines.map((one) => [
    one.nickname ?? short(one.peer),
    one.rail ?? 'no rail in common',
    one.rail === null ? '–' : unitOf(one.rail),
    ...[one.gross, one.fee, one.carryIn, one.net, one.carryOut].map(grouped),
  ]);
  const words = Object.entries(sums).map(([rail, one]) => {
    const unit = unitOf(rail);
    const lack = one.short > 0n ? `; ${grouped(one.short)} ${unit} short until income arrives` : '';
    const fees = one.away ? 'fees not known: it does not answer, or costs more than feerateMax' : `fees ${grouped(one.fee)}`;
    return (
      `${rail}: to receive ${grouped(one.receive)}, to pay ${grouped(one.pay)}, ${fees} ${one.away ? '' : unit}`.trimEnd() +
      `${lack}\n`
    );
  });
  const head = `Interval ${interval}, ${books === 'open' ? 'by IOUs that still grow' : 'its books are closed'}. Nothing moves by this.\n`;
  const heads = ['neighbour', 'rail', 'unit', 'gross', 'fee', 'carried in', 'net', 'carried on'];
  return `${head}${table(heads, rows, 'No neighbour owes, and none is owed.')}${words.length === 0 ? '' : `\n${words.join('')}`}`;
}

const pairHead = {
  id: hex32,
  interval: intervalField,
  peer: hex32,
  nickname: z.string().nullable(),
  state: z.string(),
  rail: z.string().nullable(),
  amount: units,
};
export const payoutsShape = z.object({ payouts: z.array(z.object(pairHead).loose()) });

export function payoutsText({ payouts }: z.infer<typeof payoutsShape>): string {
  const rows = payouts.map((one) => [
    String(one.interval),
    one.nickname ?? short(one.peer),
    grouped(one.amount),
    one.rail === null ? '' : unitOf(one.rail),
    one.rail ?? '',
    one.state,
    one.id,
  ]);
  return table(['interval', 'to', 'amount', 'unit', 'rail', 'state', 'id'], rows, 'Nothing is to be paid.');
}

export const statementsShape = z.object({
  statements: z.array(
    z
      .object({
        ...pairHead,
        side: z.string().nullable(),
        mine: z.unknown(),
        theirs: z.unknown(),
        settlement: z.object({ countersignature: z.string().optional() }).loose().nullable(),
        receipt: z.unknown(),
      })
      .loose(),
  ),
});
type Statement = z.infer<typeof statementsShape>['statements'][number];

export function statementsText({ statements }: z.infer<typeof statementsShape>): string {
  const rows = statements.map((one) => [
    String(one.interval),
    one.nickname ?? short(one.peer),
    statedBy(one),
    settlementWords(one),
    one.receipt === null ? '–' : 'signed',
    one.state,
  ]);
  const heads = ['interval', 'neighbour', 'stated by', 'settlement', 'receipt', 'state'];
  const hint = rows.length === 0 ? '' : '\nThe signed objects themselves, a file each: ptg statements --save DIR\n';
  return `${table(heads, rows, 'No interval is closed yet.')}${hint}`;
}

function statedBy({ mine, theirs }: Statement): string {
  if (mine !== null && theirs !== null) return 'both';
  return mine !== null ? 'me' : theirs !== null ? 'it' : '–';
}

function settlementWords({ side, amount, rail, settlement }: Statement): string {
  if (side === null || side === 'nobody') return '–';
  const who = side === 'creditor' ? 'it owes' : 'I owe';
  const signatures =
    settlement === null ? 'not signed' : settlement.countersignature === undefined ? 'signed by one' : 'signed by both';
  return `${who} ${grouped(amount)} ${unitOf(rail ?? '')}, ${signatures}`;
}

const awayShape = z.object({ code: z.string(), about: z.string(), text: z.string(), remedy: z.string() }).loose();
export const walletShape = z.object({
  wallets: z.array(
    z.object({
      rail: z.string(),
      balance: signedUnits.nullable(),
      due: units,
      address: z.string(),
      away: awayShape.nullable().default(null),
    }),
  ),
});
export type Wallets = z.infer<typeof walletShape>;

export function walletText({ wallets }: Wallets): string {
  const rows = wallets.map((one) => [
    one.rail,
    one.balance === null ? '–' : grouped(one.balance),
    grouped(one.due),
    unitOf(one.rail),
  ]);
  const away = wallets.flatMap(({ rail, away: why }) => (why === null ? [] : [awayText(rail, why)]));
  return `${table(['rail', 'balance', 'due of it', 'unit'], rows, 'No wallet.')}${away.join('')}`;
}

function awayText(rail: string, { text, about, remedy, code }: z.infer<typeof awayShape>): string {
  return `\n${rail}: ${text}\n  ${about}\n  ${remedy} [${code}]\n`;
}

const amounts = {
  opening: signedUnits,
  settlementsReceived: units,
  deposits: units,
  otherIncome: units,
  undone: units,
  settlementsPaid: units,
  withdrawn: units,
  sent: units,
  swept: units,
  fees: units,
  underWay: units,
  unconfirmed: units,
  expected: signedUnits,
  balance: signedUnits,
  difference: signedUnits,
};
export const reconcileShape = z.object({
  wallets: z.array(z.object({ rail: z.string(), ...amounts }).loose()),
  away: z.array(z.object({ rail: z.string(), away: awayShape })),
});
export type Reconciled = z.infer<typeof reconcileShape>;

export function reconcileText({ wallets, away }: Reconciled): string {
  const explained = wallets.map((one) => {
    const some = (name: string, amount: bigint): [string, string][] => (amount === 0n ? [] : [[name, grouped(amount)]]);
    const hasDeposits = one.rail === 'bitcoin';
    return fields([
      ['rail', `${one.rail}, in ${unitOf(one.rail)}`],
      ['opening balance', grouped(one.opening)],
      ['+ settlements received', grouped(one.settlementsReceived)],
      ...(hasDeposits ? ([['+ deposits of subscribers', grouped(one.deposits)]] as const) : []),
      [hasDeposits ? '+ sent in from outside' : '+ deposits and other income', grouped(one.otherIncome)],
      ...some('- of it undone by the chain', one.undone),
      ['- settlements paid', grouped(one.settlementsPaid)],
      ['- withdrawn by subscribers', grouped(one.withdrawn)],
      ['- sent by hand', grouped(one.sent)],
      ...some('- swept', one.swept),
      ['- fees', grouped(one.fees)],
      ['= the books say', grouped(one.expected)],
      ['the wallet holds', grouped(one.balance)],
      ['difference', one.difference === 0n ? '0: every unit is explained' : `${grouped(one.difference)}: NOT EXPLAINED`],
      ...some('not in it: payments under way', one.underWay),
      ...some('not in it: unconfirmed income', one.unconfirmed),
    ]);
  });
  return [...explained, ...away.map((one) => awayText(one.rail, one.away).trimStart())].join('\n');
}
