/*
 * The page /docket: cases, newest first, of all relays or of one, a page at a time. What the docket lists in, HTML out.
 */
import { ok, refuser, type Result } from '../../core/refusal.ts';
import { directoryRefusals } from '../../core/wire/directory.ts';
import type { DocketLine } from '../../core/wire/verdict.ts';
import { framed } from './frame.ts';
import type { Docket, Known } from './known.ts';
import { markup, type Markup, type Value } from '../../host/http/markup.ts';
import { caseLink, meaningOf, money, relayLink, relayName, reporter, stateText, table, time } from './words.ts';

const refuse = refuser(directoryRefusals);

export interface ListQuery {
  readonly before?: bigint | undefined;
  readonly relay?: string | undefined;
}

export async function listPage(docket: Docket, known: Known, { before, relay: named }: ListQuery): Promise<Result<string>> {
  const isNamed = named !== undefined && named !== '';
  // Whom the directory has forgotten is still found by its id.
  const relay = isNamed ? (known.idOf(named) ?? (isId(named) ? named : null)) : null;
  if (isNamed && relay === null) return refuse('directory-no-relay', named);
  const answer = await docket.page({ before: before ?? null, relay });
  if (!answer.ok) return answer;
  const cases = relay === null ? answer.value.cases : answer.value.cases.filter((one) => isOf(one, relay));
  const title = relay === null ? 'All cases' : `Cases of ${relayName(known, relay)}`;
  const older = answer.value.before;
  const content = markup`<p>A relay that was not paid contests; a subscriber whose deposit or withdrawal is not honoured complains. The
accused may answer. Who is right follows from what both have signed, and anybody can check it.</p>
${filter(relay === null ? '' : (named ?? ''))}
${casesTable(known, 'Cases, newest first', cases, 'There is no case here.')}
${older === null ? null : markup`<p><a rel="next" href="${hrefOf('/docket', relay, older)}">Older cases</a></p>\n`}`;
  return ok(framed(known, { title, json: hrefOf('/directory/docket', relay, before ?? null), content }));
}

function isId(name: string): boolean {
  return /^[0-9a-f]{64}$/.test(name);
}

/** A subscriber is no relay: its key finds nothing. */
export function isOf(line: DocketLine, relay: string): boolean {
  return line.accused === relay || (line.kind === 'contest' && line.reporter === relay);
}

export function casesTable(known: Known, caption: string, cases: readonly DocketLine[], none: string): Markup {
  const heads = ['filed', 'case', 'against', 'by', 'interval', 'amount', 'state', 'until'];
  const rows = cases.map((one): Value[] => [
    time(one.filedAt),
    markup`${caseLink(one.case)} ${one.kind}`,
    relayLink(known, one.accused),
    reporter(known, one),
    one.interval ?? '–',
    money(one.amount, one.rail),
    markup`<span title="${meaningOf(one)}">${stateText(one.state)}</span>${one.counts ? '; counts against the Guard flag' : null}`,
    untilOf(known, one),
  ]);
  return table({ caption, heads, rows, none });
}

function untilOf(known: Known, { kind, state, decidedAt, answerBy, appealBy }: DocketLine): Value {
  if (decidedAt !== null) return markup`decided ${time(decidedAt)}`;
  if (kind === 'complaint') return markup`answer until ${time(appealBy)}`;
  if (state === 'open' && known.now() < answerBy) return markup`answer due ${time(answerBy)}`;
  return markup`appeal until ${time(appealBy)}`;
}

function filter(value: string): Markup {
  return markup`<form method="get" action="/docket"><p><label for="relay">Only cases of the relay (nickname or id)</label>
<input id="relay" name="relay" value="${value}" maxlength="64" autocomplete="off" spellcheck="false">
<button type="submit">Show</button></p></form>`;
}

function hrefOf(path: string, relay: string | null, before: bigint | null): string {
  const query = new URLSearchParams();
  if (relay !== null) query.set('relay', relay);
  if (before !== null) query.set('before', before.toString());
  return query.size === 0 ? path : `${path}?${query.toString()}`;
}
