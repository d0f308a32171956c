/*
 * How the docket's pages say amounts, times, relays and states. Values in, markup out. Called by every page.
 */
import type { DocketLine } from '../../core/wire/verdict.ts';
import type { Known } from './known.ts';
import { markup, type Markup, type Value } from '../../host/http/markup.ts';

/** Grouped by thousands with a space that does not break. */
export function grouped(amount: bigint | number): string {
  return amount.toString().replace(/\B(?=(\d{3})+$)/g, '\u202f');
}

export function money(amount: bigint, rail: string): Markup {
  return markup`<data value="${amount}">${grouped(amount)}</data>&#160;${rail}`;
}

/** Seconds since 1970, always in UTC. */
export function time(at: number): Markup {
  const iso = isoTime(at);
  return markup`<time datetime="${iso}">${iso.slice(0, 10)}&#160;${iso.slice(11, 19)}&#160;UTC</time>`;
}

export function isoTime(at: number): string {
  return new Date(at * 1000).toISOString().replace('.000Z', 'Z');
}

/** By its nickname where the directory knows one; the id tells who it is. */
export function relayLink(known: Pick<Known, 'nickname'>, id: string): Markup {
  return markup`<a href="/docket/relay/${id}" title="${id}">${relayName(known, id)}</a>`;
}

export function relayName(known: Pick<Known, 'nickname'>, id: string): string {
  return known.nickname(id) ?? `${id.slice(0, 12)}…`;
}

export function caseLink(id: string): Markup {
  return markup`<a href="/docket/case/${id}"><code>${id.slice(0, 12)}…</code></a>`;
}

/** Of a complaint nobody is named here: lists would join what one subscriber says. */
export function reporter(known: Known, { kind, reporter: id }: Pick<DocketLine, 'kind' | 'reporter'>): Value {
  return kind === 'complaint' ? 'a subscriber' : relayLink(known, id);
}

type State = DocketLine['state'];

const states: Readonly<Record<State, string>> = {
  open: 'open',
  answered: 'open, answered in part',
  upheld: 'upheld',
  dismissed: 'dismissed',
  withdrawn: 'withdrawn',
  late: 'paid late',
};

export function stateText(state: State): string {
  return states[state];
}

const meanings: Readonly<Record<DocketLine['kind'], Readonly<Record<State, string>>>> = {
  contest: {
    open: 'No answer has been accepted so far.',
    answered: 'An answer took something off; the rest is still claimed.',
    upheld: 'No answer that holds came within the appeal window.',
    dismissed: 'The accused has shown that it paid in time, or that nothing was owed.',
    withdrawn: 'The contestant took it back and gave a receipt.',
    late: 'It was paid after the payment window, or shown to be paid after the appeal window.',
  },
  complaint: {
    open: 'The guard has not answered so far.',
    answered: 'An answer took something off; the rest is still claimed.',
    upheld: 'The guard gave no answer that holds within the appeal window.',
    dismissed: 'The guard has shown that it credited or paid in time, or that the balance was used up.',
    withdrawn: 'The subscriber took it back.',
    late: 'The guard credited or paid it after the time that it has for it.',
  },
};

export function meaningOf({ kind, state }: Pick<DocketLine, 'kind' | 'state'>): string {
  return meanings[kind][state];
}

const reasons: Readonly<Record<NonNullable<DocketLine['reason']>, string>> = {
  'no-answer': 'no answer that holds',
  withdrawn: 'withdrawn by the contestant',
  receipt: 'by a receipt of the contestant',
  payment: 'by the rail’s proof of payment',
  carried: 'by a settlement of both that leaves nothing to pay',
  'set-off': 'by a later IOU of the contestant',
  account: 'by an account that credits the deposit',
  payout: 'by the rail’s proof of the payout',
  tallies: 'by tallies that the subscriber signed',
  withdrawals: 'by other withdrawals that the subscriber asked for, and got',
};

export function reasonText(reason: DocketLine['reason']): string {
  return reason === null ? '' : reasons[reason];
}

/** Names and values. */
export function facts(pairs: readonly (readonly [string, Value])[]): Markup {
  return markup`<dl>${pairs.map(([name, value]) => markup`<dt>${name}</dt><dd>${value}</dd>\n`)}</dl>\n`;
}

export interface Table {
  readonly caption: string;
  readonly heads: readonly string[];
  readonly rows: readonly (readonly Value[])[];
  /** Instead of it, where there is no row. */
  readonly none: string;
}

/** The first cell of a row is its heading. */
export function table({ caption, heads, rows, none }: Table): Markup {
  if (rows.length === 0) return markup`<p>${none}</p>\n`;
  const head = heads.map((one) => markup`<th scope="col">${one}</th>`);
  const body = rows.map(
    ([first = null, ...rest]) => markup`<tr><th scope="row">${first}</th>${rest.map((one) => markup`<td>${one}</td>`)}</tr>\n`,
  );
  return markup`<div class="wide" role="region" aria-label="${caption}" tabindex="0"><table><caption>${caption}</caption>
<thead><tr>${head}</tr></thead>
<tbody>${body}</tbody></table></div>\n`;
}
