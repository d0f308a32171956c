/*
 * What `ptg up` shows: snapshots in; a screen for a terminal, or one line for each thing that happened, out. Pure.
 */
import { scheduleOf } from '../../core/rule/interval.ts';
import type { Parameters } from '../../core/wire/parameters.ts';
import { sum } from '../report.ts';
import type { PairSight, Snapshot } from './snapshot.ts';

const RECENT = 8;
const LINKS_SHOWN = 12;
const SETTLEMENT_SHOWN_SEC = 5;
const CASES_SHOWN = 6;

export interface Sight {
  readonly title: string;
  readonly parameters: Parameters;
  readonly seen: Snapshot;
  /** What happened, oldest first. */
  readonly recent: readonly string[];
  readonly columns: number;
}

/** A whole screen. */
export function screen({ title, parameters, seen, recent, columns }: Sight): string {
  const relays = seen.relays.map((relay) => {
    const owed = sum(seen.links.filter((link) => link.holder === relay.name).map((link) => link.value));
    const owing = sum(seen.links.filter((link) => link.issuer === relay.name).map((link) => link.value));
    return [relay.name, flagLetters(relay.flags), money(relay.wallet), money(owed), money(owing)];
  });
  const accounts = seen.accounts.map((one) => [
    one.name,
    one.guard,
    money(one.deposited),
    money(one.spent),
    money(one.balance),
    one.state,
  ]);
  return [
    `Paying the Guard: ${title}`,
    clockLine(parameters, seen),
    '',
    columnsOf(['relay', 'flags', 'wallet', 'owed to it', 'it owes'], relays),
    justSettled(parameters, seen) ?? largestLinks(seen),
    columnsOf(['subscriber', 'guard', 'deposited', 'spent', 'balance', ''], accounts),
    ...(seen.cases.length === 0 ? [] : [docketTable({ cases: seen.cases.slice(-CASES_SHOWN) })]),
    ...recent.slice(-RECENT),
  ]
    .join('\n')
    .split('\n')
    .map((line) => line.slice(0, columns))
    .join('\n');
}

function largestLinks(seen: Snapshot): string {
  const links = [...seen.links].sort((a, b) => Number(b.value - a.value)).slice(0, LINKS_SHOWN);
  const rows = links.map((one) => [one.issuer, `→ ${one.holder}`, money(one.value), `${one.serial}`]);
  return columnsOf(['largest links', '', 'IOU value', 'IOUs'], rows);
}

/** For a while after its payments the settlement of the interval before; else null. */
function justSettled(parameters: Parameters, seen: Snapshot): string | null {
  const interval = Math.floor((seen.now - parameters.genesis) / parameters.intervalSec) - 1;
  if (interval < 0) return null;
  const { bst, paymentEnd } = scheduleOf(parameters, interval);
  if (seen.now < bst || seen.now > paymentEnd + SETTLEMENT_SHOWN_SEC) return null;
  return settlementTable(seen.pairs, interval, LINKS_SHOWN);
}

/** `G` Guard, `X` Exit, `S` Stable, `F` Fast, `R` Running, as in nyx and other Tor monitors. */
function flagLetters(flags: readonly string[]): string {
  const letters: readonly (readonly [string, string])[] = [
    ['Guard', 'G'],
    ['Exit', 'X'],
    ['Stable', 'S'],
    ['Fast', 'F'],
    ['Running', 'R'],
  ];
  return letters.map(([flag, letter]) => (flags.includes(flag) ? letter : '-')).join('');
}

export function clockLine(parameters: Parameters, seen: Snapshot): string {
  if (seen.now < parameters.genesis) return `the first interval begins in ${parameters.genesis - seen.now} s`;
  const interval = Math.floor((seen.now - parameters.genesis) / parameters.intervalSec);
  const { cutOff, bst } = scheduleOf(parameters, interval);
  const last = interval === 0 ? null : scheduleOf(parameters, interval - 1);
  const before = last !== null && seen.now < last.bst ? ` · interval ${interval - 1} settles in ${last.bst - seen.now} s` : '';
  return `interval ${interval} · cut-off in ${cutOff - seen.now} s · settlement time in ${bst - seen.now} s${before}`;
}

/** What happened between two looks, oldest first. */
export function happenings(before: Snapshot | null, now: Snapshot): string[] {
  const lines: string[] = [];
  const accounts = new Map(before?.accounts.map((one) => [`${one.name} ${one.guard}`, one]));
  for (const one of now.accounts) {
    const was = accounts.get(`${one.name} ${one.guard}`);
    if (one.deposited > (was?.deposited ?? 0n)) {
      lines.push(`${one.name} deposited ${money(one.deposited - (was?.deposited ?? 0n))} at ${one.guard}`);
    }
    if (was !== undefined && was.state !== one.state)
      lines.push(`${one.name}: ${stateText(one.state)}, balance ${money(one.balance)}`);
  }
  if (before !== null && now.interval !== before.interval && now.interval !== null) {
    lines.push(
      now.interval === 0 ? 'interval 0 begins' : `interval ${now.interval - 1} is closed, interval ${now.interval} begins`,
    );
  }
  const links = new Map(before?.interval === now.interval ? before.links.map((one) => [`${one.issuer} ${one.holder}`, one]) : []);
  const grown = now.links.filter((one) => one.serial > (links.get(`${one.issuer} ${one.holder}`)?.serial ?? 0n));
  if (grown.length > 0) {
    const value = sum(grown.map((one) => one.value - (links.get(`${one.issuer} ${one.holder}`)?.value ?? 0n)));
    lines.push(`${grown.length} links signed IOUs, worth ${money(value)} more`);
  }
  return [...lines, ...pairHappenings(before, now), ...docketHappenings(before, now)];
}

const verdicts: Readonly<Record<string, string>> = {
  answered: 'is answered in part',
  upheld: 'is upheld',
  dismissed: 'is dismissed',
  withdrawn: 'is withdrawn',
  late: 'ends with a late payment',
};

function docketHappenings(before: Snapshot | null, now: Snapshot): string[] {
  const lines: string[] = [];
  const states = new Map(before?.cases.map((one) => [one.case, one.state]));
  for (const { case: id, contestant, accused, amount, interval, state } of now.cases) {
    const was = states.get(id);
    if (was === undefined) {
      const remedy = `ptg payouts approve --as ${accused} pays it late`;
      lines.push(`${contestant} contests: ${accused} owes it ${money(amount)} for interval ${interval} (${remedy})`);
    }
    const text = verdicts[state];
    if (was !== state && text !== undefined) lines.push(`the contest of ${contestant} against ${accused} ${text}`);
  }
  const flags = new Map(before?.relays.map((one) => [one.name, one.flags.includes('Guard')]));
  for (const { name, flags: all } of now.relays) {
    const has = all.includes('Guard');
    if (flags.get(name) === true && !has) lines.push(`${name} has lost the Guard flag`);
    if (flags.get(name) === false && has) lines.push(`${name} has the Guard flag`);
  }
  return lines;
}

/** Every case, a line each. */
export function docketTable({ cases }: Pick<Snapshot, 'cases'>): string {
  const rows = cases.map((one) => [one.contestant, one.accused, `${one.interval}`, money(one.amount), one.state]);
  return columnsOf(['contestant', 'accused', 'interval', 'amount', 'state'], rows);
}

function pairHappenings(before: Snapshot | null, now: Snapshot): string[] {
  const lines: string[] = [];
  const states = new Map(before?.pairs.map((one) => [`${one.interval} ${one.name} ${one.peer}`, one.state]));
  for (const one of now.pairs) {
    if (states.get(`${one.interval} ${one.name} ${one.peer}`) === one.state) continue;
    const amount = money(one.net < 0n ? -one.net : one.net);
    if (one.state === 'agreed') lines.push(`${one.name} and ${one.peer} net to ${amount}, which ${one.name} owes`);
    if (one.state === 'awaiting') lines.push(`${one.name} awaits funds for ${amount} to ${one.peer}`);
    if (one.state === 'manual')
      lines.push(`${one.name} waits for approval of ${amount} to ${one.peer}: ptg payouts approve --as ${one.name}`);
    if (one.state === 'paid') lines.push(`${one.name} paid ${money(one.paid)} to ${one.peer}`);
    if (one.state === 'receipted' && one.received > 0n)
      lines.push(`${one.name} gave ${one.peer} a receipt for ${money(one.received)}`);
    if (one.state === 'unpaid') lines.push(`${one.name} was not paid ${amount} by ${one.peer}`);
    if (one.state === 'carried')
      lines.push(`${one.name} and ${one.peer} carry ${money(one.carryOut < 0n ? -one.carryOut : one.carryOut)} over`);
  }
  return lines;
}

/** The settlement of one interval, a line a pair, seen by whoever is owed; the largest `most` of them. */
export function settlementTable(pairs: readonly PairSight[], interval: number, most = Infinity): string {
  const lines = pairs.filter((one) => one.interval === interval && (one.net > 0n || one.carryOut > 0n));
  const rows = lines
    .sort((a, b) => Number(b.net - a.net))
    .slice(0, most)
    .sort((a, b) => `${a.peer} ${a.name}`.localeCompare(`${b.peer} ${b.name}`))
    .map((one) => [
      one.peer,
      one.name,
      money(one.held),
      money(one.issued),
      money(one.carryIn),
      money(one.net),
      money(one.carryOut),
      one.state,
    ]);
  return columnsOf(['debtor', 'creditor', 'IOUs', 'against', 'carried in', 'paid', 'carried on', 'state'], rows);
}

function stateText(state: string): string {
  if (state === 'cut-off') return 'cut off';
  return state === 'low' ? 'balance low' : 'may use its guard';
}

/** Grouped by thousands. */
export function money(amount: bigint): string {
  return amount.toString().replace(/\B(?=(\d{3})+$)/g, '\u2009');
}

/** Text to the left, figures to the right. */
export function columnsOf(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = heads.map((head, column) => Math.max(head.length, ...rows.map((row) => (row[column] ?? '').length)));
  const right = heads.map((_, column) => rows.length > 0 && rows.every((row) => /^-?[\d\u2009]+$/.test(row[column] ?? '')));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => (right[column] === true ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0)))
      .join('  ')
      .trimEnd();
  return `${[line(heads), ...rows.map(line)].join('\n')}\n`;
}
